package daemon

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/state"
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

// It stays, too, if the daemon knows of the change, waits to ask, and reads what once has
// had accepted for the sake of another account.
func TestWhatOnceHasFoundIsNotUndoneUnasked(t *testing.T) {
	for seed := range uint64(5) {
		dir := ramDir(t)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed, dir, oneAccount+webAccount)
			w.tamed = true
			w.powerOn()
			time.Sleep(time.Minute)
			w.mu.Lock()
			w.beside, w.svc.weather, w.others[0].server.weather = true, "refused", "refused"
			w.mu.Unlock()
			line := w.line
			line.IPv4 = line.IPv4.Next()
			w.show(line)
			time.Sleep(10 * time.Second) // it tries both in vain
			said := w.logged("seen: ")
			state.Open(dir, "", func(string) {}).Update(w.clocks(), func(b *state.Data) { // once, which sends for home now
				home, seen := b.Accounts["home"].Quota, b.Accounts["seen"].Hosts["home.seen.example"]
				q := b.Quotas[home]
				q.Reservations = append(q.Reservations, state.Reservation{Timestamp: w.clocks().Timestamp(), Open: true, ID: 1, Account: "home", PID: os.Getppid()})
				b.Quotas[home] = q
				seen.IPv4 = line.IPv4
				b.Accounts["seen"].Hosts["home.seen.example"] = seen
			})
			w.mu.Lock()
			w.svc.weather = "fine"
			w.mu.Unlock()
			time.Sleep(time.Minute)
			if w.logged("seen: ") != said {
				w.fail("the daemon sends the old address")
			}
			w.terminate()
			if t.Failed() {
				t.Log(strings.Join(w.story, "\n"))
			}
		})
	}
}
