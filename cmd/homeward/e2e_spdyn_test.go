package main

import (
	"strings"
	"testing"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// A token belongs to one host; both addresses go in one request. When the
// host's owner makes a new token the account stops and says what to do.
func TestSpdynByToken(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewSpdyn()
	s.AddHost("owner", "home.spdns.org", true)
	s.SetToken("home.spdns.org", "abcd-efgh-ijkl")
	h.serve(other+":443", s, updatetest.Options{})
	h.lineUp()
	d := h.run(`
[account.home]
service = "spdyn"
server = "https://198.51.100.5"
domains = ["home.spdns.org"]
token = "abcd-efgh-ijkl"
`)
	both := service.Values{IPv4: lease.Addr(), IPv6: wan6.Addr()}
	h.becomes("home", update.StateCurrent, both)
	asked := s.Requests()
	if len(asked) != 1 || asked[0].User != "home.spdns.org" || asked[0].Query != "hostname=home.spdns.org&myip=203.0.113.7,2001:db8:64::7" {
		t.Errorf("requests %+v", asked)
	}
	if v4, v6 := s.Records("home.spdns.org"); v4 != both.IPv4 || v6 != both.IPv6 {
		t.Errorf("the host has %v, %v", v4, v6)
	}
	s.SetToken("home.spdns.org", "mnop-qrst-uvwx")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.status("refused for good, after the time of a lock", func(s status) bool {
		a := s.Accounts["home"]
		return a.State == update.StateLimited && strings.Contains(a.Error, "badauth: the token is not valid for this host")
	})
	d.noSecret("abcd-efgh-ijkl")
}
