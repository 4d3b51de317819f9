package main

import (
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

// TestOneRequestForEachChange: one request carries all domains and values of a
// change; what goes and comes back unchanged sends nothing.
func TestOneRequestForEachChange(t *testing.T) {
	t.Parallel()
	t.Run("AFirstStartSendsOneRequestForAllDomains", aFirstStartSendsOneRequestForAllDomains)
	t.Run("BothHalvesOfALineThatChangesAreToldInTurn", bothHalvesOfALineThatChangesAreToldInTurn)
	t.Run("AReconnectDoesNotWaitForIPv6", aReconnectDoesNotWaitForIPv6)
	t.Run("GoneAndBackUnchangedSendsNothing", goneAndBackUnchangedSendsNothing)
	t.Run("ADeadPrefixThatFlapsSendsNothing", aDeadPrefixThatFlapsSendsNothing)
	t.Run("TwoAddressesThatTakeTurnsSendNothing", twoAddressesThatTakeTurnsSendNothing)
}

// TestRequestsToIPv64: the token goes in a header; a refused onlyprefix is followed
// by one full update; redirects are never followed; a limit that the service names
// is waited for.
func TestRequestsToIPv64(t *testing.T) {
	t.Parallel()
	t.Run("TheTokenGoesAsToldAndNeverInTheURL", theTokenGoesAsToldAndNeverInTheURL)
	t.Run("ARefusedOnlyprefixIsFollowedByOneFullUpdate", aRefusedOnlyprefixIsFollowedByOneFullUpdate)
	t.Run("WithoutAnAddressNothingFollowsARefusedOnlyprefix", withoutAnAddressNothingFollowsARefusedOnlyprefix)
	t.Run("ARedirectIsNotFollowed", aRedirectIsNotFollowed)
	t.Run("ALimitThatTheServiceNamesIsWaitedForWhateverTheLineDoes", aLimitThatTheServiceNamesIsWaitedForWhateverTheLineDoes)
}

func aFirstStartSendsOneRequestForAllDomains(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `domains = ["home.ipv64.net", "srv.any64.de"]`, `record = "www"`, `healthcheck = "`+tick+`"`)
	h.online()
	h.daemon()
	h.sent("domain=home.ipv64.net,srv.any64.de&praefix=www&ip=203.0.113.7&healthcheck=" + tick + "&ipv6prefix=" + prefix1)
	h.current(lease)
	r := h.request(0)
	if r.Method != "GET" || r.Path != "/nic/update" || r.Header.Get("Authorization") != "Bearer "+theSecret || r.From.Addr() != lease.Addr() {
		t.Errorf("the request was %+v", r)
	}
	if got := h.ipv64.Record("srv.any64.de", "www").A; got != lease.Addr() || h.ipv64.Healthchecks(tick) != 1 {
		t.Errorf("the DNS says %v, want %v; %d healthchecks", got, lease, h.ipv64.Healthchecks(tick))
	}
}

func bothHalvesOfALineThatChangesAreToldInTurn(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `record = "www"`)
	h.online()
	h.daemon()
	h.current(lease)
	h.renumber() // the prefix alone
	h.sent(full("&praefix=www&ip=203.0.113.7&ipv6prefix="+prefix1), full("&praefix=www&ipv6prefix="+prefix2+"&onlyprefix=1"))
	h.current(lease)
	h.must(h.router.SetIPv4(lease2, gateway)) // an address, and so everything
	h.sent(full("&praefix=www&ip=203.0.113.7&ipv6prefix="+prefix1), full("&praefix=www&ipv6prefix="+prefix2+"&onlyprefix=1"),
		full("&praefix=www&ip=203.0.113.8&ipv6prefix="+prefix2))
	h.current(lease2)
}

func aReconnectDoesNotWaitForIPv6(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv4", "ipv6", "prefix"]`)
	d := h.daemon()
	h.status("waiting", func(s status) bool { return s.Accounts["home"].State == update.StateWaiting })
	h.must(h.router.SetIPv4(lease, gateway))
	h.sent(full("&ip=203.0.113.7"))
	h.current(lease)
	h.must(h.router.SetIPv6(wan6, delegated, lanAddr)) // addresses, prefix and routes: one burst
	d.says("IPv6 2001:db8:64::7 (eth0), prefix " + prefix1)
	all := full("&ip=203.0.113.7&ip6=2001:db8:64::7&ipv6prefix=" + prefix1)
	if !strings.Contains(d.log.String(), "no IPv6, prefix "+prefix1) {
		h.sent(full("&ip=203.0.113.7"), all)
		return
	}
	// This machine is too busy for a burst: what came first was told first, or was
	// given up for the rest.
	h.await(func() string {
		h.mu.Lock()
		defer h.mu.Unlock()
		if last := h.queries[len(h.queries)-1]; last != all || len(h.queries) > 3 {
			return "the service saw " + strings.Join(h.queries, "\n")
		}
		return ""
	})
}

