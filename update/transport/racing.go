package transport

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/resolver"
)

var errNotReached = errors.New("no address was reached")

// lookupFunc asks for the addresses of one type until there is an answer or ctx
// ends (resolver.Resolver.Lookup).
type lookupFunc func(ctx context.Context, typ dnsmessage.Type, tell func(resolver.Lookup))

// attemptFunc connects to one address.
type attemptFunc func(ctx context.Context, addr netip.Addr) (connection, *attemptFault)

// arrival is how an attempt ended.
type arrival struct {
	connection
	addr  netip.Addr
	fault *attemptFault
}

// racing is a race under way: what runs beside the goroutine that owns it.
type racing struct {
	*race
	begin             time.Time
	attempt           attemptFunc
	lookups, attempts sync.WaitGroup
	endLookups        context.CancelFunc
	arrived           chan arrival
	stop              map[netip.Addr]context.CancelFunc // of the attempts
}

// run carries the race out, and returns the connection that stands first when
// all others are closed; errNotReached when none does before the race is over,
// or ctx ends. The resolver may go on until whole ends.
func (r *race) run(ctx, whole context.Context, lookup lookupFunc, attempt attemptFunc) (first arrival, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &racing{race: r, begin: time.Now(), attempt: attempt, arrived: make(chan arrival, attemptsMost), stop: map[netip.Addr]context.CancelFunc{}}
	w.startLookup(whole, lookup)
	first, err = w.wait(ctx)
	cancel()
	w.attempts.Wait()
	w.closeRest()
	if err != nil { // what the resolver said is why
		w.endLookups()
		w.lookups.Wait()
		r.takeAnswers()
	}
	return first, err
}

// startLookup asks the resolver for both families at once.
func (w *racing) startLookup(ctx context.Context, lookup lookupFunc) {
	ctx, w.endLookups = context.WithCancel(ctx)
	w.answers = make(chan func(), 32) // more rounds than a lookup has
	for family, typ := range map[int]dnsmessage.Type{4: dnsmessage.TypeA, 6: dnsmessage.TypeAAAA} {
		if !w.race.lookups[family/6].wanted {
			continue
		}
		w.lookups.Go(func() {
			lookup(ctx, typ, func(l resolver.Lookup) {
				w.answers <- func() {
					for _, stale := range w.resolved(family, l) {
						w.stop[stale]()
					}
				}
			})
		})
	}
}

// wait tries one address after the other until one stands.
func (w *racing) wait(ctx context.Context) (arrival, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return arrival{}, errNotReached
		case f := <-w.answers:
			f()
		case a := <-w.arrived:
			if w.take(a) {
				return a, nil
			}
		case <-timer.C:
		}
		addr, at, over := w.next(time.Since(w.begin))
		if over {
			return arrival{}, errNotReached
		}
		if addr.IsValid() {
			w.start(ctx, addr)
		}
		timer.Reset(at - time.Since(w.begin))
	}
}

func (w *racing) start(ctx context.Context, addr netip.Addr) {
	ctx, w.stop[addr] = context.WithCancel(ctx)
	w.attempts.Go(func() {
		conn, fault := w.attempt(ctx, addr)
		w.arrived <- arrival{conn, addr, fault}
	})
}

// take takes the end of an attempt, and tells whether it is the first that
// stands. One that was given up meanwhile is closed.
func (w *racing) take(a arrival) bool {
	if a.fault != nil {
		w.failed(a.addr, a.fault)
		return false
	}
	if w.stale(a.addr) {
		a.tcp.Close()
		return false
	}
	return true
}

// closeRest takes what came of the attempts after the race was over: a fault may be
// why, and what stands is closed.
func (w *racing) closeRest() {
	for {
		select {
		case a := <-w.arrived:
			if w.take(a) {
				a.tcp.Close()
			}
		default:
			return
		}
	}
}

// takeAnswers takes what the resolver has said meanwhile.
func (r *race) takeAnswers() {
	for {
		select {
		case f := <-r.answers:
			f()
		default:
			return
		}
	}
}
