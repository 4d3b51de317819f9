package update

import (
	"cmp"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
)

// AccountState is everything that decides what to send for one account. It is plain
// data: each method returns a new value and changes no map in place.
type AccountState struct {
	Account *service.Account
	Service service.Service
	Record  state.AccountRecord // the account's part of state.json
	Usage   state.Usage         // the count of its requests, and what is known of its secret
	Limits  state.Limits        // on that count
	Plan    Plan                // what is not in state.json
}

// Decision is what to do for an account.
type Decision struct {
	State   string
	Attempt *Attempt      // what to send; nil: nothing
	At      time.Duration // when, in time since boot; 0 with no Attempt
	Since   time.Duration // since when it is due
	Error   string        // why it is not current, "" if it is or is just on its way
	Reason  Reason        // likewise, in one word
}

// Next decides what comes next for the account.
func (s AccountState) Next(now clock.Now) Decision {
	stop, _ := s.Record.Stopped(s.Account)
	d := Decision{State: StateCurrent}
	if stop != nil {
		d.State, d.Error, d.Reason = StateStopped, stop.String(), stopReason(stop)
	}
	if s.Record.Stop != nil {
		return d
	}
	call, ready := s.nextAttempt(now)
	if call == nil {
		switch {
		case stop != nil:
		case s.Plan.Want == (service.Values{}):
			d.State = StateWaiting
		case s.waitsFor() != "":
			d.State, d.Error = StateWaiting, s.waitsFor()
		}
		return d
	}
	d.Attempt, d.Since = call, max(s.Plan.DirtySince, s.Plan.NotBefore)
	at, why, reason := s.earliest(now)
	if ready.at > at {
		at, why, reason = ready.at, ready.why, ReasonLocked
	}
	d.At = at
	switch {
	case stop != nil:
	case why != "" && at > now.Up:
		d.State, d.Error, d.Reason = StateLimited, why, reason
		if s.Plan.Error != "" && s.Plan.Error != why {
			d.Error = s.Plan.Error + "; " + why
		}
	case s.Plan.Error != "":
		d.State, d.Error, d.Reason = StateRetrying, s.Plan.Error, s.Plan.Reason
	default:
		d.State = StateDue
	}
	return d
}

// earliest returns the earliest time for the next request, and which limit sets
// it; "" where only the pause after a fault does.
func (s AccountState) earliest(now clock.Now) (at time.Duration, why string, reason Reason) {
	k := s.Usage
	at = max(now.Up, s.Plan.NotBefore)
	later := func(t time.Duration, text string, word Reason) {
		if t > at {
			at, why, reason = t, text, word
		}
	}
	later(k.Until, k.Why, cmp.Or(k.Reason, ReasonServiceLimit)) // older versions stored no reason
	if k.Lock != nil {
		later(k.Lock.Until, k.Lock.Why, ReasonLocked)
	}
	later(k.Free(now, s.Limits.Short, state.ShortWindow+state.ShortMargin), "as many requests as the service takes in 10 seconds", ReasonQuota10s)
	later(k.Free(now, s.Limits.Day, clock.Day+state.DayMargin), "as many requests as the service takes in 24 hours", ReasonQuota24h)
	if s.Plan.Tried {
		later(s.retryNotBefore(now), "requests left for today are kept for a change of the line", ReasonReserve)
	} else {
		later(s.coalesceUntil(now), "few requests left for today: waiting until the line is still", ReasonSettling)
	}
	return at, why, reason
}

// retryNotBefore spaces retries out during a day of faults. Of three quarters of
// the day's requests, the first half goes at the pace of the pauses, the second
// half spread evenly over 24 hours. The last quarter is for changes.
func (s AccountState) retryNotBefore(now clock.Now) time.Duration {
	if s.Limits.Day == 0 {
		return 0
	}
	budget := max(1, s.Limits.Day-s.Limits.Day/4)
	used := s.Usage.Used(now)
	at := time.Duration(0)
	if used >= budget/2 {
		at = s.Plan.Counted + clock.Day/time.Duration(max(1, budget-budget/2))
	}
	return max(at, s.Usage.Free(now, budget, clock.Day+state.DayMargin))
}

// coalesceUntil delays a change until the uplink is still, in the last quarter of
// the day's requests, and at most for 24 h divided by the requests left.
func (s AccountState) coalesceUntil(now clock.Now) time.Duration {
	quarter := s.Limits.Day / 4
	left := s.Limits.Day - s.Usage.Used(now)
	if s.Limits.Day == 0 || left > quarter || left <= 0 || s.Plan.Changed == 0 {
		return 0
	}
	still := min(stillFor<<min(quarter-left, 10), stillMost)
	return min(s.Plan.Changed+still, s.Plan.DirtySince+clock.Day/time.Duration(left))
}

// refreshAt returns when to send the oldest accepted values again; 0: never.
func (s AccountState) refreshAt(now clock.Now) (at time.Duration) {
	if s.Account.Refresh == 0 {
		return 0
	}
	for _, name := range s.Service.HostsOf(s.Account) {
		h := s.Record.Hosts[name]
		if h.Values == (service.Values{}) || h.Stop != nil {
			continue
		}
		if t := now.Up - now.Since(h.Timestamp) + s.Account.Refresh; at == 0 || t < at {
			at = max(t, 1)
		}
	}
	return at
}