func goneAndBackUnchangedSendsNothing(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.daemon()
	h.current(lease)
	h.must(h.router.DropIPv4())
	s := h.status("without IPv4", func(s status) bool { return !s.Line.IPv4.IsValid() && s.Accounts["home"].Note != "" })
	if a := s.Accounts["home"]; a.Accepted == nil || a.Accepted.IPv4 != lease.Addr() {
		t.Errorf("what was accepted is %+v, though nothing else was", a.Accepted)
	}
	h.must(h.router.DelLANAddr(lanAddr))
	h.status("without prefix", func(s status) bool { return !s.Line.Prefix.IsValid() })
	h.must(h.router.SetIPv4(lease, gateway))
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
	h.current(lease)
	h.must(h.router.SetIPv4(lease2, gateway))
	h.sent(full("&ip=203.0.113.7&ipv6prefix="+prefix1), full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

func aDeadPrefixThatFlapsSendsNothing(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.daemon()
	h.current(lease)
	dead := netip.MustParsePrefix("2001:db8:dead::/56")
	for range 3 {
		h.must(h.router.Delegate(dead))
		h.must(h.router.AddAddr("eth0", lease, netip.Addr{}, ^uint32(0), ^uint32(0))) // a renewal
		h.must(h.router.Undelegate(dead))
	}
	h.must(h.router.Delegate(dead))
	h.must(h.router.SetIPv4(lease2, gateway))
	s := h.status("with both prefixes", func(s status) bool { return len(s.Line.Delegated) == 2 })
	if s.Line.Prefix.String() != prefix1 {
		t.Errorf("the line's prefix is %v", s.Line.Prefix)
	}
	h.sent(full("&ip=203.0.113.7&ipv6prefix="+prefix1), full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// Of two that are equally good the published one stays, over a restart, too.
func twoAddressesThatTakeTurnsSendNothing(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv6"]`)
	a, b := netip.MustParsePrefix("2001:db8:64::a/64"), netip.MustParsePrefix("2001:db8:64::b/64")
	h.must(h.router.SetIPv4(lease, gateway))
	h.must(h.router.SetIPv6(a, netip.Prefix{}, netip.Prefix{})) // preferred for 1800 s
	h.must(h.router.AddAddr("eth0", b, netip.Addr{}, 1700, 3600))
	d := h.daemon()
	h.sent(full("&ip6=2001:db8:64::a"))
	h.state(update.StateCurrent)
	h.must(h.router.AddAddr("eth0", b, netip.Addr{}, 3000, 7200))
	d.signal(syscall.SIGTERM)
	d.end()
	h.daemon()
	h.status("as before", func(s status) bool {
		s1 := s.Accounts["home"]
		return s1.State == update.StateCurrent && s1.Want != nil && s1.Want.IPv6 == a.Addr()
	})
	h.must(h.router.AddAddr("eth0", b, netip.Addr{}, 36000, 72000)) // a's is less than half of that
	h.sent(full("&ip6=2001:db8:64::a"), full("&ip6=2001:db8:64::b"))
}

func theTokenGoesAsToldAndNeverInTheURL(t *testing.T) {
	for _, tt := range []struct{ auth, by, method, query, form string }{
		{"bearer", "bearer", "GET", full("&ip=203.0.113.7&ipv6prefix=" + prefix1), ""},
		{"basic", "basic", "GET", full("&ip=203.0.113.7&ipv6prefix=" + prefix1), ""},
		{"form", "form", "POST", "ipv6prefix=" + prefix1, "domain=home.ipv64.net&ip=203.0.113.7&token=" + theSecret},
	} {
		t.Run(tt.auth, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.more = append(h.more, `auth = "`+tt.auth+`"`)
			h.online()
			out, errs, code := h.homeward("once", "-c", h.configure())
			if code != 0 || !strings.Contains(out, "home: current") {
				t.Fatalf("once: exit %d\n%s%s", code, out, errs)
			}
			h.sent(tt.query)
			r := h.request(0)
			if r.By != tt.by || r.Method != tt.method || r.Key != theSecret || r.Form.Encode() != tt.form {
				t.Errorf("the request was %+v", r)
			}
		})
	}
}

func aRefusedOnlyprefixIsFollowedByOneFullUpdate(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.daemon()
	h.current(lease)
	refuse := updatetest.Answer{Status: 400, Body: `{"info":"onlyprefix is unknown","status":"400 Bad Request"}`}
	h.ipv64.Next(refuse)
	h.renumber()
	want := []string{full("&ip=203.0.113.7&ipv6prefix=" + prefix1), full("&ipv6prefix=" + prefix2 + "&onlyprefix=1"),
		full("&ip=203.0.113.7&ipv6prefix=" + prefix2)}
	h.sent(want...)
	h.current(lease)
	h.ipv64.Next(updatetest.Answer{Status: 400, Body: `{"info":"nohost","status":"400 Bad Request"}`}) // and now a full one
	h.must(h.router.SetIPv4(lease2, gateway))
	if s := h.state(update.StateStopped); !strings.Contains(s.Error, "the service has no such host") || s.Next != (status{}.Started) {
		t.Errorf("stopped with error %q, next %v", s.Error, s.Next)
	}
	h.sent(append(want, full("&ip=203.0.113.8&ipv6prefix="+prefix2))...)
}

// Of an account without addresses a full update would have none in it, and the
// service may take the connection's.
func withoutAnAddressNothingFollowsARefusedOnlyprefix(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["prefix"]`)
	h.online()
	h.daemon()
	h.state(update.StateCurrent)
	h.ipv64.Next(updatetest.Answer{Status: 400, Body: `{"info":"onlyprefix is unknown","status":"400 Bad Request"}`})
	h.renumber()
	// The text is not known: it may be the lock.
	if s := h.state(update.StateLimited); !strings.Contains(s.Error, "it may be locked") || time.Until(s.Next) < 9*time.Minute {
		t.Errorf("limited with error %q, next %v", s.Error, s.Next)
	}
	h.sent(full("&ipv6prefix="+prefix1+"&onlyprefix=1"), full("&ipv6prefix="+prefix2+"&onlyprefix=1"))
}

func aRedirectIsNotFollowed(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	elsewhere := http.Header{"Location": {h.url + "/elsewhere"}}
	h.ipv64.Next(updatetest.Answer{Status: 302, Header: elsewhere})
	d := h.daemon()
	h.current(lease)
	d.says("a redirect to 198.51.100.64/elsewhere, not followed")
	for _, r := range h.ipv64.Requests() {
		if r.Path != "/nic/update" {
			t.Errorf("a request went to %s", r.Path)
		}
	}
}

func aLimitThatTheServiceNamesIsWaitedForWhateverTheLineDoes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer updatetest.Answer
		wait   int
	}{
		{"429", updatetest.Answer{Status: 429, Body: `{"info":"Updateintervall overcommited","status":"429 Too Many Requests"}`}, 10},
		{"403", updatetest.Answer{Status: 403, Body: `{"info":"Updateintervall overcommited","status":"403 Forbidden"}`}, 10},
		{"Retry-After", updatetest.Answer{Status: 429, Header: http.Header{"Retry-After": {"120"}}}, 120},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			h.ipv64.Next(tt.answer)
			d := h.daemon()
			s := h.state(update.StateLimited)
			if wait := s.Next.Sub(h.request(0).At).Seconds(); wait < float64(tt.wait)-1.5 || wait > float64(tt.wait)+1.5 || s.Error == "" {
				t.Errorf("waits %.1f s, want %d; error %q", wait, tt.wait, s.Error)
			}
			h.must(h.router.SetIPv4(lease2, gateway))
			h.status("of the new line", func(s status) bool {
				a := s.Accounts["home"]
				return a.Want != nil && a.Want.IPv4 == lease2.Addr() && a.State == update.StateLimited
			})
			d.kill() // and a restart does not help
			out, _, code := h.homeward("once", "--force", "-c", h.configure())
			if code != 1 || !strings.Contains(out, "limited") {
				t.Errorf("once --force: exit %d, %s", code, out)
			}
			h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
		})
	}
}
