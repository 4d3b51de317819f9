package update

import "time"

// Steps of waiting after an attempt that brought nothing. The first are for a
// line that is just coming up, the last for a service that is down.
var backoff = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// overload are the steps of waiting where the service itself shows that it is
// too much: a refused or reset connection, no answer, 5xx. The pauses are wholly
// random up to them: else all routers that a provider cuts off at once would come
// back at once, again and again (herd_test.go).
var overload = [...]time.Duration{2500 * time.Millisecond, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// namedLimit is how long a limit is waited for that the service names without
// a time: the documented 10 s window first.
var namedLimit = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// namedSpread is by how much longer at most, at random.
var namedSpread = [...]time.Duration{time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

const (
	lockTime         = 10 * time.Minute       // IPv64 locks a key for so long after too many failures
	lostGap          = 10 * time.Second       // before values are sent again whose answer was lost
	busyTime         = 30 * time.Minute       // dyndns2: after 911 and dnserr
	eventGap         = 200 * time.Millisecond // between attempts that events ask for
	resolverGap      = 2 * time.Second        // between questions to the resolver
	resolverPatience = 300                    // questions at that pace, ten minutes; then every resolverRest
	resolverRest     = 10 * time.Second

	// stable is how long the line must be still before a change is sent when
	// the last quarter of the day's requests has begun; it doubles with each
	// one of that quarter that is gone.
	stable     = 5 * time.Second
	stableMost = 30 * time.Minute
)

// pause makes the next attempt wait its step.
func (p Plan) pause(now Now, jitter float64) Plan {
	wait := backoff[min(p.Fails, len(backoff)-1)]
	if p.Fault == FaultResolve {
		wait = resolverGap
		if p.Fails >= resolverPatience {
			wait = resolverRest
		}
	} else {
		wait += time.Duration(jitter * float64(wait) / 4)
	}
	p.Fails++
	p.NotAgain = now.Up + wait
	return p
}

// pauseAtRandom makes the next attempt wait for a random part of its step.
func (p Plan) pauseAtRandom(now Now, jitter float64) Plan {
	step := overload[min(p.Fails, len(overload)-1)]
	p.Fails++
	p.NotAgain = now.Up + max(eventGap, time.Duration(jitter*float64(step)))
	return p
}

// wait keeps a limit group silent, for the longest of what was asked for.
func (q Quota) wait(now Now, d time.Duration, why string) Quota {
	if until := now.Up + min(d, longestWait); until > q.Until {
		q.Until, q.Why = until, why
	}
	return q
}

// limited waits as long as the service says, or, if it names no time, longer
// from one answer to the next. jitter, in [0,1), spreads many routers.
func (q Quota) limited(now Now, r Result, jitter float64) Quota {
	wait := r.Wait
	if wait == 0 {
		step := min(max(q.Step, 0), len(namedLimit)-1)
		wait = namedLimit[step] + time.Duration(jitter*float64(namedSpread[step]))
		q.Step++
	}
	return q.wait(now, wait, "the service says: "+r.Detail)
}

// accepted is the key of an accepted call. A wait that is still on was asked for
// by the answer to another one, meanwhile: it stays.
func (k Key) accepted(now Now) Key {
	k.Good = true
	if k.Until <= now.Up {
		k.Step, k.Until, k.Why = 0, 0, ""
	}
	if k.Lock.until() <= now.Up {
		k.Lock = nil
	}
	return k
}
