package daemon

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing/synctest"
	"time"

	"homeward/update"
	"homeward/update/service"
)

// act does one thing to the router, the line or the service.
func (w *world) act() {
	select {
	case <-w.life.ended: // it was killed
		time.Sleep(time.Duration(w.roll(20)) * time.Second)
		w.powerOn()
		return
	default:
	}
	if v := w.life.all.Load(); v != nil && !v.gone.Load() && v.hung.Load() != 0 && w.now()-time.Duration(v.hung.Load()) > 2*time.Minute {
		w.fail("a worker has hung since %v", time.Duration(v.hung.Load()))
	}
	n := w.roll(100)
	if w.busy && n >= 50 && n < 75 {
		n = 0
	}
	switch {
	case n < 22 && len(w.others) > 0 && w.roll(4) == 0:
		line := w.line
		if line.second = w.address4(); w.roll(3) == 0 {
			line.second = netip.Addr{}
		}
		w.tell("second WAN: %v", line.second)
		w.show(line)
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
	case n < 50 && len(w.others) > 0 && w.roll(2) == 0:
		w.renew()
	case n < 50:
		w.tell("an event that changes nothing")
		w.show(w.line)
	case n < 64:
		kinds := []string{"fine", "fine", "fine", "503", "dns", "refused", "lost", "slow", "hotspot", "429", "401", "nohost", "noonly"}
		weather := kinds[w.roll(len(kinds))]
		w.weather(weather)
	case n < 66:
		w.fillDisk(w.roll(4) == 0)
	case n < 70 && w.steady:
	case n < 70:
		w.pace = []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, 2 * time.Hour}[w.roll(4)]
	case n < 75:
		w.restart()
	case n < 81:
		w.jump()
	case n < 85:
		w.resend()
	case n < 88:
		w.runBeside(w.roll(2) == 0)
	case n < 91:
		w.configure()
	case n < 94:
		w.edit()
	case n < 97:
		if v := w.life.all.Load(); v != nil && !v.gone.Load() {
			w.tell("the worker is killed")
			v.die()
		}
	case n < 98:
		w.hurry()
	case n < 99: // a worker that is met early
		w.show(w.only(service.Values{IPv4: w.address4()}))
		time.Sleep(time.Duration(w.roll(400)) * time.Millisecond)
		if v := w.life.all.Load(); v != nil {
			v.die()
		}
	default:
		w.cross()
	}
}

// weather is how the services are: all, or one of many.
func (w *world) weather(kind string) {
	one := len(w.others)
	if one > 0 && w.roll(2) == 0 {
		one = w.roll(len(w.others) + 1)
	}
	w.tell("weather: %s (%d of %d)", kind, one, len(w.others))
	w.mu.Lock()
	defer w.mu.Unlock()
	if one == len(w.others) {
		w.svc.weather = kind
	}
	for i, a := range w.others {
		if one == i || one == len(w.others) {
			a.server.weather = kind
		}
	}
}

// fine ends the faults of all services.
func (w *world) fine() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.svc.weather = "fine"
	for _, s := range w.servers {
		s.weather = "fine"
	}
}

// renew is an owner who makes records anew at a service: they have other identifiers.
func (w *world) renew() {
	w.tell("records are made anew")
	for _, a := range w.others {
		z := a.server.zones
		if z != nil && w.roll(2) == 0 {
			z.Anew()
		}
	}
}

// renumber is the provider's: it takes the line away for a moment, and brings it back
// with other addresses, the IPv4 address first.
func (w *world) renumber() {
	w.show(w.only(service.Values{}))
	time.Sleep(time.Duration(w.roll(30000)) * time.Millisecond)
	v := service.Values{IPv4: w.address4()}
	w.show(w.only(v))
	time.Sleep(time.Duration(w.roll(4000)) * time.Millisecond)
	v.Prefix = w.prefix()
	w.tell("the line is renumbered: %v", v)
	w.show(w.only(v))
}

// hurry has the line change faster than the limits allow, with answers that take
// up to 14 s, and a person who runs once beside the daemon: only the limits hold
// the requests back.
func (w *world) hurry() {
	w.tell("changes that hurry, at a service that is slow")
	w.mu.Lock()
	before := w.svc.weather
	w.svc.weather = "slow"
	w.mu.Unlock()
	for range 12 {
		line := w.line
		line.IPv4 = w.address4()
		w.show(line)
		if w.roll(4) == 0 {
			w.runBeside(true)
		}
		time.Sleep(time.Duration(w.roll(4000)) * time.Millisecond)
	}
	w.mu.Lock()
	w.svc.weather = before
	w.mu.Unlock()
}

