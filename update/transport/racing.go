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

// lookupFunc looks up the addresses of one type; see resolver.Resolver.Lookup.
type lookupFunc func(ctx context.Context, typ dnsmessage.Type, tell func(resolver.Lookup))

// attemptFunc connects to one address.
type attemptFunc func(ctx context.Context, addr netip.Addr) (connection, *attemptFault)

// arrival is the result of an attempt.
type arrival struct {
	connection
	addr  netip.Addr
	fault *attemptFault
}

// racing runs a race: it owns the goroutines of the lookups and attempts.
type racing struct {
	*race
	begin             time.Time
	attempt           attemptFunc
	lookups, attempts sync.WaitGroup
	endLookups        context.CancelFunc
	arrived           chan arrival
	stop              map[netip.Addr]context.CancelFunc // of the attempts
}

// run runs the race. It returns the first connection, after all others are
// closed, or errNotReached if there is none before the race is over or ctx
// ends. The resolver may go on until whole ends.
func (r *race) run(ctx, whole context.Context, lookup lookupFunc, attempt attemptFunc) (first arrival, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &racing{race: r, begin: time.Now(), attempt: attempt, arrived: make(chan arrival, attemptsMost), stop: map[netip.Addr]context.CancelFunc{}}
	w.startLookup(whole, lookup)
	first, err = w.wait(ctx)
	cancel()
	w.attempts.Wait()
	w.closeRest()
	if err != nil { // the fault may depend on the resolver's answers
		w.endLookups()
		w.lookups.Wait()
		r.takeAnswers()
	}
	return first, err
}

// startLookup starts the lookups of both families.
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

// wait starts attempts until one succeeds.
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

// take records the result of an attempt and reports whether it succeeded. It
// closes the connection of a canceled attempt.
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

// closeRest records the faults of the remaining attempts, and closes their
// connections.
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

// takeAnswers applies the resolver's answers.
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
