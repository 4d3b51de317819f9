package state

import (
	"testing"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
)

// A stop of an account at a name server is lifted by another key, algorithm or zone.
func TestAnotherKeyOfANameServerLiftsAStop(t *testing.T) {
	account := func(f func(*service.Account)) *service.Account {
		a := &service.Account{Name: "own", Service: "rfc2136", Server: "dns://ns.example.org:53", Domains: []string{"home.example.org"},
			Username: "homeward", Secret: secret.New("c2VjcmV0"), Algorithm: "hmac-sha256"}
		f(a)
		return a
	}
	for name, tt := range map[string]struct {
		change func(*service.Account)
		lifts  bool
	}{
		"nothing":          {func(*service.Account) {}, false},
		"the key's name":   {func(a *service.Account) { a.Username = "router" }, true},
		"its algorithm":    {func(a *service.Account) { a.Algorithm = "hmac-sha512" }, true},
		"its secret":       {func(a *service.Account) { a.Secret = secret.New("YW5vdGhlcg==") }, true},
		"the zone":         {func(a *service.Account) { a.Zone = "example.org" }, true},
		"the server":       {func(a *service.Account) { a.Server = "dns://ns.example.org:5353" }, true},
		"the limits alone": {func(a *service.Account) { a.Limit24h = 100 }, false},
	} {
		b := New(clock.Now{})
		b.SyncConfig(account(func(*service.Account) {}))
		m := b.Accounts["own"]
		m.Stop = &Stop{Detail: "BADKEY"}
		b.Accounts["own"] = m
		b.SyncConfig(account(tt.change))
		if got := b.Accounts["own"].Stop == nil; got != tt.lifts {
			t.Errorf("%s changes: the stop is lifted: %v, want %v", name, got, tt.lifts)
		}
	}
}
