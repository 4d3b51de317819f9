package update

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/retry"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// answeredBy sends what is due of p.Want and returns what its answer makes of the
// account.
func answeredBy(t *testing.T, now clock.Now, a *service.Account, m state.AccountRecord, k state.Usage, p Plan, ans transport.Answer) (state.AccountRecord, state.Usage, Plan, service.Update) {
	t.Helper()
	s, _ := service.For(a)
	d := (AccountState{a, s, m, k, state.Limits{}, p}).Next(now)
	if d.Attempt == nil || d.At > now.Up {
		t.Fatalf("nothing is due: %+v", d)
	}
	m, k, call := reservedParts(AccountState{a, s, m, k, state.Limits{}, Plan{}}.Reserve(now, *d.Attempt, 1, 1))
	m, k, p = parts(AccountState{a, s, m, k.Complete(now, 1, true), state.Limits{}, p}.After(now, call, s.Parse(a, call.Update, ans), 0))
	return m, k, p, call.Update
}

// What IPv64 says of its lock was never seen: a 400 or 403 with an unknown text
// may be it, of a key that was accepted before.
func TestAnUnknownRefusalMayBeTheLock(t *testing.T) {
	good := state.Usage{Credential: state.Credential{Good: true}}
	tests := []struct {
		name          string
		key           state.Usage
		ans           transport.Answer
		first, second string // the state after it, and after the same again, once the time of a lock is over
	}{
		{"400 in the service's form", good, transport.Answer{Status: 400, Body: []byte(`{"info":"too many failures"}`)}, StateLimited, StateStopped},
		{"403 in the service's form", good, transport.Answer{Status: 403, Body: []byte(`{"info":"locked"}`)}, StateLimited, StateStopped},
		{"403 in plain text", good, transport.Answer{Status: 403, Body: []byte("locked")}, StateLimited, StateStopped},
		{"403 without a word", good, transport.Answer{Status: 403}, StateLimited, StateStopped},
		{"403 with a page is a proxy's", good, transport.Answer{Status: 403, Body: []byte("<html>no</html>")}, StateRetrying, StateRetrying},
		{"400 with a word that is known", good, transport.Answer{Status: 400, Body: []byte(`{"info":"nohost"}`)}, StateStopped, ""},
		{"a key that was never accepted", state.Usage{}, transport.Answer{Status: 403, Body: []byte(`{"info":"locked"}`)}, StateStopped, ""},
		{"a key that was never accepted, in plain text", state.Usage{}, transport.Answer{Status: 403, Body: []byte("locked")}, StateRetrying, StateRetrying},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, now := ipv64Account(), at(time.Hour)
			p := Plan{Want: service.Values{IPv4: v4a, Prefix: pa}}
			m, k, p, _ := answeredBy(t, now, a, state.AccountRecord{}, tt.key, p, tt.ans)
			d := (AccountState{a, theIPv64(), m, k, state.Limits{}, p}).Next(now)
			if d.State != tt.first {
				t.Fatalf("first: %s (%s), want %s", d.State, d.Error, tt.first)
			}
			if tt.first == StateLimited && (d.At != now.Up+lockDuration || d.Attempt == nil) {
				t.Errorf("tried again in %v, want 10 minutes", d.At-now.Up)
			}
			if tt.second == "" {
				return
			}
			later := at(time.Hour + lockDuration)
			m, k, p, _ = answeredBy(t, later, a, m, k, p.Event(later), tt.ans)
			if d = (AccountState{a, theIPv64(), m, k, state.Limits{}, p}).Next(later); d.State != tt.second {
				t.Errorf("after the time of a lock: %s (%s), want %s", d.State, d.Error, tt.second)
			}
		})
	}
}