// cross has something happen in the moments in which a worker offers to end.
func (w *world) cross() {
	w.tell("what crosses an offer")
	for range 10 {
		w.event()
		v := w.life.all.Load()
		if v == nil {
			return
		}
		time.Sleep(linger - 3*time.Millisecond)
		for range 100 {
			if v.offers.Load() > 0 || v.gone.Load() {
				break
			}
			time.Sleep(100 * time.Microsecond)
		}
		line := w.line
		for line.IPv4 == w.line.IPv4 {
			line.IPv4 = w.address4()
		}
		w.change(line)
		t, _ := w.read()
		changed := w.now()
		w.showTo(w.life.watcher.events.tables, t)
		w.lookedAfter(changed)
	}
}

// resend is SIGUSR1.
func (w *world) resend() {
	w.tell("SIGUSR1")
	w.mu.Lock()
	w.usr1 = true
	w.mu.Unlock()
	offer(w.life.watcher.signals.usr1)
}

// edit writes another configuration, and tells nobody.
func (w *world) edit() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hup && !w.starting { // what SIGHUP has asked for is to be read as it was
		w.version++
	}
}

// configure writes another configuration, and says SIGHUP.
func (w *world) configure() {
	w.edit()
	w.mu.Lock()
	if w.hup {
		w.hups++
	}
	w.hup = true
	if w.svc.refused != w.version {
		w.svc.refused = 0
	}
	w.mu.Unlock()
	w.tell("SIGHUP: configuration %d", w.version)
	offer(w.life.watcher.signals.hup)
}

// lookedAfter waits until a worker has looked at the line since a change that
// the kernel told of: a pause after others that were killed is 5 min at the most.
func (w *world) lookedAfter(changed time.Duration) {
	for range 12 * 60 {
		time.Sleep(time.Second)
		w.mu.Lock()
		looked := w.looked
		w.mu.Unlock()
		select {
		case <-w.life.ended:
			return
		default:
		}
		if looked >= changed {
			return
		}
	}
	w.fail("no worker has looked at the line since %v", changed)
}

// flap takes the line away and brings it back, the same or another.
func (w *world) flap() {
	old := w.line
	for range 1 + w.roll(5) {
		w.show(w.only(service.Values{}))
		time.Sleep(time.Duration(w.roll(3000)) * time.Millisecond)
		if w.roll(3) == 0 {
			old.IPv4 = w.address4()
		}
		w.show(w.only(service.Values{IPv4: old.IPv4}))
		time.Sleep(time.Duration(w.roll(1500)) * time.Millisecond)
		w.show(old)
		time.Sleep(time.Duration(w.roll(4000)) * time.Millisecond)
	}
	w.tell("the line has flapped: %v", w.line)
}

// fillDisk fills the disk of state_dir, or makes room there.
func (w *world) fillDisk(full bool) {
	w.tell("the disk is full: %v", full)
	temporary := filepath.Join(w.dir, "state.json.new")
	os.RemoveAll(temporary)
	if full {
		os.MkdirAll(filepath.Join(temporary, "in the way"), 0o700) // root may write anything else
	}
}

// inRAM tells whether run_dir alone has the state: what it counts does not outlive a
// reboot.
func (w *world) inRAM() bool {
	_, err := os.Stat(filepath.Join(w.dir, "run", "state.json"))
	return err == nil
}

