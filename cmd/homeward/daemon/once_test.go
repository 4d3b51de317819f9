package daemon

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An address that once has found beside the daemon, which has noticed nothing, stays.
func TestWhatOnceHasFoundIsNotUndone(t *testing.T) {
	dir := ramDir(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, dir, oneAccount+webAccount)
		w.tamed = true
		w.powerOn()
		time.Sleep(time.Minute)
		old := w.line.IPv4
		line := w.line
		line.IPv4 = old.Next()
		w.change(line)
		w.once(false)
		for range 10 {
			time.Sleep(3 * time.Second)
			if a := w.others[0]; !a.holds(a.shows(line)) {
				w.fail("%s: the service holds %v", a.Name, a.records())
			}
		}
		w.terminate()
		if t.Failed() {
			t.Log(strings.Join(w.story, "\n"))
		}
	})
}
