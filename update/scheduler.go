// Package update decides what to send to dynamic DNS services and when
// (AccountState, which is pure), and sends it (Scheduler).
package update

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"sort"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Observation is what the uplink shows: the desired values of each account by name,
// and whether this machine has an address.
type Observation struct {
	Wants map[string]Desired
	Has   func(netip.Addr) bool
}

// Desired are the values that one account should have at its service, and why others
// are missing.
type Desired struct {
	service.Values
	Note    string
	Missing string // the reason of the first missing value, a word of netwatch.Reason; "": none is missing
}

// Scheduler sends updates when they are due. It belongs to one goroutine, which
// calls the functions from the Inbox, and Decide after each event and when Decide
// has asked for it. Exchanges run in goroutines of their own.
type Scheduler struct {
	store    *state.Store
	exchange transport.Exchange
	now      func() clock.Now
	log      func(log.Level, string)
	inbox    loop.Inbox
	pid      int            // marks requests as this process's
	jitter   func() float64 // in [0,1): spreads the retries of many routers

	ctx      context.Context // of the exchanges
	accounts []*account
	attempts map[uint64]*inFlight
	lastID   uint64
	salt     string     // Data.Salt at the last decision
	known    state.Data // the quotas and credentials at the last decision
	leaving  bool
}

// NewScheduler returns a Scheduler without accounts. Its exchanges are given
// up when ctx ends.
func NewScheduler(ctx context.Context, store *state.Store, p loop.Parts) *Scheduler {
	return &Scheduler{store: store, exchange: p.Exchange, now: p.Now, log: p.Log, inbox: p.Inbox, pid: cmp.Or(p.PID, os.Getpid()),
		jitter: rand.Float64, ctx: ctx, attempts: map[uint64]*inFlight{}}
}

// How many exchanges run at once: in all, as each takes memory for TLS, and with
// one server, so that a server that hangs does not delay the others.
const (
	exchangesMost   = 8
	exchangesServer = 2
)

// elsewhereGap is how often to check that another process with a request under way
// still runs. The answer to that request is seen on disk at once.
const elsewhereGap = 250 * time.Millisecond

// countInterval is how long a status may count a request that is older than a day:
// an exact count is not worth a wake-up.
const countInterval = time.Hour

// account is a configured account and its Plan.
type account struct {
	config     *service.Account
	service    service.Service
	plan       Plan
	missing    string // Desired.Missing
	note       string
	sending    bool
	excluded   bool              // `once` is for other accounts
	clearStops bool              // `once --force`: ignore its stops, and remove them from disk with the next request
	elsewhere  bool              // another process has a request for it under way
	lastLogged string            // the last message about trouble, so that it is logged once
	counts     map[string]uint64 // Status.Counts
	salt       string            // Data.Salt that usageID belongs to
	usageID    state.UsageID
}

// count counts an attempt that has ended, "" one that was accepted.
func (a *account) count(why Reason) {
	counts := maps.Clone(a.counts) // a Status may hold it
	if counts == nil {
		counts = map[string]uint64{}
	}
	counts[why]++
	a.counts = counts
}

// usageIn returns the account's UsageID in b. The salt changes only when a state was
// lost.
func (a *account) usageIn(b *state.Data) state.UsageID {
	if a.salt != b.Salt {
		a.salt, a.usageID = b.Salt, b.UsageID(a.config)
	}
	return a.usageID
}

// state returns the account's AccountState, with its part of b.
func (a *account) state(b *state.Data, limits map[string]state.Limits) AccountState {
	id := a.usageIn(b)
	return AccountState{Account: a.config, Service: a.service, Record: b.Accounts[a.config.Name], Usage: b.Usage(id), Limits: limits[id.Quota], Plan: a.plan}
}

// SetAccounts replaces the accounts. An unchanged account keeps its Plan, a changed one
// what Resend has asked for. Exchanges for removed or changed ones end as usual and
// count. Observe must follow.
func (s *Scheduler) SetAccounts(accounts []*service.Account) {
	old := s.accounts
	s.accounts = nil
	for _, a := range accounts {
		service, ok := service.For(a)
		if !ok {
			panic("update: account of an unknown service " + a.Service) // the configuration has checked it
		}
		n := &account{config: a, service: service}
		if i := slices.IndexFunc(old, func(o *account) bool { return o.config.Name == a.Name }); i >= 0 {
			n.sending = old[i].sending
			if reflect.DeepEqual(old[i].config, a) {
				n = old[i]
			} else if old[i].plan.ForceResend != nil {
				n.plan = n.plan.Resend(s.now())
			}
		}
		s.accounts = append(s.accounts, n)
	}
	s.store.Update(s.now(), func(b *state.Data) {
		for _, a := range accounts {
			b.SyncConfig(a)
		}
	})
}

