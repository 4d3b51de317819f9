//go:build planted

package update

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlantedFaultsAreCaught shows that the simulation can fail: each fault is
// planted into a copy of the source (go test -overlay), and the simulation has to
// find it.
func TestPlantedFaultsAreCaught(t *testing.T) {
	faults := []struct{ name, file, old, new string }{
		{"the window is one slot too wide", "window.go", "if len(ends) < n {", "if len(ends) <= n {"},
		{"the day's window is two hours short", "window.go", "dayMargin   = time.Minute", "dayMargin   = -2 * time.Hour"},
		{"the request is counted only when it is answered", "after.go", "k.Slots = append(k.Slots[:len(k.Slots):len(k.Slots)], Slot{Moment: now.Moment(), Open: true, ID: id})", "_ = id"},
		{"a slot counts from when it left, not from its answer", "after.go", "slots = append(slots, Slot{Moment: now.Moment()})", "s.Open = false\n\t\t\tslots = append(slots, s)"},
		{"a refusal is not kept on disk", "book.go", "json:\"stop,omitempty\"`    // the service refused", "json:\"-\"`    // the service refused"},
		{"a change within a change is lost", "after.go", "h.Values, h.Moment = h.Values.with(call.Values), now.Moment()", "h.Values, h.Moment = h.Values.with(p.Want), now.Moment()"},
		{"a lost answer is taken for no change", "after.go", "h.Doubt = h.Doubt.or(call.Values.publish())", "h.Doubt = h.Doubt.or(Publish{})"},
		{"the state of before the restart is believed, not what is on disk", "store.go", "if b := s.load(i); b != nil && (s.book == nil || b.Seq > s.book.Seq) {", "if b := s.load(i); b != nil && s.book == nil {"},
		{"an unsynchronised clock ages the slots", "clock.go", "if m.Sure && n.Synced {", "if !m.At.IsZero() {"},
		{"a reboot makes the slots a day old", "book.go", "shift = -sane(b.Up)", "shift = -sane(b.Up) - day"},
		{"the limits do not hold `once`", "runner.go", "m.Stop != nil || k.Until > now.Up || k.room(now, d.limits(b)[f.key]) > now.Up", "m.Stop != nil"},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			src, err := os.ReadFile(f.file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(src), f.old) != 1 {
				t.Fatalf("%s has %d places to plant it in, want 1", f.file, strings.Count(string(src), f.old))
			}
			dir := t.TempDir()
			planted, overlay := filepath.Join(dir, f.file), filepath.Join(dir, "overlay.json")
			os.WriteFile(planted, []byte(strings.Replace(string(src), f.old, f.new, 1)), 0o644)
			here, err := filepath.Abs(f.file)
			if err != nil {
				t.Fatal(err)
			}
			what, _ := json.Marshal(map[string]map[string]string{"Replace": {here: planted}})
			os.WriteFile(overlay, what, 0o644)
			out, err := exec.Command("go", "test", "-overlay", overlay, "-run", "^TestSimulation$", "-sim.days=3000", ".").CombinedOutput()
			if err == nil {
				t.Errorf("the simulation did not find it")
			} else if !strings.Contains(string(out), "WRONG:") {
				t.Errorf("it failed otherwise: %s", out)
			}
		})
	}
}
