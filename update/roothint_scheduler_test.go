package update

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// TestHintOutlivesARestart sends twice for one key, by two Schedulers on the same
// state, and once with a state that a foreign hand wrote.
func TestHintOutlivesARestart(t *testing.T) {
	dir, hint := t.TempDir(), strings.Repeat("r", transport.CAHintLen)
	a := &service.Account{Name: "a", Service: "ipv64", Server: "https://a.example", Domains: []string{"a.ipv64.net"}, Secret: secret.New("hunter2"), Limit24h: 9}
	sent := func() (roots []string) {
		exchange := func(_ context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
			if !ready(netip.MustParseAddr("192.0.2.1")) {
				t.Error("not sent")
			}
			roots = append(roots, r.CAHint)
			return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte("good"), CAHint: hint}}
		}
		now := func() clock.Now { return clock.Now{Boot: "b", Up: time.Hour, Wall: time.Unix(1e9, 0)} }
		parts := loop.Parts{Exchange: exchange, Now: now, Log: func(log.Level, string) {}}
		want := map[string]Desired{"a": {Values: service.Values{IPv4: netip.MustParseAddr("203.0.113.7")}}}
		sendOnce(state.Open(dir, "", func(s string) { t.Error(s) }), parts, []*service.Account{a}, Observation{Wants: want}, true)
		return roots
	}
	for i, want := range []string{"", hint} {
		if got := sent(); len(got) != 1 || got[0] != want {
			t.Errorf("request %d hints at %q, want %q", i, got, want)
		}
	}
	path := filepath.Join(dir, state.FileName)
	text := string(updatetest.ReadFile(t, path))
	long := strings.Replace(text, hint, strings.Repeat("x", 256<<10), 1)
	if err := os.WriteFile(path, []byte(long), 0o600); err != nil || long == text {
		t.Fatal(err)
	}
	if got := sent(); len(got) != 1 || got[0] != "" {
		t.Errorf("a hint of %d bytes is passed on", len(got[0]))
	}
}
