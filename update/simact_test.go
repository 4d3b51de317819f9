package update

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// exchange is the network between the router and the service.
func (w *world) exchange(ctx context.Context, l *life, req Request, ready Ready) Outcome {
	w.mu.Lock()
	composed, weather, version, from := w.now(), w.svc.weather, w.version, w.line.IPv4
	w.mu.Unlock()
	given := func(sent bool) Outcome { return Outcome{Fault: &Fault{FaultGiven, "given up", sent}} }
	rest := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return !l.dead.Load()
		case <-ctx.Done():
			return false
		}
	}
	if !rest(time.Duration(1+w.roll(50)) * time.Millisecond) {
		return given(false)
	}
	switch weather {
	case "dns":
		return Outcome{Fault: &Fault{FaultResolve, "no answer from the resolver", false}}
	case "refused":
		return Outcome{Fault: &Fault{FaultConnect, "connection refused", false}}
	}
	if !ready(from) || l.dead.Load() {
		return given(false)
	}
	w.checkSent(req, composed, version)
	travel := time.Duration(w.roll(40)) * time.Millisecond
	if weather == "slow" {
		travel = time.Duration(w.roll(14000)) * time.Millisecond
	}
	if !rest(travel) && w.roll(2) == 0 {
		return given(true) // it never arrived, but we cannot know
	}
	ans := w.arrive(req, weather, version)
	if !rest(time.Duration(w.roll(900)) * time.Millisecond) {
		return given(true)
	}
	if weather == "lost" {
		rest(14*time.Second - travel)
		return Outcome{Fault: &Fault{FaultSent, "no answer: could not confirm", true}}
	}
	return Outcome{Answer: &ans}
}

// checkSent fails if a request carries what the line did not show when it was
// composed, or comes after a final refusal.
func (w *world) checkSent(req Request, composed time.Duration, version int) {
	q := queryOf(req)
	w.mu.Lock()
	lines := []Values{w.line}
	for _, s := range w.shown {
		if s.until >= composed-100*time.Millisecond {
			lines = append(lines, s.Values)
		}
	}
	w.mu.Unlock()
	ok := slices.ContainsFunc(lines, func(v Values) bool {
		return (q.Get("ip") == "" || q.Get("ip") == v.IPv4.String()) && (q.Get("ipv6prefix") == "" || q.Get("ipv6prefix") == v.Prefix.String())
	})
	if !ok {
		w.fail("sent %s, which the line does not show (%v)", req.URL, lines)
	}
	w.tell("sends %s", req.URL)
}

// arrive is the service: it counts, refuses, keeps.
func (w *world) arrive(req Request, weather string, version int) Answer {
	w.mu.Lock()
	s := &w.svc
	now := w.now()
	s.requests++
	s.arrivals = append(s.arrivals, now)
	within := func(d time.Duration) (n int) {
		for _, a := range s.arrivals {
			if now-a < d {
				n++
			}
		}
		return n
	}
	soon, today, refused := within(10*time.Second), within(day), s.refused == version && version == w.version
	w.mu.Unlock()
	if soon > 3 {
		w.fail("%d requests in 10 s", soon)
	}
	if today > 48 {
		w.fail("%d requests in 24 h", today)
	}
	q := queryOf(req)
	if refused {
		w.fail("a request after the final refusal: %s", req.URL)
	}
	switch weather {
	case "503":
		return Answer{Status: 503}
	case "hotspot":
		return Answer{Status: 200, Body: []byte("<html>good morning, please log in</html>")}
	case "429":
		return Answer{Status: 429, Body: []byte(`{"info":"Updateintervall overcommited","status":"429"}`)}
	case "401":
		return Answer{Status: 401, Body: []byte(`{"status":"401 Unauthorized","info":"Unauthorized"}`)}
	case "nohost":
		return Answer{Status: 400, Body: []byte(`{"info":"nohost","status":"400 Bad Request"}`)}
	case "noonly":
		if q.Has("onlyprefix") {
			return Answer{Status: 400, Body: []byte(`{"info":"unknown parameter","status":"400"}`)}
		}
	}
	var v Values
	v.IPv4, _ = parseAddr(q.Get("ip"))
	v.Prefix, _ = parsePrefix(q.Get("ipv6prefix"))
	w.mu.Lock()
	s.held = s.held.with(v)
	w.mu.Unlock()
	return Answer{Status: 200, Body: []byte(`{"info":"good","status":"200 OK"}`)}
}

func queryOf(req Request) url.Values {
	_, query, _ := strings.Cut(req.URL.Reveal(), "?")
	q, _ := url.ParseQuery(query)
	return q
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
