// Package checkip asks services which address this router comes from.
package checkip

import (
	"cmp"
	"context"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/transport"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Probe is a Question to be asked on every event of the line, and every Poll.
type Probe struct {
	Query
	Poll time.Duration
}

// Result is what a Question has brought: the last address that can be published,
// and for the owner why there is none, or none newer.
type Result struct {
	Addr netip.Addr
	Note string
}

// Prober asks services which address this router comes from, and no more often
// than they allow. It belongs to one goroutine, which calls the functions that
// come out of the Inbox, and Decide after each event and whenever it said. Only
// exchanges run elsewhere.
type Prober struct {
	exchange transport.Exchange
	now      func() clock.Now
	log      func(log.Level, string)
	inbox    loop.Inbox
	public   func(netip.Addr) bool
	pace     throttle

	ctx     context.Context // of the exchanges
	open    []*activeProbe
	free    map[string]time.Duration // when a service may be asked again
	busy    map[string]bool          // a service is being asked
	once    bool                     // each question once
	changed bool                     // something was found since Found was called
}

// NewProber returns a Prober without questions. Its exchanges are given up when
// ctx ends. public tells whether an address can be published. In the folder
// dir, in RAM, several processes keep one pace; "" is none.
func NewProber(ctx context.Context, dir string, p loop.Parts, public func(netip.Addr) bool) *Prober {
	return &Prober{exchange: p.Exchange, now: p.Now, log: p.Log, inbox: p.Inbox, public: public, pace: throttle{dir},
		ctx: ctx, free: map[string]time.Duration{}, busy: map[string]bool{}}
}

// activeProbe is an Inquiry at work.
type activeProbe struct {
	Probe
	plan  Plan
	found Result
	going *inFlight // nil: not being asked
}

// inFlight is a Question under way.
type inFlight struct {
	local netip.Addr
	again bool // something has happened since
	stop  context.CancelFunc
}

// ProbeSnapshot is what a Prober knows of one Question, for the one that goes on
// after it in another process.
type ProbeSnapshot struct {
	Question Query         `json:"question"`
	Plan     Plan          `json:"plan"`
	Found    Result        `json:"found"`
	Free     time.Duration `json:"free"` // when its service may be asked again
}

// Snapshot returns what the Prober knows now.
func (p *Prober) Snapshot() []ProbeSnapshot {
	var all []ProbeSnapshot
	for _, q := range p.open {
		all = append(all, ProbeSnapshot{q.Query, q.plan, q.found, p.free[q.Of]})
	}
	return all
}

// Restore goes on where the Prober of the snapshot was. It is called before
// Set.
func (p *Prober) Restore(all []ProbeSnapshot) {
	for _, s := range all {
		p.open = append(p.open, &activeProbe{Probe: Probe{Query: s.Question}, plan: s.Plan, found: s.Found})
		p.free[s.Question.Of] = s.Free
		p.changed = true
	}
}

// ProbeOnce makes the Prober ask each question once.
func (p *Prober) ProbeOnce() { p.once = true }

// Probing tells whether an exchange is under way, or, where each question is
// asked once, is still to come.
func (p *Prober) Probing() bool {
	return slices.ContainsFunc(p.open, func(q *activeProbe) bool { return q.going != nil || p.once && q.plan.Attempt == 0 })
}

// GiveUp gives up the exchanges under way; each still comes to its end.
func (p *Prober) GiveUp() {
	for _, q := range p.open {
		if q.going != nil {
			q.going.stop()
		}
	}
}

// OnEvent has the questions asked: something has happened on the uplink. has tells
// whether this machine has an address; a question that left from one that is
// gone is given up.
func (p *Prober) OnEvent(has func(netip.Addr) bool) {
	now := p.now().Up
	for _, q := range p.open {
		q.plan = q.plan.Event(now)
		if q.going == nil {
			continue
		}
		q.going.again = true
		if q.going.local.IsValid() && !has(q.going.local) {
			q.going.stop()
		}
	}
}

// Retry has the questions asked again that brought nothing: what failed may be
// mended.
func (p *Prober) Retry() {
	for _, q := range p.open {
		if q.plan.Fails > 0 {
			q.plan = q.plan.Event(p.now().Up)
		}
	}
}

// Set replaces the questions; one that was there goes on as it was.
func (p *Prober) Set(inquiries []Probe) {
	old := p.open
	p.open = nil
	for _, in := range inquiries {
		i := slices.IndexFunc(old, func(q *activeProbe) bool { return q.Query == in.Query })
		if i < 0 {
			p.open = append(p.open, &activeProbe{Probe: in})
			continue
		}
		old[i].Poll = in.Poll
		p.open = append(p.open, old[i])
	}
}

// Decide asks what is due, the one due longest first, one question at a time
// to each service, and returns when, in time since boot, it is to be called
// again at the latest.
func (p *Prober) Decide() (wake time.Duration) {
	reading := p.now()
	now := reading.Up
	wake = now + clock.Day
	byDue := slices.Clone(p.open)
	slices.SortStableFunc(byDue, func(a, b *activeProbe) int { return cmp.Compare(a.plan.Due, b.plan.Due) })
	for _, q := range byDue {
		if q.going != nil || p.busy[q.Of] || p.once && q.plan.Attempt != 0 {
			continue // the end of an exchange decides again
		}
		at := max(q.plan.Due, p.free[q.Of])
		if at <= now {
			at = max(at, p.pace.take(reading, q.Of, q.gap()+transport.Limit))
		}
		switch {
		case at <= now:
			p.start(q)
		case p.once && at > now+askGap+transport.Limit:
			q.plan.Attempt = now
			q.found.Note = q.host() + " was asked just now: not again before " + log.Duration(at-now) + " are over"
			wake = now
		default:
			wake = min(wake, at)
		}
	}
	return wake
}

// start starts one exchange.
func (p *Prober) start(q *activeProbe) {
	ctx, stop := context.WithCancel(p.ctx)
	going := &inFlight{stop: stop}
	q.going, p.busy[q.Of] = going, true
	go func() {
		defer stop()
		req := q.Request()
		req.Known = p.pace.known(q.Query)
		out := p.exchange(ctx, req, func(local netip.Addr) bool {
			p.inbox.Post(ctx, func() { going.local = local })
			return ctx.Err() == nil
		})
		p.inbox.Post(p.ctx, func() { p.complete(q, out) })
	}()
}

// complete takes what a question has brought.
func (p *Prober) complete(q *activeProbe, out transport.Outcome) {
	clock := p.now()
	now := clock.Up
	again := q.going.again
	q.going = nil
	delete(p.busy, q.Of)
	if out.Answer != nil || out.Fault.Sent {
		p.free[q.Of] = now + q.waitAfter(out.Answer)
	}
	p.pace.put(clock, q.Of, p.free[q.Of])
	p.pace.learn(q.Query, out)
	if !slices.Contains(p.open, q) {
		return // nobody asks any more
	}
	before := q.found
	p.judge(q, now, out)
	if again {
		q.plan = q.plan.Event(now)
	}
	if q.found != before {
		p.changed = true
	}
}

// judge takes an answer to the plan and to what was found, and says what is
// new in it.
func (p *Prober) judge(q *activeProbe, now time.Duration, out transport.Outcome) {
	var addr netip.Addr
	var kind transport.FaultKind
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
	case kind == transport.FaultCanceled:
		q.plan = q.plan.Failed(now, q.Poll, kind, 0)
	case why != "":
		first := q.plan.Fails == 0
		q.plan = q.plan.Failed(now, q.Poll, kind, rand.Float64())
		q.found.Note = "which " + family + " address we come from is not known: " + why
		if q.found.Addr.IsValid() {
			q.found.Note += "; " + q.found.Addr.String() + ", found last, stays"
		}
		if first {
			p.log(log.Warn, q.found.Note+". "+log.RetryIn(max(q.plan.Due, p.free[q.Of])-now))
		}
	case !p.public(addr):
		q.plan = q.plan.Answered(now, q.Poll)
		note := q.host() + " sees us at " + addr.String() + ", which nobody can reach from the internet:" +
			" publish ipv6 or prefix, or ask the provider for a public address"
		if note != q.found.Note {
			p.log(log.Warn, note)
		}
		q.found.Note = note
	default:
		q.plan = q.plan.Answered(now, q.Poll)
		if addr != q.found.Addr {
			p.log(log.Info, q.host()+" sees us at "+addr.String())
		}
		q.found = Result{Addr: addr}
	}
}

// Results returns all that has been found so far, and whether it is something
// else than when it was called before.
func (p *Prober) Results() (found map[Query]Result, changed bool) {
	changed, p.changed = p.changed, false
	found = make(map[Query]Result, len(p.open))
	for _, q := range p.open {
		if q.found != (Result{}) {
			found[q.Query] = q.found
		}
	}
	return found, changed
}

// EventHelps tells whether an event of the uplink would have a question asked
// sooner than it is due.
func (p *Prober) EventHelps() bool {
	now := p.now().Up
	for _, q := range p.open {
		if max(q.plan.Event(now).Due, p.free[q.Of]) < max(q.plan.Due, p.free[q.Of]) {
			return true
		}
	}
	return false
}
