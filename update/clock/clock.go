// Package clock reads the kernel's clocks: the time since boot, by which all
// decisions go, and the wall clock, which may be wrong by years.
package clock

import "time"

// Now is one reading of the clocks. A router has no battery clock: the wall
// clock starts in the past and jumps, now and then though the kernel says that
// NTP keeps it (Synced). It only tells how long a boot ago something was. Up
// never jumps.
type Now struct {
	Wall   time.Time
	Synced bool
	Boot   string        // this boot's id
	Up     time.Duration // since boot, sleep included (CLOCK_BOOTTIME)
}

// Timestamp is a point in time that outlives the process and the boot. Its Up
// counts from the present boot: Book.Arrive moves what an earlier boot wrote.
type Timestamp struct {
	Up   time.Duration `json:"up"`
	At   time.Time     `json:"at,omitzero"`
	Sure bool          `json:"sure,omitempty"` // At was read from a synchronised clock
}

// Timestamp returns the present one.
func (n Now) Timestamp() Timestamp {
	return Timestamp{n.Up, n.Wall.Round(0).UTC().Truncate(time.Millisecond), n.Synced}
}

// earlier tells whether an earlier boot wrote the moment.
func (m Timestamp) earlier() bool { return m.Up <= 0 }

// Since tells how long ago m was, at least: within a boot the boot's own time
// counts alone, what only an unsynchronised clock says never does, and a moment
// in the future is now.
func (n Now) Since(m Timestamp) time.Duration {
	age := max(0, n.Up-m.Up)
	if m.earlier() && m.Sure && n.Synced {
		age = max(age, n.Wall.Sub(m.At))
	}
	return age
}

// Day is what the limits of most services count by.
const Day = 24 * time.Hour

// wrongBy is how far a moment may be off the clock before it is corrected: NTP
// steps a clock that is more than 128 ms off, and a crystal that is 500 ppm off
// loses 43 s a day.
const wrongBy = time.Minute

// Sure corrects a moment that was taken by an unsynchronised clock, or, if it is
// of this boot, by one that was set since, now that the clock is right.
func (n Now) Sure(m Timestamp) Timestamp {
	if n.Synced && (!m.Sure || !m.earlier() && n.Wall.Add(m.Up-n.Up).Sub(m.At).Abs() > wrongBy) {
		m.At = n.Wall.Add(m.Up - n.Up).Round(0).UTC().Truncate(time.Millisecond)
		m.Sure = true
	}
	return m
}

// WallAt tells when, by the wall clock, a point of the present boot is.
func (n Now) WallAt(up time.Duration) time.Time {
	return n.Wall.Add(up - n.Up).Round(0).UTC().Truncate(time.Second)
}
