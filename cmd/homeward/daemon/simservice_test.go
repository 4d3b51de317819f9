package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"homeward/update/service"
	"homeward/update/transport"
)

// exchange is the network between the router and the service.
func (w *world) exchange(ctx context.Context, v *simWorker, req transport.Request, ready transport.BeforeSend) transport.Outcome {
	server := w.serverOf(req)
	w.mu.Lock()
	composed, weather, from := w.now(), w.svc.weather, w.source(req)
	if server != nil {
		weather = server.weather
	}
	w.mu.Unlock()
	dead := func() bool { return v != nil && v.dead.Load() }
	given := func(sent bool) transport.Outcome {
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultCanceled, Detail: "given up", Sent: sent}}
	}
	rest := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return !dead()
		case <-ctx.Done():
			return false
		}
	}
	if !rest(time.Duration(1+w.roll(50)) * time.Millisecond) {
		return given(false)
	}
	switch {
	case weather == "dns":
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultResolve, Detail: "no answer from the resolver"}}
	case weather == "refused":
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultConnect, Detail: "connection refused"}}
	case (req.Family == 4 || req.Device4 == "wwan") && !from.IsValid():
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultConnect, Detail: "network is unreachable"}}
	}
	if !ready(from) || dead() {
		return given(false)
	}
	who := "the daemon"
	if v == nil {
		who = "once"
	}
	w.tell("%s sends %s", who, req.URL)
	if server == nil {
		w.checkSent(req, composed)
	}
	travel := time.Duration(w.roll(40)) * time.Millisecond
	if weather == "slow" || w.busy && w.roll(4) == 0 {
		travel = time.Duration(w.roll(14000)) * time.Millisecond
	}
	if !rest(travel) && w.roll(2) == 0 {
		return given(true) // it never arrived, but we cannot know
	}
	var out transport.Outcome
	if server != nil {
		out = w.arriveAt(server, req, from, composed)
	} else {
		ans := w.arrive(req, weather)
		out.Answer = &ans
	}
	if !rest(time.Duration(w.roll(900)) * time.Millisecond) {
		return given(true)
	}
	if weather == "lost" {
		rest(14*time.Second - travel)
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultSent, Detail: "no answer: could not confirm", Sent: true}}
	}
	return out
}

// source is the address that a request leaves from.
func (w *world) source(req transport.Request) netip.Addr {
	if req.Device4 == "wwan" {
		return w.line.second
	}
	return w.line.IPv4
}

// checkSent fails if a request carries what the line did not show when it was
// composed.
func (w *world) checkSent(req transport.Request, composed time.Duration) {
	q := queryOf(req)
	w.mu.Lock()
	lines := w.shownSince(composed)
	w.mu.Unlock()
	ok := slices.ContainsFunc(lines, func(v simLine) bool {
		return (q.Get("ip") == "" || q.Get("ip") == v.IPv4.String()) && (q.Get("ipv6prefix") == "" || q.Get("ipv6prefix") == v.Prefix.String())
	})
	if !ok {
		w.fail("sent %s, which the line does not show (%v)", req.URL, lines)
	}
}

// arrive is the service: it counts, answers, keeps.
func (w *world) arrive(req transport.Request, weather string) transport.Answer {
	version := w.count(req)
	q := queryOf(req)
	switch weather {
	case "503":
		return transport.Answer{Status: 503}
	case "hotspot":
		return transport.Answer{Status: 200, Body: []byte("<html>good morning, please log in</html>")}
	case "429":
		return transport.Answer{Status: 429, Body: []byte(`{"info":"Updateintervall overcommited","status":"429"}`)}
	case "401":
		return transport.Answer{Status: 401, Body: []byte(`{"status":"401 Unauthorized","info":"Unauthorized"}`)}
	case "nohost":
		return transport.Answer{Status: 400, Body: []byte(`{"info":"nohost","status":"400 Bad Request"}`)}
	case "noonly":
		if q.Has("onlyprefix") {
			return transport.Answer{Status: 400, Body: []byte(`{"info":"unknown parameter","status":"400"}`)}
		}
	}
	var v service.Values
	v.IPv4, _ = netip.ParseAddr(q.Get("ip"))
	v.Prefix, _ = netip.ParsePrefix(q.Get("ipv6prefix"))
	w.mu.Lock()
	held := w.svc.held[version]
	if v.IPv4.IsValid() {
		held.IPv4 = v.IPv4
	}
	if v.Prefix.IsValid() {
		held.Prefix = v.Prefix
	}
	w.svc.held[version] = held
	w.mu.Unlock()
	return transport.Answer{Status: 200, Body: []byte(`{"info":"good","status":"200 OK"}`)}
}

// count fails if a request is beyond a limit, or comes after a final refusal.
func (w *world) count(req transport.Request) (version int) {
	w.mu.Lock()
	s := &w.svc
	now := w.now()
	fmt.Sscanf(queryOf(req).Get("praefix"), "r%d", &version)
	s.requests++
	s.arrivals = dayOf(append(s.arrivals, now), now)
	soon, today, refused := within(s.arrivals, now, 10*time.Second), len(s.arrivals), s.refused == version && !w.beside
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
	return version
}

func queryOf(req transport.Request) url.Values {
	_, query, _ := strings.Cut(req.URL.Reveal(), "?")
	q, _ := url.ParseQuery(query)
	return q
}
