package main

import (
	"strings"
	"testing"

	"homeward/update"
	"homeward/update/updatetest"
)

// A token belongs to one host; both addresses go in one request. When the
// host's owner makes a new token the account stops and says what to do.
func TestSpdynByToken(t *testing.T) {
	h := newSite(t)
	s := updatetest.NewSpdyn()
	s.AddHost("owner", "home.spdns.org", true)
	s.SetToken("home.spdns.org", "abcd-efgh-ijkl")
	h.lineUp()
	h.run(`
[account.home]
service = "spdyn"
server = "` + h.serve(serviceAddr, s) + `"
domains = ["home.spdns.org"]
token = "abcd-efgh-ijkl"
`)
	both := update.Values{IPv4: wan4.Addr(), IPv6: siteWan6.Addr()}
	h.becomes("home", update.StateCurrent, both)
	asked := s.Requests()
	if len(asked) != 1 || asked[0].User != "home.spdns.org" || asked[0].Query != "hostname=home.spdns.org&myip=85.10.20.77,2001:db8:5::77" {
		t.Errorf("requests %+v", asked)
	}
	if v4, v6 := s.Records("home.spdns.org"); v4 != both.IPv4 || v6 != both.IPv6 {
		t.Errorf("the host has %v, %v", v4, v6)
	}
	s.SetToken("home.spdns.org", "mnop-qrst-uvwx")
	must(t, h.SetIPv4(mustPrefix("85.10.20.78/24"), gateway4))
	h.until("refused for good, after the time of a lock", func() bool {
		a := h.status().Accounts["home"]
		return a.State == update.StateLimited && strings.Contains(a.Error, "badauth: the token is not valid for this host")
	})
	h.noSecret("abcd-efgh-ijkl")
}
