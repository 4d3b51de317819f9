// Package checkip asks services which address this router comes from.
package checkip

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/transport"
)

// Probe is a Query to send on every event of the uplink, and every Poll.
type Probe struct {
	Query
	Poll time.Duration
}

// Result is the last publishable address found, and Note, why there is none or
// no newer one, for the owner. Doubtful tells that the uplink has changed since: the
// address may be another one's now.
type Result struct {
	Addr     netip.Addr
	Note     string
	Doubtful bool
}

// Prober asks services which address this router comes from, no more often than
// they allow. One goroutine owns it: that calls the functions from the Inbox,
// and Decide after each event and at the time Decide returned. Only exchanges
// run in other goroutines.
type Prober struct {
	exchange transport.Exchange
	now      func() clock.Now
	log      func(log.Level, string)
	inbox    loop.Inbox
	public   func(netip.Addr) bool
	throttle throttle

	ctx     context.Context // of the exchanges
	open    []*activeProbe
	free    map[string]time.Duration // when a service may be asked again, by Query.Of
	busy    map[string]bool          // an exchange is running, by Query.Of
	once    bool                     // send each query once
	changed bool                     // a result has changed since the last call of Results
}

// NewProber returns a Prober without queries. Its exchanges end with ctx. public
// reports whether an address may be published. Processes share their pace in
// the folder dir, in RAM; "" is none.
func NewProber(ctx context.Context, dir string, p loop.Parts, public func(netip.Addr) bool) *Prober {
	return &Prober{exchange: p.Exchange, now: p.Now, log: p.Log, inbox: p.Inbox, public: public, throttle: throttle{dir},
		ctx: ctx, free: map[string]time.Duration{}, busy: map[string]bool{}}
}

// activeProbe is a Probe with its plan and result.
type activeProbe struct {
	Probe
	plan  Plan
	found Result
	going *inFlight // nil: no exchange is running
}

// inFlight is a running exchange.
type inFlight struct {
	local netip.Addr
	again bool // an event has come since
	stop  context.CancelFunc
}

// ProbeSnapshot is what a Prober knows of one Query, for the Prober of the next
// process.
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

// Restore takes over a snapshot. Call it before Set.
func (p *Prober) Restore(all []ProbeSnapshot) {
	for _, s := range all {
		p.open = append(p.open, &activeProbe{Probe: Probe{Query: s.Question}, plan: s.Plan, found: s.Found})
		p.free[s.Question.Of] = s.Free
		p.changed = true
	}
}

// ProbeOnce makes the Prober send each query once.
func (p *Prober) ProbeOnce() { p.once = true }

// Probing reports whether an exchange is running or, after ProbeOnce, still to
// come.
func (p *Prober) Probing() bool {
	return slices.ContainsFunc(p.open, func(q *activeProbe) bool { return q.going != nil || p.once && q.plan.Attempt == 0 })
}

// GiveUp cancels the running exchanges; each still posts its outcome.
func (p *Prober) GiveUp() {
	for _, q := range p.open {
		if q.going != nil {
			q.going.stop()
		}
	}
}

// OnEvent makes the queries due after an event of the uplink. has reports
// whether this machine has an address; an exchange from another is canceled.
func (p *Prober) OnEvent(has func(netip.Addr) bool) {
	now := p.now().Up
	for _, q := range p.open {
		q.plan = q.plan.Event(now)
		if q.found.Addr.IsValid() && !q.found.Doubtful {
			q.found.Doubtful, p.changed = true, true
		}
		if q.going == nil {
			continue
		}
		q.going.again = true
		if q.going.local.IsValid() && !has(q.going.local) {
			q.going.stop()
		}
	}
}

// Retry makes the failed queries due: the cause may be gone.
func (p *Prober) Retry() {
	for _, q := range p.open {
		if q.plan.Fails > 0 {
			q.plan = q.plan.Event(p.now().Up)
		}
	}
}

// Set replaces the probes; a query that was there keeps its state.
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

// Decide starts the exchanges that are due, the longest due first, one at a time
// for each service. It returns when to call it again at the latest, in time
// since boot.
func (p *Prober) Decide() (wake time.Duration) {
	reading := p.now()
	now := reading.Up
	wake = now + clock.Day
	byDue := slices.Clone(p.open)
	sort.SliceStable(byDue, func(i, j int) bool { return byDue[i].plan.Due < byDue[j].plan.Due })
	for _, q := range byDue {
		if q.going != nil || p.busy[q.Of] || p.once && q.plan.Attempt != 0 {
			continue // Decide is called again when the exchange ends
		}
		at := max(q.plan.Due, p.free[q.Of])
		if at <= now {
			at = max(at, p.throttle.take(reading, q.Of, q.gap()+transport.Limit))
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
		req.Known = p.throttle.known(q.Query)
		out := p.exchange(ctx, req, func(local netip.Addr) bool {
			p.inbox.Post(ctx, func() { going.local = local })
			return ctx.Err() == nil
		})
		p.inbox.Post(p.ctx, func() { p.complete(q, out) })
	}()
}

// complete takes the outcome of an exchange.
func (p *Prober) complete(q *activeProbe, out transport.Outcome) {
	clock := p.now()
	now := clock.Up
	again := q.going.again
	q.going = nil
	delete(p.busy, q.Of)
	if out.Answer != nil || out.Fault.Sent {
		p.free[q.Of] = now + q.waitAfter(out.Answer)
	}
	p.throttle.put(clock, q.Of, p.free[q.Of])
	p.throttle.learn(q.Query, out)
	if !slices.Contains(p.open, q) {
		return // Set removed it meanwhile
	}
	before := q.found
	p.judge(q, now, out)
	if again {
		q.plan = q.plan.Event(now)
		q.found.Doubtful = q.found.Addr.IsValid()
	}
	if q.found != before {
		p.changed = true
	}
}

// judge updates plan and result from an outcome, and logs what is new.
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

// Results returns all results so far, and whether one has changed since the last
// call.
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

// EventHelps reports whether an event of the uplink would make a query due
// sooner.
func (p *Prober) EventHelps() bool {
	now := p.now().Up
	for _, q := range p.open {
		if max(q.plan.Event(now).Due, p.free[q.Of]) < max(q.plan.Due, p.free[q.Of]) {
			return true
		}
	}
	return false
}
