package update

import "time"

// overload are the longest pauses after a service has shown overload: a refused or
// reset connection, no answer, 5xx. The pause is random between 0 and them, so that
// routers which lost their uplink together do not retry together (herd_test.go).
var overload = [...]time.Duration{2500 * time.Millisecond, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

const (
	lockDuration     = 10 * time.Minute // how long IPv64 locks a key after too many failures
	resendGap        = 10 * time.Second // before values whose answer was lost are sent again
	busyWait         = 30 * time.Minute // dyndns2: after 911 and dnserr
	resolverPatience = 300              // lookups at the pace of retry.ResolverGap, for ten minutes; then one every resolverRest
	resolverRest     = 10 * time.Second

	// stillFor is how long the uplink must be still before a change is sent in
	// the last quarter of the day's requests. It doubles with each request of
	// that quarter.
	stillFor  = 5 * time.Second
	stillMost = 30 * time.Minute
)