// A refused onlyprefix is followed by one full update, if that has an address in
// it: from one without any the service may take the address of the connection.
func TestRefusedOnlyPrefix(t *testing.T) {
	refusal := transport.Answer{Status: 400, Body: []byte(`{"info":"unknown parameter"}`)}
	good := transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}
	key, now, s := state.Usage{Credential: state.Credential{Good: true}}, at(time.Hour), theIPv64()
	held := state.AccountRecord{Hosts: map[string]state.Host{together: {Values: service.Values{IPv4: v4a, Prefix: pa}}}}
	want := Plan{Want: service.Values{IPv4: v4a, Prefix: pb}}

	m, k, p, _ := answeredBy(t, now, ipv64Account(), held, key, want, refusal)
	m, k, p, call := answeredBy(t, now, ipv64Account(), m, k, p, good)
	if call.PrefixOnly || call.Values != want.Want {
		t.Errorf("after the refusal: %+v, want a full update", call)
	}
	if !m.PrefixOnlyRefused || p.Full {
		t.Error("that the full update was accepted is not remembered")
	}
	p.Want.Prefix = pa
	if _, _, _, call = answeredBy(t, now, ipv64Account(), m, k, p, good); call.PrefixOnly {
		t.Errorf("the next prefix: %+v, want a full update at once", call)
	}
	if d := (AccountState{ipv64Account(), s, m, k, state.Limits{}, Plan{Want: service.Values{Prefix: pa}}}).Next(now); d.Attempt != nil || d.State != StateWaiting || d.Error == "" {
		t.Errorf("the prefix alone is there: %+v, want that it waits for an address", d)
	}

	m, k, p, _ = answeredBy(t, now, ipv64Account(), held, key, want, refusal)
	m, k, p, _ = answeredBy(t, now, ipv64Account(), m, k, p, refusal)
	if m.PrefixOnlyRefused {
		t.Error("the full update was refused, and yet is remembered as what the service takes")
	}
	later := at(time.Hour + lockDuration)
	if m, _, _, _ = answeredBy(t, later, ipv64Account(), m, k, p.Event(later), good); m.PrefixOnlyRefused {
		t.Error("it was the lock that refused onlyprefix, and yet that is remembered")
	}

	alone := Plan{Want: service.Values{Prefix: pb}}
	m, k, p, _ = answeredBy(t, now, ipv64Account(), held, key, alone, refusal)
	if d := (AccountState{ipv64Account(), s, m, k, state.Limits{}, p}).Next(now); d.State != StateLimited || d.At != now.Up+lockDuration || !d.Attempt.Update.PrefixOnly {
		t.Errorf("without an address: %+v, want the time of a lock, and the prefix alone again", d)
	}
	if m, _, _, _ = answeredBy(t, now, ipv64Account(), held, state.Usage{}, alone, refusal); m.Stop == nil {
		t.Error("without an address, by a key that was never accepted: not stopped")
	}
}

// SPDYN locks a host for a while: that is waited for, the others go on, and only
// a lock that stays stops the host.
func TestSpdynsAbuseIsALockFirst(t *testing.T) {
	a := &service.Account{Service: "spdyn", Username: "alice", Domains: []string{"a.spdns.example", "b.spdns.example"}, Publish: service.Publish{IPv4: true}}
	s, now := serviceOf(a), at(time.Hour)
	p := Plan{Want: service.Values{IPv4: v4a}}
	m, k, p, _ := answeredBy(t, now, a, state.AccountRecord{}, state.Usage{}, p, transport.Answer{Status: 200, Body: []byte("abuse\ngood")})
	d := (AccountState{a, s, m, k, state.Limits{}, p}).Next(now)
	if d.State != StateLimited || d.At != now.Up+lockDuration || len(d.Attempt.Update.Hosts) != 1 || d.Attempt.Update.Hosts[0] != "a.spdns.example" {
		t.Errorf("locked: %+v, want another try in 10 minutes", d)
	}
	p.Want.IPv4 = v4b
	if d := (AccountState{a, s, m, k, state.Limits{}, p}).Next(now); d.Attempt == nil || d.At > now.Up || len(d.Attempt.Update.Hosts) != 1 || d.Attempt.Update.Hosts[0] != "b.spdns.example" {
		t.Errorf("another address meanwhile: %+v, want that the other host goes on", d)
	}
	p.Want.IPv4 = v4a
	later := at(time.Hour + lockDuration)
	if well, _, _, _ := answeredBy(t, later, a, m, k, p, transport.Answer{Status: 200, Body: []byte("nochg")}); well.Hosts["a.spdns.example"].Lock != nil || stopped(well, a) != nil {
		t.Errorf("unlocked by itself: %+v", well.Hosts)
	}
	if still, _, _, _ := answeredBy(t, later, a, m, k, p, transport.Answer{Status: 200, Body: []byte("abuse")}); stopped(still, a) == nil {
		t.Errorf("locked still: %+v, want a stop", still.Hosts)
	}
}

