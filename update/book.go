package update

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Book is everything that is remembered across restarts: plain data, JSON on
// disk (Store). Times in it count from the boot it was written in.
type Book struct {
	Version  int               `json:"version"`
	Seq      uint64            `json:"seq"` // grows with every write
	Boot     string            `json:"boot"`
	Up       time.Duration     `json:"up"`   // when it was written
	Salt     string            `json:"salt"` // of the fingerprints, so that no two routers' files compare
	Keys     map[string]Key    `json:"keys"` // by fingerprint of service, server and secret
	Accounts map[string]Memory `json:"accounts"`
}

// bookVersion is written; any that a reader can make sense of is read.
const bookVersion = 1

// Key is what is known of one secret at one service and server, whichever
// accounts use it.
type Key struct {
	Slots  []Slot        `json:"slots,omitempty"`  // requests of the last 24 hours, oldest first
	Until  time.Duration `json:"until,omitempty"`  // nothing is sent before: a limit or lock that the service named
	Why    string        `json:"why,omitempty"`    // why not before Until
	Step   int           `json:"step,omitempty"`   // how often in a row a limit was named without a time
	Good   bool          `json:"good,omitempty"`   // the service has accepted it
	Locked bool          `json:"locked,omitempty"` // and refused since: one more try after the lock
	Root   string        `json:"root,omitempty"`   // Answer.Root of the last answer
	Addrs  []Reached     `json:"addrs,omitempty"`  // where its service was reached, the best first
}

// Slot is one request that the service may have counted.
type Slot struct {
	Moment         // when its answer came: it may have been counted as late as that
	Open    bool   `json:"open,omitempty"`    // no answer yet; Moment is when it left
	ID      uint64 `json:"id,omitempty"`      // while open
	Account string `json:"account,omitempty"` // while open
	PID     int    `json:"pid,omitempty"`     // while open: the process that waits for the answer
}

// Memory is what is known of one account.
type Memory struct {
	Config string          `json:"config"`            // fingerprint of all its settings; another one lifts a stop
	Target string          `json:"target"`            // fingerprint of what it updates; another one forgets what was accepted
	Hosts  map[string]Host `json:"hosts,omitempty"`   // by host name, "" where all have one verdict
	Stop   *Stop           `json:"stop,omitempty"`    // the service refused in a way that does not pass
	Locked bool            `json:"locked,omitempty"`  // an accepted key was refused: one more try after the lock
	NoOnly bool            `json:"no_only,omitempty"` // the service refuses onlyprefix
}

// Host is what one host, or all hosts together, had accepted.
type Host struct {
	Values
	Moment
	Doubt Publish `json:"doubt,omitzero"` // values sent since without an answer: the service may hold others
	Stop  *Stop   `json:"stop,omitempty"`
}

// Stop is a final refusal, in the service's words and ours.
type Stop struct {
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"`
}

func (s *Stop) String() string {
	if s.Do == "" {
		return s.Detail
	}
	return s.Detail + ": " + s.Do
}

// newBook returns an empty Book of this boot.
func newBook(now Now) *Book {
	var salt [16]byte
	rand.Read(salt[:]) // never fails (crypto/rand, Go 1.24)
	return &Book{Version: bookVersion, Boot: now.Boot, Up: now.Up, Salt: hex.EncodeToString(salt[:]),
		Keys: map[string]Key{}, Accounts: map[string]Memory{}}
}

// Arrive moves all times to the present boot. What an earlier boot wrote is
// taken as written just before this one began: that makes every slot as young,
// and every wait as long, as it can be.
func (b *Book) Arrive(now Now) {
	var shift time.Duration
	if b.Boot != now.Boot {
		shift = -sane(b.Up)
	}
	b.Boot, b.Up = now.Boot, now.Up
	clamp := func(m Moment) Moment {
		m.Up = min(sane(m.Up)+shift, now.Up)
		return m
	}
	for id, k := range b.Keys {
		k.Slots = slices.Clone(k.Slots)
		for i, s := range k.Slots {
			s.Moment = clamp(s.Moment)
			k.Slots[i] = s
		}
		slices.SortFunc(k.Slots, func(a, b Slot) int { return cmp.Compare(a.Up, b.Up) })
		k.Addrs = slices.Clone(k.Addrs)
		for i, r := range k.Addrs {
			k.Addrs[i].Moment = clamp(r.Moment)
		}
		if k.Until != 0 {
			k.Until = min(sane(k.Until)+shift, now.Up+longestWait)
		}
		b.Keys[id] = k
	}
	for _, m := range b.Accounts {
		for name, h := range m.Hosts {
			h.Moment = clamp(h.Moment)
			m.Hosts[name] = h
		}
	}
}

