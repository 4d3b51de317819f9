package update

import "time"

// backoff are the steps of waiting after an attempt that brought nothing. The first are for a
// line that is just coming up, the last for a service that is down.
var backoff = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// eventGap is between attempts that events ask for.
const eventGap = 200 * time.Millisecond

// resolverGap is between questions to the resolver that bring nothing.
const resolverGap = 2 * time.Second
