package main

import (
	"strings"
	"testing"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// Of two hosts in one request one is refused: it is named and not asked again,
// the other goes on.
func TestDyndns2RefusesOneOfTwoHosts(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewDynDNS2()
	s.AddUser("me", "hunter2")
	s.AddHost("me", "home.example.org")
	h.serve(other+":443", s, updatetest.Options{})
	h.lineUp()
	d := h.run(`
[account.home]
service = "dyndns2"
server = "https://198.51.100.5"
domains = ["home.example.org", "other.example.org"]
username = "me"
password = "hunter2"
publish = ["ipv4"]
`)
	a := h.becomes("home", update.StateStopped, service.Values{IPv4: lease.Addr()})
	if !strings.Contains(a.Error, "other.example.org: nohost") {
		t.Errorf("status says %q", a.Error)
	}
	d.says("other.example.org: nohost")
	d.says("has accepted 203.0.113.7 for home.example.org (")
	d.says("Nothing more is sent for refused hosts until")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.becomes("home", update.StateStopped, service.Values{IPv4: lease2.Addr()})
	d.says("has accepted 203.0.113.8")
	d.saysOnce("Nothing more is sent", 1)
	var queries []string
	for _, r := range s.Requests() {
		queries = append(queries, r.Query)
		if !strings.HasPrefix(r.Agent, "homeward/") || r.User != "me" {
			t.Errorf("request %+v", r)
		}
	}
	want := "hostname=home.example.org,other.example.org&myip=203.0.113.7 hostname=home.example.org&myip=203.0.113.8"
	if got := strings.Join(queries, " "); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	d.noSecret("hunter2")
}