// has reports whether the account of this name has the host.
func (s *Scheduler) has(name, host string) bool {
	return slices.ContainsFunc(s.accounts, func(a *account) bool {
		return a.config.Name == name && slices.Contains(a.service.HostsOf(a.config), host)
	})
}

// Prune drops what is known of domains that are not in their account any more. It follows
// SetAccounts where the configuration was read: a later worker, or `once`, may go by
// another one.
func (s *Scheduler) Prune() {
	s.store.Update(s.now(), func(b *state.Data) {
		for _, a := range s.accounts {
			b.Prune(a.config)
		}
	})
}

// Observe sets what the uplink shows. event tells that it comes from a message of
// the kernel, which may have mended what failed: retries become due.
func (s *Scheduler) Observe(o Observation, event bool) {
	now := s.now()
	for _, a := range s.accounts {
		w := o.Wants[a.config.Name]
		a.note, a.missing = w.Note, w.Missing
		a.plan = a.plan.Observe(now, w.Values)
		if event {
			a.plan = a.plan.Event(now)
		}
	}
	for _, t := range s.attempts {
		if t.local.IsValid() && o.Has != nil && !o.Has(t.local) || !t.local.IsValid() && t.account.plan.outdated(t.attempt) {
			t.gone = true
			t.stop(errGone)
		}
	}
}

// Resend sends everything anew; stopped accounts stay stopped.
func (s *Scheduler) Resend() {
	now := s.now()
	for _, a := range s.accounts {
		a.plan = a.plan.Resend(now)
	}
}

// ClockSet handles a wall clock that was set.
func (s *Scheduler) ClockSet() {
	now := s.now()
	s.store.Update(now, func(*state.Data) {}) // corrects timestamps of a wrong clock
	for _, a := range s.accounts {
		if a.plan = a.plan.Event(now); a.plan.Fault == transport.FaultClock {
			a.plan.Tried = false // what is left of the day's requests is for this, too
		}
	}
}

// StateChanged reads the state on disk. It reports whether another process has written
// it since the last call, however that came to be read: a person may have lifted a stop.
func (s *Scheduler) StateChanged() bool {
	now := s.now()
	if s.store.Read(now); !s.store.TakeForeign() {
		return false
	}
	for _, a := range s.accounts {
		a.plan = a.plan.Event(now)
	}
	return true
}

// Leave makes the Scheduler start no attempt, and wait for no lock.
func (s *Scheduler) Leave() {
	s.leaving = true
	s.store.Leave()
}

// GiveUp cancels the exchanges under way; each still ends with a Fault.
func (s *Scheduler) GiveUp() {
	for _, t := range s.attempts {
		t.stop(context.Canceled)
	}
}

// Sending reports whether an exchange is under way.
func (s *Scheduler) Sending() bool { return len(s.attempts) > 0 }

// Stamps returns the stamps of the state on disk, as last read or written.
func (s *Scheduler) Stamps() [2]state.Stamp { return s.store.Stamps() }

