// Package settings reads a configuration, names everything wrong with it, and
// fills its defaults in.
package settings

import (
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"homeward/netwatch"
	"homeward/update/service"
)

// Config is a whole configuration. It does not change; reading the file again
// makes a new one.
type Config struct {
	File     string
	StateDir string
	RunDir   string
	LogLevel string // debug, info, warn, error
	CAFile   string // "" none
	OnChange string // the program that is told of events, "" none
	Line     netwatch.Devices
	Accounts []Account // by name, those that are switched off included

	Sources Sources // what it was read from
}

// Active returns the accounts that are switched on.
func (c *Config) Active() []Account {
	return slices.DeleteFunc(slices.Clone(c.Accounts), func(a Account) bool { return !a.Enabled })
}

// Updates returns the accounts that are switched on, as the scheduler takes
// them.
func (c *Config) Updates() []*service.Account {
	var out []*service.Account
	for _, a := range c.Active() {
		out = append(out, &a.Account)
	}
	return slices.Clip(out)
}

// Account is an account with what decides which values it publishes.
type Account struct {
	service.Account
	Devices netwatch.Devices // [line]'s, with the account's own over them
	Detect  string           // line or web
	Poll    time.Duration    // web: how often to ask
	CheckIP string           // web: whom to ask, "" the service itself
	Host    netip.Addr       // the low 64 bits of a host behind the router; invalid: the router itself
	Enabled bool
}

// Sources are the files that a configuration was read from, by path: itself,
// and those that hold its secrets, templates and roots. With them it can be
// read once more as it was, whatever has become of the files.
type Sources map[string]Source

// Source is the content of one file when it was read.
type Source struct {
	Content []byte
	Mode    fs.FileMode
}
