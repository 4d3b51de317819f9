package update

import (
	"testing"
	"time"

	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Each reason is seen: an account whose attempt has ended so, or that a limit
// holds up, tells it.
func TestReasonsOfAccounts(t *testing.T) {
	now := at(100 * time.Hour)
	a, want := ipv64Account(), Plan{Want: service.Values{IPv4: v4a}}
	c := Attempt{Update: service.Update{Hosts: a.Domains, Values: want.Want}, line: want.Want}
	base := AccountState{Account: a, Service: theIPv64(), Plan: want, Limits: state.Limits{Short: 3, Day: 48}}
	good := base
	good.Usage.Good = true
	fault := func(kind transport.FaultKind) AccountState {
		return base.AfterFault(now, c, transport.Fault{Kind: kind, Detail: "x", Sent: kind == transport.FaultSent}, 1)
	}
	after := func(s AccountState, r service.Result) AccountState { r.Detail = "x"; return s.After(now, c, r, 1) }
	used := func(n int, d time.Duration, p Plan) AccountState {
		s := base
		s.Usage, s.Plan = slots(n, d), p
		return s
	}
	host := base
	host.Record.Hosts = map[string]state.Host{together: {Lock: &state.Lock{Until: now.Up + time.Minute, Why: "x"}}}
	tried := want
	tried.Tried, tried.Error, tried.Reason = true, "x", ReasonServerError
	fresh := want
	fresh.Changed, fresh.DirtySince = now.Up, now.Up
	seen := map[Reason]bool{}
	for _, tt := range []struct {
		s     AccountState
		state string
		want  Reason
	}{
		{fault(transport.FaultResolve), StateRetrying, ReasonResolve},
		{fault(transport.FaultConnect), StateRetrying, ReasonConnect},
		{fault(transport.FaultRefused), StateRetrying, ReasonConnect},
		{fault(transport.FaultTLS), StateRetrying, ReasonTLS},
		{fault(transport.FaultClock), StateRetrying, ReasonClock},
		{fault(transport.FaultSent), StateRetrying, ReasonUnconfirmed},
		{after(base, service.Result{Verdict: service.Temporary, Overload: true}), StateRetrying, ReasonServerError},
		{after(base, service.Result{Verdict: service.Temporary}), StateRetrying, ReasonNotTheService},
		{after(base, service.Result{Verdict: service.Unknown}), StateRetrying, ReasonNotTheService},
		{after(base, service.Result{Verdict: service.Temporary, Overload: true, Wait: time.Hour}), StateLimited, ReasonServerError},
		{after(base, service.Result{Verdict: service.Limited}), StateLimited, ReasonServiceLimit},
		{after(base, service.Result{Verdict: service.Busy}), StateLimited, ReasonBusy},
		{after(good, service.Result{Verdict: service.Unauthorized}), StateLimited, ReasonLocked},
		{after(base, service.Result{Verdict: service.Unauthorized}), StateStopped, ReasonUnauthorized},
		{after(base, service.Result{Verdict: service.Refused}), StateStopped, ReasonRefused},
		{host, StateLimited, ReasonLocked},
		{used(3, now.Up, want), StateLimited, ReasonQuota10s},
		{used(48, now.Up-time.Hour, want), StateLimited, ReasonQuota24h},
		{used(36, now.Up-time.Hour, tried), StateLimited, ReasonReserve},
		{used(40, now.Up-time.Hour, fresh), StateLimited, ReasonSettling},
	} {
		d := tt.s.Next(now)
		if d.State != tt.state || d.Reason != tt.want || d.Error == "" {
			t.Errorf("%s (%s): %q, want %s (%s)", d.State, d.Reason, d.Error, tt.state, tt.want)
		}
		seen[tt.want] = true
	}
	for _, r := range Reasons() {
		if !seen[r] {
			t.Errorf("%s is never told", r)
		}
	}
	if d := base.Next(now); d.State != StateDue || d.Reason != "" {
		t.Errorf("on its way: %s (%s)", d.State, d.Reason)
	}
	accepted := base.After(now, c, service.Result{Verdict: service.Accepted}, 0)
	if d := accepted.Next(now); d.State != StateCurrent || d.Reason != "" {
		t.Errorf("accepted: %s (%s)", d.State, d.Reason)
	}
}

// A stop that an older version has kept without its reason is a refusal.
func TestAStopWithoutAReasonIsARefusal(t *testing.T) {
	s := AccountState{Account: ipv64Account(), Service: theIPv64(), Record: state.AccountRecord{Stop: &state.Stop{Detail: "nohost"}}}
	if d := s.Next(at(time.Hour)); d.Reason != ReasonRefused {
		t.Errorf("reason %q", d.Reason)
	}
}
