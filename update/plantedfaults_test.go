package update

import (
	"os"
	"strings"
	"testing"
)

// plantedFaults are what somebody may break in the scheduler; make planted shows
// that the simulation finds each.
func plantedFaults() []struct{ name, file, old, new string } {
	return []struct{ name, file, old, new string }{
		{"the window is one slot too wide", "window.go", "if len(ends) < n {", "if len(ends) <= n {"},
		{"the day's window is two hours short", "window.go", "dayMargin   = time.Minute", "dayMargin   = -2 * time.Hour"},
		{"the request is counted only when it is answered", "after.go", "k.Slots = append(k.Slots[:len(k.Slots):len(k.Slots)], Slot{Moment: now.Moment(), Open: true, ID: id, Account: a.Name, PID: pid})", "_ = pid"},
		{"a slot counts from when it left, not from its answer", "after.go", "slots = append(slots, Slot{Moment: now.Moment()})", "s.Open = false\n\t\t\tslots = append(slots, s)"},
		{"a refusal is not kept on disk", "book.go", "json:\"stop,omitempty\"`    // the service refused", "json:\"-\"`    // the service refused"},
		{"a change within a change is lost", "after.go", "next[name].after(now, call, v)", "next[name].after(now, Call{Values: p.Want, before: call.before}, v)"},
		{"a lost answer is taken for no change", "after.go", "h.Doubt = h.Doubt.or(call.shown().publish())", "h.Doubt = h.Doubt.or(Publish{})"},
		{"the state of before the restart is believed, not what is on disk", "store.go", "if b := s.load(i); b != nil {", "if b := s.load(i); b != nil && s.book == nil {"},
		{"an unsynchronised clock ages the slots", "clock.go", "if m.earlier() && m.Sure && n.Synced {", "if !m.At.IsZero() {"},
		{"a reboot makes the slots a day old", "book.go", "shift = -sane(b.Up)", "shift = -sane(b.Up) - day"},
		{"the limits do not hold `once`", "flight.go", "m.Stop != nil || k.elsewhere(now, f.Name, os.Getpid(), alive) || k.silent(now) || m.silent(now, f.service, f.call) || k.room(now, d.limits(b)[f.key.quota]) > now.Up", "m.Stop != nil"},
	}
}

// TestFaultsCanBePlanted: each still has the one place it is planted in.
func TestFaultsCanBePlanted(t *testing.T) {
	for _, f := range plantedFaults() {
		src, err := os.ReadFile(f.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), f.old); n != 1 {
			t.Errorf("%s: %d places in %s, want 1", f.name, n, f.file)
		}
	}
}
