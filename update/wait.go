package update

import "time"

// overload are the steps of waiting where the service itself shows that it is
// too much: a refused or reset connection, no answer, 5xx. The pauses are wholly
// random up to them: else all routers that a provider cuts off at once would come
// back at once, again and again (herd_test.go).
var overload = [...]time.Duration{2500 * time.Millisecond, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

const (
	lockDuration     = 10 * time.Minute // IPv64 locks a key for so long after too many failures
	resendGap        = 10 * time.Second // before values are sent again whose answer was lost
	busyWait         = 30 * time.Minute // dyndns2: after 911 and dnserr
	resolverPatience = 300              // questions at that pace, ten minutes; then every resolverRest
	resolverRest     = 10 * time.Second

	// stillFor is how long the line must be still before a change is sent when
	// the last quarter of the day's requests has begun; it doubles with each
	// one of that quarter that is gone.
	stillFor  = 5 * time.Second
	stillMost = 30 * time.Minute
)
