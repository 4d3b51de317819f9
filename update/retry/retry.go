// Package retry has the pauses after an attempt that brought nothing.
package retry

import "time"

// Steps are the steps of waiting after an attempt that brought nothing. The first are for a
// line that is just coming up, the last for a service that is down.
var Steps = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// EventGap is between attempts that events ask for.
const EventGap = 200 * time.Millisecond

// ResolverGap is between questions to the resolver that bring nothing.
const ResolverGap = 2 * time.Second
