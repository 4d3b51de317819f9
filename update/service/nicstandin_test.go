package service

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// exchange sends one update to a stand-in and reads what it said.
func exchange(t *testing.T, p Protocol, a *Account, c Update) Result {
	t.Helper()
	r := p.Request(a, c)
	req, err := http.NewRequest(r.Method, r.URL.Reveal(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "homeward/1.0.0 (linux/arm64)")
	if user := r.User + r.Login.Reveal(); user != "" {
		req.SetBasicAuth(user, r.Password.Reveal())
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(a, c, transport.Answer{Status: resp.StatusCode, Body: body})
}

func TestDynDNS2WithItsStandIn(t *testing.T) {
	s := updatetest.NewDynDNS2()
	s.AddUser("alice", "made-up")
	s.AddHost("alice", "a.example")
	server := httptest.NewServer(s)
	defer server.Close()
	a := &Account{Username: "alice", Secret: secret.New("made-up"), Server: server.URL}

	r := exchange(t, dyndns2{}, a, callFor("a.example", "b.example"))
	if len(r.Hosts) != 2 || r.Hosts[0].Verdict != Accepted || r.Hosts[1].Verdict != Refused {
		t.Errorf("one host of two: %+v", r)
	}
	if v4, v6 := s.Records("a.example"); v4 != ip4 || v6 != ip6 {
		t.Errorf("records %v, %v", v4, v6)
	}
	by := templateAccount(Template{URL: server.URL + "/nic/update?hostname=[DOMAIN]&myip=[IP]", Answer: "^good |^nochg ", AllowHTTP: true})
	by.Template.URL = "http://[USERNAME]:[PASSWORD]@" + by.Template.URL[len("http://"):]
	s.AddUser(by.Username, by.Secret.Reveal())
	s.AddHost(by.Username, "home.example")
	if r := exchange(t, template{}, by, callFor("home.example")); r.Verdict != Accepted {
		t.Errorf("by a template: %+v", r)
	}
	a.Secret = secret.New("other")
	if r := exchange(t, dyndns2{}, a, callFor("a.example")); r.Verdict != Unauthorized {
		t.Errorf("wrong password: %+v", r)
	}
}

func TestSpdynWithItsStandIn(t *testing.T) {
	const host, old = "home.spdns.example", "old.spdns.example"
	s := updatetest.NewSpdyn()
	s.LineEach = true
	s.AddHost("alice", host, true)
	s.AddHost("alice", old, false)
	s.SetToken(host, "abcd-efgh-ijkl")
	s.SetToken(old, "abcd-efgh-ijkl")
	server := httptest.NewServer(s)
	defer server.Close()
	a := &Account{Token: true, Secret: secret.New("abcd-efgh-ijkl"), Server: server.URL}

	if r := exchange(t, spdyn{}, a, callFor(host)); r.Verdict != Accepted {
		t.Errorf("a line for each address: %+v", r)
	}
	if v4, v6 := s.Records(host); v4 != ip4 || v6 != ip6 {
		t.Errorf("records %v, %v", v4, v6)
	}
	if r := exchange(t, spdyn{}, a, callFor(old)); r.Verdict != Refused {
		t.Errorf("without an AAAA record: %+v", r)
	}
	var last Result
	for range 6 {
		last = exchange(t, spdyn{}, a, Update{Hosts: []string{host}, Values: Values{IPv4: netip.MustParseAddr("192.0.2.1")}})
	}
	if last.Verdict != Locked || last.Detail != "abuse: the host is locked for a while" {
		t.Errorf("repeated without a change: %+v", last)
	}
}
