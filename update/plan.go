package update

import (
	"time"

	"homeward/update/clock"
	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// The states of an account (status).
const (
	StateCurrent  = "current"  // the service holds the desired values
	StateDue      = "due"      // an update is to be sent
	StateRetrying = "retrying" // an attempt failed; it passes by itself
	StateLimited  = "limited"  // it waits for a limit or a lock to end
	StateStopped  = "stopped"  // a person is needed
	StateWaiting  = "waiting"  // the uplink has nothing to publish
)

// States returns all states.
func States() []string {
	return []string{StateCurrent, StateDue, StateRetrying, StateLimited, StateStopped, StateWaiting}
}

// Plan is what the running process knows of one account besides its AccountRecord.
// The zero Plan belongs to an account before its first Observe.
type Plan struct {
	Want           service.Values            // the desired values
	Changed        time.Duration             // when Want last changed
	DirtySince     time.Duration             // time of the oldest change that was not sent; 0: none
	Tried          bool                      // Want was sent before: the next attempt is a retry
	Attempt        time.Duration             // when the last attempt ended
	Counted        time.Duration             // when the last attempt ended that the service may have counted
	Fails          int                       // failed attempts in a row since Want changed, but for Overloads
	Overloads      int                       // likewise, those at which the service showed overload
	Fault          transport.FaultKind       // of the last attempt, 0 where it brought an answer
	NotBefore      time.Duration             // no attempt before, unless an event comes
	Error          string                    // why the last attempt failed, "" if it did not
	Reason         Reason                    // likewise, in one word
	ForceResend    map[string]service.Values // send though nothing changed: what each host has accepted since; nil: do not
	Full           bool                      // the service has refused onlyprefix: try a full update
	AddressesFirst bool                      // IPv6 did not connect: send addresses without the prefix, which needs it
}

// Observe returns the Plan with new desired values.
func (p Plan) Observe(now clock.Now, want service.Values) Plan {
	if want == p.Want {
		return p
	}
	p.Want, p.Changed, p.Tried, p.Fails, p.Overloads = want, now.Up, false, 0, 0
	if p.DirtySince == 0 {
		p.DirtySince = now.Up
	}
	return p.Event(now)
}

// Event returns the Plan after an event that may have mended what failed: the next
// attempt waits for a short gap at most.
func (p Plan) Event(now clock.Now) Plan {
	gap := retry.EventGap
	if p.Fault == transport.FaultResolve {
		gap = retry.ResolverGap
	}
	if p.NotBefore != 0 {
		p.NotBefore = min(p.NotBefore, max(now.Up, p.Attempt+gap))
	}
	return p
}

// Resend returns the Plan that sends everything again.
func (p Plan) Resend(now clock.Now) Plan {
	if p.ForceResend == nil {
		p.ForceResend = map[string]service.Values{}
	}
	if p.DirtySince == 0 {
		p.DirtySince = now.Up
	}
	return p.Event(now)
}

// Reset returns the Plan without the attempts of a change that is complete.
func (p Plan) Reset() Plan {
	p.DirtySince, p.Tried, p.Fails, p.Overloads, p.Fault, p.NotBefore, p.Error, p.Reason = 0, false, 0, 0, 0, 0, "", ""
	if p.Want != (service.Values{}) {
		p.ForceResend = nil
	}
	return p
}

// carries reports whether an attempt has all desired values. If not, they have changed
// since, and its end does not count as an attempt to send the change.
func (p Plan) carries(c Attempt) bool {
	return missing(c.Update.ShownValues(), state.Host{Values: p.Want}) == service.Values{}
}

// outdated reports whether to give up an attempt that has not connected yet: it has a
// value that is no longer desired, or a new address would wait for an IPv6 that may
// never connect. Other new values wait for the next attempt.
func (p Plan) outdated(c Attempt) bool {
	addresses := missing(p.Want, state.Host{Values: c.line}).Without(service.Publish{Prefix: true})
	return !p.carries(c) || c.Update.Auto && addresses != service.Values{}
}

// known returns a host with the values that need not be sent: all that it has
// accepted, or, after Resend, what it has accepted since, unless another process has
// had other values accepted after that.
func (p Plan) known(name string, h state.Host) state.Host {
	if p.ForceResend != nil {
		h.Values = h.Values.Common(p.ForceResend[name])
	}
	return h
}

// accepted returns the Plan after an accepted update: a full one ends Full.
func (p Plan) accepted(call service.Update) Plan {
	p.Full = p.Full && call.PrefixOnly
	return p
}

// pause returns the Plan with the next attempt after a pause of retry.Steps.
func (p Plan) pause(now clock.Now, jitter float64) Plan {
	wait := retry.Steps[min(p.Fails, len(retry.Steps)-1)]
	if p.Fault == transport.FaultResolve {
		wait = retry.ResolverGap
		switch {
		case p.Fails >= resolverHour:
			wait = resolverLong
		case p.Fails >= resolverPatience:
			wait = resolverRest
		}
	} else {
		wait += time.Duration(jitter * float64(wait) / 4)
	}
	p.Fails++
	p.NotBefore = now.Up + wait
	return p
}

// pauseAtRandom returns the Plan with the next attempt after a pause of
// overloadPauses.
func (p Plan) pauseAtRandom(now clock.Now, jitter float64) Plan {
	step := overloadPauses[min(p.Overloads, len(overloadPauses)-1)]
	p.Overloads++
	p.NotBefore = now.Up + step.least + time.Duration(jitter*float64(step.most-step.least))
	return p
}
