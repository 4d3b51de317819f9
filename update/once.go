package update

// Choose has nothing sent for accounts that chosen does not accept. With
// force, the others' stops do not hold, and they are sent though nothing has
// changed. It is called after SetAccounts, before Observe, by `once`.
func (s *Scheduler) Choose(chosen func(name string) bool, force bool) {
	now := s.now()
	for _, a := range s.accounts {
		a.idle = !chosen(a.config.Name)
		if force && !a.idle {
			a.lift, a.plan = true, a.plan.Again(now)
		}
	}
}

// Still tells that the uplink is as still as it will be: `once` cannot know for
// how long it has been, and takes what is left of the day's requests.
func (s *Scheduler) Still() {
	for _, a := range s.accounts {
		a.plan.Changed = 0
	}
}

// Held tells whether an account waits for a request of another process.
func (s *Scheduler) Held() bool {
	for _, a := range s.accounts {
		if a.held {
			return true
		}
	}
	return false
}

// Reread reads the state on disk once more: another process may have changed
// it.
func (s *Scheduler) Reread() { s.store.Read(s.now()) }

// Lift takes the stops off disk of what could not be sent. Of the others they
// went with the request, so that no daemon is told to send it, too.
func (s *Scheduler) Lift() {
	s.store.Do(s.now(), func(b *Book) {
		for _, a := range s.accounts {
			if a.lift {
				b.Accounts[a.config.Name] = b.Accounts[a.config.Name].release()
			}
		}
	})
}

// Preview returns the requests that `once` would send if each were accepted,
// in the accounts' order, without sending or writing anything.
func Preview(now Now, book *Book, accounts []*Account, o Observation, force bool) []Request {
	var out []Request
	for _, a := range accounts {
		s, ok := ServiceOf(a)
		if !ok {
			continue
		}
		book.enrol(a)
		state := AccountState{Account: a, Service: s, Record: book.Accounts[a.Name], Plan: Plan{}.See(now, o.Wants[a.Name].Values)}
		if force {
			state.Record, state.Plan = state.Record.release(), state.Plan.Again(now)
		}
		if at := state.stale(now); at != 0 && at <= now.Up {
			state.Plan = state.Plan.Again(now)
		}
		for {
			c, _ := state.nextAttempt(now)
			if c == nil || state.Record.Stop != nil {
				break
			}
			out = append(out, s.Request(a, c.Call))
			state.Record = answered(state.Record, s, c.Call)
			state = state.accept(now, *c, Result{}, 0)
		}
	}
	return out
}
