package update

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// herdCase is what a herd meets: many routers whose lines come back within a
// minute, a service, and a resolver.
type herdCase struct {
	name       string
	full       string        // what the service does with what it has no room for; see exchange
	retryAfter string        // with 429 and 503
	spread     time.Duration // added to it at random
	part       float64       // what the service can take, as a part of the peak: all routers in a minute
	away       time.Duration // the service takes nothing for so long
	resolver   float64       // likewise part, of queries; 0: the routers know the service's address
	within     time.Duration // the lines come back in this time, 0: a minute
	alone      time.Duration // the service has room for all, but for so long after each router's first attempt
}

// A herd is a simulation of a herdCase: a queue of events, and for each router what
// the Scheduler keeps for an account. What decides is AccountState.
type herd struct {
	herdCase
	earlier bool // pauses by the earlier rule (herdearlier_test.go)
	rng     *rand.Rand
	account *service.Account
	kind    service.Service
	good    service.Result // what the service's answers mean
	bad     service.Result
	routers []*herdRouter // nil: current, or not there yet
	queue   herdQueue

	service, resolver bucket

	attempts int             // all of them
	seconds  []int           // attempts by second
	current  []time.Duration // when each router was: since the first came back, or, alone, since its first attempt
}

type herdRouter struct {
	m      state.AccountRecord
	k      state.Usage
	p      Plan
	first  time.Duration // its first attempt
	lookup time.Duration // since when it looks up the service's name
	ask    int           // queries sent for that
	next   Attempt       // what to send next

	fails, step int // by the earlier rule
}

// herdBegin is each router's uptime when the first line comes back.
const herdBegin = time.Hour

// herdEnd is how long a simulation lasts at the most.
const herdEnd = 24 * time.Hour

// askedAt is when a lookup asks a name server that says nothing (package resolver),
// each time for both families; lookupEnd is when it is given up.
var askedAt = [...]time.Duration{0, 300 * time.Millisecond, 900 * time.Millisecond, 2100 * time.Millisecond, 4500 * time.Millisecond}

const lookupEnd = 8 * time.Second

func newHerd(c herdCase, size int, earlier bool) *herd {
	if c.within == 0 {
		c.within = time.Minute
	}
	h := &herd{herdCase: c, earlier: earlier, rng: rand.New(rand.NewPCG(1, 3)), account: ipv64Account(), kind: theIPv64(), routers: make([]*herdRouter, size)}
	peak := float64(size) / time.Minute.Seconds()
	h.service, h.resolver = bucket{perSecond: peak * c.part}, bucket{perSecond: 2 * peak * c.resolver}
	c1 := service.Update{Hosts: h.account.Domains, Values: service.Values{IPv4: v4a}}
	h.good = h.kind.Parse(h.account, c1, transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)})
	status, _ := strconv.Atoi(c.full)
	h.bad = h.kind.Parse(h.account, c1, transport.Answer{Status: status, RetryAfter: c.retryAfter})
	for i := range h.routers {
		h.queue = append(h.queue, herdEvent{time.Duration(h.rng.Float64() * float64(c.within)), int32(i)})
	}
	heap.Init(&h.queue)
	return h
}

// run lets the herd loose until all routers are current.
func (h *herd) run() *herd {
	for h.queue.Len() > 0 && h.queue[0].at < herdEnd {
		e := heap.Pop(&h.queue).(herdEvent)
		now := at(herdBegin + e.at)
		r := h.routers[e.router]
		if r == nil {
			r = &herdRouter{first: now.Up, lookup: -1}
			h.routers[e.router] = r
			r.k.Good = true
			r.set(now, AccountState{h.account, h.kind, r.m, r.k, h.limits(), Plan{}.Observe(now, service.Values{IPv4: v4a})})
		}
		next := h.step(now, r)
		if next == 0 {
			h.routers[e.router] = nil
			continue
		}
		heap.Push(&h.queue, herdEvent{next - herdBegin, e.router})
	}
	slices.Sort(h.current)
	return h
}

// step is one event of a router: an attempt begins, or asks the resolver again. It
// returns when the next one is, 0 for never.
func (h *herd) step(now clock.Now, r *herdRouter) time.Duration {
	as := AccountState{h.account, h.kind, r.m, r.k, h.limits(), r.p}
	if r.lookup < 0 {
		h.countAttempt(now.Up - herdBegin)
		r.lookup, r.ask = now.Up, 0
	}
	if h.herdCase.resolver > 0 && !h.resolver.take(now.Up, 2) {
		return h.unanswered(as, r)
	}
	r.lookup = -1
	return h.exchange(now, as, r, r.next)
}

