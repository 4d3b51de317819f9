package update

import (
	"context"
	"encoding/json"
	"fmt"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestServerNameSeesThroughSpellings(t *testing.T) {
	for base, want := range map[string]string{
		"https://ipv64.net": "ipv64.net", "https://IPv64.NET.": "ipv64.net", "https://ipv64.net:443": "ipv64.net", "https://ipv64.net.:8443/x": "ipv64.net",
		"https://ipv4.ipv64.net": "ipv64.net", "http://ipv6.ipv64.net:80/nic/update?a": "ipv64.net",
		"https://notipv64.net": "notipv64.net", "https://ipv64.net.example": "ipv64.net.example",
		"https://dyn.example.": "dyn.example", "https://dyn.example:443/a": "dyn.example", "https://dyn.example:80": "dyn.example:80",
		"http://dyn.example:80": "dyn.example", "http://127.0.0.1:8080/base": "127.0.0.1:8080", "https://[::1]": "[::1]", "https://[::1]:8443/base": "[::1]:8443",
	} {
		if got := service.ServerName(base); got != want {
			t.Errorf("ServerName(%q) = %q, want %q", base, got, want)
		}
	}
}

// quotaAccount is an account of ipv64 with another server and secret.
func quotaAccount(name, server, token string) *service.Account {
	a := ipv64Account()
	a.Name, a.Server, a.Secret, a.Domains = name, server, secret.New(token), []string{name + ".ipv64.net"}
	return a
}

func TestWhoseRequestsCountTogether(t *testing.T) {
	b := newData(clock.Now{})
	first := quotaAccount("a", "https://ipv64.net", "one")
	dyn := func(server, token string) *service.Account {
		return &service.Account{Service: "dyndns2", Server: server, Secret: secret.New(token)}
	}
	in := func(group string, a *service.Account) *service.Account {
		a.LimitGroup = group
		return a
	}
	tests := []struct {
		name     string
		a, b     *service.Account
		together bool
	}{
		{"another token of the account", first, quotaAccount("b", "https://ipv64.net", "two"), true},
		{"another host of IPv64", first, quotaAccount("b", "https://ipv4.ipv64.net:443", "two"), true},
		{"IPv64 as dyndns2", first, dyn("https://ipv64.net.", "two"), true},
		{"IPv64 by a template", first, &service.Account{Service: "template", Template: &service.Template{URL4: "http://ipv64.net/nic/update?key=[PASSWORD]&ip=[IP]"}}, true},
		{"a server of one's own", first, quotaAccount("b", "http://127.0.0.1:8080", "one"), false},
		{"two IPv64 accounts, by name", in("mine", quotaAccount("a", "https://ipv64.net", "one")), in("theirs", quotaAccount("b", "https://ipv64.net", "two")), false},
		{"one name", in("x", dyn("https://a.example", "1")), in("x", dyn("https://b.example", "2")), true},
		{"dyndns2, one secret", dyn("https://dyn.example", "1"), dyn("https://DYN.example.:443", "1"), true},
		{"dyndns2, two secrets", dyn("https://dyn.example", "1"), dyn("https://dyn.example", "2"), false},
		{"dyndns2, two servers", dyn("https://a.example", "1"), dyn("https://b.example", "1"), false},
	}
	for _, tt := range tests {
		if got := b.usageID(tt.a).quota == b.usageID(tt.b).quota; got != tt.together {
			t.Errorf("%s: counted together: %v", tt.name, got)
		}
	}
	if b.usageID(first).credential == b.usageID(tests[0].b).credential {
		t.Error("what is known of one token is believed of another")
	}
	if b.usageID(first).credential != b.usageID(quotaAccount("b", "https://ipv4.ipv64.net", "one")).credential {
		t.Error("one token at two hosts of IPv64 is two")
	}
}

// The limits are the service account's, however many tokens it has and however
// its server is spelled; the lowest that is configured holds for all.
func TestTheServiceCountsOneIPv64Account(t *testing.T) {
	servers := []string{"https://ipv64.net", "https://ipv4.ipv64.net", "https://ipv64.net.", "https://ipv64.net:443", "https://IPV64.net"}
	for _, limit := range []int{3, 1} {
		dir := updatetest.RAMDir(t)
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var arrivals []time.Duration
			begin := time.Now()
			clock := func() clock.Now {
				return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
			}
			exchange := func(_ context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
				if !ready(v4a) {
					return transport.Failed(transport.FaultCanceled, false, "given up")
				}
				mu.Lock()
				defer mu.Unlock()
				arrivals = append(arrivals, time.Since(begin))
				return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
			}
			r := own(OpenStore(dir, "", func(string) {}), loop.Parts{Exchange: exchange, Now: clock, Log: func(log.Level, string) {}}, nil, func(map[string]Status) {})
			var accounts []*service.Account
			for i, server := range servers {
				accounts = append(accounts, quotaAccount(fmt.Sprint("a", i), server, fmt.Sprint("token", i)))
			}
			accounts[2].Limit10s = limit
			r.set(accounts, sees(service.Values{IPv4: v4a}, accounts))
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			r.stop()
			if len(arrivals) != len(servers) {
				t.Fatalf("%d requests, want %d", len(arrivals), len(servers))
			}
			for i := limit; i < len(arrivals); i++ {
				if arrivals[i]-arrivals[i-limit] < 10*time.Second {
					t.Errorf("limit %d: requests at %v", limit, arrivals)
					break
				}
			}
		})
	}
}

