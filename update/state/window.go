package state

import (
	"slices"
	"time"

	"homeward/update/clock"
	"homeward/update/transport"
)

const (
	// A sliding window ends by the service's clock. The margins are for the
	// difference: a crystal that is 500 ppm off loses 43 s a day.
	DayMargin   = time.Minute
	ShortWindow = 10 * time.Second
	ShortMargin = 200 * time.Millisecond

	// elsewhereMost is how long to wait for the request of another process: more
	// than transport.Limit, for a router under load.
	elsewhereMost = 20 * time.Second
)

// Limits are a service's limits for one quota; 0 is none.
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

// end returns the latest time, since boot, at which the service may have counted
// the request. An open reservation may be of a process that crashed.
func (s Reservation) end(now clock.Now) time.Duration {
	up := now.Up - now.Since(s.Timestamp)
	if s.Open {
		up = min(up+transport.Limit, now.Up)
	}
	return up
}

// Used returns the number of reservations in the last 24 hours.
func (q Quota) Used(now clock.Now) int {
	n := 0
	for _, s := range q.Reservations {
		if now.Up-s.end(now) < clock.Day+DayMargin {
			n++
		}
	}
	return n
}

// Free returns the earliest time at which one more request keeps the limit of n
// requests in window. n 0 is no limit.
func (q Quota) Free(now clock.Now, n int, window time.Duration) time.Duration {
	if n == 0 {
		return now.Up
	}
	// With n or more reservations, the n-th last must have left the window.
	ends := make([]time.Duration, 0, len(q.Reservations))
	for _, s := range q.Reservations {
		ends = append(ends, s.end(now))
	}
	if len(ends) < n {
		return now.Up
	}
	return max(now.Up, nthLast(ends, n)+window)
}

// nthLast returns the n-th largest of ends, and sorts them. They are few and
// nearly sorted.
func nthLast(ends []time.Duration, n int) time.Duration {
	for i := 1; i < len(ends); i++ {
		for j := i; j > 0 && ends[j] > ends[j-1]; j-- {
			ends[j], ends[j-1] = ends[j-1], ends[j]
		}
	}
	return ends[n-1]
}

// NextFree returns when the limits allow one more request.
func (q Quota) NextFree(now clock.Now, l Limits) time.Duration {
	return max(q.Free(now, l.Short, ShortWindow+ShortMargin), q.Free(now, l.Day, clock.Day+DayMargin))
}

// InFlightElsewhere reports whether a process other than self waits for the
// answer to a request of the account. That may make ours needless, and two at
// once could arrive in either order. A process that is dead or hangs does not
// count.
func (q Quota) InFlightElsewhere(now clock.Now, account string, self int, alive func(pid int) bool) bool {
	return slices.ContainsFunc(q.Reservations, func(s Reservation) bool {
		return s.Open && s.Account == account && s.PID != self && now.Up-s.Up < elsewhereMost && alive(s.PID)
	})
}
