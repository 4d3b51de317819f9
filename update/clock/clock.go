// Package clock reads the kernel's clocks: the time since boot, on which all
// decisions are based, and the wall clock, which may be wrong by years.
package clock

import "time"

// Now is one reading of the clocks. A router has no battery clock: the wall clock
// starts in the past and jumps, at times even while Synced. It is used only for
// times of earlier boots. Up never jumps.
type Now struct {
	Wall   time.Time
	Synced bool          // the kernel says that NTP keeps the wall clock
	Boot   string        // this boot's id
	Up     time.Duration // since boot, sleep included (CLOCK_BOOTTIME)
}

// Timestamp is a point in time that outlives the process and the boot. Up counts
// from the present boot: state.Data.Rebase moves those of an earlier boot, to 0
// or less.
type Timestamp struct {
	Up   time.Duration `json:"up"`
	At   time.Time     `json:"at,omitzero"`
	Sure bool          `json:"sure,omitempty"` // At was read from a synchronised clock
}

// Timestamp returns the Timestamp of n.
func (n Now) Timestamp() Timestamp {
	return Timestamp{n.Up, n.Wall.Round(0).UTC().Truncate(time.Millisecond), n.Synced}
}

// earlier reports whether m is of an earlier boot.
func (m Timestamp) earlier() bool { return m.Up <= 0 }

// Since returns how long ago m was, at least: within a boot only Up counts, and
// the wall clock never does unless it was synchronised. It is 0 for a time in the
// future.
func (n Now) Since(m Timestamp) time.Duration {
	age := max(0, n.Up-m.Up)
	if m.earlier() && m.Sure && n.Synced {
		age = max(age, n.Wall.Sub(m.At))
	}
	return age
}

// Day is the window of most services' limits.
const Day = 24 * time.Hour

// wrongBy is how far a Timestamp may differ from the clock before Sure corrects
// it: NTP steps a clock that is more than 128 ms off, and a crystal that is
// 500 ppm off loses 43 s a day.
const wrongBy = time.Minute

// Sure corrects m's wall time if n's clock is synchronised and m's was not, or, in
// the same boot, was set since.
func (n Now) Sure(m Timestamp) Timestamp {
	if n.Synced && (!m.Sure || !m.earlier() && n.Wall.Add(m.Up-n.Up).Sub(m.At).Abs() > wrongBy) {
		m.At = n.Wall.Add(m.Up - n.Up).Round(0).UTC().Truncate(time.Millisecond)
		m.Sure = true
	}
	return m
}

// WallAt returns the wall time of a time since boot.
func (n Now) WallAt(up time.Duration) time.Time {
	return n.Wall.Add(up - n.Up).Round(0).UTC().Truncate(time.Second)
}
