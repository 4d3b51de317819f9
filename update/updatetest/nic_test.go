package updatetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const agent = "homeward/1.0.0 (linux/arm64)"

// askNIC sends one update by Basic auth and returns the answer's lines, joined by |.
func askNIC(h http.Handler, agent, user, password, query string) string {
	r := httptest.NewRequest("GET", "/nic/update?"+query, nil)
	r.Header.Set("User-Agent", agent)
	r.SetBasicAuth(user, password)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return strings.Join(strings.Fields(strings.ReplaceAll(w.Body.String(), " ", "_")), "|")
}

func TestDynDNS2KeepsTheRules(t *testing.T) {
	s := NewDynDNS2()
	s.AddUser("alice", "made-up")
	s.AddHost("alice", "a.example")
	s.AddHost("alice", "b.example")
	s.AddHost("bob", "c.example")
	tests := []struct{ name, agent, user, password, query, want string }{
		{"a line for each host, in the order asked", agent, "alice", "made-up", "hostname=b.example,x.example,a.example,c.example,d&myip=192.0.2.1,2001:db8::1",
			"good_192.0.2.1,2001:db8::1|nohost|good_192.0.2.1,2001:db8::1|!yours|notfqdn"},
		{"unchanged", agent, "alice", "made-up", "hostname=a.example&myip=192.0.2.1", "nochg_192.0.2.1"},
		{"without an address the connection's", agent, "alice", "made-up", "hostname=a.example", "good_192.0.2.1"},
		{"20 hosts", agent, "alice", "made-up", "hostname=" + strings.Repeat("x.example,", 19) + "x.example&myip=192.0.2.1", strings.Repeat("nohost|", 19) + "nohost"},
		{"21 hosts", agent, "alice", "made-up", "hostname=" + strings.Repeat("x.example,", 20) + "x.example&myip=192.0.2.1", "numhost"},
		{"wrong password", agent, "alice", "other", "hostname=a.example", "badauth"},
		{"no user", agent, "", "", "hostname=a.example", "badauth"},
		{"no agent", "", "alice", "made-up", "hostname=a.example", "badagent"},
		{"a library's agent", "Go-http-client/1.1", "alice", "made-up", "hostname=a.example", "badagent"},
		{"an agent without a platform", "homeward/1.0.0", "alice", "made-up", "hostname=a.example", "badagent"},
		{"no host", agent, "alice", "made-up", "myip=192.0.2.1", "notfqdn"},
		{"no address", agent, "alice", "made-up", "hostname=a.example&myip=home", "badsys"},
		{"two of one family", agent, "alice", "made-up", "hostname=a.example&myip=192.0.2.1,192.0.2.2", "badsys"},
	}
	for _, tt := range tests {
		if tt.name == "without an address the connection's" {
			s.AddHost("alice", "a.example") // httptest's requests come from 192.0.2.1, too
		}
		if got := askNIC(s, tt.agent, tt.user, tt.password, tt.query); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := s.Requests(); len(got) != len(tests) || got[0].User != "alice" || got[5].Answer != "badauth" {
		t.Errorf("%d requests seen: %+v", len(got), got)
	}
	if v4, v6 := s.Records("b.example"); v4 != netip.MustParseAddr("192.0.2.1") || v6 != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("records %v, %v", v4, v6)
	}
	s.OneAddress = true
	if got := askNIC(s, agent, "alice", "made-up", "hostname=a.example&myip=192.0.2.1,2001:db8::1"); got != "badsys" {
		t.Errorf("two addresses where one is wanted: %s", got)
	}
	s.Say("911")
	if got := askNIC(s, agent, "alice", "made-up", "hostname=a.example&myip=192.0.2.1"); got != "911" {
		t.Errorf("in trouble: %s", got)
	}
}

