package update

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

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
	w.checkSent(req, composed)
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
// composed.
func (w *world) checkSent(req Request, composed time.Duration) {
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

// arrive is the service: it counts, answers, keeps.
func (w *world) arrive(req Request, weather string, version int) Answer {
	w.count(req, version)
	q := queryOf(req)
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
	w.svc.held = w.svc.held.with(v)
	w.mu.Unlock()
	return Answer{Status: 200, Body: []byte(`{"info":"good","status":"200 OK"}`)}
}

// count fails if a request is beyond a limit, or comes after a final refusal.
func (w *world) count(req Request, version int) {
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
	if refused {
		w.fail("a request after the final refusal: %s", req.URL)
	}
}

func queryOf(req Request) url.Values {
	_, query, _ := strings.Cut(req.URL.Reveal(), "?")
	q, _ := url.ParseQuery(query)
	return q
}
