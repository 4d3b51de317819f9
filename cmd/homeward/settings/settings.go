// Package settings reads the configuration: it names every fault with its line and
// what to write, and fills in the defaults.
package settings

import (
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"homeward/netwatch"
	"homeward/update/service"
)

// Config is a whole configuration. It is immutable: reading the file again makes a
// new one.
type Config struct {
	File     string
	StateDir string
	RunDir   string
	LogLevel string // debug, info, warn, error
	CAFile   string // "": none
	OnChange string // the program that is run at events, "": none
	Line     netwatch.Devices
	Accounts []Account // sorted by name, with those that are switched off

	Sources Sources // what it was read from
}

// Active returns the accounts that are switched on.
func (c *Config) Active() (out []Account) {
	for _, a := range c.Accounts {
		if a.Enabled {
			out = append(out, a)
		}
	}
	return out
}

// Updates returns the accounts that are switched on, for the scheduler.
func (c *Config) Updates() []*service.Account {
	var out []*service.Account
	for _, a := range c.Active() {
		out = append(out, &a.Account)
	}
	return slices.Clip(out)
}

// Account is an account, and where its values come from.
type Account struct {
	service.Account
	Devices netwatch.Devices // the account's, else those of [line]
	Detect  string           // line or web
	Poll    time.Duration    // web: how often to ask
	CheckIP string           // web: the URL to ask, "": the service
	Host    netip.Addr       // the low 64 bits of a host behind the router; invalid: the router itself
	Enabled bool
}

// Sources are the files that a configuration was read from, by path: itself, and its
// files of secrets, templates and roots. With them Reload reads it again, though the
// files may have changed.
type Sources map[string]Source

// Source is the content of a file when it was read.
type Source struct {
	Content []byte
	Mode    fs.FileMode
}
