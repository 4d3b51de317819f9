// Package update keeps dynamic DNS services up to date: what is sent and when
// (AccountState, pure), who sends it (Scheduler), and what was accepted (Store).
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
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Observation is what the uplink shows: for each account by name what it
// would publish, and whether this machine has an address.
type Observation struct {
	Wants map[string]Desired
	Has   func(netip.Addr) bool
}

// Desired is what the uplink shows of what one account publishes, and for the
// owner what it does not show and why.
type Desired struct {
	service.Values
	Note    string
	Missing string // why the first value is missing that the account publishes, in netwatch's word; "" if none is
}

// Scheduler decides what is sent when, and sends it. It belongs to one
// goroutine, which calls the functions that come out of the Inbox, and Decide
// after each event and whenever it said. Only exchanges run elsewhere.
type Scheduler struct {
	store    *state.Store
	exchange transport.Exchange
	now      func() clock.Now
	log      func(log.Level, string)
	inbox    loop.Inbox
	jitter   func() float64 // in [0,1): spreads the retries of many routers

	ctx      context.Context // of the exchanges
	accounts []*account
	attempts map[uint64]*inFlight
	lastID   uint64
	seq      uint64     // of the Book that the last decision saw
	salt     string     // and its Salt
	known    state.Data // its counts and credentials
	leaving  bool
}

// NewScheduler returns a Scheduler without accounts. Its exchanges are given
// up when ctx ends.
func NewScheduler(ctx context.Context, store *state.Store, p loop.Parts) *Scheduler {
	return &Scheduler{store: store, exchange: p.Exchange, now: p.Now, log: p.Log, inbox: p.Inbox,
		jitter: rand.Float64, ctx: ctx, attempts: map[uint64]*inFlight{}}
}

// How many exchanges run at once: in all, as each holds a TLS connection in
// memory, and with one server, so that one that hangs does not hold up the
// others.
const (
	exchangesMost   = 8
	exchangesServer = 2
)

// elsewhereGap is between looks at a request of another process, which may die
// without a word; its answer on disk is seen at once.
const elsewhereGap = 250 * time.Millisecond

// countInterval bounds how long a status shows a request that is a day old: to
// count it out sooner is worth no wake-up.
const countInterval = time.Hour

