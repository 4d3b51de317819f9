package update

import (
	"context"
	"os"
	"path/filepath"
	"testing/synctest"
	"time"
)

// act does one thing to the router, the line or the service.
func (w *world) act() {
	select {
	case <-w.life.ended: // a kill at a write
		time.Sleep(time.Duration(w.roll(20)) * time.Second)
		w.powerOn()
		return
	default:
	}
	n := w.roll(100)
	if w.busy && n >= 50 && n < 75 {
		n = 0
	}
	switch {
	case n < 22:
		line := w.line
		line.IPv4 = w.address4()
		if w.roll(2) == 0 {
			line.Prefix = w.prefix()
		}
		w.tell("line: %v", line)
		w.show(line)
	case n < 34:
		line := w.line
		line.Prefix = w.prefix()
		w.tell("prefix: %v", line.Prefix)
		w.show(line)
	case n < 44:
		w.flap()
	case n < 50:
		w.tell("an event that changes nothing")
		w.show(w.line)
	case n < 64:
		kinds := []string{"fine", "fine", "fine", "503", "dns", "refused", "lost", "slow", "hotspot", "429", "401", "nohost", "noonly"}
		weather := kinds[w.roll(len(kinds))]
		w.tell("weather: %s", weather)
		w.mu.Lock()
		w.svc.weather = weather
		w.mu.Unlock()
	case n < 70:
		w.pace = []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, 2 * time.Hour}[w.roll(4)]
	case n < 75:
		w.restart()
	case n < 81:
		w.jump()
	case n < 85:
		w.tell("SIGUSR1")
		w.life.runner.Resend()
	case n < 89:
		w.once(w.roll(2) == 0)
	case n < 93:
		w.configure()
		w.refuse(0)
		w.tell("a new configuration: %d", w.version)
		w.reconfigure()
	}
}

// flap takes the line away and brings it back, the same or another.
func (w *world) flap() {
	old := w.line
	for range 1 + w.roll(5) {
		w.show(Values{})
		time.Sleep(time.Duration(w.roll(3000)) * time.Millisecond)
		if w.roll(3) == 0 {
			old.IPv4 = w.address4()
		}
		w.show(Values{IPv4: old.IPv4})
		time.Sleep(time.Duration(w.roll(1500)) * time.Millisecond)
		w.show(old)
		time.Sleep(time.Duration(w.roll(4000)) * time.Millisecond)
	}
	w.tell("the line has flapped: %v", w.line)
}

// restart ends the process one way or another and starts it again.
func (w *world) restart() {
	how := w.roll(4)
	switch how {
	case 0:
		w.tell("SIGTERM")
		w.powerOff()
	case 1:
		w.tell("kill -9")
		w.kill()
	default:
		w.tell("the power fails")
		w.kill()
		time.Sleep(time.Duration(1+w.roll(40)) * time.Second)
		w.boot++
		w.bootAt = w.now()
		w.setClock(false, []time.Duration{0, -w.now() - 56*365*day, -time.Duration(w.roll(100)) * time.Hour, time.Duration(w.roll(1000)) * time.Hour}[w.roll(4)])
		w.tell("boots; its clock is %v off", w.wallOff)
	}
	time.Sleep(time.Duration(w.roll(5)) * time.Second)
	if how == 2 && w.roll(4) == 0 {
		os.WriteFile(filepath.Join(w.dir, stateFile+".new"), []byte("{torn"), 0o600)
	}
	w.powerOn()
}

// jump sets the clock: right, by NTP, or wrong, by hand.
func (w *world) jump() {
	if w.roll(2) == 0 {
		w.setClock(true, 0)
	} else {
		w.setClock(false, time.Duration(w.roll(2000)-1000)*time.Hour)
	}
	w.tell("the clock is set, off by %v", w.wallOff)
	w.life.runner.ClockSet()
}

func (w *world) setClock(synced bool, off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.synced, w.wallOff = synced, off
}

// once is `homeward once` beside the daemon.
func (w *world) once(force bool) {
	w.tell("once, force %v", force)
	if w.roll(2) == 0 { // both have the same thing to send
		line := w.line
		line.IPv4 = w.address4()
		w.show(line)
	}
	if force {
		w.refuse(0)
	}
	l := &life{}
	store := OpenStore(w.dir, "", func(s string) { w.tell("once says: %s", s) })
	r := NewRunner(store, func(ctx context.Context, r Request, ready Ready) Outcome { return w.exchange(ctx, l, r, ready) },
		w.clocks, w.hear, nil)
	r.Once(context.Background(), []*Account{w.acct}, w.sight(), func(string) bool { return true }, force)
	w.life.runner.StateChanged()
	synctest.Wait()
}

// stopped tells whether the daemon has said that a person is needed.
func (w *world) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == StateStopped
}

// counted is how many requests of today the daemon counts: more than the service
// does, where reboots have left it without a clock.
func (w *world) counted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used
}

// holds returns what the service has, and what the line shows.
func (w *world) holds() (held, line Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.svc.held, w.line
}

// calm ends all faults. Then, in bounded time, the service holds what the line
// shows, and after that nothing is sent.
func (w *world) calm() {
	w.tell("from here on all is well")
	w.mu.Lock()
	w.svc.weather, w.svc.refused = "fine", 0
	w.mu.Unlock()
	select {
	case <-w.life.ended:
		w.powerOn()
	default:
	}
	w.life.killAt.Store(0)
	time.Sleep(30 * time.Second) // what was under way ends as it may
	synctest.Wait()
	if w.stopped() {
		w.configure() // lifts the stop
		w.reconfigure()
	}
	// With a quarter of the day left, retries come every 80 minutes at most; a
	// lock, or a limit that was named for a quarter of an hour, may be on. Else the
	// oldest requests must become a day old.
	plenty := w.counted() < 36
	time.Sleep(100 * time.Minute)
	synctest.Wait()
	if held, line := w.holds(); held != line && plenty {
		w.fail("after 100 minutes the service holds %v, the line shows %v", held, line)
	}
	time.Sleep(day)
	synctest.Wait()
	if held, line := w.holds(); held != line {
		w.fail("the service holds %v, the line shows %v", held, line)
	}
	before := w.svc.requests
	for range 20 {
		w.life.runner.Observe(w.sight())
		time.Sleep(30 * time.Minute)
	}
	synctest.Wait()
	if n := w.svc.requests - before; n != 0 {
		w.fail("%d requests though nothing has changed", n)
	}
}
