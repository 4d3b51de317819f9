package update

import (
	"context"
	"time"

	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
)

// owner is the goroutine that a Scheduler belongs to, as the program's worker
// is.
type owner struct {
	*Scheduler
	stop func() // ends it
}

// own starts the owner of the Scheduler that is made of these parts. publish is
// called after each decision.
func own(store *state.Store, p loop.Parts, jitter func() float64, publish func(map[string]Status)) *owner {
	ctx, cancel := context.WithCancel(context.Background())
	p.Inbox = loop.NewInbox()
	o := &owner{Scheduler: NewScheduler(ctx, store, p)}
	if jitter != nil {
		o.jitter = jitter
	}
	done := make(chan struct{})
	o.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for {
			status, wake := o.Decide()
			publish(status)
			select {
			case f := <-o.inbox:
				f()
			case <-time.After(wake - o.now().Up):
			case <-ctx.Done():
				return
			}
		}
	}()
	return o
}

// do has f called in the owner's goroutine.
func (o *owner) do(f func(*Scheduler)) { o.inbox <- func() { f(o.Scheduler) } }

// set replaces the accounts, as SIGHUP does, with what the uplink shows for them.
func (o *owner) set(accounts []*service.Account, seen Observation) {
	o.do(func(s *Scheduler) {
		s.SetAccounts(accounts)
		s.Prune()
		s.Observe(seen, true)
	})
}

// observe is a message of the kernel, and what the uplink shows after it.
func (o *owner) observe(seen Observation) { o.do(func(s *Scheduler) { s.Observe(seen, true) }) }

// sendOnce is `once`: it sends what is due for all accounts, and returns how they
// stand then.
func sendOnce(store *state.Store, p loop.Parts, accounts []*service.Account, seen Observation, force bool) map[string]Status {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.Inbox = loop.NewInbox()
	s := NewScheduler(ctx, store, p)
	s.SetAccounts(accounts)
	s.Select(func(string) bool { return true }, force)
	s.Observe(seen, true)
	s.SkipSettling()
	for {
		status, _ := s.Decide()
		switch {
		case s.Sending():
			(<-p.Inbox)()
		case s.InFlightElsewhere():
			time.Sleep(elsewhereGap)
			s.Reread()
		default:
			s.ClearStops()
			return status
		}
	}
}
