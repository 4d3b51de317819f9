package update

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Inquiry is a Question to be asked on every event of the line, and every Poll.
type Inquiry struct {
	Question
	Poll time.Duration
}

// Found is what a Question has brought: the last address that can be published,
// and for the owner why there is none, or none newer.
type Found struct {
	Addr netip.Addr
	Note string
}

// Asker asks services which address this router comes from, and no more often
// than they allow. Its Run goroutine owns all state; Ask and Retry may be
// called from any goroutine, once Run was called or before.
type Asker struct {
	exchange func(context.Context, Request, Ready) Outcome
	now      func() Now
	log      func(Level, string)
	public   func(netip.Addr) bool
	found    func(map[Question]Found)
	pace     pace

	inbox chan func(*round)
	ended chan struct{} // closed when Run has ended
}

// NewAsker returns an Asker for these parts. public tells whether an address
// can be published; found is called from Run's goroutine with all there is
// whenever something has changed, and may be nil. In the folder dir, in RAM,
// several processes keep one pace; "" is none.
func NewAsker(dir string, exchange func(context.Context, Request, Ready) Outcome, now func() Now, log func(Level, string),
	public func(netip.Addr) bool, found func(map[Question]Found)) *Asker {
	return &Asker{exchange, now, log, public, found, pace{dir}, make(chan func(*round), 16), make(chan struct{})}
}

// round is what Run's goroutine owns.
type round struct {
	*Asker
	open  []*inquiry
	free  map[string]time.Duration // when a service may be asked again
	busy  map[string]bool          // a service is being asked
	once  bool                     // each question once
	timer *time.Timer
	ctx   context.Context
	parts sync.WaitGroup
}

// inquiry is an Inquiry at work.
type inquiry struct {
	Inquiry
	plan  AskPlan
	found Found
	going *asked // nil: not being asked
}

// asked is a Question under way.
type asked struct {
	local netip.Addr
	again bool // something has happened since
	stop  context.CancelFunc
}

// Run works until ctx ends.
func (k *Asker) Run(ctx context.Context) {
	d := k.newRound(ctx)
	defer d.end()
	for {
		d.start()
		select {
		case <-ctx.Done():
			return
		case f := <-k.inbox:
			f(d)
		case <-d.timer.C:
		}
	}
}

// Once asks each question once, at the services' pace, and returns what that
// has brought. It is called in place of Run.
func (k *Asker) Once(ctx context.Context, inquiries []Inquiry) map[Question]Found {
	d := k.newRound(ctx)
	defer d.end()
	d.once = true
	d.adopt(inquiries)
	for slices.ContainsFunc(d.open, func(q *inquiry) bool { return q.plan.Attempt == 0 }) && ctx.Err() == nil {
		d.start()
		select {
		case <-ctx.Done():
		case f := <-k.inbox:
			f(d)
		case <-d.timer.C:
		}
	}
	return d.all()
}

func (k *Asker) newRound(ctx context.Context) *round {
	return &round{Asker: k, free: map[string]time.Duration{}, busy: map[string]bool{}, timer: time.NewTimer(day), ctx: ctx}
}

// end waits for the exchanges, which end with ctx.
func (d *round) end() {
	d.timer.Stop()
	close(d.ended)
	d.parts.Wait()
}

func (k *Asker) tell(f func(*round)) {
	select {
	case k.inbox <- f:
	case <-k.ended:
	}
}

// Ask has these questions asked, and no others: something has happened on the
// line. has tells whether this machine has an address; a question that left
// from one that is gone is given up.
func (k *Asker) Ask(inquiries []Inquiry, has func(netip.Addr) bool) {
	k.tell(func(d *round) {
		d.adopt(inquiries)
		now := d.now().Up
		for _, q := range d.open {
			q.plan = q.plan.Event(now)
			if q.going == nil {
				continue
			}
			q.going.again = true
			if q.going.local.IsValid() && !has(q.going.local) {
				q.going.stop()
			}
		}
	})
}

// Retry has the questions asked again that brought nothing: what failed may be
// mended.
func (k *Asker) Retry() {
	k.tell(func(d *round) {
		for _, q := range d.open {
			if q.plan.Fails > 0 {
				q.plan = q.plan.Event(d.now().Up)
			}
		}
	})
}

// adopt takes over the questions; one that was there goes on as it was.
func (d *round) adopt(inquiries []Inquiry) {
	old := d.open
	d.open = nil
	for _, in := range inquiries {
		i := slices.IndexFunc(old, func(q *inquiry) bool { return q.Question == in.Question })
		if i < 0 {
			d.open = append(d.open, &inquiry{Inquiry: in})
			continue
		}
		old[i].Poll = in.Poll
		d.open = append(d.open, old[i])
	}
}

