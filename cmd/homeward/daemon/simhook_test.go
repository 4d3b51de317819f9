package daemon

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update"
	"homeward/update/service"
)

// simHook is the owner's program, and what it was told in one life of the
// daemon.
type simHook struct {
	runs  bool
	told  []event
	slow  int                 // one time in so many it hangs; 0: never
	fails string              // how it fails
	taken map[string]struct{} // acceptances that it was told of
}

// hook is the program being run by a worker.
func (w *world) hook(ctx context.Context, v *simWorker, e event) (why, words string) {
	w.tell("the program is told: %s, %s", e.Name, e.Status.State)
	w.mu.Lock()
	h := &v.life.hook
	twice, wrong := h.runs, ""
	h.runs = true
	h.told = append(h.told, e)
	why = h.fails
	is := e.Status.State
	switch {
	case e.Name == eventAccepted:
		// The wall clock's second, and the configuration, tell one acceptance from another.
		taken := fmt.Sprint(w.accepted, e.Account, e.Status.Accepted)
		if e.Status.Accepted == nil || e.Status.Accepted.Values == (service.Values{}) {
			wrong = "accepted, and there is nothing"
		} else if _, ok := h.taken[taken]; ok {
			wrong = "one acceptance is told of twice"
		}
		h.taken[taken] = struct{}{}
	case (e.Name == eventStopped) != (is == update.StateStopped), (e.Name == eventRecovered) != (is == update.StateCurrent):
		wrong = e.Name + ", and the status is " + is
	}
	slow := h.slow
	w.mu.Unlock()
	if twice {
		w.fail("the program runs twice at once")
	}
	if wrong != "" {
		w.fail("%s: %+v", wrong, e)
	}
	takes := time.Duration(w.roll(2000)) * time.Millisecond
	if slow > 0 && w.roll(slow) == 0 {
		takes = time.Hour
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		why = "was killed"
	case <-v.killed:
	}
	w.mu.Lock()
	h.runs = false
	w.mu.Unlock()
	if v.dead.Load() { // the program ends with its worker, who does not see it
		runtime.Goexit()
	}
	return why, ""
}

// told returns what the program was told in the present life, by name.
func (w *world) told() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.life.hook.told {
		names = append(names, e.Name)
	}
	return names
}

// quiet is a world in which nothing happens by itself.
func quiet(t *testing.T, f func(w *world)) {
	dir := ramDir(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, dir, oneAccount)
		w.tamed = true
		w.powerOn()
		f(w)
		w.terminate()
		if t.Failed() {
			t.Log(w.story)
		}
	})
}

// logged counts messages that begin so.
func (w *world) logged(words string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.story {
		if strings.Contains(s, "says: "+words) {
			n++
		}
	}
	return n
}

// wantTold compares what the program was told so far.
func (w *world) wantTold(want ...string) {
	w.t.Helper()
	synctest.Wait()
	if got := fmt.Sprint(w.told()); got != fmt.Sprint(want) {
		w.fail("the program was told %s, want %v", got, want)
	}
}

// An account that does not get through for half an hour is failing, once, and
// has then recovered, once. No worker is awake for it.
func TestAnAccountIsFailingAfterHalfAnHour(t *testing.T) {
	quiet(t, func(w *world) {
		time.Sleep(time.Minute)
		w.wantTold(eventAccepted)
		w.weather("dns")
		line := w.line
		line.IPv4 = line.IPv4.Next()
		w.show(line)
		time.Sleep(failingAfter - time.Minute)
		w.wantTold(eventAccepted)
		time.Sleep(2 * time.Minute)
		w.wantTold(eventAccepted, eventFailing)
		time.Sleep(3 * time.Hour)
		w.wantTold(eventAccepted, eventFailing)
		w.fine()
		time.Sleep(time.Hour)
		w.wantTold(eventAccepted, eventFailing, eventAccepted, eventRecovered)
		time.Sleep(day)
		w.wantTold(eventAccepted, eventFailing, eventAccepted, eventRecovered)
	})
}

// A line without anything to publish brings no attempt that would wake the
// daemon: it wakes for the event.
func TestALineThatStaysAwayIsFailing(t *testing.T) {
	quiet(t, func(w *world) {
		time.Sleep(time.Minute)
		w.show(w.only(service.Values{}))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !w.life.all.Load().gone.Load() {
			w.fail("a worker is awake though nothing is to be done")
		}
		time.Sleep(failingAfter)
		w.wantTold(eventAccepted, eventFailing)
	})
}

// An update does not wait for a program that hangs, and its end is said once.
func TestAProgramThatHangsHoldsNothingUp(t *testing.T) {
	quiet(t, func(w *world) {
		w.mu.Lock()
		w.life.hook.slow = 1
		w.mu.Unlock()
		time.Sleep(time.Minute)
		for range 4 {
			line := w.line
			line.IPv4 = line.IPv4.Next()
			w.show(line)
			time.Sleep(20 * time.Second)
			if held, line := w.holds(); !holds(held, line) {
				w.fail("the service holds %v, the line shows %v", held, line)
			}
		}
		time.Sleep(5 * time.Minute)
		w.wantTold(eventAccepted, eventAccepted, eventAccepted, eventAccepted, eventAccepted)
		if n := w.logged("on_change: the program was killed; updates go on"); n != 1 {
			w.fail("it is said %d times", n)
		}
		if !w.life.all.Load().gone.Load() {
			w.fail("a worker is awake though nothing is to be done")
		}
	})
}

// A worker that is killed while the program runs leaves no event to be told
// again, and none behind that is not told.
func TestAWorkersDeathTellsNothingTwice(t *testing.T) {
	quiet(t, func(w *world) {
		w.mu.Lock()
		w.life.hook.slow = 1
		w.mu.Unlock()
		time.Sleep(10 * time.Second)
		line := w.line
		line.IPv4 = line.IPv4.Next()
		w.show(line)
		time.Sleep(10 * time.Second) // the second waits for the first
		w.wantTold(eventAccepted)
		w.life.all.Load().die()
		time.Sleep(5 * time.Minute)
		w.wantTold(eventAccepted, eventAccepted)
		if a, b := w.life.hook.told[0].Status.Accepted.IPv4, w.life.hook.told[1].Status.Accepted.IPv4; b != line.IPv4 || a == b {
			w.fail("told of %v and %v", a, b)
		}
	})
}