// account is one account at work.
type account struct {
	config     *service.Account
	service    service.Service
	plan       Plan
	missing    string // Desired.Missing
	note       string
	sending    bool
	excluded   bool              // nothing is sent for it: `once` was asked for others
	clearStops bool              // its stops do not hold: `once --force`; on disk with its next request
	elsewhere  bool              // another process has a request of it under way
	lastLogged string            // the last message about trouble, so that it is said once
	counts     map[string]uint64 // Status.Counts
	salt       string            // of the Book in which key names its Key
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

// usageIn names the account's Key in a Book. Books have the same salt unless one
// was lost.
func (a *account) usageIn(b *state.Data) state.UsageID {
	if a.salt != b.Salt {
		a.salt, a.usageID = b.Salt, b.UsageID(a.config)
	}
	return a.usageID
}

// state is all that decides about the account, with what a Book holds of it.
func (a *account) state(b *state.Data, limits map[string]state.Limits) AccountState {
	id := a.usageIn(b)
	return AccountState{Account: a.config, Service: a.service, Record: b.Accounts[a.config.Name], Usage: b.Usage(id), Limits: limits[id.Quota], Plan: a.plan}
}

// SetAccounts replaces the accounts; one that has not changed goes on as it
// was. What is under way for one that is gone or changed is let end, and
// counts. Observe has to follow.
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

// Observe tells what the uplink shows. event says that a message of the kernel
// came for it, which may have mended what failed: retries wait no longer.
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

// ClockSet tells that somebody set the wall clock.
func (s *Scheduler) ClockSet() {
	now := s.now()
	s.store.Update(now, func(*state.Data) {}) // what a wrong clock wrote is put right
	for _, a := range s.accounts {
		a.plan = a.plan.Event(now)
	}
}

// StateChanged tells that the state on disk may have been written, by this
// process or by another one: a person may have lifted a stop.
func (s *Scheduler) StateChanged() {
	now := s.now()
	if s.store.Read(now).Seq == s.seq {
		return
	}
	for _, a := range s.accounts {
		a.plan = a.plan.Event(now)
	}
}

// Leave begins no attempt any more, and waits for no lock.
func (s *Scheduler) Leave() {
	s.leaving = true
	s.store.Leave()
}

// GiveUp gives up the exchanges under way; each still comes to its end.
func (s *Scheduler) GiveUp() {
	for _, t := range s.attempts {
		t.stop(context.Canceled)
	}
}

// Sending tells whether an exchange is under way.
func (s *Scheduler) Sending() bool { return len(s.attempts) > 0 }

// Stamps tell the state on disk, as last read or written, from any other.
func (s *Scheduler) Stamps() [2]state.Stamp { return s.store.Stamps() }

// Decide starts what is due, and returns how each account stands, and when, in
// time since boot, it is to be called again at the latest.
func (s *Scheduler) Decide() (status map[string]Status, wake time.Duration) {
	now := s.now()
	book := s.store.Cached(now)
	if s.salt != "" && s.salt != book.Salt {
		book = s.migrateQuota(now, book)
	}
	s.seq, s.salt, s.known = book.Seq, book.Salt, *book
	limits := s.limits(book)
	var due []*pending
	wake = now.Up + clock.Day
	status = make(map[string]Status, len(s.accounts))
	for _, a := range s.accounts {
		as := a.state(book, limits)
		if a.clearStops {
			as.Record = as.Record.ClearStops()
		}
		if at := as.refreshAt(now); at > now.Up {
			wake = min(wake, at)
		} else if at != 0 && a.plan.ForceResend == nil { // else it is on its way, and waits as everything does
			a.plan = a.plan.Resend(now)
			as.Plan = a.plan
		}
		dec := as.Next(now)
		if dec.Attempt == nil && !a.sending {
			a.plan = a.plan.Reset()
		}
		a.elsewhere = dec.Attempt != nil && !a.sending && !a.excluded && as.Usage.InFlightElsewhere(now, a.config.Name, os.Getpid(), state.Alive)
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
	}
	s.start(now, due)
	return status, wake
}

// migrateQuota takes what limits ask for over into a Book that began anew: somebody has
// removed the state, and the service has not forgotten.
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

// start begins what is due, the one due longest first, and no more than the
// limits and this machine have room for.
func (s *Scheduler) start(now clock.Now, due []*pending) {
	slices.SortStableFunc(due, func(a, b *pending) int { return cmp.Compare(a.decision.Since, b.decision.Since) })
	waiting := map[string]state.Quota{} // with those under way that are not yet on disk
	for _, t := range s.attempts {
		if !t.sent {
			waiting[t.usageID.Quota] = waiting[t.usageID.Quota].Claim(now)
		}
	}
	for _, p := range due {
		k := p.usage
		k.Reservations = append(slices.Clone(k.Reservations), waiting[p.usageID.Quota].Reservations...)
		if len(s.attempts) >= exchangesMost || s.inFlightWith(p.account.config) >= exchangesServer || k.NextFree(now, p.limits) > now.Up {
			continue // the end of an attempt decides again
		}
		waiting[p.usageID.Quota] = waiting[p.usageID.Quota].Claim(now)
		s.startAttempt(now, p)
	}
}

// inFlightWith counts the exchanges under way with an account's server.
func (s *Scheduler) inFlightWith(a *service.Account) int {
	n := 0
	for _, t := range s.attempts {
		if o := t.account.config; o.Service == a.Service && o.Server == a.Server && o.Template.Key() == a.Template.Key() {
			n++
		}
	}
	return n
}

// limits returns those of each quota: the lowest of the accounts that use it.
func (s *Scheduler) limits(b *state.Data) map[string]state.Limits {
	l := make(map[string]state.Limits, len(s.accounts))
	for _, a := range s.accounts {
		id := a.usageIn(b).Quota
		l[id] = l[id].Stricter(state.Limits{Short: a.config.Limit10s, Day: a.config.Limit24h})
	}
	return l
}
