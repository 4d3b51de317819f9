// Package retry has the pauses after a failed attempt.
package retry

import "time"

// Steps are the pauses after failed attempts in a row. The first are for an uplink
// that is coming up, the last for a service that is down.
var Steps = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// EventGap is the pause between attempts after events.
const EventGap = 200 * time.Millisecond

// ResolverGap is the pause between failed lookups.
const ResolverGap = 2 * time.Second
