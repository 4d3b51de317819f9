package update

import (
	"time"

	"homeward/update/retry"
)

// overloadPauses are the bounds of the random pauses after a service has shown
// overload: a refused or reset connection, no answer, 5xx. A fault of 10 s, as while
// a service is started anew, is over with the first two. What lasts longer may be
// many routers that lost their uplink together: the others spread them (HERD.md).
var overloadPauses = [...]struct{ least, most time.Duration }{
	{retry.EventGap, 3500 * time.Millisecond},
	{10 * time.Second, 15 * time.Second},
	{retry.EventGap, 10 * time.Minute},
	{retry.EventGap, 10 * time.Minute},
	{retry.EventGap, 15 * time.Minute},
}

const (
	lockDuration = 10 * time.Minute // how long IPv64 locks a key after too many failures
	resendGap    = 10 * time.Second // before values whose answer was lost are sent again
	busyWait     = 30 * time.Minute // dyndns2: after 911 and dnserr
	// While the resolver does not answer: lookups at the pace of retry.ResolverGap for
	// ten minutes, of resolverRest until an hour is over, and of resolverLong from
	// then on. Each pace but the first wakes a worker each time.
	resolverPatience = 300
	resolverRest     = 10 * time.Second
	resolverHour     = resolverPatience + 300
	resolverLong     = time.Minute

	// stillFor is how long the uplink must be still before a change is sent in
	// the last quarter of the day's requests. It doubles with each request of
	// that quarter.
	stillFor  = 5 * time.Second
	stillMost = 30 * time.Minute
)
