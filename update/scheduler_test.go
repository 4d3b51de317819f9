package update

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// schedulerBench is a Scheduler whose exchanges a test decides.
type schedulerBench struct {
	*owner
	mu   sync.Mutex
	sent []string // accounts' servers, in the order of their requests
	last map[string]Status
}

// newBench starts a Scheduler; hangs tells which servers never answer.
func newBench(t *testing.T, dir string, hangs func(url string) bool) *schedulerBench {
	b := &schedulerBench{}
	begin := time.Now()
	clock := func() clock.Now {
		return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
	}
	exchange := func(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
		if !ready(v4a) {
			return transport.Failed(transport.FaultCanceled, false, "given up")
		}
		b.mu.Lock()
		server, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Reveal(), "https://"), "/")
		b.sent = append(b.sent, server)
		b.mu.Unlock()
		if hangs(r.URL.Reveal()) {
			select {
			case <-time.After(15 * time.Second):
			case <-ctx.Done():
			}
			return transport.Failed(transport.FaultSent, true, "no answer")
		}
		return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
	}
	parts := loop.Parts{Exchange: exchange, Now: clock, Log: func(log.Level, string) {}}
	b.owner = own(state.Open(dir, "", func(string) {}), parts, nil, func(s map[string]Status) {
		b.mu.Lock()
		b.last = s
		b.mu.Unlock()
	})
	return b
}

func (b *schedulerBench) servers() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.sent...)
}

// sees is a line that shows the same to all accounts.
func sees(v service.Values, accounts []*service.Account) Observation {
	s := Observation{Wants: map[string]Desired{}}
	for _, a := range accounts {
		s.Wants[a.Name] = Desired{Values: v}
	}
	return s
}

func TestServersThatHangDoNotHoldUpAnother(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, func(url string) bool { return strings.Contains(url, "hangs") })
		defer b.stop()
		var accounts []*service.Account
		for i := range 12 {
			a := ipv64Account()
			a.Name, a.Server, a.Secret = fmt.Sprintf("a%02d", i), fmt.Sprintf("https://hangs%d", i%2), secret.New(fmt.Sprint("t", i))
			accounts = append(accounts, a)
		}
		well := ipv64Account()
		well.Name, well.Server = "z", "https://well"
		accounts = append(accounts, well)
		b.set(accounts, sees(service.Values{IPv4: v4a}, accounts))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := b.servers(); len(got) != 2*exchangesServer+1 || !slices.Contains(got, "well") {
			t.Errorf("requests at once: %q, want %d at each server that hangs, and the other's", got, exchangesServer)
		}
		time.Sleep(16 * time.Second)
		synctest.Wait()
	})
}

func TestOfTwoAccountsWithOneSecretTheOneDueLongestGoesFirst(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, func(string) bool { return false })
		defer b.stop()
		var accounts []*service.Account
		for _, n := range []string{"a", "b", "c", "d", "e"} {
			a := ipv64Account()
			a.Name, a.Domains = n, []string{n + ".ipv64.net"}
			accounts = append(accounts, a)
		}
		b.set(accounts, sees(service.Values{}, accounts))
		for i := range accounts { // e is due first, then d, …
			s := sees(service.Values{}, accounts)
			for _, a := range accounts[len(accounts)-1-i:] {
				s.Wants[a.Name] = Desired{Values: service.Values{IPv4: v4a}}
			}
			b.observe(s)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := b.servers(); len(got) != 3 {
			t.Fatalf("%d requests in 10 s with one secret, want 3", len(got))
		}
		time.Sleep(6 * time.Second) // room for one
		synctest.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.last["b"].State != StateCurrent || b.last["a"].State == StateCurrent {
			t.Errorf("b is %s, a is %s: b was due before a", b.last["b"].State, b.last["a"].State)
		}
	})
}

// Somebody removes the state beneath the daemon, and once begins another: the
// daemon follows it, and what the limits ask for is not forgotten.
func TestARemovedStateBeginsAnew(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, func(string) bool { return false })
		defer b.stop()
		accounts := []*service.Account{ipv64Account()}
		b.set(accounts, sees(service.Values{IPv4: v4a}, accounts))
		time.Sleep(time.Second)
		synctest.Wait()
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(os.Remove(filepath.Join(dir, state.FileName)))
		other := state.Open(dir, "", func(string) {})
		other.Update(b.now(), func(b *state.Data) { b.SyncConfig(accounts[0]) })
		b.do(func(s *Scheduler) { s.StateChanged() })
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		data := state.Open(dir, "", func(string) {}).Read(b.now())
		if got := data.Usage(data.UsageID(accounts[0])).Used(b.now()); got != len(b.servers()) {
			t.Errorf("%d requests on the books, %d were sent", got, len(b.servers()))
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if s := b.last["home"]; s.State != StateCurrent {
			t.Errorf("the account is %s: %s", s.State, s.Error)
		}
	})
}

// once cannot know how long the line has been still: it takes what is left of
// the day.
func TestOnceUsesTheLastOfTheDay(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		a := ipv64Account()
		a.Limit10s, a.Limit24h = 0, 4
		accepted := 0
		for i := range 6 {
			v := service.Values{IPv4: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
			s := sendOnce(state.Open(dir, "", func(string) {}), accepting(), []*service.Account{a}, sees(v, []*service.Account{a}), false)
			if s["home"].State == StateCurrent {
				accepted++
			}
			time.Sleep(time.Minute)
		}
		if accepted != 4 {
			t.Errorf("%d of 4 requests were used", accepted)
		}
	})
}

// accepting are parts with a service that accepts everything.
func accepting() loop.Parts {
	begin := time.Now()
	return loop.Parts{
		Exchange: func(_ context.Context, _ transport.Request, ready transport.BeforeSend) transport.Outcome {
			if !ready(v4a) {
				return transport.Failed(transport.FaultCanceled, false, "given up")
			}
			return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
		},
		Now: func() clock.Now {
			return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
		},
		Log: func(log.Level, string) {},
	}
}
