package state

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
)

// Usage is the Quota and the Credential of an account's requests, which it may
// share with other accounts.
type Usage struct {
	Quota
	Credential
}

// Quota counts the requests of one limit group, whatever their account and
// secret.
type Quota struct {
	Reservations []Reservation `json:"slots,omitempty"`  // requests of the last 24 hours, oldest first
	Until        time.Duration `json:"until,omitempty"`  // send nothing before: the service named a limit
	Why          string        `json:"why,omitempty"`    // the reason for Until
	Reason       string        `json:"reason,omitempty"` // likewise, in one word for programs
	Step         int           `json:"step,omitempty"`   // limits in a row that the service named
}

// Credential is what is known of one secret at one server.
type Credential struct {
	Good   bool   `json:"good,omitempty"` // the service has accepted it
	Lock   *Lock  `json:"lock,omitempty"` // the service has refused it since
	CAHint string `json:"root,omitempty"` // Answer.CAHint of the last answer

	Addrs []Reached `json:"addrs,omitempty"` // where its service was reached, the best first
}

// Lock is a refusal that may pass: nothing is sent until Until, then one more
// attempt is made.
type Lock struct {
	Until time.Duration `json:"until"`
	Why   string        `json:"why"`
}

// End returns when a lock ends, 0 for nil.
func (l *Lock) End() time.Duration {
	if l == nil {
		return 0
	}
	return l.Until
}

// Blocked reports whether a limit that the service named, or a lock, forbids
// requests now.
func (k Usage) Blocked(now clock.Now) bool { return max(k.Until, k.Lock.End()) > now.Up }

// Reservation is one request that the service may have counted.
type Reservation struct {
	clock.Timestamp        // when its answer came: the latest time at which it may have been counted
	Open            bool   `json:"open,omitempty"`    // no answer yet; Timestamp is when it was sent
	ID              uint64 `json:"id,omitempty"`      // while open
	Account         string `json:"account,omitempty"` // while open
	PID             int    `json:"pid,omitempty"`     // while open: the process that waits for the answer
}

// UsageID holds the keys of a Usage in Data's Quotas and Credentials.
type UsageID struct{ Quota, Credential string }

// UsageID returns the keys of an account's Usage.
func (b *Data) UsageID(a *service.Account) UsageID {
	server, secret := a.ServerName(), a.Secret.Reveal()
	id := UsageID{Credential: b.Fingerprint(a.Service, server, secret)}
	switch {
	case a.LimitGroup != "":
		id.Quota = b.Fingerprint("limit_group", a.LimitGroup)
	case a.Service == "ipv64" || server == service.IPv64Server: // the limit is of the service's account, whatever the secret
		id.Quota = b.Fingerprint("ipv64", server)
	default:
		id.Quota = id.Credential
	}
	return id
}

// Usage returns the quota and the credential of id; both are zero if b has none.
func (b *Data) Usage(id UsageID) Usage {
	return Usage{b.Quotas[id.Quota], b.Credentials[id.Credential]}
}

// SetUsage replaces the quota and the credential of id.
func (b *Data) SetUsage(id UsageID, k Usage) {
	b.Quotas[id.Quota], b.Credentials[id.Credential] = k.Quota, k.Credential
}

// add joins the reservations of two groups, and keeps the longer wait.
func (q Quota) add(o Quota) Quota {
	q.Reservations = sorted(append(slices.Clone(q.Reservations), o.Reservations...))
	return q.longer(o)
}

// merge joins two copies of one quota: a reservation in both counts once.
func (q Quota) merge(o Quota) Quota {
	rest := slices.Clone(q.Reservations)
	q.Reservations = slices.Clone(q.Reservations)
	for _, s := range o.Reservations {
		same := func(r Reservation) bool { return r.Up == s.Up && r.Open == s.Open && r.ID == s.ID }
		if i := slices.IndexFunc(rest, same); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		q.Reservations = append(q.Reservations, s)
	}
	q.Reservations = sorted(q.Reservations)
	return q.longer(o)
}

func (q Quota) longer(o Quota) Quota {
	if o.Until > q.Until {
		q.Until, q.Why, q.Reason = o.Until, o.Why, o.Reason
	}
	q.Step = max(q.Step, o.Step)
	return q
}

// merge adds what another copy of the credential knows.
func (c Credential) merge(o Credential) Credential {
	c.Good = c.Good || o.Good
	c.CAHint = cmp.Or(c.CAHint, o.CAHint)
	if c.Addrs == nil {
		c.Addrs = o.Addrs
	}
	if o.Lock != nil && (c.Lock == nil || o.Lock.Until > c.Lock.Until) {
		c.Lock = o.Lock
	}
	return c
}

// Merge adds what another copy of the Usage knows.
func (k Usage) Merge(o Usage) Usage {
	return Usage{k.Quota.merge(o.Quota), k.Credential.merge(o.Credential)}
}