// start asks what is due, the one due longest first, one question at a time
// to each service, and sets the timer.
func (d *round) start() {
	clock := d.now()
	now := clock.Up
	wake := now + day
	byDue := slices.Clone(d.open)
	slices.SortStableFunc(byDue, func(a, b *inquiry) int { return cmp.Compare(a.plan.Due, b.plan.Due) })
	for _, q := range byDue {
		if q.going != nil || d.busy[q.Of] || d.once && q.plan.Attempt != 0 {
			continue // the end of an exchange looks again
		}
		at := max(q.plan.Due, d.free[q.Of])
		if at <= now {
			at = max(at, d.pace.take(clock, q.Of, q.gap()+exchangeLimit))
		}
		switch {
		case at <= now:
			d.launch(q)
		case d.once && at > now+askGap+exchangeLimit:
			q.plan.Attempt = now
			q.found.Note = q.host() + " was asked just now: not again before " + spell(at-now) + " are over"
			wake = now
		default:
			wake = min(wake, at)
		}
	}
	d.timer.Reset(wake - now)
}

func (d *round) launch(q *inquiry) {
	ctx, stop := context.WithCancel(d.ctx)
	going := &asked{stop: stop}
	q.going, d.busy[q.Of] = going, true
	d.parts.Go(func() {
		defer stop()
		req := q.Request()
		req.Known = d.pace.known(q.Question)
		out := d.exchange(ctx, req, func(local netip.Addr) bool {
			d.tell(func(*round) { going.local = local })
			return ctx.Err() == nil
		})
		d.tell(func(d *round) { d.land(q, out) })
	})
}

// land takes what a question has brought.
func (d *round) land(q *inquiry, out Outcome) {
	clock := d.now()
	now := clock.Up
	again := q.going.again
	q.going = nil
	delete(d.busy, q.Of)
	if out.Answer != nil || out.Fault.Sent {
		d.free[q.Of] = now + q.patience(out.Answer)
	}
	d.pace.put(clock, q.Of, d.free[q.Of])
	d.pace.learn(q.Question, out)
	if !slices.Contains(d.open, q) {
		return // nobody asks any more
	}
	before := q.found
	d.judge(q, now, out)
	if again {
		q.plan = q.plan.Event(now)
	}
	if q.found != before && d.found != nil {
		d.found(d.all())
	}
}

// judge takes an answer to the plan and to what was found, and says what is
// new in it.
func (d *round) judge(q *inquiry, now time.Duration, out Outcome) {
	var addr netip.Addr
	var kind FaultKind
	var why string
	if out.Fault != nil {
		kind, why = out.Fault.Kind, out.Fault.Detail
	} else if a, err := q.Read(*out.Answer); err != nil {
		why = q.host() + ": " + err.Error()
	} else {
		addr = a
	}
	family := "IPv" + strconv.Itoa(q.Family)
	switch {
	case kind == FaultGiven:
		q.plan = q.plan.Failed(now, q.Poll, kind, 0)
	case why != "":
		first := q.plan.Fails == 0
		q.plan = q.plan.Failed(now, q.Poll, kind, rand.Float64())
		q.found.Note = "which " + family + " address we come from is not known: " + why
		if q.found.Addr.IsValid() {
			q.found.Note += "; " + q.found.Addr.String() + ", found last, stays"
		}
		if first {
			d.log(Warn, q.found.Note+". "+next(max(q.plan.Due, d.free[q.Of])-now))
		}
	case !d.public(addr):
		q.plan = q.plan.Answered(now, q.Poll)
		note := q.host() + " sees us at " + addr.String() + ", which nobody can reach from the internet:" +
			" publish ipv6 or prefix, or ask the provider for a public address"
		if note != q.found.Note {
			d.log(Warn, note)
		}
		q.found.Note = note
	default:
		q.plan = q.plan.Answered(now, q.Poll)
		if addr != q.found.Addr {
			d.log(Info, q.host()+" sees us at "+addr.String())
		}
		q.found = Found{Addr: addr}
	}
}

// all returns what has been found so far.
func (d *round) all() map[Question]Found {
	out := make(map[Question]Found, len(d.open))
	for _, q := range d.open {
		if q.found != (Found{}) {
			out[q.Question] = q.found
		}
	}
	return out
}
