package main

import (
	"net/netip"
	"strings"
	"testing"

	"homeward/update"
	"homeward/update/updatetest"
)

func mustPrefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// Of two hosts in one request one is refused: it is named and not asked again,
// the other goes on.
func TestDyndns2RefusesOneOfTwoHosts(t *testing.T) {
	h := newSite(t)
	s := updatetest.NewDynDNS2()
	s.AddUser("me", "hunter2")
	s.AddHost("me", "home.example.org")
	h.lineUp()
	h.run(`
[account.home]
service = "dyndns2"
server = "` + h.serve(serviceAddr, s) + `"
domains = ["home.example.org", "other.example.org"]
username = "me"
password = "hunter2"
publish = ["ipv4"]
`)
	a := h.becomes("home", update.StateStopped, update.Values{IPv4: wan4.Addr()})
	if !strings.Contains(a.Error, "other.example.org: nohost") || !strings.Contains(h.stderr.String(), "other.example.org: nohost") {
		t.Errorf("status says %q", a.Error)
	}
	next := mustPrefix("85.10.20.78/24")
	must(t, h.SetIPv4(next, gateway4))
	h.becomes("home", update.StateStopped, update.Values{IPv4: next.Addr()})
	var queries []string
	for _, r := range s.Requests() {
		queries = append(queries, r.Query)
		if !strings.HasPrefix(r.Agent, "homeward/") || r.User != "me" {
			t.Errorf("request %+v", r)
		}
	}
	want := "hostname=home.example.org,other.example.org&myip=85.10.20.77 hostname=home.example.org&myip=85.10.20.78"
	if got := strings.Join(queries, " "); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	h.noSecret("hunter2")
}