// sorted sorts slots in place, the oldest first.
func sorted(reservations []Reservation) []Reservation {
	sort.SliceStable(reservations, func(i, j int) bool { return reservations[i].Up < reservations[j].Up })
	return reservations
}

// legacyKey is the Usage that older versions wrote: one for each service, server
// as spelled in the configuration, and secret.
type legacyKey struct {
	Quota
	Good   bool     `json:"good,omitempty"`
	Locked bool     `json:"locked,omitempty"` // Until is a lock
	CAHint string   `json:"root,omitempty"`
	Moved  []string `json:"moved,omitempty"` // the quotas that count its requests since
}

// legacyKeyID names an account's legacyKey.
func (b *Data) legacyKeyID(a *service.Account) string {
	return b.Fingerprint(a.Service, a.LegacyServer(), a.Secret.Reveal())
}

// MigrateLegacy copies the legacyKey old into the Usage id, once.
func (b *Data) MigrateLegacy(old string, id UsageID) {
	o, ok := b.LegacyKeys[old]
	if !ok || slices.Contains(o.Moved, id.Quota) {
		return
	}
	k := b.Usage(id)
	c := Credential{Good: o.Good, CAHint: o.CAHint}
	if o.Locked {
		c.Lock = &Lock{o.Until, o.Why}
		o.Until, o.Why, o.Reason = 0, "", ""
	}
	b.SetUsage(id, Usage{k.Quota.add(o.Quota), k.Credential.merge(c)})
	o = b.LegacyKeys[old]
	o.Moved = append(slices.Clone(o.Moved), id.Quota)
	b.LegacyKeys[old] = o
}

// moveQuota copies the reservations of an account's old limit group to the new
// one, at the same server: the service still counts them.
func (b *Data) moveQuota(from, to string) {
	if q, ok := b.Quotas[from]; ok && from != to {
		b.Quotas[to] = b.Quotas[to].merge(q)
	}
}

// merge adds the quotas and credentials of o, which another process wrote
// without having read b.
func (b *Data) merge(o *Data) {
	for id, q := range o.Quotas {
		b.Quotas[id] = b.Quotas[id].merge(q)
	}
	for id, c := range o.Credentials {
		b.Credentials[id] = b.Credentials[id].merge(c)
	}
}

// namedLimit is the wait, by Step, if the service names a limit without a time.
// The first is the documented 10 s window.
var namedLimit = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// namedSpread bounds the random time added to a limit that the service names, by
// Step: many routers may have been given the same one (update/HERD.md).
var namedSpread = [...]time.Duration{time.Second, 10 * time.Minute, 10 * time.Minute, 15 * time.Minute}

// ReasonServiceLimit is Quota.Reason of a limit that the service names.
const ReasonServiceLimit = "service-limit"

// Wait extends Until to d from now, at most LongestWait, unless it is later
// already.
func (q Quota) Wait(now clock.Now, d time.Duration, reason, why string) Quota {
	if until := now.Up + min(d, service.LongestWait); until > q.Until {
		q.Until, q.Why, q.Reason = until, why, reason
	}
	return q
}

// Limited waits as long as the service asks for, or, if it names no time, longer
// with each such answer. jitter, in [0,1), spreads many routers.
func (q Quota) Limited(now clock.Now, r service.Result, reason string, jitter float64) Quota {
	step := min(max(q.Step, 0), len(namedLimit)-1)
	wait := cmp.Or(r.Wait, namedLimit[step]) + time.Duration(jitter*float64(namedSpread[step]))
	q.Step++
	return q.Wait(now, wait, reason, "the service says: "+r.Detail)
}

// Accepted returns the usage after an accepted request. A wait that is not over
// stays: the answer to another request set it meanwhile.
func (k Usage) Accepted(now clock.Now) Usage {
	k.Good = true
	if k.Until <= now.Up {
		k.Step, k.Until, k.Why, k.Reason = 0, 0, "", ""
	}
	if k.Lock.End() <= now.Up {
		k.Lock = nil
	}
	return k
}

// Complete closes the open reservation id, and removes it unless counted: the
// service may have counted the request.
func (k Usage) Complete(now clock.Now, id uint64, counted bool) Usage {
	reservations := make([]Reservation, 0, len(k.Reservations))
	for _, s := range k.Reservations {
		switch {
		case !s.Open || s.ID != id:
			reservations = append(reservations, s)
		case counted:
			reservations = append(reservations, Reservation{Timestamp: now.Timestamp()})
		}
	}
	k.Reservations = reservations
	return k
}

// Claim adds an open reservation for a request that may be sent at any moment.
func (q Quota) Claim(now clock.Now) Quota {
	q.Reservations = append(q.Reservations, Reservation{Timestamp: now.Timestamp(), Open: true})
	return q
}

// NextChange returns when the number of used requests next falls, at most a day
// from now.
func (q Quota) NextChange(now clock.Now) time.Duration {
	at := now.Up + clock.Day
	for _, s := range q.Reservations {
		if t := s.end(now) + clock.Day + DayMargin; t > now.Up {
			at = min(at, t)
		}
	}
	return at
}
