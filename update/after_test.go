package update

import (
	"testing"
	"time"

	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// An address that changes while a request is under way was not tried yet,
// whatever becomes of that request, and though most retries of the day are gone.
func TestAnOldRequestsEndSaysNothingOfANewAddress(t *testing.T) {
	now := at(100 * time.Hour)
	a, l, k := ipv64Account(), state.Limits{Short: 3, Day: 48}, slots(20, now.Up-time.Hour)
	old := Attempt{Update: service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}}
	p := Plan{Want: service.Values{IPv4: v4a}, Changed: now.Up - time.Minute, Tried: true, Fails: 6}.Observe(now, service.Values{IPv4: v4b})
	next := func(p Plan) time.Duration {
		d := (AccountState{a, theIPv64(), state.AccountRecord{}, k, l, p}).Next(now)
		return d.At - now.Up
	}
	for name, f := range map[string]transport.Fault{
		"no answer":         {Kind: transport.FaultSent, Sent: true},
		"given up":          {Kind: transport.FaultCanceled, Sent: true},
		"connection failed": {Kind: transport.FaultConnect},
	} {
		if got := next(p.afterFault(now, old, f, 1)); got > retry.EventGap {
			t.Errorf("%s: the new address waits %v", name, got)
		}
	}
	for name, r := range map[string]service.Result{"503": {Verdict: service.Temporary}, "a page": {Verdict: service.Unknown}, "good": {Verdict: service.Accepted}} {
		_, _, after := parts(AccountState{a, theIPv64(), state.AccountRecord{}, k, state.Limits{}, p}.After(now, old, r, 1))
		if got := next(after); got > retry.EventGap {
			t.Errorf("%s: the new address waits %v", name, got)
		}
	}
	_, _, same := parts(AccountState{a, theIPv64(), state.AccountRecord{}, k, state.Limits{}, Plan{Want: old.Update.Values, Tried: true, Fails: 6}}.After(now, old, service.Result{Verdict: service.Temporary}, 0))
	if got := next(same); got < time.Hour {
		t.Errorf("a retry of the same address waits %v only", got)
	}
}

// What one account's answer asks for, another's does not lift.
func TestAWaitStaysThoughAnotherAccountIsAccepted(t *testing.T) {
	now := at(time.Hour)
	a := ipv64Account()
	call := Attempt{Update: service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}}
	_, k, _ := parts(AccountState{a, theIPv64(), state.AccountRecord{}, state.Usage{}, state.Limits{}, Plan{}}.After(now, call, service.Result{Verdict: service.Limited, Wait: time.Hour, Detail: "429"}, 0))
	for name, r := range map[string]service.Result{"good": {Verdict: service.Accepted}, "503 with a shorter wait": {Verdict: service.Temporary, Wait: 10 * time.Second}} {
		_, got, _ := parts(AccountState{a, theIPv64(), state.AccountRecord{}, k, state.Limits{}, Plan{}}.After(at(time.Hour+time.Second), call, r, 0))
		if got.Until != k.Until {
			t.Errorf("%s: until %v, want %v", name, got.Until, k.Until)
		}
	}
	_, got, _ := parts(AccountState{a, theIPv64(), state.AccountRecord{}, k, state.Limits{}, Plan{}}.After(at(3*time.Hour), call, service.Result{Verdict: service.Accepted}, 0))
	if got.Until != 0 || got.Why != "" {
		t.Errorf("once it is over, it is forgotten: %+v", got)
	}
}

// The lock is the key's: of two accounts that share it, each asks once after it,
// and no more.
func TestALockedKeyIsTriedOnceAfterTheLock(t *testing.T) {
	now := at(time.Hour)
	a, r := ipv64Account(), service.Result{Verdict: service.Unauthorized, Detail: "no"}
	call := Attempt{Update: service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}}
	m, k, _ := parts(AccountState{a, theIPv64(), state.AccountRecord{}, state.Usage{Credential: state.Credential{Good: true}}, state.Limits{}, Plan{}}.After(now, call, r, 0))
	if m.Stop != nil || k.Lock.End()-now.Up != lockDuration || k.Until != 0 {
		t.Fatalf("the first refusal of an accepted key: %+v, %+v", m, k)
	}
	for account, before := range map[string]state.AccountRecord{"the same": m, "another": {}} {
		m, _, _ := parts(AccountState{a, theIPv64(), before, k, state.Limits{}, Plan{}}.After(at(2*time.Hour), call, r, 0))
		if m.Stop == nil {
			t.Errorf("%s account is not stopped by the refusal after the lock", account)
		}
	}
	_, k, _ = parts(AccountState{a, theIPv64(), state.AccountRecord{}, k, state.Limits{}, Plan{}}.After(at(2*time.Hour), call, service.Result{Verdict: service.Accepted}, 0))
	if m, _, _ := parts(AccountState{a, theIPv64(), m, k, state.Limits{}, Plan{}}.After(at(2*time.Hour), call, r, 0)); m.Stop == nil {
		t.Error("what another account had accepted since gives this one another try")
	}
	if m, _, _ := parts(AccountState{a, theIPv64(), state.AccountRecord{}, state.Usage{}, state.Limits{}, Plan{}}.After(now, call, r, 0)); m.Stop == nil {
		t.Error("a key that was never accepted does not stop its account at once")
	}
}

// Hosts of which the answer says nothing wait longer each time.
func TestUnknownHostsBackOff(t *testing.T) {
	now := at(time.Hour)
	a := &service.Account{Name: "d", Domains: []string{"a.x", "b.x"}}
	s := service.Service{MaxHosts: 20}
	call := Attempt{Update: service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}}
	r := service.Result{Verdict: service.Unknown, Hosts: []service.HostResult{{Host: "a.x"}, {Host: "b.x"}}}
	p := Plan{Want: call.Update.Values}
	var waits []time.Duration
	for range 4 {
		_, _, p = parts(AccountState{a, s, state.AccountRecord{}, state.Usage{}, state.Limits{}, p}.After(now, call, r, 0))
		waits = append(waits, p.NotBefore-now.Up)
	}
	for i, w := range waits {
		if w != retry.Steps[i] {
			t.Errorf("waits %v, want the steps of backoff", waits)
			break
		}
	}
}
