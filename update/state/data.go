// Package state remembers across restarts what services accepted for each
// account, the requests that count, locks and stops. Store keeps it on disk.
package state

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/transport"
)

// Data is everything that is remembered across restarts, the content of
// state.json. Its times count from the boot Boot.
type Data struct {
	Version     int                      `json:"version"`
	Seq         uint64                   `json:"seq"` // grows with every write
	Boot        string                   `json:"boot"`
	Up          time.Duration            `json:"up"`          // when it was written
	Salt        string                   `json:"salt"`        // of the fingerprints, so that no two routers' files compare
	Quotas      map[string]Quota         `json:"quotas"`      // by fingerprint of the limit group
	Credentials map[string]Credential    `json:"credentials"` // by fingerprint of service, server and secret
	Accounts    map[string]AccountRecord `json:"accounts"`
	LegacyKeys  map[string]legacyKey     `json:"keys,omitempty"` // what an older version has left
}

// dataVersion is written; other versions are read as far as they parse.
const dataVersion = 1

// AccountRecord is what is remembered of one account.
type AccountRecord struct {
	Config            string          `json:"config"`                // fingerprint of all its settings; a change lifts a stop
	Target            string          `json:"target"`                // fingerprint of what it updates; a change forgets the accepted values
	Server            string          `json:"server,omitempty"`      // fingerprint of its server's name
	Quota             string          `json:"quota,omitempty"`       // the key in Quotas that counts its requests
	Hosts             map[string]Host `json:"hosts,omitempty"`       // by Service.HostsOf
	Stop              *Stop           `json:"stop,omitempty"`        // the service refused, and a person has to change something
	WasStopped        bool            `json:"was_stopped,omitempty"` // stopped once, and it was not current since
	Locked            bool            `json:"locked,omitempty"`      // a lock has ended, and nothing was accepted since: another refusal stops it
	PrefixOnlyRefused bool            `json:"no_only,omitempty"`     // the service refuses onlyprefix
}

// Host holds the values accepted for one host, or for all hosts together.
type Host struct {
	service.Values
	clock.Timestamp
	Unconfirmed service.Publish   `json:"doubt,omitzero"`    // values sent since without an answer: the service may hold either
	Lost        service.Values    `json:"lost,omitzero"`     // the values sent last, until there is an answer
	LostAt      time.Duration     `json:"lost_at,omitempty"` // when they were sent
	Found       map[string]string `json:"found,omitempty"`   // what look-ups have found: service.Update.Found
	Lock        *Lock             `json:"lock,omitempty"`    // the service has locked the host
	Stop        *Stop             `json:"stop,omitempty"`
}

// Stop is a final refusal, in the service's words and ours.
type Stop struct {
	Detail string `json:"detail"`
	Hint   string `json:"do,omitempty"`
	Reason string `json:"reason,omitempty"` // in one word for programs
}

func (s *Stop) String() string {
	if s.Hint == "" {
		return s.Detail
	}
	return s.Detail + ": " + s.Hint
}

// with returns the stop of another host, too.
func (s *Stop) with(t *Stop) *Stop {
	switch {
	case s == nil:
		return t
	case t.Hint != "" && strings.HasPrefix(s.Hint, t.Hint): // said already
		return &Stop{s.Detail, s.Hint + "; " + t.Detail, s.Reason}
	}
	return &Stop{Detail: s.String() + "; " + t.String(), Reason: s.Reason}
}

// New returns empty Data of this boot.
func New(now clock.Now) *Data {
	var salt [16]byte
	rand.Read(salt[:]) // never fails (crypto/rand, Go 1.24)
	return &Data{Version: dataVersion, Boot: now.Boot, Up: now.Up, Salt: hex.EncodeToString(salt[:]),
		Quotas: map[string]Quota{}, Credentials: map[string]Credential{}, Accounts: map[string]AccountRecord{}}
}

// Rebase moves all times to the present boot. It assumes that an earlier boot
// wrote the state just before this one began: that makes every reservation as
// young, and every wait as long, as possible.
func (b *Data) Rebase(now clock.Now) {
	var shift time.Duration
	if b.Boot != now.Boot {
		shift = -clampUptime(b.Up)
	}
	b.Boot, b.Up = now.Boot, now.Up
	clamp := func(m clock.Timestamp) clock.Timestamp {
		m.Up = min(clampUptime(m.Up)+shift, now.Up)
		return m
	}
	wait := func(until time.Duration) time.Duration {
		return min(clampUptime(until)+shift, now.Up+service.LongestWait)
	}
	for id, q := range b.Quotas {
		b.Quotas[id] = q.rebase(clamp, wait)
	}
	for id, k := range b.LegacyKeys {
		k.Quota = k.Quota.rebase(clamp, wait)
		b.LegacyKeys[id] = k
	}
	for id, c := range b.Credentials {
		c.Lock = c.Lock.rebase(wait)
		c.Addrs = slices.Clone(c.Addrs)
		for i, r := range c.Addrs {
			c.Addrs[i].Timestamp = clamp(r.Timestamp)
		}
		b.Credentials[id] = c
	}
	for _, m := range b.Accounts {
		for name, h := range m.Hosts {
			h.Timestamp = clamp(h.Timestamp)
			if h.Lost != (service.Values{}) {
				h.LostAt = min(clampUptime(h.LostAt)+shift, now.Up)
			}
			h.Lock = h.Lock.rebase(wait)
			m.Hosts[name] = h
		}
	}
}

