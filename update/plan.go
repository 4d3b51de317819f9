package update

import (
	"time"

	"homeward/update/clock"
	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// What an account is about, in one word (status).
const (
	StateCurrent  = "current"  // the service holds what the line shows
	StateDue      = "due"      // something is to be sent
	StateRetrying = "retrying" // an attempt failed; it passes by itself
	StateLimited  = "limited"  // a limit or a lock is waited for
	StateStopped  = "stopped"  // a person is needed
	StateWaiting  = "waiting"  // the line shows nothing to publish
)

// States are all of them.
func States() []string {
	return []string{StateCurrent, StateDue, StateRetrying, StateLimited, StateStopped, StateWaiting}
}

// Plan is what the running process knows of one account beside its Memory.
// The zero Plan is that of an account that was never looked at.
type Plan struct {
	Want           service.Values            // what the line shows of what the account publishes
	Changed        time.Duration             // when Want last changed
	DirtySince     time.Duration             // when the oldest change that was not sent came; 0: none
	Tried          bool                      // Want, as it is, was sent to the service before: the next attempt is a retry
	Attempt        time.Duration             // when the last attempt ended
	Counted        time.Duration             // when the last one ended that the service may have counted
	Fails          int                       // attempts in a row that brought nothing, since Want changed
	Fault          transport.FaultKind       // of the last attempt, 0 where it brought an answer
	NotBefore      time.Duration             // no attempt before, unless an event comes
	Error          string                    // what the last attempt brought, "" if it was accepted
	Reason         Reason                    // likewise, in one word
	ForceResend    map[string]service.Values // send anew though nothing changed: what each host has accepted since; nil: no
	Full           bool                      // the service has refused onlyprefix: a full update is tried in its place
	AddressesFirst bool                      // IPv6 did not connect: addresses do not wait for a prefix that is sent over it
}

// Observe tells the Plan what the line shows now.
func (p Plan) Observe(now clock.Now, want service.Values) Plan {
	if want == p.Want {
		return p
	}
	p.Want, p.Changed, p.Tried, p.Fails = want, now.Up, false, 0
	if p.DirtySince == 0 {
		p.DirtySince = now.Up
	}
	return p.Event(now)
}

// Event tells the Plan that something happened that may have mended what
// failed: an attempt need not wait for its timer.
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

// Resend makes the Plan send everything anew.
func (p Plan) Resend(now clock.Now) Plan {
	if p.ForceResend == nil {
		p.ForceResend = map[string]service.Values{}
	}
	if p.DirtySince == 0 {
		p.DirtySince = now.Up
	}
	return p.Event(now)
}

// Reset forgets the attempts of a change that is done with.
func (p Plan) Reset() Plan {
	p.DirtySince, p.Tried, p.Fails, p.Fault, p.NotBefore, p.Error, p.Reason = 0, false, 0, 0, 0, "", ""
	if p.Want != (service.Values{}) {
		p.ForceResend = nil
	}
	return p
}

// carries tells whether an attempt has in it what the line shows now. If it has
// not, the line has changed meanwhile, and how the attempt ended says nothing of
// the change: that was not tried yet.
func (p Plan) carries(c Attempt) bool {
	return missing(c.Update.ShownValues(), state.Host{Values: p.Want}) == service.Values{}
}

// outdated tells whether an attempt that has not connected yet is to be given
// up: the line does not show any more what it carries, or shows an address that
// would wait for an IPv6 which may never connect. Else what is new can wait for
// the next one.
func (p Plan) outdated(c Attempt) bool {
	addresses := missing(p.Want, state.Host{Values: c.line}).Without(service.Publish{Prefix: true})
	return !p.carries(c) || c.Update.Auto && addresses != service.Values{}
}

// known returns what counts as known of a host: all that it has accepted, or,
// where everything is sent anew, what it has accepted since.
func (p Plan) known(name string, h state.Host) state.Host {
	if p.ForceResend != nil {
		h.Values = p.ForceResend[name]
	}
	return h
}

// accepted forgets that the prefix alone was refused, once a full update was
// accepted.
func (p Plan) accepted(call service.Update) Plan {
	p.Full = p.Full && call.PrefixOnly
	return p
}

// pause makes the next attempt wait its step.
func (p Plan) pause(now clock.Now, jitter float64) Plan {
	wait := retry.Steps[min(p.Fails, len(retry.Steps)-1)]
	if p.Fault == transport.FaultResolve {
		wait = retry.ResolverGap
		if p.Fails >= resolverPatience {
			wait = resolverRest
		}
	} else {
		wait += time.Duration(jitter * float64(wait) / 4)
	}
	p.Fails++
	p.NotBefore = now.Up + wait
	return p
}

// pauseAtRandom makes the next attempt wait for a random part of its step.
func (p Plan) pauseAtRandom(now clock.Now, jitter float64) Plan {
	step := overload[min(p.Fails, len(overload)-1)]
	p.Fails++
	p.NotBefore = now.Up + max(retry.EventGap, time.Duration(jitter*float64(step)))
	return p
}
