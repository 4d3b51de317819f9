package update

import "homeward/update/state"

// Snapshot is what a Scheduler knows that is not on disk, for the next process of
// the same boot. It is plain data, JSON, and holds no secret.
type Snapshot struct {
	Store    state.Snapshot             `json:"store"`
	Accounts map[string]AccountSnapshot `json:"accounts"`
}

// AccountSnapshot is one account's part of a Snapshot.
type AccountSnapshot struct {
	Plan   Plan              `json:"plan"`
	Said   string            `json:"said,omitempty"`   // the last message about trouble
	Counts map[string]uint64 `json:"counts,omitempty"` // Status.Counts
}

// Resends reports whether an account waits for a Resend to be complete.
func (s Snapshot) Resends() bool {
	for _, a := range s.Accounts {
		if a.Plan.ForceResend != nil {
			return true
		}
	}
	return false
}

// Snapshot returns what the Scheduler knows now.
func (s *Scheduler) Snapshot() Snapshot {
	snap := Snapshot{Store: s.store.Snapshot(s.now()), Accounts: make(map[string]AccountSnapshot, len(s.accounts))}
	for _, a := range s.accounts {
		snap.Accounts[a.config.Name] = AccountSnapshot{a.plan, a.lastLogged, a.counts}
	}
	return snap
}

// Restore continues from a Snapshot. It is called after SetAccounts with the same
// accounts, and before Observe.
func (s *Scheduler) Restore(snap Snapshot) {
	for _, a := range s.accounts {
		was := snap.Accounts[a.config.Name]
		a.plan, a.lastLogged, a.counts = was.Plan, was.Said, was.Counts
	}
	b, err := snap.Store.Data(s.now())
	if err != nil {
		return
	}
	s.salt, s.known = b.Salt, *b
	for _, a := range s.accounts {
		a.usageIn(b)
	}
}

// EventHelps reports whether an event of the uplink would make a retry due sooner.
func (s *Scheduler) EventHelps() bool {
	now := s.now()
	data := s.store.Cached(now)
	limits := s.limits(data)
	for _, a := range s.accounts {
		as := a.state(data, limits)
		dec := as.Next(now)
		as.Plan = as.Plan.Event(now)
		if dec.Attempt != nil && as.Next(now).At < dec.At {
			return true
		}
	}
	return false
}