// Values whose answer was lost are not sent again for 10 s, whatever the line
// does; others go at once.
func TestLostValuesAreSentAgainAfterTenSeconds(t *testing.T) {
	for _, takes := range []time.Duration{0, 14 * time.Second} {
		dir := updatetest.RAMDir(t)
		synctest.Test(t, func(t *testing.T) { testLostValues(t, dir, takes) })
	}
}

// testLostValues has each exchange end without an answer after a time.
func testLostValues(t *testing.T, dir string, takes time.Duration) {
	a := &service.Account{Name: "home", Service: "spdyn", Server: "https://update.spdyn.de", Username: "u", Secret: secret.New("p"),
		Domains: []string{"a.spdns.example"}, Publish: service.Publish{IPv4: true}}
	var mu sync.Mutex
	sent := map[string][]time.Duration{}
	begin := time.Now()
	clock := func() clock.Now {
		return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
	}
	exchange := func(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
		if !ready(v4a) {
			return transport.Failed(transport.FaultCanceled, false, "given up")
		}
		mu.Lock()
		_, ip, _ := strings.Cut(r.URL.Reveal(), "myip=")
		sent[ip] = append(sent[ip], time.Since(begin))
		mu.Unlock()
		select {
		case <-time.After(takes):
		case <-ctx.Done():
		}
		return transport.Failed(transport.FaultSent, true, "reset")
	}
	r := own(state.Open(dir, "", func(string) {}), loop.Parts{Exchange: exchange, Now: clock, Log: func(log.Level, string) {}}, nil, func(map[string]Status) {})
	r.set([]*service.Account{a}, sees(service.Values{IPv4: v4a}, []*service.Account{a}))
	for range 470 { // events, until an attempt has just failed
		time.Sleep(100 * time.Millisecond)
		r.observe(sees(service.Values{IPv4: v4a}, []*service.Account{a}))
	}
	r.observe(sees(service.Values{IPv4: v4b}, []*service.Account{a}))
	time.Sleep(20 * time.Second)
	synctest.Wait()
	r.stop()
	times := sent[v4a.String()]
	if len(times) < 2 {
		t.Errorf("sent at %v: it was never tried again", times)
	}
	for i := 1; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap < 10*time.Second {
			t.Errorf("sent at %v: again after %v", times, gap)
		}
	}
	// Another address waits for the attempt under way, and for nothing else.
	if now := sent[v4b.String()]; len(now) == 0 || now[0] > 47*time.Second+takes+retry.EventGap {
		t.Errorf("another address, there after 47s, was sent at %v", now)
	}
}

// A restart does not forget when it was that an answer was lost.
func TestLostValuesOutliveARestart(t *testing.T) {
	a, s := ipv64Account(), theIPv64()
	p := Plan{Want: service.Values{IPv4: v4a}}
	call, _ := AccountState{a, s, state.AccountRecord{}, state.Usage{}, state.Limits{}, p}.nextAttempt(at(time.Hour))
	m, _, _ := reservedParts(AccountState{a, s, state.AccountRecord{}, state.Usage{}, state.Limits{}, Plan{}}.Reserve(at(time.Hour), *call, 1, 1))
	dir := t.TempDir()
	state.Open(dir, "", func(string) {}).Update(at(time.Hour), func(b *state.Data) { b.Accounts["home"] = m })
	now := at(time.Hour + 3*time.Second)
	read := state.Open(dir, "", func(string) {}).Read(now)
	for want, wait := range map[service.Values]time.Duration{{IPv4: v4a}: 7 * time.Second, {IPv4: v4b}: 0} {
		if d := (AccountState{a, s, read.Accounts["home"], state.Usage{}, state.Limits{}, Plan{Want: want}}).Next(now); d.At-now.Up != wait {
			t.Errorf("%v is sent after %v, want %v", want, d.At-now.Up, wait)
		}
	}
}