func (h *herd) limits() state.Limits {
	return state.Limits{Short: h.account.Limit10s, Day: h.account.Limit24h}
}

func (h *herd) countAttempt(since time.Duration) {
	h.attempts++
	for int(since/time.Second) >= len(h.seconds) {
		h.seconds = append(h.seconds, 0)
	}
	h.seconds[since/time.Second]++
}

// unanswered is a query to the resolver that it has no room for.
func (h *herd) unanswered(as AccountState, r *herdRouter) time.Duration {
	if r.ask++; r.ask < len(askedAt) {
		return r.lookup + askedAt[r.ask]
	}
	end := at(r.lookup + lookupEnd)
	r.lookup = -1
	return h.fail(end, as, r, r.next, transport.Fault{Kind: transport.FaultResolve})
}

// exchange is one attempt of one router that has found the service.
func (h *herd) exchange(now clock.Now, as AccountState, r *herdRouter, c Attempt) time.Duration {
	room := h.room(now, r)
	fault := func(after time.Duration, f transport.Fault) time.Duration {
		if f.Sent {
			as, c = as.Reserve(now, c, 1, 1)
		}
		return h.fail(at(now.Up+after), as, r, c, f)
	}
	switch {
	case room:
		since := herdBegin
		if h.alone > 0 {
			since = r.first
		}
		h.current = append(h.current, now.Up-since)
		return h.answer(now, as, r, c, h.good)
	case h.full == "429", h.full == "503":
		res := h.bad
		if h.spread > 0 {
			res.Wait += time.Duration(h.rng.Float64() * float64(h.spread))
		}
		return h.answer(now, as, r, c, res)
	case h.full == "refuses":
		return fault(20*time.Millisecond, transport.Fault{Kind: transport.FaultRefused})
	case h.full == "resets":
		return fault(20*time.Millisecond, transport.Fault{Kind: transport.FaultSent, Sent: true})
	case h.full == "is silent":
		return fault(15*time.Second, transport.Fault{Kind: transport.FaultSent, Sent: true})
	case h.full == "drops":
		return fault(8*time.Second, transport.Fault{Kind: transport.FaultConnect})
	}
	panic("update: no such herdCase: " + h.full)
}

// room tells whether the service takes the request.
func (h *herd) room(now clock.Now, r *herdRouter) bool {
	switch {
	case h.alone > 0:
		return now.Up-r.first >= h.alone
	case now.Up-herdBegin < h.away:
		return false
	}
	return h.service.take(now.Up, 1)
}

// answer is an answer, after 50 ms.
func (h *herd) answer(now clock.Now, as AccountState, r *herdRouter, c Attempt, res service.Result) time.Duration {
	as, c = as.Reserve(now, c, 1, 1)
	end, jitter := at(now.Up+50*time.Millisecond), h.rng.Float64()
	as.Usage = as.Usage.Complete(end, 1, true)
	after := as.After(end, c, res, jitter)
	if h.earlier {
		after = r.earlierAnswer(end, as, after, res, jitter)
	}
	return r.set(end, after)
}

// fail is an attempt without an answer, which ends at end.
func (h *herd) fail(end clock.Now, as AccountState, r *herdRouter, c Attempt, f transport.Fault) time.Duration {
	jitter := h.rng.Float64()
	if f.Sent {
		as.Usage = as.Usage.Complete(end, 1, true)
	}
	after := as.AfterFault(end, c, f, jitter)
	if h.earlier {
		after = r.earlierFault(end, after, c, f, jitter)
	}
	return r.set(end, after)
}

// set keeps the state, and returns when the next attempt is, 0 for never.
func (r *herdRouter) set(end clock.Now, as AccountState) time.Duration {
	r.m, r.k, r.p = as.Record, as.Usage, as.Plan
	d := as.Next(end)
	if d.Attempt == nil {
		return 0
	}
	r.next = *d.Attempt
	return max(d.At, end.Up)
}

// bucket is room for so many a second; what has to wait for 5 s at the most is taken.
type bucket struct {
	perSecond float64
	room      float64
	at        time.Duration
}

func (b *bucket) take(now time.Duration, n float64) bool {
	b.room = min(max(5*b.perSecond, n), b.room+b.perSecond*(now-b.at).Seconds())
	b.at = now
	if b.room < n {
		return false
	}
	b.room -= n
	return true
}

type herdEvent struct {
	at     time.Duration // since the first line came back
	router int32
}

type herdQueue []herdEvent

func (q herdQueue) Len() int           { return len(q) }
func (q herdQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q herdQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *herdQueue) Push(x any)        { *q = append(*q, x.(herdEvent)) }
func (q *herdQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