// sane bounds a time that a foreign hand wrote, so that sums of it do not
// overflow: no router runs for ten years.
func sane(up time.Duration) time.Duration {
	const years = 10 * 365 * day
	return min(max(up, -years), years)
}

// slotsMost bounds what is remembered of a key without a limit: twice the
// highest that a service is known to have (512 in 24 h).
const slotsMost = 1024

// settle makes a Book ready to be written: the moments of this boot get the
// right wall time once the clock is right, and what no limit asks for goes.
func (b *Book) settle(now Now) {
	for id, k := range b.Keys {
		slots := k.Slots[:0]
		for _, s := range k.Slots {
			s.Moment = now.sure(s.Moment)
			if now.Since(s.Moment) < day+dayMargin {
				slots = append(slots, s)
			}
		}
		k.Slots = slots[max(0, len(slots)-slotsMost):]
		k.Addrs = slices.DeleteFunc(k.Addrs, func(r Reached) bool { return now.Since(r.Moment) >= reachedFor })
		for i, r := range k.Addrs {
			k.Addrs[i].Moment = now.sure(r.Moment)
		}
		b.Keys[id] = k
	}
	for _, m := range b.Accounts {
		for name, h := range m.Hosts {
			if h.Values != (Values{}) {
				h.Moment = now.sure(h.Moment)
				m.Hosts[name] = h
			}
		}
	}
	b.Boot, b.Up = now.Boot, now.Up
}

// fingerprint tells settings apart without telling them.
func (b *Book) fingerprint(parts ...any) string {
	h := hmac.New(sha256.New, []byte(b.Salt))
	for _, p := range parts {
		s := fmt.Sprint(p)
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// keyID names the Key that an account's requests count for.
func (b *Book) keyID(a *Account) string {
	server := a.Server
	if a.Template != nil {
		server = a.Template.hosts()
	}
	return b.fingerprint(a.Service, server, a.Secret.Reveal())
}

// hint returns the Root, or "" of what is none: the file may be a foreign one.
func (k Key) hint() string {
	if len(k.Root) != hintLen {
		return ""
	}
	return k.Root
}

// enrol makes sure that an account has its Memory, and that a changed
// configuration forgets what no longer holds.
func (b *Book) enrol(a *Account) {
	m := b.Accounts[a.Name]
	config := b.fingerprint(a.Service, a.Server, a.Domains, a.Publish, a.Username, a.Secret.Reveal(), a.Auth, a.Record,
		a.Healthcheck.Reveal(), a.OneAddress, a.Template.key(), a.devices(), a.CAFile)
	target := b.fingerprint(a.Service, a.Server, a.Domains, a.Record, a.Template.key())
	if m.Target != target {
		m.Hosts = nil
	}
	if m.Config != config {
		m.Stop, m.NoOnly = nil, false
		for name, h := range m.Hosts {
			h.Stop = nil
			m.Hosts[name] = h
		}
	}
	m.Config, m.Target = config, target
	b.Accounts[a.Name] = m
}

// key is what a Template's fingerprint is made of.
func (t *Template) key() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%+v %s", *t, t.ParamEnc.Reveal())
}

// release lifts an account's stops: a person said so.
func (m Memory) release() Memory {
	m.Stop = nil
	hosts := make(map[string]Host, len(m.Hosts))
	for name, h := range m.Hosts {
		h.Stop = nil
		hosts[name] = h
	}
	m.Hosts = hosts
	return m
}

// stopped returns the account's stop, or the first of its hosts'.
func (m Memory) stopped(a *Account) *Stop {
	if m.Stop != nil {
		return m.Stop
	}
	for _, d := range append([]string{""}, a.Domains...) {
		if s := m.Hosts[d].Stop; s != nil {
			return s
		}
	}
	return nil
}

// Held returns what the service was last known to hold for all of an account's
// hosts.
func (b *Book) Held(a *Account) Values {
	s, _ := ServiceOf(a)
	m := b.Accounts[a.Name]
	if h := m.accepted(Now{}, a, s); h != nil {
		return h.Values
	}
	return Values{}
}