// rebase moves the times of a quota.
func (q Quota) rebase(clamp func(clock.Timestamp) clock.Timestamp, wait func(time.Duration) time.Duration) Quota {
	q.Reservations = slices.Clone(q.Reservations)
	for i, s := range q.Reservations {
		q.Reservations[i].Timestamp = clamp(s.Timestamp)
	}
	sorted(q.Reservations)
	if q.Until != 0 {
		q.Until = wait(q.Until)
	}
	return q
}

// rebase moves the time of a lock; nil is none.
func (l *Lock) rebase(wait func(time.Duration) time.Duration) *Lock {
	if l == nil {
		return nil
	}
	return &Lock{wait(l.Until), l.Why}
}

// clampUptime bounds a time from the file to ten years, so that sums do not
// overflow.
func clampUptime(up time.Duration) time.Duration {
	const years = 10 * 365 * clock.Day
	return min(max(up, -years), years)
}

// reservationsMost bounds the reservations of a quota without a limit: twice the
// highest known limit of a service (512 in 24 h).
const reservationsMost = 1024

// compact prepares b for writing: it corrects the wall times of this boot once
// the clock is synchronised, and drops what no limit needs.
func (b *Data) compact(now clock.Now) {
	for id, q := range b.Quotas {
		if q = q.compact(now); len(q.Reservations) == 0 && q.Until <= now.Up && q.Step == 0 {
			delete(b.Quotas, id)
			continue
		}
		b.Quotas[id] = q
	}
	for id, c := range b.Credentials {
		c.Addrs = slices.DeleteFunc(c.Addrs, func(r Reached) bool { return now.Since(r.Timestamp) >= reachedFor })
		for i, r := range c.Addrs {
			c.Addrs[i].Timestamp = now.Sure(r.Timestamp)
		}
		b.Credentials[id] = c
	}
	for id, k := range b.LegacyKeys {
		if k.Quota = k.Quota.compact(now); len(k.Reservations) == 0 && (len(k.Moved) > 0 || !k.Good && k.Until <= now.Up) {
			delete(b.LegacyKeys, id)
			continue
		}
		b.LegacyKeys[id] = k
	}
	for _, m := range b.Accounts {
		for name, h := range m.Hosts {
			if h.Values != (service.Values{}) {
				h.Timestamp = now.Sure(h.Timestamp)
				m.Hosts[name] = h
			}
		}
	}
	b.Boot, b.Up = now.Boot, now.Up
}

// compact drops the reservations that no limit needs any more.
func (q Quota) compact(now clock.Now) Quota {
	reservations := make([]Reservation, 0, len(q.Reservations))
	for _, s := range q.Reservations {
		s.Timestamp = now.Sure(s.Timestamp)
		if now.Since(s.Timestamp) < clock.Day+DayMargin {
			reservations = append(reservations, s)
		}
	}
	q.Reservations = reservations[max(0, len(reservations)-reservationsMost):]
	return q
}