// restart ends the process one way or another and starts it again.
func (w *world) restart() {
	how := w.roll(4)
	if how > 1 && w.inRAM() {
		how = 1
	}
	switch how {
	case 0:
		w.tell("SIGTERM")
		w.terminate()
	case 1:
		w.tell("kill -9")
		w.kill()
	default:
		w.tell("the power fails")
		w.kill()
		time.Sleep(time.Duration(1+w.roll(40)) * time.Second)
		os.RemoveAll(filepath.Join(w.dir, "run")) // which is in RAM
		w.boot++
		w.bootAt = w.now()
		for _, s := range w.servers {
			s.probed = 0
		}
		w.setClock(false, []time.Duration{0, -w.now() - 56*365*day, -time.Duration(w.roll(100)) * time.Hour, time.Duration(w.roll(1000)) * time.Hour}[w.roll(4)])
		w.tell("boots; its clock is %v off", w.wallOff)
	}
	time.Sleep(time.Duration(w.roll(5)) * time.Second)
	if how == 2 && w.roll(4) == 0 {
		os.WriteFile(filepath.Join(w.dir, "state.json.new"), []byte("{torn"), 0o600)
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
	replaceLatest(w.life.watcher.events.clock, struct{}{})
}

func (w *world) setClock(synced bool, off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.synced, w.wallOff = synced, off
}

// runBeside is `homeward once` beside the daemon. It has read the configuration as
// it is on disk, which is not to be another one: they would undo each other.
func (w *world) runBeside(force bool) {
	w.mu.Lock()
	same := w.accepted == w.version && !w.hup
	w.mu.Unlock()
	if !same {
		return
	}
	w.tell("once, force %v", force)
	if w.roll(2) == 0 { // both have the same thing to send
		line := w.line
		line.IPv4 = w.address4()
		w.show(line)
	}
	w.once(force)
}

// stopped tells whether the daemon has said that a person is needed.
func (w *world) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == update.StateStopped
}

// counted is how many requests of today the daemon counts: more than the service
// does, where reboots have left it without a clock.
func (w *world) counted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used
}

// holds returns what the service has, and what the line shows.
func (w *world) holds() (held, line service.Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.svc.held[w.accepted], w.line.Values
}

// calm ends all faults. Then, in bounded time, the service holds what the line
// shows, and after that nothing is sent.
func (w *world) calm() {
	w.tell("from here on all is well")
	w.fine()
	w.fillDisk(false)
	w.mu.Lock()
	w.svc.refused = 0
	w.mu.Unlock()
	select {
	case <-w.life.ended:
		w.powerOn()
	default:
	}
	w.tame()
	if len(w.others) > 0 { // a name server takes no update from a clock that is wrong
		w.setClock(true, 0)
		replaceLatest(w.life.watcher.events.clock, struct{}{})
	}
	time.Sleep(15 * time.Minute) // what was under way ends as it may; the last pause after a crash is 5 min
	synctest.Wait()
	if w.stopped() {
		w.configure() // lifts the stop
		time.Sleep(time.Minute)
	}
	if w.othersStopped() {
		w.once(true)
		time.Sleep(time.Minute)
	}
	// With a quarter of the day left, retries come every 80 minutes at most; a
	// lock, or a limit that was named for a quarter of an hour, may be on. Else the
	// oldest requests must become a day old.
	plenty := w.counted() < 36
	time.Sleep(100 * time.Minute)
	synctest.Wait()
	if held, line := w.holds(); !holds(held, line) && plenty {
		w.fail("after 100 minutes the service holds %v, the line shows %v", held, line)
	}
	time.Sleep(day)
	synctest.Wait()
	if held, line := w.holds(); !holds(held, line) {
		w.fail("the service holds %v, the line shows %v", held, line)
	}
	w.calmOthers()
	w.mu.Lock()
	if w.hup || w.usr1 {
		w.mu.Unlock()
		w.fail("a signal was lost: SIGHUP %v, SIGUSR1 %v", w.hup, w.usr1)
		return
	}
	w.mu.Unlock()
	before, starts, told := w.svc.requests, w.life.starts.Load(), len(w.told())
	for range 20 {
		w.event()
		time.Sleep(time.Hour)
	}
	synctest.Wait()
	if n := w.svc.requests - before; n != 0 {
		w.fail("%d requests though nothing has changed", n)
	}
	if n := len(w.told()) - told; n != 0 {
		w.fail("the program was told of %d events though nothing has changed", n)
	}
	if n := w.life.starts.Load() - starts; n > 24 && len(w.others) == 0 { // the count of used requests falls by the hour
		w.fail("%d workers were started though nothing has changed", n)
	}
	if v := w.life.all.Load(); !v.gone.Load() && len(w.others) == 0 { // a page is asked for our address
		w.fail("a worker is awake though nothing is to be done")
	}
}

// tame has no more workers killed, hung or not started.
func (w *world) tame() {
	w.mu.Lock()
	w.tamed = true
	w.mu.Unlock()
	if v := w.life.all.Load(); v != nil && v.hangAt != 0 {
		v.die()
	}
}
