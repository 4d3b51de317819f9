package update

import "time"

// Now is one reading of the clocks. A router has no battery clock: the wall
// clock starts in the past and jumps, so it decides nothing unless the kernel
// says that NTP keeps it (Synced). Up never jumps.
type Now struct {
	Wall   time.Time
	Synced bool
	Boot   string        // this boot's id
	Up     time.Duration // since boot, sleep included (CLOCK_BOOTTIME)
}

// Moment is a point in time that outlives the process and the boot. Its Up
// counts from the present boot: Book.Arrive moves what an earlier boot wrote.
type Moment struct {
	Up   time.Duration `json:"up"`
	At   time.Time     `json:"at,omitzero"`
	Sure bool          `json:"sure,omitempty"` // At was read from a synchronised clock
}

// Moment returns the present one.
func (n Now) Moment() Moment {
	return Moment{n.Up, n.Wall.Round(0).UTC().Truncate(time.Millisecond), n.Synced}
}

// Since tells how long ago m was, at least: what only an unsynchronised clock
// says does not count, and a moment in the future is now.
func (n Now) Since(m Moment) time.Duration {
	age := max(0, n.Up-m.Up)
	if m.Sure && n.Synced {
		age = max(age, n.Wall.Sub(m.At))
	}
	return age
}

// sure corrects a moment of this boot that was taken by an unsynchronised
// clock, now that the clock is right.
func (n Now) sure(m Moment) Moment {
	if n.Synced && !m.Sure {
		m.At = n.Wall.Add(m.Up - n.Up).Round(0).UTC().Truncate(time.Millisecond)
		m.Sure = true
	}
	return m
}

// wall tells when, by the wall clock, a point of the present boot is.
func (n Now) wall(up time.Duration) time.Time {
	return n.Wall.Add(up - n.Up).Round(0).UTC().Truncate(time.Second)
}
