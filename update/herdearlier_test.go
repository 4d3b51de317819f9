package update

import (
	"time"

	"homeward/update/clock"
	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/transport"
)

// The pauses of the earlier rule, to which HERD.md compares the present one: one
// count for all faults, shorter pauses after overload, and no random part beside a
// Retry-After.
var (
	earlierOverload = [...]time.Duration{2500 * time.Millisecond, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
	earlierNamed    = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	earlierSpread   = [...]time.Duration{time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
)

// pause returns the pause after a failure by the earlier rule.
func (r *herdRouter) pause(overload bool, jitter float64) time.Duration {
	n := r.fails
	r.fails++
	if overload {
		return max(retry.EventGap, time.Duration(jitter*float64(earlierOverload[min(n, len(earlierOverload)-1)])))
	}
	step := retry.Steps[min(n, len(retry.Steps)-1)]
	return step + time.Duration(jitter*float64(step)/4)
}

// earlierFault returns after with the pause of the earlier rule.
func (r *herdRouter) earlierFault(end clock.Now, after AccountState, c Attempt, f transport.Fault, jitter float64) AccountState {
	if f.Kind == transport.FaultResolve {
		r.fails++
		return after
	}
	after.Plan.NotBefore = end.Up + r.pause(f.Sent || f.Kind == transport.FaultRefused, jitter)
	if f.Sent {
		after.Plan.NotBefore += max(0, c.sent+resendGap-end.Up)
	}
	return after
}

// earlierAnswer is likewise, for an answer; as is the state before it.
func (r *herdRouter) earlierAnswer(end clock.Now, as, after AccountState, res service.Result, jitter float64) AccountState {
	switch res.Verdict {
	case service.Temporary:
		after.Plan.NotBefore = end.Up + r.pause(res.Overload, jitter)
	case service.Limited:
	default:
		return after
	}
	wait := res.Wait
	if wait == 0 && res.Verdict == service.Limited {
		step := min(r.step, len(earlierNamed)-1)
		wait = earlierNamed[step] + time.Duration(jitter*float64(earlierSpread[step]))
		r.step++
	}
	after.Usage.Until = max(as.Usage.Until, end.Up+wait)
	return after
}
