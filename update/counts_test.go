package update

import (
	"maps"
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Attempts that have ended are counted by their reason, and the scheduler that
// goes on in another process goes on counting.
func TestAttemptsAreCounted(t *testing.T) {
	a := &account{config: ipv64Account(), service: theIPv64()}
	now := at(time.Hour)
	s := Scheduler{accounts: []*account{a}, now: func() clock.Now { return now }, store: state.Open(t.TempDir(), "", func(string) {})}
	c := Attempt{Update: service.Update{Values: service.Values{IPv4: v4a}}, line: service.Values{IPv4: v4a}}
	a.plan.Want = c.line
	for _, f := range []transport.FaultKind{transport.FaultResolve, transport.FaultConnect, transport.FaultConnect, transport.FaultCanceled} {
		s.fail(&inFlight{account: a, attempt: c}, now, transport.Failed(f, false, "x"), true, 0)
	}
	a.count("")
	want := map[string]uint64{"": 1, ReasonResolve: 1, ReasonConnect: 2}
	if !maps.Equal(a.counts, want) {
		t.Errorf("counts %v, want %v", a.counts, want)
	}
	next := Scheduler{accounts: []*account{{config: ipv64Account(), service: theIPv64()}}, now: func() clock.Now { return now }, store: s.store}
	next.Restore(s.Snapshot())
	next.accounts[0].count("")
	want[""]++
	if got := next.accounts[0].counts; !maps.Equal(got, want) {
		t.Errorf("after a restart: %v, want %v", got, want)
	}
}
