package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"homeward/netwatch"
	"homeward/netwatch/netwatchtest"
	"homeward/update"
	"homeward/update/updatetest"
)

// reasonCase brings about one reason of an account. begin starts the daemon, and
// makes what goes wrong.
type reasonCase struct {
	reason, state string
	o             updatetest.Options
	more          []string // keys of the account
	begin         func(h *house)
}

// often scripts an answer for as many requests as a test can make.
func often(a updatetest.Answer) func(h *house) {
	return func(h *house) {
		h.ipv64.Next(slices.Repeat([]updatetest.Answer{a}, 200)...)
		h.daemon()
	}
}

// changed lets the service accept the line, n times another, and then calls wrong
// before it changes once more.
func changed(n int, wrong func(h *house)) func(h *house) {
	return func(h *house) {
		h.daemon()
		for i := range n + 1 {
			h.must(h.router.SetIPv4(lineOf(i), gateway))
			h.current(lineOf(i))
		}
		if wrong != nil {
			wrong(h)
		}
		h.must(h.router.SetIPv4(lineOf(n+1), gateway))
	}
}

func reasonCases() []reasonCase {
	script := func(a updatetest.Answer) func(h *house) { return func(h *house) { h.ipv64.Next(a) } }
	return []reasonCase{
		{reason: update.ReasonResolve, state: update.StateRetrying, begin: func(h *house) {
			h.url = "https://no-such-service.invalid"
			h.daemon()
		}},
		{reason: update.ReasonConnect, state: update.StateRetrying, begin: func(h *house) {
			h.url = "https://" + serviceAddr + ":4433"
			h.daemon()
		}},
		{reason: update.ReasonTLS, state: update.StateRetrying, begin: func(h *house) {
			h.serve(other+":443", http.NotFoundHandler(), updatetest.Options{})
			all := h.read(h.path("ca.pem"))
			h.must(os.WriteFile(h.path("ca.pem"), all[strings.LastIndex(string(all), "-----BEGIN"):], 0o644))
			h.daemon()
		}},
		{reason: update.ReasonClock, state: update.StateRetrying, o: updatetest.Options{NotBefore: time.Now().Add(24 * time.Hour)},
			begin: func(h *house) { h.daemon() }},
		{reason: update.ReasonUnconfirmed, state: update.StateRetrying, begin: often(updatetest.Answer{Fault: updatetest.Half})},
		{reason: update.ReasonServerError, state: update.StateRetrying, begin: often(updatetest.Answer{Status: 503})},
		{reason: update.ReasonNotTheService, state: update.StateRetrying, begin: often(updatetest.Answer{Body: "<html>please log in</html>"})},
		{reason: update.ReasonServiceLimit, state: update.StateLimited, begin: often(updatetest.Answer{Status: 429, Body: "Updateintervall overcommited"})},
		{reason: update.ReasonQuota10s, state: update.StateLimited, more: []string{"limit_10s = 1"}, begin: changed(0, nil)},
		{reason: update.ReasonQuota24h, state: update.StateLimited, more: []string{"limit_24h = 1"}, begin: changed(0, nil)},
		{reason: update.ReasonReserve, state: update.StateLimited, more: []string{"limit_24h = 4"}, begin: often(updatetest.Answer{Status: 503})},
		{reason: update.ReasonSettling, state: update.StateLimited, more: []string{"limit_24h = 4"}, begin: changed(2, nil)},
		{reason: update.ReasonLocked, state: update.StateLimited, begin: changed(0, script(unauthorized))},
		{reason: update.ReasonUnauthorized, state: update.StateStopped, begin: often(unauthorized)},
		{reason: update.ReasonRefused, state: update.StateStopped, begin: changed(0, script(updatetest.Answer{Body: "nohost"}))},
		{reason: update.ReasonBusy, state: update.StateLimited, begin: func(h *house) {
			h.serve(other+":443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "911") }), updatetest.Options{})
			h.run("[account.home]\nservice = \"dyndns2\"\nserver = \"https://" + other + "\"\ndomains = [\"home.example.org\"]\nusername = \"me\"\npassword = \"p\"\n")
		}},
	}
}

// TestEachReasonIsTold: each reason of an account that is not current is told in
// status.json, beside its words, by the built program on a line of its own.
func TestEachReasonIsTold(t *testing.T) {
	t.Parallel()
	var told []string
	for _, c := range reasonCases() {
		told = append(told, c.reason)
		t.Run(c.reason, func(t *testing.T) {
			h := newHouse(t, c.o)
			h.more = append([]string{`publish = ["ipv4"]`}, c.more...)
			for _, key := range []string{"limit_10s", "limit_24h"} {
				if !strings.Contains(strings.Join(c.more, "\n"), key) {
					h.more = append(h.more, key+" = 0")
				}
			}
			h.must(h.router.SetIPv4(lease, gateway))
			c.begin(h)
			s := h.status(c.state+" ("+c.reason+")", func(s status) bool {
				a := s.Accounts["home"]
				return a.State == c.state && a.Reason == c.reason
			})
			if a := s.Accounts["home"]; a.Error == "" {
				t.Errorf("no words: %+v", a)
			}
		})
	}
	for _, r := range update.Reasons() {
		if !slices.Contains(told, r) {
			t.Errorf("%s has no case", r)
		}
	}
}

// lineCase brings about one reason why the line has no value of a kind.
type lineCase struct {
	reason netwatch.Reason
	of     string // ipv4, ipv6 or prefix
	line   string // of [line]
	make   func(r *netwatchtest.Router) error
}

func lineCases() []lineCase {
	addr := func(dev, p string, preferred uint32) func(r *netwatchtest.Router) error {
		return func(r *netwatchtest.Router) error {
			return r.AddAddr(dev, netip.MustParsePrefix(p), netip.Addr{}, preferred, forever)
		}
	}
	default4 := func(dev string) func(r *netwatchtest.Router) error {
		return func(r *netwatchtest.Router) error {
			return r.SetRoute(netwatchtest.Default4(dev, netip.Addr{}, netip.Addr{}, 0))
		}
	}
	all := func(steps ...func(r *netwatchtest.Router) error) func(r *netwatchtest.Router) error {
		return func(r *netwatchtest.Router) error {
			for _, step := range steps {
				if err := step(r); err != nil {
					return err
				}
			}
			return nil
		}
	}
	secondWAN := func(dev string) func(r *netwatchtest.Router) error {
		return func(r *netwatchtest.Router) error { return r.AddWAN(dev, "peer") }
	}
	v4 := func(p string) func(r *netwatchtest.Router) error {
		return all(addr("eth0", p, forever), default4("eth0"))
	}
	v6 := func(p string, preferred uint32) func(r *netwatchtest.Router) error {
		return all(addr("eth0", p, preferred), func(r *netwatchtest.Router) error {
			return r.SetRoute(netwatchtest.Default6("eth0", netip.MustParseAddr("fe80::1"), netip.Prefix{}, 0))
		})
	}
	return []lineCase{
		{netwatch.ReasonNoRoute, "ipv4", "", all()},
		{netwatch.ReasonNoAddress, "ipv4", "wan = \"eth0\"", all()},
		{netwatch.ReasonPrivate, "ipv4", "", v4("192.168.1.2/24")},
		{netwatch.ReasonCarrierNAT, "ipv4", "", v4("100.64.1.2/24")},
		{netwatch.ReasonDSLite, "ipv4", "", v4("192.0.0.2/29")},
		{netwatch.ReasonLinkLocal, "ipv4", "", v4("169.254.1.2/16")},
		{netwatch.ReasonReserved, "ipv4", "", v4("198.18.0.2/15")},
		{netwatch.ReasonSharedPorts, "ipv4", "", all(secondWAN("map-wan"), addr("map-wan", "203.0.113.7/24", forever), default4("map-wan"))},
		{netwatch.ReasonNotGlobal, "ipv6", "", v6("4001:db8::7/64", forever)},
		{netwatch.ReasonOtherWAN, "prefix", "wan6 = \"eth2\"", all(secondWAN("eth2"), addr("eth2", "2001:db8:99::7/64", forever),
			func(r *netwatchtest.Router) error { return r.SetIPv6(wan6, delegated, lanAddr) })},
		{netwatch.ReasonULA, "ipv6", "", v6("fd00:1::7/64", forever)},
		{netwatch.ReasonDeprecated, "ipv6", "", v6("2001:db8:64::7/64", 0)},
		{netwatch.ReasonDuplicate, "ipv6", "", all(func(r *netwatchtest.Router) error {
			return r.ISP.AddAddr("isp0", netip.MustParsePrefix("2001:db8:64::7/64"))
		}, v6("2001:db8:64::7/64", forever))},
		{netwatch.ReasonNotDelegated, "prefix", "", all()},
		{netwatch.ReasonNoLANAddress, "prefix", "", func(r *netwatchtest.Router) error { return r.Delegate(delegated) }},
		{netwatch.ReasonNotALAN, "prefix", "lan = \"lo\"", all()},
	}
}

// TestWhatTheLineMissesIsTold: status.json tells why the line has no value, in one
// word and in words.
func TestWhatTheLineMissesIsTold(t *testing.T) {
	t.Parallel()
	told := []netwatch.Reason{netwatch.ReasonTemporary} // of the kernel's own making: parse_linux_test.go and view_ipv6_test.go
	for _, c := range lineCases() {
		told = append(told, c.reason)
		t.Run(c.reason.String(), func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			if c.reason == netwatch.ReasonDuplicate { // a router that looks for them
				h.must(h.router.Close())
				r, err := netwatchtest.New(true)
				h.must(err)
				t.Cleanup(func() { r.Close() })
				h.router = r
			}
			h.must(c.make(h.router))
			h.begin("run", "-c", h.write("[line]\n"+c.line+"\n[account.home]\nservice = \"ipv64\"\nserver = \""+h.url+
				"\"\ndomains = [\"home.ipv64.net\"]\ntoken = \""+theSecret+"\"\n"))
			var s struct {
				Line struct {
					Missing map[string]struct{ Reason, Text string }
				}
			}
			h.await(func() string {
				b, err := os.ReadFile(h.path("run/status.json"))
				if err != nil || json.Unmarshal(b, &s) != nil || s.Line.Missing[c.of].Reason != c.reason.String() {
					return "the line does not tell " + c.reason.String() + ": " + string(b)
				}
				return ""
			})
			if s.Line.Missing[c.of].Text == "" {
				t.Error("it tells no words")
			}
		})
	}
	for _, r := range netwatch.Reasons() {
		if !slices.Contains(told, r) {
			t.Errorf("%s has no case", r)
		}
	}
}
