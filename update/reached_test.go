package update

import (
	"context"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/secret"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKnownAddressesOutliveARestart: what an exchange brought is handed to the
// next one that goes to the same host by the same devices, and to no other;
// what does not hold any more is forgotten.
func TestKnownAddressesOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	up, seq := time.Hour, byte(0)
	exchange := func(a Account, out Outcome) (known string) {
		t.Helper()
		a.Name, a.Service, a.Domains, a.Secret = "a", "ipv64", []string{"a.ipv64.net"}, secret.New("hunter2")
		now := func() clock.Now { return clock.Now{Boot: "b", Up: up, Wall: time.Unix(1e9, 0)} }
		send := func(_ context.Context, r Request, ready BeforeSend) Outcome {
			known = joinAddrs(r.Known)
			if out.Answer != nil && !ready(v4a) {
				t.Error("not sent")
			}
			return out
		}
		parts := Parts{Exchange: send, Now: now, Log: func(log.Level, string) {}}
		seq++
		line := Observation{Wants: map[string]Desired{"a": {Values: Values{IPv4: netip.AddrFrom4([4]byte{203, 0, 113, seq})}}}}
		sendOnce(OpenStore(dir, "", func(s string) { t.Error(s) }), parts, []*Account{&a}, line, false)
		return known
	}
	good := func(addrs string) Outcome {
		return Outcome{Answer: &Answer{Status: 200, Body: []byte("good"), Known: splitAddrs(addrs)}}
	}
	lost := Outcome{Fault: &Fault{Kind: FaultConnect, Detail: "refused"}, Forget: splitAddrs(b1)}
	a, named := Account{Server: "https://a.example"}, Account{Server: "https://a.example", Device6: "wan6"}
	for i, step := range []struct {
		account Account
		out     Outcome
		want    string
	}{
		{a, good(b1 + " " + a1), ""},
		{a, good(a1 + " " + b1), b1 + " " + a1},
		{named, good(a1 + " " + b2), a1}, // IPv4 leaves as the routes say in both
		{a, lost, a1 + " " + b1},
		{a, good(a1), a1},
		{a, good(a1), a1},
		{named, good(a1), a1 + " " + b2},
		{Account{Server: "https://192.0.2.1"}, good(a1), ""},
	} {
		up += time.Minute
		if got := exchange(step.account, step.out); got != step.want {
			t.Errorf("exchange %d: %q is known, want %q", i, got, step.want)
		}
	}
	if text := string(readFile(t, filepath.Join(dir, stateFile))); strings.Contains(text, "a.example") {
		t.Errorf("the state names the host: %s", text)
	}
	up += reachedFor - 2*time.Minute
	if got := exchange(a, good(a1)); got != a1 {
		t.Errorf("before a week is over: %q", got)
	}
	up += reachedFor + time.Minute
	if got := exchange(a, good("")); got != "" {
		t.Errorf("after a week: %q", got)
	}
	if text := string(readFile(t, filepath.Join(dir, stateFile))); strings.Contains(text, "addrs") {
		t.Errorf("after a week the state keeps %s", text)
	}
}

// A state that would change by nothing but forgetting what was forgotten is not
// written.
func TestForgettingWritesNothingWhereNothingChanges(t *testing.T) {
	dir := t.TempDir()
	now := clock.Now{Boot: "b", Up: time.Hour, Wall: time.Unix(1e9, 0)}
	s := OpenStore(dir, "", func(s string) { t.Error(s) })
	p, id := s.Cached(now).destination(Request{URL: secret.Text{}.Plain("https://a.example")}), usageID{"q", "c"}
	s.Update(now, func(b *Data) { b.setUsage(id, b.usage(id).remember(now, p, splitAddrs(a1))) })
	before := ReadStamp(StatePath(dir))
	s.Update(now, func(b *Data) { b.setUsage(id, b.usage(id).forget(p, splitAddrs(b1))) })
	if after := ReadStamp(StatePath(dir)); before == (Stamp{}) || after != before {
		t.Errorf("the state was written again: %v, %v", before, after)
	}
	s.Update(now, func(b *Data) { b.setUsage(id, b.usage(id).forget(p, splitAddrs(a1))) })
	if ReadStamp(StatePath(dir)) == before {
		t.Error("the state still has what was forgotten")
	}
}