// oldState writes what an older version left of accounts: n requests each.
func oldState(t *testing.T, dir string, now clock.Now, n int, accounts ...*service.Account) {
	b := newData(now)
	b.LegacyKeys = map[string]legacyKey{}
	for i, a := range accounts {
		var k legacyKey
		for j := range n {
			k.Reservations = append(k.Reservations, Reservation{Timestamp: clock.Now{Wall: now.Wall, Synced: true, Boot: now.Boot, Up: now.Up - time.Duration(j)*time.Minute}.Timestamp()})
		}
		k.Good = true
		if i == 0 {
			k.Locked, k.Until, k.Why = true, now.Up+5*time.Minute, "locked"
		} else {
			k.Until, k.Why = now.Up+time.Minute, "overcommited"
		}
		b.LegacyKeys[b.legacyKeyID(a)] = k
	}
	text, _ := json.Marshal(b)
	var old map[string]any
	if err := json.Unmarshal(text, &old); err != nil {
		t.Fatal(err)
	}
	delete(old, "quotas")
	delete(old, "credentials")
	text, _ = json.Marshal(old)
	if err := os.WriteFile(filepath.Join(dir, stateFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheStateOfAnOlderVersionGoesOnCounting(t *testing.T) {
	dir, now := t.TempDir(), at(30*time.Hour)
	one, two := quotaAccount("a", "https://ipv64.net", "one"), quotaAccount("b", "https://ipv4.ipv64.net", "two")
	later := quotaAccount("c", "https://ipv64.net", "three") // switched off for now
	oldState(t, dir, now, 5, one, two, later)
	enrolled := func(accounts ...*service.Account) *Data {
		s := OpenStore(dir, "", func(s string) { t.Error(s) })
		s.Update(now, func(b *Data) {
			for _, a := range accounts {
				b.syncConfig(a)
			}
		})
		return OpenStore(dir, "", func(string) {}).Read(now)
	}
	for range 2 { // the second time, nothing is counted twice
		b := enrolled(one, two)
		k := b.usage(b.usageID(one))
		if k.used(now) != 10 || k.Until != now.Up+time.Minute || !k.Good || k.Lock.until() != now.Up+5*time.Minute {
			t.Errorf("of two accounts with 5 requests each: %d counted, key %+v", k.used(now), k)
		}
		if k := b.usage(b.usageID(two)); k.Lock != nil || !k.Good {
			t.Errorf("the other token is locked, too: %+v", k.Credential)
		}
	}
	b := enrolled(one, two, later)
	if k := b.usage(b.usageID(later)); k.used(now) != 15 {
		t.Errorf("with the one that was switched off: %d counted, want 15", k.used(now))
	}
	now = at(60 * time.Hour)
	if b = enrolled(one, two, later); len(b.LegacyKeys) != 0 || b.usage(b.usageID(one)).used(now) != 0 {
		t.Errorf("a day later there is %+v", b.LegacyKeys)
	}
}

// An account that is given another limit group takes its count along.
func TestAnotherLimitGroupForgetsNoRequest(t *testing.T) {
	now := at(30 * time.Hour)
	b := newData(now)
	a, other := quotaAccount("a", "https://ipv64.net", "one"), quotaAccount("b", "https://ipv64.net", "two")
	b.syncConfig(a)
	b.syncConfig(other)
	id := b.usageID(a)
	b.Quotas[id.quota] = slots(7, now.Up-time.Hour).Quota
	used := func(a *service.Account) int { k := b.usage(b.usageID(a)); return k.used(now) }
	for _, group := range []string{"mine", "", "mine", ""} {
		a.LimitGroup, other.LimitGroup = group, group
		b.syncConfig(a)
		b.syncConfig(other)
		if used(a) != 7 || used(other) != 7 {
			t.Errorf("limit_group %q: %d and %d requests are counted, want 7", group, used(a), used(other))
		}
	}
	moved := quotaAccount("a", "https://elsewhere.example", "one")
	if b.syncConfig(moved); used(moved) != 0 {
		t.Errorf("at another server: %d requests are counted", used(moved))
	}
}

func TestAStepThatAForeignHandWroteIsOne(t *testing.T) {
	for _, step := range []int{-1 << 30, -1, 1 << 30} {
		if q := (Quota{Step: step}).limited(at(time.Hour), service.Result{}, 0); q.Until <= time.Hour {
			t.Errorf("step %d waits until %v", step, q.Until)
		}
	}
}
