package service

import (
	"net/netip"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/updatetest/golden"
)

func TestGoldenRequests(t *testing.T) {
	both := Values{IPv4: ip4, IPv6: ip6, Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
	user := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://update.spdyn.de", Device4: "pppoe-wan"}
	token := Account{Token: true, Secret: secret.New("abcd-efgh-ijkl"), Server: "https://update.spdyn.de"}
	dyn := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://dyn.example"}
	whole := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://dyn.example/nic/update"}
	tests := []struct {
		file, name string
		p          Protocol
		a          Account
		c          Update
	}{
		{"spdyn", "a token: the user is the host", spdyn{}, token, Update{Hosts: []string{"home.spdns.example"}, Values: both}},
		{"spdyn", "a token: IPv4 alone", spdyn{}, token, Update{Hosts: []string{"home.spdns.example"}, Values: Values{IPv4: ip4}}},
		{"spdyn", "user and password: several hosts, by a device", spdyn{}, user, Update{Hosts: []string{"a.spdns.example", "b.spdns.example"}, Values: both}},
		{"dyndns2", "both addresses", dyndns2{}, dyn, Update{Hosts: []string{"a.example", "b.example"}, Values: both}},
		{"dyndns2", "IPv6 alone", dyndns2{}, dyn, Update{Hosts: []string{"a.example"}, Values: Values{IPv6: ip6}}},
		{"dyndns2", "the whole address as server", dyndns2{}, whole, Update{Hosts: []string{"a.example"}, Values: Values{IPv4: ip4}}},
	}
	got := map[string]string{}
	for _, tt := range tests {
		r := tt.p.Request(&tt.a, tt.c)
		got[tt.file] += "# " + tt.name + "\n" + golden.Request(r) + "\n"
		if r.Password.Reveal() != tt.a.Secret.Reveal() || strings.Contains(r.URL.Reveal(), tt.a.Secret.Reveal()) {
			t.Errorf("%s: the secret is not in the header alone", tt.name)
		}
	}
	for file, text := range got {
		golden.Compare(t, file, text)
	}
}

func TestServices(t *testing.T) {
	token, user := &Account{Token: true}, &Account{OneAddress: true}
	if s := spdynService(token); s.MaxHosts != 1 || s.OneAddress || s.DeletesUnnamed || s.Server != "https://update.spdyn.de" {
		t.Errorf("spdyn with a token: %+v", s)
	}
	if s := spdynService(user); s.MaxHosts != 20 {
		t.Errorf("spdyn with a password: %+v", s)
	}
	if s := dyndns2Service(user); s.MaxHosts != 20 || !s.OneAddress || s.DeletesUnnamed || s.Server != "" {
		t.Errorf("dyndns2, one address a request: %+v", s)
	}
	if s := dyndns2Service(&Account{}); s.OneAddress || !s.DeletesUnnamed {
		t.Errorf("dyndns2: %+v", s)
	}
	families := &Account{Template: &Template{URL4: "https://x.example/"}}
	if s := templateService(families); s.MaxHosts != 1 || !s.OneAddress || s.PrefixOnly || s.DeletesUnnamed {
		t.Errorf("a template with url4: %+v", s)
	}
	all := &Account{Template: &Template{URL: "https://x.example/?a=[IP]&p=[PREFIX]"}}
	if s := templateService(all); s.MaxHosts != 1 || s.OneAddress || s.PrefixOnly || !s.DeletesUnnamed {
		t.Errorf("a template with url: %+v", s)
	}
}
