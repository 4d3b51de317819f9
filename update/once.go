package update

import (
	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Select excludes the accounts that chosen does not accept. With force, the others
// are sent though nothing changed, and their stops are lifted. `once` calls it
// after SetAccounts and before Observe.
func (s *Scheduler) Select(chosen func(name string) bool, force bool) {
	now := s.now()
	for _, a := range s.accounts {
		a.excluded = !chosen(a.config.Name)
		if force && !a.excluded {
			a.clearStops, a.plan = true, a.plan.Resend(now)
		}
	}
}

// SkipSettling sends changes without waiting for a still uplink: `once` cannot know
// how long it has been still.
func (s *Scheduler) SkipSettling() {
	for _, a := range s.accounts {
		a.plan.Changed = 0
	}
}

// InFlightElsewhere reports whether an account waits for a request of another process.
func (s *Scheduler) InFlightElsewhere() bool {
	for _, a := range s.accounts {
		if a.elsewhere {
			return true
		}
	}
	return false
}

// Reread reads the state on disk again: another process may have changed it.
func (s *Scheduler) Reread() { s.store.Read(s.now()) }

// ClearStops removes from disk the stops of what could not be sent. The others were
// removed with their request, so that a daemon does not send it, too.
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
func Preview(now clock.Now, data *state.Data, accounts []*service.Account, o Observation, force bool) []transport.Request {
	var out []transport.Request
	for _, a := range accounts {
		s, ok := service.For(a)
		if !ok {
			continue
		}
		data.SyncConfig(a)
		as := AccountState{Account: a, Service: s, Record: data.Accounts[a.Name], Plan: Plan{}.Observe(now, o.Wants[a.Name].Values)}
		if force {
			as.Record, as.Plan = as.Record.ClearStops(), as.Plan.Resend(now)
		}
		if at := as.refreshAt(now); at != 0 && at <= now.Up {
			as.Plan = as.Plan.Resend(now)
		}
		for {
			c, _ := as.nextAttempt(now)
			if c == nil || as.Record.Stop != nil {
				break
			}
			out = append(out, s.Request(a, c.Update))
			if c.Update.Lookup {
				as.Record = withFound(as.Record, s, c.Update, a.Assume(c.Update))
				continue
			}
			as.Record = answerArrived(as.Record, s, c.Update)
			as = as.accept(now, *c, service.Result{}, 0)
		}
	}
	return out
}
