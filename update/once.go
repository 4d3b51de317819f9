package update

import (
	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Select has nothing sent for accounts that chosen does not accept. With
// force, the others' stops do not hold, and they are sent though nothing has
// changed. It is called after SetAccounts, before Observe, by `once`.
func (s *Scheduler) Select(chosen func(name string) bool, force bool) {
	now := s.now()
	for _, a := range s.accounts {
		a.excluded = !chosen(a.config.Name)
		if force && !a.excluded {
			a.clearStops, a.plan = true, a.plan.Resend(now)
		}
	}
}

// SkipSettling tells that the uplink is as still as it will be: `once` cannot know for
// how long it has been, and takes what is left of the day's requests.
func (s *Scheduler) SkipSettling() {
	for _, a := range s.accounts {
		a.plan.Changed = 0
	}
}

// InFlightElsewhere tells whether an account waits for a request of another process.
func (s *Scheduler) InFlightElsewhere() bool {
	for _, a := range s.accounts {
		if a.elsewhere {
			return true
		}
	}
	return false
}

// Reread reads the state on disk once more: another process may have changed
// it.
func (s *Scheduler) Reread() { s.store.Read(s.now()) }

// ClearStops takes the stops off disk of what could not be sent. Of the others they
// went with the request, so that no daemon is told to send it, too.
func (s *Scheduler) ClearStops() {
	s.store.Update(s.now(), func(b *state.Data) {
		for _, a := range s.accounts {
			if a.clearStops {
				b.Accounts[a.config.Name] = b.Accounts[a.config.Name].ClearStops()
			}
		}
	})
}

// Preview returns the requests that `once` would send if each were accepted,
// in the accounts' order, without sending or writing anything.
func Preview(now clock.Now, book *state.Data, accounts []*service.Account, o Observation, force bool) []transport.Request {
	var out []transport.Request
	for _, a := range accounts {
		s, ok := service.For(a)
		if !ok {
			continue
		}
		book.SyncConfig(a)
		state := AccountState{Account: a, Service: s, Record: book.Accounts[a.Name], Plan: Plan{}.Observe(now, o.Wants[a.Name].Values)}
		if force {
			state.Record, state.Plan = state.Record.ClearStops(), state.Plan.Resend(now)
		}
		if at := state.refreshAt(now); at != 0 && at <= now.Up {
			state.Plan = state.Plan.Resend(now)
		}
		for {
			c, _ := state.nextAttempt(now)
			if c == nil || state.Record.Stop != nil {
				break
			}
			out = append(out, s.Request(a, c.Update))
			state.Record = answerArrived(state.Record, s, c.Update)
			state = state.accept(now, *c, service.Result{}, 0)
		}
	}
	return out
}