func TestHostIsLockedAfterRepeatedNochg(t *testing.T) {
	h, now, ips := &nicHost{}, time.Now(), []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	var said []string
	for _, wait := range []time.Duration{0, 2 * time.Minute, 2 * time.Minute, 1, 1, 1, 1, 1, 11 * time.Minute} {
		now = now.Add(wait)
		said = append(said, h.update(now, ips))
	}
	if got, want := fmt.Sprint(said), "[good nochg nochg nochg nochg nochg nochg abuse nochg]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSpdynKeepsTheRules(t *testing.T) {
	s := NewSpdyn()
	s.AddUser("alice", "made-up", false)
	s.AddUser("carol", "made-up", true)
	s.AddHost("alice", "a.spdns.example", true)
	s.AddHost("alice", "b.spdns.example", false)
	s.AddHost("carol", "c.spdns.example", true)
	s.SetToken("a.spdns.example", "abcd-efgh-ijkl")
	s.SetToken("b.spdns.example", "old")
	s.SetToken("b.spdns.example", "mnop-qrst-uvwx")
	s.SetToken("c.spdns.example", "yzab-cdef-ghij")
	tests := []struct{ name, user, password, query, want string }{
		{"a token, both addresses in one request", "a.spdns.example", "abcd-efgh-ijkl", "hostname=a.spdns.example&myip=198.51.100.7,2001:db8::1", "good_198.51.100.7,2001:db8::1"},
		{"a token of another host", "b.spdns.example", "abcd-efgh-ijkl", "hostname=b.spdns.example&myip=192.0.2.1", "badauth"},
		{"a token for another host", "a.spdns.example", "abcd-efgh-ijkl", "hostname=b.spdns.example&myip=192.0.2.1", "badauth"},
		{"a token for a list", "a.spdns.example", "abcd-efgh-ijkl", "hostname=a.spdns.example,b.spdns.example&myip=192.0.2.1", "numhost"},
		{"a token made anew", "b.spdns.example", "old", "hostname=b.spdns.example&myip=192.0.2.1", "badauth"},
		{"no AAAA record", "b.spdns.example", "mnop-qrst-uvwx", "hostname=b.spdns.example&myip=192.0.2.1,2001:db8::1", "nohost"},
		{"IPv4 alone needs none", "b.spdns.example", "mnop-qrst-uvwx", "hostname=b.spdns.example&myip=192.0.2.1", "good_192.0.2.1"},
		{"a password, several hosts", "alice", "made-up", "hostname=a.spdns.example,c.spdns.example,x.example,y&myip=198.51.100.7", "nochg_198.51.100.7|!yours|nohost|notfqdn"},
		{"a reseller's password", "carol", "made-up", "hostname=c.spdns.example&myip=192.0.2.1", "badauth"},
		{"a reseller's token", "c.spdns.example", "yzab-cdef-ghij", "hostname=c.spdns.example&myip=192.0.2.1", "good_192.0.2.1"},
		{"a private address is replaced", "a.spdns.example", "abcd-efgh-ijkl", "hostname=a.spdns.example&myip=192.168.1.2", "good_192.0.2.1"},
	}
	for _, tt := range tests {
		if got := askNIC(s, agent, tt.user, tt.password, tt.query); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	s.SwitchOff("a.spdns.example", true)
	if got := askNIC(s, agent, "alice", "made-up", "hostname=a.spdns.example&myip=192.0.2.9"); got != "fatal" {
		t.Errorf("switched off: %s", got)
	}
	s.SwitchOff("a.spdns.example", false)
	s.LineEach = true
	if got := askNIC(s, agent, "alice", "made-up", "hostname=a.spdns.example&myip=192.0.2.9,2001:db8::1"); got != "good_192.0.2.9|good_2001:db8::1" {
		t.Errorf("a line for each address: %s", got)
	}
	if v4, v6 := s.Records("a.spdns.example"); v4 != netip.MustParseAddr("192.0.2.9") || v6 != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("records %v, %v", v4, v6)
	}
	if got := askNIC(s, "curl/8.0 (x)", "alice", "made-up", "hostname=a.spdns.example"); got != "badagent" || len(s.Requests()) != len(tests)+3 {
		t.Errorf("%s, %d requests seen", got, len(s.Requests()))
	}
}

func TestOnlyGETOfNicUpdate(t *testing.T) {
	for _, h := range []http.Handler{NewDynDNS2(), NewSpdyn()} {
		for target, want := range map[string]int{"GET /": 404, "POST /nic/update": 405} {
			method, path, _ := strings.Cut(target, " ")
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest(method, path, nil)); w.Code != want {
				t.Errorf("%T: %s: HTTP %d, want %d", h, target, w.Code, want)
			}
		}
	}
}
