package update

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Sight is what the line shows: for each account by name, and whether this
// machine has an address.
type Sight struct {
	Wants map[string]Want
	Has   func(netip.Addr) bool
}

// Want is what the line shows of what one account publishes, and for the owner
// what it does not show and why.
type Want struct {
	Values
	Note string
}

// Runner keeps the services told. Its Run goroutine owns all state; the other
// methods may be called from any goroutine, once Run was called or before.
type Runner struct {
	Store    *Store
	Exchange func(context.Context, Request, Ready) Outcome
	Now      func() Now
	Log      func(Level, string)
	Warm     func()                  // makes ready for an exchange that is expected at once; nil: nothing to make
	Resumed  bool                    // the process was at rest: it has said which accounts are stopped
	Publish  func(map[string]Status) // called from Run's goroutine when a status may have changed

	jitter func() float64 // in [0,1): spreads the retries of many routers
	inbox  chan func(*desk)
	ended  chan struct{} // closed when Run has ended
}

// Level is how much a message matters to the owner.
type Level int

const (
	Debug Level = iota
	Info        // what an owner wants to know tomorrow
	Warn        // it passes by itself
	Error       // a person is needed
)

// NewRunner returns a Runner for these parts; publish may be nil.
func NewRunner(store *Store, exchange func(context.Context, Request, Ready) Outcome, now func() Now, log func(Level, string), publish func(map[string]Status)) *Runner {
	return &Runner{Store: store, Exchange: exchange, Now: now, Log: log, Publish: publish,
		jitter: rand.Float64, inbox: make(chan func(*desk), 16), ended: make(chan struct{})}
}

// heldGap is between looks at a request of another process, which may die
// without a word; its answer on the books is seen at once.
const heldGap = 250 * time.Millisecond

// parting is how long Run lets exchanges end that are under way when it is to
// stop: an answer that is not read leaves a doubt, which costs a request.
const parting = 1500 * time.Millisecond

// Run works until ctx ends; exchanges under way then get a moment to end.
func (r *Runner) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer close(r.ended)
	defer context.AfterFunc(ctx, r.Store.Leave)()
	d := r.newDesk(work)
	defer d.timer.Stop()
	for done := ctx.Done(); ; {
		select {
		case f := <-r.inbox:
			f(d)
		case <-d.timer.C:
		case <-done:
			done, d.leaving = nil, true
			time.AfterFunc(parting, stop)
		case <-work.Done():
			return
		}
		for len(r.inbox) > 0 { // a burst is looked at once
			(<-r.inbox)(d)
		}
		if d.leaving && len(d.flights) == 0 {
			return
		}
		d.look()
	}
}

// tell hands Run's goroutine something to do.
func (r *Runner) tell(f func(*desk)) {
	select {
	case r.inbox <- f:
	case <-r.ended:
	}
}

// Accounts replaces the accounts, with what the line shows for them. What is
// under way for one that is gone or changed is let end, and counts.
func (r *Runner) Accounts(accounts []*Account, sight Sight) {
	r.tell(func(d *desk) {
		d.adopt(accounts)
		d.observe(sight)
	})
}

// Observe tells what the line shows, after every event that can matter.
func (r *Runner) Observe(s Sight) {
	r.tell(func(d *desk) { d.observe(s) })
}

// Expect tells what the line may be about to show: where it would be sent,
// something is made ready for it, and nothing else is done.
func (r *Runner) Expect(s Sight) {
	r.tell(func(d *desk) {
		now := d.Now()
		book := d.Store.Known(now)
		if d.Warm != nil && len(d.flights) == 0 && slices.ContainsFunc(d.accounts, func(j *job) bool { return j.wouldSend(now, book, s) }) {
			go d.Warm()
		}
	})
}

// Resend sends everything anew; stopped accounts stay stopped.
func (r *Runner) Resend() {
	r.tell(func(d *desk) {
		now := d.Now()
		for _, j := range d.accounts {
			j.plan = j.plan.Again(now)
		}
	})
}

// AtRest calls f if nothing is under way, due, or waited for, and all that
// matters is on disk, stamp being that of the state (StateStamp). until is
// when, in time since boot, something is to be looked at again. Nothing begins
// before f has returned, and AtRest returns after it.
func (r *Runner) AtRest(f func(until time.Duration, stamp string)) {
	done := make(chan struct{})
	r.tell(func(d *desk) {
		defer close(done)
		busy := func(j *job) bool { return j.flying || j.held || j.lift || !j.plan.settled() }
		if !d.leaving && len(d.inbox) == 0 && len(d.flights) == 0 && d.Store.kept() && !slices.ContainsFunc(d.accounts, busy) {
			f(d.wake, stamp(d.Store.seen[0]))
		}
	})
	select {
	case <-done:
	case <-r.ended:
	}
}

// ClockSet tells that somebody set the wall clock.
func (r *Runner) ClockSet() {
	r.tell(func(d *desk) {
		now := d.Now()
		d.Store.Do(now, func(*Book) {}) // what a wrong clock wrote is put right
		for _, j := range d.accounts {
			j.plan = j.plan.Event(now)
		}
	})
}

// StateChanged tells that the state on disk may have been written, by this
// process or by another one: a person may have lifted a stop.
func (r *Runner) StateChanged() {
	r.tell(func(d *desk) {
		now := d.Now()
		if d.Store.Read(now).Seq == d.seq {
			return
		}
		for _, j := range d.accounts {
			j.plan = j.plan.Event(now)
		}
	})
}
