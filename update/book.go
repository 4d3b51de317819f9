package update

import (
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
	Version     int                   `json:"version"`
	Seq         uint64                `json:"seq"` // grows with every write
	Boot        string                `json:"boot"`
	Up          time.Duration         `json:"up"`          // when it was written
	Salt        string                `json:"salt"`        // of the fingerprints, so that no two routers' files compare
	Quotas      map[string]Quota      `json:"quotas"`      // by fingerprint of the limit group
	Credentials map[string]Credential `json:"credentials"` // by fingerprint of service, server and secret
	Accounts    map[string]Memory     `json:"accounts"`
	Keys        map[string]oldKey     `json:"keys,omitempty"` // what an older version has left
}

// bookVersion is written; any that a reader can make sense of is read.
const bookVersion = 1

// Memory is what is known of one account.
type Memory struct {
	Config string          `json:"config"`            // fingerprint of all its settings; another one lifts a stop
	Target string          `json:"target"`            // fingerprint of what it updates; another one forgets what was accepted
	Server string          `json:"server,omitempty"`  // fingerprint of where its requests go
	Quota  string          `json:"quota,omitempty"`   // whose count they are part of
	Hosts  map[string]Host `json:"hosts,omitempty"`   // by host name, "" where all have one verdict
	Stop   *Stop           `json:"stop,omitempty"`    // the service refused in a way that does not pass
	Locked bool            `json:"locked,omitempty"`  // it has waited for a lock to end, and nothing was accepted since: another refusal stops it
	NoOnly bool            `json:"no_only,omitempty"` // the service refuses onlyprefix
}

// Host is what one host, or all hosts together, had accepted.
type Host struct {
	Values
	Moment
	Doubt  Publish       `json:"doubt,omitzero"`    // values sent since without an answer: the service may hold others
	Lost   Values        `json:"lost,omitzero"`     // what was sent last, while there is no answer to it
	LostAt time.Duration `json:"lost_at,omitempty"` // when it was sent
	Lock   *Lock         `json:"lock,omitempty"`    // the service has locked the host
	Stop   *Stop         `json:"stop,omitempty"`
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
		Quotas: map[string]Quota{}, Credentials: map[string]Credential{}, Accounts: map[string]Memory{}}
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
	wait := func(until time.Duration) time.Duration { return min(sane(until)+shift, now.Up+longestWait) }
	for id, q := range b.Quotas {
		b.Quotas[id] = q.arrive(clamp, wait)
	}
	for id, k := range b.Keys {
		k.Quota = k.Quota.arrive(clamp, wait)
		b.Keys[id] = k
	}
	for id, c := range b.Credentials {
		c.Lock = c.Lock.arrive(wait)
		c.Addrs = slices.Clone(c.Addrs)
		for i, r := range c.Addrs {
			c.Addrs[i].Moment = clamp(r.Moment)
		}
		b.Credentials[id] = c
	}
	for _, m := range b.Accounts {
		for name, h := range m.Hosts {
			h.Moment = clamp(h.Moment)
			if h.Lost != (Values{}) {
				h.LostAt = min(sane(h.LostAt)+shift, now.Up)
			}
			h.Lock = h.Lock.arrive(wait)
			m.Hosts[name] = h
		}
	}
}

// arrive moves the times of a count.
func (q Quota) arrive(clamp func(Moment) Moment, wait func(time.Duration) time.Duration) Quota {
	q.Slots = slices.Clone(q.Slots)
	for i, s := range q.Slots {
		q.Slots[i].Moment = clamp(s.Moment)
	}
	sorted(q.Slots)
	if q.Until != 0 {
		q.Until = wait(q.Until)
	}
	return q
}

// arrive moves the time of a lock; nil is none.
func (l *Lock) arrive(wait func(time.Duration) time.Duration) *Lock {
	if l == nil {
		return nil
	}
	return &Lock{wait(l.Until), l.Why}
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
	for id, q := range b.Quotas {
		if q = q.settle(now); len(q.Slots) == 0 && q.Until <= now.Up && q.Step == 0 {
			delete(b.Quotas, id)
			continue
		}
		b.Quotas[id] = q
	}
	for id, c := range b.Credentials {
		c.Addrs = slices.DeleteFunc(c.Addrs, func(r Reached) bool { return now.Since(r.Moment) >= reachedFor })
		for i, r := range c.Addrs {
			c.Addrs[i].Moment = now.sure(r.Moment)
		}
		b.Credentials[id] = c
	}
	for id, k := range b.Keys {
		if k.Quota = k.Quota.settle(now); len(k.Slots) == 0 && (len(k.Moved) > 0 || !k.Good && k.Until <= now.Up) {
			delete(b.Keys, id)
			continue
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

// settle drops the slots that no limit asks for any more.
func (q Quota) settle(now Now) Quota {
	slots := make([]Slot, 0, len(q.Slots))
	for _, s := range q.Slots {
		s.Moment = now.sure(s.Moment)
		if now.Since(s.Moment) < day+dayMargin {
			slots = append(slots, s)
		}
	}
	q.Slots = slots[max(0, len(slots)-slotsMost):]
	return q
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

// hint returns the Root, or "" of what is none: the file may be a foreign one.
func (c Credential) hint() string {
	if len(c.Root) != hintLen {
		return ""
	}
	return c.Root
}

// enrol makes sure that an account has its Memory, and that a changed
// configuration forgets what no longer holds.
func (b *Book) enrol(a *Account) {
	m := b.Accounts[a.Name]
	settings := []any{a.Service, a.Server, a.Domains, a.Publish, a.Username, a.Secret.Reveal(), a.Auth, a.Record,
		a.Healthcheck.Reveal(), a.OneAddress, a.Template.key(), a.devices(), a.CAFile}
	if a.PrefixAuto { // a key that came later: a state without it is not another configuration
		settings = append(settings, "prefix = auto")
	}
	config := b.fingerprint(settings...)
	target := b.fingerprint(a.Service, a.Server, a.Domains, a.Record, a.Template.key())
	id, server := b.keyID(a), b.fingerprint(a.serverName())
	b.moveOld(b.oldKeyID(a), id)
	if m.Server == server {
		b.moveCount(m.Quota, id.quota)
	}
	m.Quota, m.Server = id.quota, server
	if m.Target != target {
		m.Hosts = nil
	}
	if m.Config != config {
		m.Stop, m.NoOnly, m.Locked = nil, false, false
		for name, h := range m.Hosts {
			// What is not published any more is not ours to name again.
			h.Stop, h.Values = nil, h.Values.only(a.Publish)
			m.Hosts[name] = h
		}
	}
	m.Config, m.Target = config, target
	b.Accounts[a.Name] = m
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

// Held is what the service took last.
type Held struct {
	Values
	At time.Time `json:"at"`
}

// accepted returns what all hosts that are not stopped have had accepted, nil if
// there is nothing.
func (m Memory) accepted(now Now, a *Account, s Service) *Held {
	var all *Held
	for _, name := range s.hostsOf(a) {
		h := m.Hosts[name]
		if h.Stop != nil && h.Values == (Values{}) {
			continue
		}
		if all == nil {
			all = &Held{h.Values, h.At}
			continue
		}
		all.Values = all.common(h.Values)
		if h.At.After(all.At) {
			all.At = h.At
		}
	}
	if all == nil || all.Values == (Values{}) {
		return nil
	}
	all.At = all.At.Truncate(time.Second)
	return all
}
