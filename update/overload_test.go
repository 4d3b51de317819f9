package update

import (
	"testing"
	"time"

	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/transport"
)

// failing is an account whose attempts fail, one after the other.
type failing struct {
	t *testing.T
	AccountState
}

func newFailing(t *testing.T) *failing {
	return &failing{t, AccountState{Account: ipv64Account(), Service: theIPv64(), Plan: Plan{Want: service.Values{IPv4: v4a}}}}
}

// pauses returns the shortest and the longest pause after one more failure: an
// answer, or, with status 0, a fault.
func (f *failing) pauses(kind transport.FaultKind, status int, retryAfter string) (least, most time.Duration) {
	f.t.Helper()
	now := at(100 * time.Hour)
	c := Attempt{Update: service.Update{Hosts: f.Account.Domains, Values: f.Plan.Want}, sent: now.Up - transport.Limit}
	end := func(jitter float64) AccountState {
		if status == 0 {
			return f.AfterFault(now, c, transport.Fault{Kind: kind, Sent: kind == transport.FaultSent}, jitter)
		}
		res := f.Service.Parse(f.Account, c.Update, transport.Answer{Status: status, RetryAfter: retryAfter})
		return f.After(now, c, res, jitter)
	}
	pause := func(s AccountState) time.Duration { return max(s.Plan.NotBefore, s.Usage.Until) - now.Up }
	least, most = pause(end(0)), pause(end(1))
	f.AccountState = end(0.5)
	f.Usage.Until = 0 // it is over
	return least, most
}

// A service that shows overload is given pauses that are random, and grow from the
// first failure on.
func TestAnOverloadedServiceIsLeftAlone(t *testing.T) {
	for name, fault := range map[string]struct {
		kind   transport.FaultKind
		status int
	}{
		"500":                    {0, 500},
		"503":                    {0, 503},
		"refused or reset":       {transport.FaultRefused, 0},
		"silent, before sending": {transport.FaultSilent, 0},
		"silent, once sent":      {transport.FaultSent, 0},
	} {
		f := newFailing(t)
		for i, want := range overloadPauses {
			if least, most := f.pauses(fault.kind, fault.status, ""); least != want.least || most != want.most {
				t.Errorf("WRONG: %s, failure %d: %v to %v, want %v to %v", name, i, least, most, want.least, want.most)
			}
		}
		if f.Plan = f.Plan.Observe(at(100*time.Hour), service.Values{IPv4: v4b}); f.Plan.NotBefore > 100*time.Hour+retry.EventGap {
			t.Errorf("WRONG: %s: a new address waits until %v", name, f.Plan.NotBefore)
		}
		if _, most := f.pauses(fault.kind, fault.status, ""); most != overloadPauses[0].most {
			t.Errorf("WRONG: %s: the first retry of a new address comes after up to %v", name, most)
		}
	}
}

// An uplink that comes up is retried at its own pace, whatever the service has
// shown before, and the reverse; neither forgets its own failures.
func TestRetriesKnowWhoseFaultItIs(t *testing.T) {
	for _, line := range []transport.FaultKind{transport.FaultConnect, transport.FaultTLS, transport.FaultClock} {
		f := newFailing(t)
		for i := range overloadPauses {
			if least, most := f.pauses(line, 0, ""); least != retry.Steps[i] || most != least+least/4 {
				t.Errorf("WRONG: uplink %d, failure %d: %v to %v, want from %v on, and a quarter more", line, i, least, most, retry.Steps[i])
			}
			if _, most := f.pauses(0, 503, ""); most != overloadPauses[i].most {
				t.Errorf("WRONG: 503 after failure %d of the uplink: up to %v, want %v", i, most, overloadPauses[i].most)
			}
		}
		if least, most := f.pauses(transport.FaultResolve, 0, ""); least != retry.ResolverGap || most != least {
			t.Errorf("WRONG: the resolver is asked again after %v to %v", least, most)
		}
	}
}

// A limit that the service names is never cut short. The first is kept to the
// second; from the second on many routers are spread, as they may have been told the
// same.
func TestRoutersThatWereToldTheSameAreSpread(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		retryAfter string
		waits      []time.Duration
	}{
		"429":                     {429, "", []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}},
		"429 with Retry-After":    {429, "60", []time.Duration{time.Minute, time.Minute, time.Minute, time.Minute}},
		"503 with Retry-After":    {503, "60", []time.Duration{time.Minute, time.Minute, time.Minute}},
		"503 with a long one":     {503, "3600", []time.Duration{time.Hour, time.Hour, time.Hour}},
		"418 with a Retry-After":  {418, "600", []time.Duration{10 * time.Minute, 10 * time.Minute}},
		"503 with the longest of": {503, "999999", []time.Duration{service.LongestWait}},
	} {
		f := newFailing(t)
		for i, want := range tt.waits {
			least, most := f.pauses(0, tt.status, tt.retryAfter)
			spread := most - least
			if want == service.LongestWait {
				spread = time.Second
			}
			if least < want || i == 0 && (least != want || spread > 5*time.Second) || i > 0 && spread < 5*time.Minute {
				t.Errorf("WRONG: %s, answer %d: waits %v to %v, asked for %v", name, i, least, most, want)
			}
		}
		_, f.Usage, _ = parts(f.After(at(101*time.Hour), Attempt{}, service.Result{Verdict: service.Accepted}, 0))
		if f.Usage.Step != 0 {
			t.Errorf("WRONG: %s: what was named before an accepted request still counts", name)
		}
	}
}