// Decide starts what is due. It returns each account's Status, and when to call it
// again at the latest, in time since boot.
func (s *Scheduler) Decide() (status map[string]Status, wake time.Duration) {
	now := s.now()
	data := s.store.Cached(now)
	if s.salt != "" && s.salt != data.Salt {
		data = s.migrateQuota(now, data)
	}
	for _, a := range s.accounts {
		if a.elsewhere && data.Accounts[a.config.Name].Config != data.ConfigID(a.config) && !s.inFlightElsewhere(now, data, a) { // it went by other settings
			s.store.Update(now, func(b *state.Data) { b.SyncConfig(a.config) })
			data = s.store.Cached(now)
		}
	}
	s.salt, s.known = data.Salt, *data
	limits := s.limits(data)
	var due []*pending
	wake = now.Up + clock.Day
	status = make(map[string]Status, len(s.accounts))
	for _, a := range s.accounts {
		as := a.state(data, limits)
		if a.clearStops {
			as.Record = as.Record.ClearStops()
		}
		if at := as.refreshAt(now); at > now.Up {
			wake = min(wake, at)
		} else if at != 0 && a.plan.ForceResend == nil { // else it is resent already
			a.plan = a.plan.Resend(now)
			as.Plan = a.plan
		}
		dec := as.Next(now)
		if dec.Attempt == nil && !a.sending {
			a.plan = a.plan.Reset()
		}
		a.elsewhere = dec.Attempt != nil && !a.sending && !a.excluded && s.inFlightElsewhere(now, data, a)
		if a.elsewhere {
			wake = min(wake, now.Up+elsewhereGap)
		} else if dec.Attempt != nil && !a.sending && !a.excluded && !s.leaving {
			if dec.At <= now.Up {
				due = append(due, &pending{account: a, decision: dec, usageID: a.usageID, usage: as.Usage, limits: as.Limits})
			} else {
				wake = min(wake, dec.At)
			}
		}
		wake = min(wake, max(as.Usage.NextChange(now), now.Up+countInterval))
		s.logTrouble(now, a, dec)
		status[a.config.Name] = a.status(now, as, dec)
		if dec.State == StateCurrent && as.Record.WasStopped { // this status tells it, no other
			s.store.Update(now, func(b *state.Data) {
				m := b.Accounts[a.config.Name]
				m.WasStopped = false
				b.Accounts[a.config.Name] = m
			})
		}
	}
	s.start(now, due)
	return status, wake
}

// migrateQuota copies quotas and credentials into a new Data, after somebody has
// removed the state: the service still counts.
func (s *Scheduler) migrateQuota(now clock.Now, b *state.Data) *state.Data {
	s.store.Update(now, func(b *state.Data) {
		for _, a := range s.accounts {
			if a.salt != s.salt {
				continue
			}
			b.SyncConfig(a.config)
			id := b.UsageID(a.config)
			b.SetUsage(id, b.Usage(id).Merge(s.known.Usage(a.usageID)))
		}
	})
	return s.store.Cached(now)
}

// pending is a decision to send now.
type pending struct {
	account  *account
	decision Decision
	usageID  state.UsageID
	usage    state.Usage
	limits   state.Limits
}

// start starts what is due, the oldest first, within the limits and within
// exchangesMost.
func (s *Scheduler) start(now clock.Now, due []*pending) {
	sort.SliceStable(due, func(i, j int) bool { return due[i].decision.Since < due[j].decision.Since })
	waiting := map[string]state.Quota{} // claims that are not on disk yet
	for _, t := range s.attempts {
		if !t.sent {
			waiting[t.usageID.Quota] = waiting[t.usageID.Quota].Claim(now)
		}
	}
	for _, p := range due {
		k := p.usage
		k.Reservations = append(slices.Clone(k.Reservations), waiting[p.usageID.Quota].Reservations...)
		if len(s.attempts) >= exchangesMost || s.inFlightWith(p.account.config) >= exchangesServer || k.NextFree(now, p.limits) > now.Up {
			continue // Decide is called again at the end of an attempt
		}
		waiting[p.usageID.Quota] = waiting[p.usageID.Quota].Claim(now)
		s.startAttempt(now, p)
	}
}

// inFlightElsewhere reports whether another process has a request for the account under
// way.
func (s *Scheduler) inFlightElsewhere(now clock.Now, b *state.Data, a *account) bool {
	return b.Usage(a.usageIn(b)).InFlightElsewhere(now, a.config.Name, s.pid, state.Alive)
}

// inFlightWith returns the number of exchanges under way with an account's server.
func (s *Scheduler) inFlightWith(a *service.Account) int {
	n := 0
	for _, t := range s.attempts {
		if o := t.account.config; o.Service == a.Service && o.Server == a.Server && o.Template.Key() == a.Template.Key() {
			n++
		}
	}
	return n
}

// limits returns the limits of each quota: the lowest of the accounts that use it.
func (s *Scheduler) limits(b *state.Data) map[string]state.Limits {
	l := make(map[string]state.Limits, len(s.accounts))
	for _, a := range s.accounts {
		id := a.usageIn(b).Quota
		l[id] = l[id].Stricter(state.Limits{Short: a.config.Limit10s, Day: a.config.Limit24h})
	}
	return l
}
