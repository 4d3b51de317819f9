package update

import (
	"context"
	"fmt"
	"net/netip"
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

// TestKnownAddressesOutliveARestart: what an exchange brought is handed to the
// next one that goes to the same host by the same devices, and to no other;
// what does not hold any more is forgotten.
func TestKnownAddressesOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	up, seq := time.Hour, byte(0)
	exchange := func(a service.Account, out transport.Outcome) (known string) {
		t.Helper()
		a.Name, a.Service, a.Domains, a.Secret = "a", "ipv64", []string{"a.ipv64.net"}, secret.New("hunter2")
		now := func() clock.Now { return clock.Now{Boot: "b", Up: up, Wall: time.Unix(1e9, 0)} }
		send := func(_ context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
			known = strings.Trim(fmt.Sprint(r.Known), "[]")
			if out.Answer != nil && !ready(v4a) {
				t.Error("not sent")
			}
			return out
		}
		parts := loop.Parts{Exchange: send, Now: now, Log: func(log.Level, string) {}}
		seq++
		line := Observation{Wants: map[string]Desired{"a": {Values: service.Values{IPv4: netip.AddrFrom4([4]byte{203, 0, 113, seq})}}}}
		sendOnce(state.Open(dir, "", func(s string) { t.Error(s) }), parts, []*service.Account{&a}, line, false)
		return known
	}
	good := func(addrs string) transport.Outcome {
		return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte("good"), Known: updatetest.Addrs(addrs)}}
	}
	lost := transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultConnect, Detail: "refused"}, Forget: updatetest.Addrs(ipB)}
	a, named := service.Account{Server: "https://a.example"}, service.Account{Server: "https://a.example", Device6: "wan6"}
	for i, step := range []struct {
		account service.Account
		out     transport.Outcome
		want    string
	}{
		{a, good(ipB + " " + ipA), ""},
		{a, good(ipA + " " + ipB), ipB + " " + ipA},
		{named, good(ipA + " " + ipC), ipA}, // IPv4 leaves as the routes say in both
		{a, lost, ipA + " " + ipB},
		{a, good(ipA), ipA},
		{a, good(ipA), ipA},
		{named, good(ipA), ipA + " " + ipC},
		{service.Account{Server: "https://192.0.2.1"}, good(ipA), ""},
	} {
		up += time.Minute
		if got := exchange(step.account, step.out); got != step.want {
			t.Errorf("exchange %d: %q is known, want %q", i, got, step.want)
		}
	}
	if text := string(updatetest.ReadFile(t, filepath.Join(dir, state.FileName))); strings.Contains(text, "a.example") {
		t.Errorf("the state names the host: %s", text)
	}
	up += 7*clock.Day - 2*time.Minute
	if got := exchange(a, good(ipA)); got != ipA {
		t.Errorf("before a week is over: %q", got)
	}
	up += 7*clock.Day + time.Minute
	if got := exchange(a, good("")); got != "" {
		t.Errorf("after a week: %q", got)
	}
	if text := string(updatetest.ReadFile(t, filepath.Join(dir, state.FileName))); strings.Contains(text, "addrs") {
		t.Errorf("after a week the state keeps %s", text)
	}
}

const ipA, ipB, ipC = "192.0.2.1", "2001:db8::1", "2001:db8::2"
