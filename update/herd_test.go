package update

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// A herd is many routers that have lost their line at the same moment, before a
// service that was away and can then serve a sixtieth of them a second.
type herd struct {
	rng     *rand.Rand
	trouble string
	routers []herdRouter
	queue   herdQueue

	second   time.Duration // the present one
	room     int           // requests that it has room for
	perSec   int           // so many fit into each
	arrivals map[int]int   // by second
}

type herdRouter struct {
	m      state.AccountRecord
	k      state.Usage
	p      Plan
	served time.Duration // 0: not yet
	sent   int
}

const (
	herdSize = 1200
	herdGone = 3 * time.Minute // the service is away for so long
)

func newHerd(seed uint64, trouble string) *herd {
	h := &herd{rng: rand.New(rand.NewPCG(seed, 3)), trouble: trouble, routers: make([]herdRouter, herdSize), perSec: herdSize / 60, arrivals: map[int]int{}}
	for i := range h.routers {
		start := time.Duration(h.rng.Float64() * float64(time.Second))
		h.routers[i].p = Plan{}.Observe(at(time.Hour+start), service.Values{IPv4: v4a})
		h.routers[i].k.Good = true
		heap.Push(&h.queue, herdEvent{time.Hour + start, i})
	}
	return h
}

// run lets the herd loose until all are served, or for three hours.
func (h *herd) run() {
	a := ipv64Account()
	s := theIPv64()
	for h.queue.Len() > 0 {
		e := heap.Pop(&h.queue).(herdEvent)
		if e.at > 4*time.Hour {
			return
		}
		r, now := &h.routers[e.router], at(e.at)
		d := (AccountState{a, s, r.m, r.k, state.Limits{Short: 3, Day: 48}, r.p}).Next(now)
		if d.Attempt == nil {
			continue
		}
		if d.At > now.Up {
			heap.Push(&h.queue, herdEvent{d.At, e.router})
			continue
		}
		h.exchange(now, a, s, r, *d.Attempt)
		heap.Push(&h.queue, herdEvent{max(r.p.Attempt, now.Up) + 1, e.router})
	}
}

// exchange is one attempt of one router.
func (h *herd) exchange(now clock.Now, a *service.Account, s service.Service, r *herdRouter, call Attempt) {
	second := now.Up.Truncate(time.Second)
	if second != h.second {
		h.second, h.room = second, h.perSec
	}
	h.arrivals[int((now.Up-time.Hour)/time.Second)]++
	r.sent++
	r.m, r.k, call = reservedParts(AccountState{a, s, r.m, r.k, state.Limits{}, Plan{}}.Reserve(now, call, 1, 1))
	well := now.Up > time.Hour+herdGone && h.room > 0
	h.room--
	jitter := h.rng.Float64()
	fault := func(after time.Duration, f transport.Fault) {
		end := at(now.Up + after)
		if r.k = r.k.Complete(end, 1, f.Sent); !f.Sent {
			r.m = revert(r.m, s, call)
		}
		r.p = r.p.afterFault(end, call, f, jitter)
	}
	answer := func(ans transport.Answer) {
		end := at(now.Up + 50*time.Millisecond)
		r.m, r.k, r.p = parts(AccountState{a, s, r.m, r.k.Complete(end, 1, true), state.Limits{}, r.p}.After(end, call, s.Parse(a, call.Update, ans), jitter))
	}
	switch {
	case well:
		answer(transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)})
		r.served = now.Up
	case h.trouble == "429":
		answer(transport.Answer{Status: 429})
	case h.trouble == "503":
		answer(transport.Answer{Status: 503})
	case h.trouble == "refused":
		fault(time.Millisecond, transport.Fault{Kind: transport.FaultRefused})
	case h.trouble == "reset":
		fault(20*time.Millisecond, transport.Fault{Kind: transport.FaultSent, Sent: true})
	case h.trouble == "silent":
		fault(15*time.Second, transport.Fault{Kind: transport.FaultSent, Sent: true})
	}
}

// TestAHerdDoesNotTrampleTheService: routers that a provider cut off together do
// not come back together, whichever way the service shows that it is too much.
func TestAHerdDoesNotTrampleTheService(t *testing.T) {
	for _, trouble := range []string{"503", "429", "refused", "reset", "silent"} {
		t.Run(trouble, func(t *testing.T) {
			h := newHerd(1, trouble)
			h.run()
			var last time.Duration
			served, after, peak := 0, 0, 0
			for _, r := range h.routers {
				if r.served > 0 {
					served, last = served+1, max(last, r.served-time.Hour)
				}
			}
			minute := 0
			for second, n := range h.arrivals {
				if second >= 20 { // the first retry is soon
					peak = max(peak, n)
				}
				if second < 60 {
					minute += n
				}
				if time.Duration(second)*time.Second >= herdGone {
					after += n
				}
			}
			each := func(n int) float64 { return float64(n) / herdSize }
			if served != herdSize || last > 20*time.Minute {
				t.Errorf("%d of %d are served, the last after %v", served, herdSize, last)
			}
			if peak > herdSize/6 {
				t.Errorf("%d of %d come in one second", peak, herdSize)
			}
			if each(minute) > 5 || each(after) > 1.5 {
				t.Errorf("%.1f requests each in the first minute, %.1f after the outage", each(minute), each(after))
			}
		})
	}
}

type herdEvent struct {
	at     time.Duration
	router int
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
