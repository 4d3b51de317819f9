package state

import (
	"homeward/update/clock"
	"homeward/update/transport"
	"slices"
	"time"
)

const (
	// A sliding window ends when the service says so, by its clock: a crystal
	// that is 500 ppm off loses 43 s a day.
	DayMargin   = time.Minute
	ShortWindow = 10 * time.Second
	ShortMargin = 200 * time.Millisecond

	// elsewhereMost is how long the request of another process is waited for: it is
	// more than Limit, for a router under load.
	elsewhereMost = 20 * time.Second
)

// Limits of a service for one key; 0 is none.
type Limits struct{ Short, Day int } // in any 10 s, in any 24 h

// Stricter returns the lower of each limit.
func (l Limits) Stricter(o Limits) Limits {
	low := func(a, b int) int {
		if a == 0 || b != 0 && b < a {
			return b
		}
		return a
	}
	return Limits{low(l.Short, o.Short), low(l.Day, o.Day)}
}

// end is the latest time, of this boot, at which the service may have counted
// the slot. One that is still open and not of this process was left by a crash.
func (s Reservation) end(now clock.Now) time.Duration {
	up := now.Up - now.Since(s.Timestamp)
	if s.Open {
		up = min(up+transport.Limit, now.Up)
	}
	return up
}

// Used counts the slots of the last 24 hours.
func (q Quota) Used(now clock.Now) int {
	n := 0
	for _, s := range q.Reservations {
		if now.Up-s.end(now) < clock.Day+DayMargin {
			n++
		}
	}
	return n
}

// Free tells when fewer than n slots lie within window+margin: the earliest time
// at which one more request keeps the limit n. n 0 is no limit.
func (q Quota) Free(now clock.Now, n int, window time.Duration) time.Duration {
	if n == 0 {
		return now.Up
	}
	// With n or more slots, the n-th last must have left the window.
	ends := make([]time.Duration, 0, len(q.Reservations))
	for _, s := range q.Reservations {
		ends = append(ends, s.end(now))
	}
	if len(ends) < n {
		return now.Up
	}
	return max(now.Up, nthLast(ends, n)+window)
}

// nthLast returns the n-th largest of ends, which are few and nearly sorted.
func nthLast(ends []time.Duration, n int) time.Duration {
	for i := 1; i < len(ends); i++ {
		for j := i; j > 0 && ends[j] > ends[j-1]; j-- {
			ends[j], ends[j-1] = ends[j-1], ends[j]
		}
	}
	return ends[n-1]
}

// NextFree tells when the limits allow one more request, whatever it is for.
func (q Quota) NextFree(now clock.Now, l Limits) time.Duration {
	return max(q.Free(now, l.Short, ShortWindow+ShortMargin), q.Free(now, l.Day, clock.Day+DayMargin))
}

// InFlightElsewhere tells whether another process than self waits for the answer to a
// request of the account: it may make ours needless, and two at once could
// arrive in either order. One that has died or hangs is not waited for.
func (q Quota) InFlightElsewhere(now clock.Now, account string, self int, alive func(pid int) bool) bool {
	return slices.ContainsFunc(q.Reservations, func(s Reservation) bool {
		return s.Open && s.Account == account && s.PID != self && now.Up-s.Up < elsewhereMost && alive(s.PID)
	})
}
