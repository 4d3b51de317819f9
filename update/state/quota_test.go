package state

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
)

// quotaAccount is an account of ipv64 with another server and secret.
func quotaAccount(name, server, token string) *service.Account {
	a := homeAccount()
	a.Name, a.Server, a.Secret, a.Domains = name, server, secret.New(token), []string{name + ".ipv64.net"}
	return a
}

func TestWhoseRequestsCountTogether(t *testing.T) {
	b := New(clock.Now{})
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
		if got := b.UsageID(tt.a).Quota == b.UsageID(tt.b).Quota; got != tt.together {
			t.Errorf("%s: counted together: %v", tt.name, got)
		}
	}
	if b.UsageID(first).Credential == b.UsageID(tests[0].b).Credential {
		t.Error("what is known of one token is believed of another")
	}
	if b.UsageID(first).Credential != b.UsageID(quotaAccount("b", "https://ipv4.ipv64.net", "one")).Credential {
		t.Error("one token at two hosts of IPv64 is two")
	}
}

// oldState writes what an older version left of accounts: n requests each.
func oldState(t *testing.T, dir string, now clock.Now, n int, accounts ...*service.Account) {
	b := New(now)
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
	if err := os.WriteFile(filepath.Join(dir, FileName), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheStateOfAnOlderVersionGoesOnCounting(t *testing.T) {
	dir, now := t.TempDir(), upAt(30*time.Hour)
	one, two := quotaAccount("a", "https://ipv64.net", "one"), quotaAccount("b", "https://ipv4.ipv64.net", "two")
	later := quotaAccount("c", "https://ipv64.net", "three") // switched off for now
	oldState(t, dir, now, 5, one, two, later)
	enrolled := func(accounts ...*service.Account) *Data {
		s := Open(dir, "", func(s string) { t.Error(s) })
		s.Update(now, func(b *Data) {
			for _, a := range accounts {
				b.SyncConfig(a)
			}
		})
		return Open(dir, "", func(string) {}).Read(now)
	}
	for range 2 { // the second time, nothing is counted twice
		b := enrolled(one, two)
		k := b.Usage(b.UsageID(one))
		if k.Used(now) != 10 || k.Until != now.Up+time.Minute || !k.Good || k.Lock.End() != now.Up+5*time.Minute {
			t.Errorf("of two accounts with 5 requests each: %d counted, key %+v", k.Used(now), k)
		}
		if k := b.Usage(b.UsageID(two)); k.Lock != nil || !k.Good {
			t.Errorf("the other token is locked, too: %+v", k.Credential)
		}
	}
	b := enrolled(one, two, later)
	if k := b.Usage(b.UsageID(later)); k.Used(now) != 15 {
		t.Errorf("with the one that was switched off: %d counted, want 15", k.Used(now))
	}
	now = upAt(60 * time.Hour)
	if b = enrolled(one, two, later); len(b.LegacyKeys) != 0 || b.Usage(b.UsageID(one)).Used(now) != 0 {
		t.Errorf("a day later there is %+v", b.LegacyKeys)
	}
}

// An account that is given another limit group takes its count along.
func TestAnotherLimitGroupForgetsNoRequest(t *testing.T) {
	now := upAt(30 * time.Hour)
	b := New(now)
	a, other := quotaAccount("a", "https://ipv64.net", "one"), quotaAccount("b", "https://ipv64.net", "two")
	b.SyncConfig(a)
	b.SyncConfig(other)
	id := b.UsageID(a)
	b.Quotas[id.Quota] = usedSlots(7, now.Up-time.Hour).Quota
	used := func(a *service.Account) int { k := b.Usage(b.UsageID(a)); return k.Used(now) }
	for _, group := range []string{"mine", "", "mine", ""} {
		a.LimitGroup, other.LimitGroup = group, group
		b.SyncConfig(a)
		b.SyncConfig(other)
		if used(a) != 7 || used(other) != 7 {
			t.Errorf("limit_group %q: %d and %d requests are counted, want 7", group, used(a), used(other))
		}
	}
	moved := quotaAccount("a", "https://elsewhere.example", "one")
	if b.SyncConfig(moved); used(moved) != 0 {
		t.Errorf("at another server: %d requests are counted", used(moved))
	}
}

func TestAStepThatAForeignHandWroteIsOne(t *testing.T) {
	for _, step := range []int{-1 << 30, -1, 1 << 30} {
		if q := (Quota{Step: step}).Limited(upAt(time.Hour), service.Result{}, ReasonServiceLimit, 0); q.Until <= time.Hour {
			t.Errorf("step %d waits until %v", step, q.Until)
		}
	}
}
