package ipv64api

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// apiBench is a client whose calls reach a stand-in without a network, on the
// bubble's clock.
type apiBench struct {
	*Client
	api     *updatetest.IPv64API
	dir     string
	said    []string
	fault   *transport.Fault // in place of an answer
	between func()           // called after the connection stands, before ready
}

func newAPIBench(t *testing.T) *apiBench {
	b := &apiBench{api: standInAPI(), dir: t.TempDir()}
	b.open()
	return b
}

// open starts the program anew.
func (b *apiBench) open() {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of every bubble
	b.Client = &Client{
		API: testAPI, Store: state.Open(b.dir, "", func(s string) { b.said = append(b.said, s) }),
		Say: func(s string) { b.said = append(b.said, s) },
		Now: func() clock.Now {
			return clock.Now{Wall: time.Now(), Synced: true, Boot: "boot", Up: time.Hour + time.Since(begin)}
		},
		Exchange: func(_ context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
			if b.fault != nil && !b.fault.Sent {
				return transport.Outcome{Fault: b.fault}
			}
			if b.between != nil {
				b.between()
			}
			if !ready(netip.MustParseAddr("192.0.2.1")) {
				return transport.Failed(transport.FaultCanceled, false, "given up before anything was sent")
			}
			if state, _ := os.ReadFile(filepath.Join(b.dir, state.FileName)); !strings.Contains(string(state), `"open":true`) {
				panic("the slot is not on disk before the request leaves")
			}
			a := askAPI(b.api, r)
			if b.fault != nil {
				return transport.Outcome{Fault: b.fault}
			}
			return transport.Outcome{Answer: &a}
		},
	}
	b.api.Now = time.Now
}

func TestTheShortLimitIsWaitedForAndSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		begin := time.Now()
		for i := range 6 {
			if i == 3 {
				b.open() // a restart changes nothing
			}
			if a, err := b.Do(t.Context(), Call{Name: Logs}); err != nil || a.Verdict != service.Accepted {
				t.Fatalf("call %d: %+v, %v", i+1, a.Result, err)
			}
		}
		if took := time.Since(begin); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("six calls took %v", took)
		}
		if len(b.said) != 1 || b.said[0] != "5 calls in 10 seconds are as many as the service takes: waiting 10.2s" {
			t.Errorf("said %q", b.said)
		}
	})
}

func TestTheDailyLimitEndsTheCallAndSaysWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		for range 64 {
			if _, err := b.Do(t.Context(), Call{Name: Logs}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		_, err := b.Do(t.Context(), Call{Name: Logs})
		if err == nil || !strings.HasPrefix(err.Error(), "64 calls in 24 hours are as many as the service takes: come back in 13h21m, at ") {
			t.Fatalf("the 65th: %v", err)
		}
		if n := len(b.api.Requests()); n != 64 {
			t.Errorf("%d requests arrived", n)
		}
		time.Sleep(13*time.Hour + 21*time.Minute)
		if _, err := b.Do(t.Context(), Call{Name: Logs}); err != nil {
			t.Errorf("a day later: %v", err)
		}
		for _, r := range b.api.Requests() {
			if r.Over {
				t.Fatal("the service saw its limit exceeded")
			}
		}
	})
}

func TestAConnectionThatFailsCostsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		used := func() int { k := b.Store.Read(b.Now()); return b.keyIn(k).Used(b.Now()) }
		b.fault = &transport.Fault{Kind: transport.FaultConnect, Detail: "no route"}
		if _, err := b.Do(t.Context(), Call{Name: Logs}); err == nil || err.Error() != "no route" || used() != 0 {
			t.Errorf("never sent: %v, %d used", err, used())
		}
		b.fault = &transport.Fault{Kind: transport.FaultSent, Sent: true, Detail: "could not confirm"}
		_, err := b.Do(t.Context(), Call{Name: AddDomain, Target: "x.ipv64.net"})
		if err == nil || err.Error() != "could not confirm: it may have been done, homeward ipv64 domains shows it" || used() != 1 {
			t.Errorf("sent: %v, %d used", err, used())
		}
	})
}

func TestALimitThatTheServiceNamesIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		over := updatetest.Answer{Status: 429, Body: `{"info":"error","get_logs":"Updateintervall overcommited"}`}
		b.api.Next(over)
		a, err := b.Do(t.Context(), Call{Name: Logs})
		if err != nil || a.Verdict != service.Accepted || len(b.said) != 1 || b.said[0] != "the service says: HTTP 429: Updateintervall overcommited: waiting 10s" {
			t.Errorf("%+v, %v, said %q", a.Result, err, b.said)
		}
		b.api.Next(over, over)
		_, err = b.Do(t.Context(), Call{Name: Logs})
		if err == nil || !strings.HasPrefix(err.Error(), "the service says: HTTP 429: Updateintervall overcommited: come back in 1m, at ") {
			t.Errorf("twice: %v", err)
		}
		sent := len(b.api.Requests())
		b.open()
		if _, err := b.Do(t.Context(), Call{Name: Logs}); err == nil || len(b.api.Requests()) != sent {
			t.Errorf("a new start forgets what the service named: %v", err)
		}
		time.Sleep(time.Minute)
		over.Header = map[string][]string{"Retry-After": {"30"}}
		b.api.Next(over)
		if _, err := b.Do(t.Context(), Call{Name: Logs}); err == nil || !strings.Contains(err.Error(), "come back in 30s, at") {
			t.Errorf("half a minute: %v", err)
		}
		time.Sleep(time.Minute)
		over.Header = map[string][]string{"Retry-After": {"3600"}}
		b.api.Next(over)
		if _, err := b.Do(t.Context(), Call{Name: Logs}); err == nil || !strings.Contains(err.Error(), "come back in 1h0m, at") {
			t.Errorf("an hour: %v", err)
		}
	})
}

func TestTwoProcessesShareTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		other := newAPIBench(t)
		other.dir, other.api = b.dir, b.api
		other.open()
		b.between = func() {
			b.between = nil
			for range 5 { // while the connection was made
				if _, err := other.Do(t.Context(), Call{Name: Logs}); err != nil {
					t.Error(err)
				}
			}
		}
		begin := time.Now()
		if a, err := b.Do(t.Context(), Call{Name: Logs}); err != nil || a.Verdict != service.Accepted || time.Since(begin) < 10*time.Second {
			t.Errorf("%+v, %v after %v", a.Result, err, time.Since(begin))
		}
		for _, r := range b.api.Requests() {
			if r.Over {
				t.Error("the service saw its limit exceeded")
			}
		}
	})
}

func TestUpdatesAndCallsAreCountedApart(t *testing.T) {
	b := state.New(clock.Now{Boot: "boot"})
	c := &Client{API: testAPI}
	if c.keyID(b) == b.UsageID(&service.Account{Service: "ipv64", Server: testAPI.Server, Secret: testAPI.Key}) {
		t.Error("calls count as updates")
	}
}

func TestACallIsGivenUpWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		for range 5 {
			b.Do(t.Context(), Call{Name: Logs})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Do(ctx, Call{Name: Logs}); err != context.DeadlineExceeded {
			t.Errorf("in the wait: %v", err)
		}
	})
}

func TestAFolderThatTakesNoWritesIsSaidAndTheCallMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newAPIBench(t)
		b.dir = "/proc/none"
		b.open()
		exchange := b.Exchange
		b.Exchange = func(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
			if !ready(netip.Addr{}) {
				return exchange(ctx, r, ready)
			}
			a := askAPI(b.api, r)
			return transport.Outcome{Answer: &a}
		}
		for range 6 {
			if a, err := b.Do(t.Context(), Call{Name: Logs}); err != nil || a.Verdict != service.Accepted {
				t.Fatalf("%+v, %v", a.Result, err)
			}
		}
		if len(b.said) != 2 || !strings.Contains(b.said[0], "cannot be written") || !strings.Contains(b.said[1], "waiting") {
			t.Errorf("said %q", b.said)
		}
	})
}