// Fingerprint returns a keyed hash of parts, so that the state shows no setting.
func (b *Data) Fingerprint(parts ...any) string {
	h := hmac.New(sha256.New, []byte(b.Salt))
	for _, p := range parts {
		s := fmt.Sprint(p)
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// ValidCAHint returns CAHint, or "" if the file has no valid one.
func (c Credential) ValidCAHint() string {
	if len(c.CAHint) != transport.CAHintLen {
		return ""
	}
	return c.CAHint
}

// SyncConfig creates the account's record if there is none, and drops from it
// what a changed configuration makes invalid. What is known of other hosts stays:
// another process may have read other domains (Prune).
func (b *Data) SyncConfig(a *service.Account) {
	m := b.Accounts[a.Name]
	config := b.ConfigID(a)
	target, earlier := b.targets(a)
	id, server := b.UsageID(a), b.Fingerprint(a.ServerName())
	b.MigrateLegacy(b.legacyKeyID(a), id)
	if m.Server == server {
		b.moveQuota(m.Quota, id.Quota)
	}
	m.Quota, m.Server = id.Quota, server
	switch all, together := m.Hosts[""]; {
	case m.Target == earlier && together:
		s, _ := service.For(a)
		m.Hosts = map[string]Host{s.HostsOf(a)[0]: all}
	case m.Target != target && m.Target != earlier:
		m.Hosts = nil
	}
	if m.Config != config {
		m.Stop, m.PrefixOnlyRefused, m.Locked = nil, false, false
		for name, h := range m.Hosts {
			// Do not send values again that are not published any more.
			h.Stop, h.Values, h.Found = nil, h.Values.Only(a.Publish), nil
			m.Hosts[name] = h
		}
	}
	m.Config, m.Target = config, target
	b.Accounts[a.Name] = m
}

// ConfigID is the fingerprint of the settings that a record goes by.
func (b *Data) ConfigID(a *service.Account) string {
	settings := []any{a.Service, a.Server, a.Domains, a.Publish, a.Username, a.Secret.Reveal(), a.Auth, a.Record,
		a.Healthcheck.Reveal(), a.OneAddress, a.Template.Key(), a.Devices(), a.CAFile}
	if a.PrefixAuto { // added in a later version: without it the fingerprint stays the same
		settings = append(settings, "prefix = auto")
	}
	if a.Algorithm != "" { // likewise
		settings = append(settings, a.Algorithm, a.Zone)
	}
	if a.Template != nil && a.Zone != "" { // likewise
		settings = append(settings, "zone = "+a.Zone)
	}
	return b.Fingerprint(settings...)
}

// targets returns the fingerprint of what the accepted values belong to, beside the
// host, and that of earlier versions, which had the account's domains in it.
func (b *Data) targets(a *service.Account) (target, earlier string) {
	what := []any{a.Service, a.Server, a.Domains, a.Record, a.Template.Key()}
	if a.Template != nil && a.Zone != "" { // added in a later version: without it the fingerprint stays the same
		what = append(what, a.Zone)
	}
	earlier = b.Fingerprint(what...)
	what[2] = []string(nil)
	return b.Fingerprint(what...), earlier
}

// Prune drops what is known of domains that are not in the account any more.
func (b *Data) Prune(a *service.Account) {
	s, _ := service.For(a)
	for host := range b.Accounts[a.Name].Hosts {
		if !slices.Contains(s.HostsOf(a), host) {
			delete(b.Accounts[a.Name].Hosts, host)
		}
	}
}

// Overwrite makes doubtful what is known of the domains of u, which is sent for a, but
// for the hosts of accounts that has names.
func (b *Data) Overwrite(a *service.Account, u service.Update, has func(name, host string) bool) {
	if u.Lookup {
		return
	}
	s, _ := service.For(a)
	target, earlier := b.targets(a)
	for name, m := range b.Accounts {
		if m.Target != target && m.Target != earlier {
			continue
		}
		for host, h := range m.Hosts {
			if has(name, host) || host != "" && !slices.ContainsFunc(strings.Split(host, ","), func(d string) bool { return slices.Contains(u.Hosts, d) }) {
				continue
			}
			v := h.Values
			if !s.DeletesUnnamed {
				v = v.Only(u.Values.Valid())
			}
			h.Unconfirmed = h.Unconfirmed.Or(v.Without(v.Common(u.Values).Valid()).Valid())
			m.Hosts[host] = h
		}
	}
}

// ClearStops returns m without stops, as a person asked for.
func (m AccountRecord) ClearStops() AccountRecord {
	m.Stop = nil
	hosts := make(map[string]Host, len(m.Hosts))
	for name, h := range m.Hosts {
		h.Stop = nil
		hosts[name] = h
	}
	m.Hosts = hosts
	return m
}

// Stopped returns the stop of the account, or of its stopped hosts together, else
// nil. all reports whether no host is left.
func (m AccountRecord) Stopped(a *service.Account) (stop *Stop, all bool) {
	if m.Stop != nil {
		return m.Stop, true
	}
	all = true
	s, _ := service.For(a)
	for _, name := range s.HostsOf(a) {
		if h := m.Hosts[name]; h.Stop != nil {
			stop = stop.with(h.Stop)
		} else {
			all = false
		}
	}
	return stop, all
}

// Accepted returns the values that the service was last known to hold for all of
// the account's hosts.
func (b *Data) Accepted(a *service.Account) service.Values {
	s, _ := service.For(a)
	m := b.Accounts[a.Name]
	if h := m.Accepted(clock.Now{}, a, s); h != nil {
		return h.Values
	}
	return service.Values{}
}

// AcceptedValues are the values that a service accepted last.
type AcceptedValues struct {
	service.Values
	At time.Time `json:"at"`
}

// Accepted returns the values accepted for all hosts that are not stopped, nil if
// there are none.
func (m AccountRecord) Accepted(now clock.Now, a *service.Account, s service.Service) *AcceptedValues {
	var all *AcceptedValues
	for _, name := range s.HostsOf(a) {
		h := m.Hosts[name]
		if h.Stop != nil && h.Values == (service.Values{}) {
			continue
		}
		if all == nil {
			all = &AcceptedValues{h.Values, h.At}
			continue
		}
		all.Values = all.Common(h.Values)
		if h.At.After(all.At) {
			all.At = h.At
		}
	}
	if all == nil || all.Values == (service.Values{}) {
		return nil
	}
	all.At = all.At.Truncate(time.Second)
	return all
}