// A name is resolved every 2 s at most, whatever the line does meanwhile.
func TestALineThatFlapsDoesNotFloodTheResolver(t *testing.T) {
	now := at(time.Hour)
	p := Plan{Want: service.Values{IPv4: v4a}}.Observe(now, service.Values{IPv4: v4b})
	p = p.afterFault(now, Attempt{Update: service.Update{Values: service.Values{IPv4: v4a}}}, transport.Fault{Kind: transport.FaultResolve}, 0)
	if got := p.Event(now).NotBefore - now.Up; got != retry.ResolverGap {
		t.Errorf("the next question after %v, want %v", got, retry.ResolverGap)
	}
	if got := fmt.Sprint(retry.ResolverGap); got != "2s" {
		t.Errorf("the gap is %s", got)
	}
}

// A lock that another process met while ours was connecting holds ours, too.
func TestALockOfAnotherProcessHolds(t *testing.T) {
	dir := updatetest.RAMDir(t)
	synctest.Test(t, func(t *testing.T) {
		a := ipv64Account()
		begin := time.Now()
		clock := func() clock.Now {
			return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
		}
		asked, sent := 0, 0
		exchange := func(_ context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
			asked++
			state.Open(dir, "", func(string) {}).Update(clock(), func(b *state.Data) {
				id := b.UsageID(a)
				k := b.Usage(id)
				k.Lock = &state.Lock{Until: clock().Up + lockDuration, Why: "locked"}
				b.SetUsage(id, k)
			})
			if ready(v4a) {
				sent++
			}
			return transport.Failed(transport.FaultCanceled, false, "given up")
		}
		parts := loop.Parts{Exchange: exchange, Now: clock, Log: func(log.Level, string) {}}
		stands := sendOnce(state.Open(dir, "", func(string) {}), parts, []*service.Account{a}, sees(service.Values{IPv4: v4a}, []*service.Account{a}), false)
		if asked != 1 || sent != 0 || stands["home"].State != StateLimited {
			t.Errorf("connected %d times, sent %d, %+v", asked, sent, stands["home"])
		}
	})
}

func stopped(m state.AccountRecord, a *service.Account) *state.Stop {
	stop, _ := m.Stopped(a)
	return stop
}

// Two hosts that are refused are both named.
func TestEachRefusedHostIsNamed(t *testing.T) {
	a := &service.Account{Service: "dyndns2", Username: "me", Domains: []string{"a.example.org", "b.example.org", "c.example.org"}, Publish: service.Publish{IPv4: true}}
	answer := func(body string) (*state.Stop, bool) {
		m, _, _, _ := answeredBy(t, at(time.Hour), a, state.AccountRecord{}, state.Usage{}, Plan{Want: service.Values{IPv4: v4a}}, transport.Answer{Status: 200, Body: []byte(body)})
		return m.Stopped(a)
	}
	one, _ := answer("nohost\ngood 203.0.113.7\ngood 203.0.113.7")
	stop, all := answer("nohost\ngood 203.0.113.7\nnohost")
	if stop == nil || all || stop.String() != one.String()+"; c."+strings.TrimPrefix(one.Detail, "a.") {
		t.Errorf("%v, all %v", stop, all)
	}
	stop, all = answer("nohost\nnumhost\nnohost")
	if stop == nil || !all || !strings.Contains(stop.String(), "b.example.org: numhost") {
		t.Errorf("%v, all %v", stop, all)
	}
}
