package update

import (
	"context"
	"fmt"
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

// oneAccount is an account of ipv64 with another server and secret.
func oneAccount(name, server, token string) *service.Account {
	a := ipv64Account()
	a.Name, a.Server, a.Secret, a.Domains = name, server, secret.New(token), []string{name + ".ipv64.net"}
	return a
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
			r := own(state.Open(dir, "", func(string) {}), loop.Parts{Exchange: exchange, Now: clock, Log: func(log.Level, string) {}}, nil, func(map[string]Status) {})
			var accounts []*service.Account
			for i, server := range servers {
				accounts = append(accounts, oneAccount(fmt.Sprint("a", i), server, fmt.Sprint("token", i)))
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
