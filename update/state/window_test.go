package state

import (
	"testing"
	"time"

	"homeward/update/clock"
)

// Within one boot its own time counts, whatever the wall clock and the kernel's
// word for it say.
func TestAClockThatJumpsForwardEmptiesNoWindow(t *testing.T) {
	k := usedSlots(48, time.Hour)
	l := Limits{3, 48}
	for _, jump := range []time.Duration{25 * time.Hour, 10 * 365 * clock.Day, -25 * time.Hour} {
		now := upAt(2 * time.Hour)
		now.Wall = now.Wall.Add(jump)
		if used := k.Used(now); used != 48 {
			t.Errorf("the clock jumps by %v: %d requests of the last hour are counted, want 48", jump, used)
		}
		if free := k.NextFree(now, l) - now.Up; free != clock.Day+DayMargin-time.Hour {
			t.Errorf("the clock jumps by %v: the next one in %v", jump, free)
		}
	}
}

// What a clock wrote that was wrong though it counted as synchronised is put
// right in the same boot: the next boot has nothing else to go by.
func TestAMomentOfAWrongClockIsPutRight(t *testing.T) {
	wrong := upAt(time.Hour)
	wrong.Wall = wrong.Wall.Add(-10 * clock.Day)
	b := New(wrong)
	b.Quotas["k"] = Quota{Reservations: []Reservation{{Timestamp: wrong.Timestamp()}}}
	b.compact(wrong)
	right := upAt(2 * time.Hour)
	b.compact(right)
	for range 100 { // a clock that NTP slews is no news for the disk
		content := string(b.encode())
		right.Up, right.Wall = right.Up+time.Minute, right.Wall.Add(time.Minute+10*time.Millisecond)
		b.compact(right)
		if string(b.encode()) != content {
			t.Fatal("a slewed clock makes another write")
		}
	}
	boot := clock.Now{Wall: upAt(3 * time.Hour).Wall, Synced: true, Boot: "b2", Up: 20 * time.Second}
	b.Rebase(boot)
	if n := b.Quotas["k"].Used(boot); n != 1 {
		t.Errorf("%d requests of two hours ago are counted after a reboot, want 1", n)
	}
}
