package update

import (
	"testing"
	"time"

	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// With prefix = "auto" the WAN's own /64 tells when the prefix has changed, and
// an IPv6 that does not connect does not hold up the addresses.
func TestPrefixAuto(t *testing.T) {
	a, s, now := ipv64Account(), theIPv64(), at(time.Hour)
	a.PrefixAuto = true
	m := state.AccountRecord{Hosts: map[string]state.Host{together: {Values: service.Values{IPv4: v4a, Prefix: pa}}}}
	attempt := func(m state.AccountRecord, p Plan) Attempt {
		t.Helper()
		c, _ := AccountState{a, s, m, state.Usage{}, state.Limits{}, p}.nextAttempt(now)
		if c == nil {
			return Attempt{}
		}
		return *c
	}
	next := func(m state.AccountRecord, p Plan) service.Update { return attempt(m, p).Update }
	if c := next(m, Plan{Want: service.Values{IPv4: v4a, Prefix: pb}}); !c.Auto || !c.PrefixOnly || s.Request(a, c).Family != 6 {
		t.Errorf("the prefix has changed: %+v", c)
	}
	prefix := Plan{Want: service.Values{IPv4: v4a, Prefix: pb}}
	under := attempt(m, prefix)
	if prefix.outdated(under) {
		t.Error("nothing has changed, and yet it is given up")
	}
	if changed := prefix.Observe(now, service.Values{IPv4: v4b, Prefix: pb}); !changed.outdated(under) {
		t.Error("another address waits for IPv6 to connect")
	} else if c := next(m, changed.afterFault(now, under, transport.Fault{Kind: transport.FaultCanceled}, 0)); c.Auto || c.Values != (service.Values{IPv4: v4b}) {
		t.Errorf("then: %+v, want the address at once", c)
	}
	if c := next(m, Plan{Want: service.Values{IPv4: v4b}}); c.Auto || c.Values != (service.Values{IPv4: v4b}) {
		t.Errorf("IPv6 is gone: %+v", c)
	}
	p := Plan{Want: service.Values{IPv4: v4b, Prefix: pb}}
	c := next(m, p)
	if !c.Auto || c.PrefixOnly || c.Values != p.Want {
		t.Errorf("both have changed: %+v", c)
	}
	p = p.afterFault(now, Attempt{Update: c}, transport.Fault{Kind: transport.FaultConnect}, 0)
	if c = next(m, p); c.Auto || c.Values != (service.Values{IPv4: v4b}) || s.Request(a, c).Family != 0 {
		t.Errorf("IPv6 does not connect: %+v, want the address without it", c)
	}
	m, _, p = parts(AccountState{a, s, m, state.Usage{}, state.Limits{}, p}.After(now, Attempt{Update: c}, service.Result{Verdict: service.Accepted}, 0))
	if c = next(m, p); !c.Auto || !c.PrefixOnly {
		t.Errorf("then: %+v, want the prefix over IPv6", c)
	}
	_, _, p = parts(AccountState{a, s, m, state.Usage{}, state.Limits{}, p}.After(now, Attempt{Update: c}, service.Result{Verdict: service.Accepted}, 0))
	p.Want = service.Values{IPv4: v4a, Prefix: pa}
	if c = next(m, p); !c.Auto || c.Values != p.Want {
		t.Errorf("IPv6 connects again: %+v, want one request", c)
	}
}
