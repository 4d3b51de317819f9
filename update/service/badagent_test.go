package service

import (
	"testing"

	"homeward/update/secret"
	"homeward/update/transport"
)

// The operator of a service turns this program away with one word, whatever the
// service (openwrt/OPERATORS.md).
func TestBadagentTurnsEveryServiceAway(t *testing.T) {
	for _, a := range []*Account{
		{Service: "ipv64", Server: "https://ipv64.net"},
		{Service: "spdyn"},
		{Service: "dyndns2", Server: "https://dyn.example"},
		{Service: "template", Template: &Template{URL4: "https://dyn.example/?ip=[IP]", Answer: "good"}},
	} {
		a.Domains, a.Secret = []string{"a.example"}, secret.New("hunter2")
		s, ok := For(a)
		if !ok {
			t.Fatalf("no service %s", a.Service)
		}
		for _, status := range []int{200, 403} {
			r := s.Parse(a, Update{Hosts: a.Domains}, transport.Answer{Status: status, Body: []byte("badagent\n")})
			if r.Verdict != Refused || r.Hosts != nil || r.Hint == "" {
				t.Errorf("%s, status %d: %+v", a.Service, status, r)
			}
		}
	}
}
