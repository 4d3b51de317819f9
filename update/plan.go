package update

import "time"

// What an account is about, in one word (status).
const (
	StateCurrent  = "current"  // the service holds what the line shows
	StateDue      = "due"      // something is to be sent
	StateRetrying = "retrying" // an attempt failed; it passes by itself
	StateLimited  = "limited"  // a limit or a lock is waited for
	StateStopped  = "stopped"  // a person is needed
	StateWaiting  = "waiting"  // the line shows nothing to publish
)

// Plan is what the running process knows of one account beside its Memory.
// The zero Plan is that of an account that was never looked at.
type Plan struct {
	Want     Values            // what the line shows of what the account publishes
	Changed  time.Duration     // when Want last changed
	Unsent   time.Duration     // when the oldest change that was not sent came; 0: none
	Tried    bool              // Want, as it is, was sent to the service before: the next attempt is a retry
	Attempt  time.Duration     // when the last attempt ended
	Counted  time.Duration     // when the last one ended that the service may have counted
	Fails    int               // attempts in a row that brought nothing, since Want changed
	Fault    FaultKind         // of the last attempt, 0 where it brought an answer
	NotAgain time.Duration     // no attempt before, unless an event comes
	Error    string            // what the last attempt brought, "" if it was accepted
	Redo     map[string]Values // send anew though nothing changed: what each host has accepted since; nil: no
	Full     bool              // the service has refused onlyprefix: a full update is tried in its place
	Apart    bool              // IPv6 did not connect: addresses do not wait for a prefix that is sent over it
}

// See tells the Plan what the line shows now.
func (p Plan) See(now Now, want Values) Plan {
	if want == p.Want {
		return p
	}
	p.Want, p.Changed, p.Tried, p.Fails = want, now.Up, false, 0
	if p.Unsent == 0 {
		p.Unsent = now.Up
	}
	return p.Event(now)
}

// Event tells the Plan that something happened that may have mended what
// failed: an attempt need not wait for its timer.
func (p Plan) Event(now Now) Plan {
	gap := eventGap
	if p.Fault == FaultResolve {
		gap = resolverGap
	}
	if p.NotAgain != 0 {
		p.NotAgain = min(p.NotAgain, max(now.Up, p.Attempt+gap))
	}
	return p
}

// Again makes the Plan send everything anew.
func (p Plan) Again(now Now) Plan {
	if p.Redo == nil {
		p.Redo = map[string]Values{}
	}
	if p.Unsent == 0 {
		p.Unsent = now.Up
	}
	return p.Event(now)
}

// Decision is what to do for an account.
type Decision struct {
	State string
	Call  *Call         // what to send; nil: nothing
	At    time.Duration // when, in time since boot; 0 with no Call
	Since time.Duration // since when it is due
	Error string        // why it is not current, "" if it is or is just on its way
}

// Next decides what comes next for one account. l are the limits of its key.
func Next(now Now, a *Account, s Service, m Memory, k Key, l Limits, p Plan) Decision {
	stop := m.stopped(a)
	d := Decision{State: StateCurrent}
	if stop != nil {
		d.State, d.Error = StateStopped, stop.String()
	}
	if m.Stop != nil {
		return d
	}
	call, ready := nextCall(now, a, s, m, p)
	if call == nil {
		switch {
		case stop != nil:
		case p.Want == (Values{}):
			d.State = StateWaiting
		case needsAddress(s, m, p) && missing(p.Want, m.Hosts[""]) != (Values{}):
			d.State, d.Error = StateWaiting, "the service does not take the prefix alone: it goes with the next address that the line shows"
		}
		return d
	}
	d.Call, d.Since = call, max(p.Unsent, p.NotAgain)
	at, why := gate(now, k, l, p)
	if ready.at > at {
		at, why = ready.at, ready.why
	}
	d.At = at
	switch {
	case stop != nil:
	case why != "" && at > now.Up:
		d.State, d.Error = StateLimited, why
		if p.Error != "" && p.Error != why {
			d.Error = p.Error + "; " + why
		}
	case p.Error != "":
		d.State, d.Error = StateRetrying, p.Error
	default:
		d.State = StateDue
	}
	return d
}

// gate tells the earliest time for the next request, and which limit says so;
// "" where it is only the pause after a fault.
func gate(now Now, k Key, l Limits, p Plan) (at time.Duration, why string) {
	at = max(now.Up, p.NotAgain)
	later := func(t time.Duration, reason string) {
		if t > at {
			at, why = t, reason
		}
	}
	later(k.Until, k.Why)
	if k.Lock != nil {
		later(k.Lock.Until, k.Lock.Why)
	}
	later(k.free(now, l.Short, shortWindow+shortMargin), "as many requests as the service takes in 10 seconds")
	later(k.free(now, l.Day, day+dayMargin), "as many requests as the service takes in 24 hours")
	if p.Tried {
		later(thin(now, k, l, p), "requests left for today are kept for a change of the line")
	} else {
		later(merge(now, k, l, p), "few requests left for today: waiting until the line is still")
	}
	return at, why
}

// thin makes retries rarer as a day of faults goes on: half of three quarters
// of the day's requests as the pauses have it, the other half spread evenly
// over 24 hours, the last quarter never.
func thin(now Now, k Key, l Limits, p Plan) time.Duration {
	if l.Day == 0 {
		return 0
	}
	budget := max(1, l.Day-l.Day/4)
	used := k.used(now)
	at := time.Duration(0)
	if used >= budget/2 {
		at = p.Counted + day/time.Duration(max(1, budget-budget/2))
	}
	return max(at, k.free(now, budget, day+dayMargin))
}

// merge makes a change wait until the line is still, once the last quarter of
// the day's requests has begun, but not for ever: what is left is enough for
// one every 24 h / left.
func merge(now Now, k Key, l Limits, p Plan) time.Duration {
	quarter := l.Day / 4
	left := l.Day - k.used(now)
	if l.Day == 0 || left > quarter || left <= 0 || p.Changed == 0 {
		return 0
	}
	still := min(stable<<min(quarter-left, 10), stableMost)
	return min(p.Changed+still, p.Unsent+day/time.Duration(left))
}
