package update

import (
	"net/netip"
	"testing"
	"time"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
)

var (
	v4a = netip.MustParseAddr("203.0.113.7")
	v4b = netip.MustParseAddr("203.0.113.8")
	v6a = netip.MustParseAddr("2001:db8::7")
	pa  = netip.MustParsePrefix("2001:db8:1200::/64")
	pb  = netip.MustParsePrefix("2001:db8:3400::/64")
)

func ipv64Account() *service.Account {
	return &service.Account{Name: "home", Service: "ipv64", Server: "https://ipv64.net", Domains: []string{"home.ipv64.net", "srv.any64.de"},
		Secret: secret.New("s3cr3t-token"), Publish: service.Publish{IPv4: true, Prefix: true}, Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48}
}

// together is the one name of that account's domains in its record.
const together = "home.ipv64.net,srv.any64.de"

// TestWhatIsSent is the contract's table "What is sent to IPv64".
func TestWhatIsSent(t *testing.T) {
	held := func(v service.Values) state.AccountRecord {
		return state.AccountRecord{Hosts: map[string]state.Host{together: {Values: v}}}
	}
	tests := []struct {
		name string
		m    state.AccountRecord
		p    Plan
		want *service.Update // Hosts are all of the account's
	}{
		{"first start, the whole line is there", state.AccountRecord{}, Plan{Want: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}, &service.Update{Values: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}},
		{"first start, IPv4 alone does not wait", state.AccountRecord{}, Plan{Want: service.Values{IPv4: v4a}}, &service.Update{Values: service.Values{IPv4: v4a}}},
		{"the prefix comes after IPv4", held(service.Values{IPv4: v4a}), Plan{Want: service.Values{IPv4: v4a, Prefix: pa}}, &service.Update{Values: service.Values{Prefix: pa}, PrefixOnly: true}},
		{"the prefix alone is new", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pb}}, &service.Update{Values: service.Values{Prefix: pb}, PrefixOnly: true}},
		{"the address alone is new: full", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4b, IPv6: v6a, Prefix: pa}}, &service.Update{Values: service.Values{IPv4: v4b, IPv6: v6a, Prefix: pa}}},
		{"address and prefix are new: full", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4b, IPv6: v6a, Prefix: pb}}, &service.Update{Values: service.Values{IPv4: v4b, IPv6: v6a, Prefix: pb}}},
		{"full carries only what the line shows now", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4b}}, &service.Update{Values: service.Values{IPv4: v4b}}},
		{"nothing is new", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}, nil},
		{"something is gone", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv6: v6a}}, nil},
		{"all is gone", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{}, nil},
		{"the service refuses onlyprefix", state.AccountRecord{PrefixOnlyRefused: true, Hosts: held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}).Hosts}, Plan{Want: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pb}}, &service.Update{Values: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pb}}},
		{"send anew", held(service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}), Plan{Want: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}, ForceResend: map[string]service.Values{}}, &service.Update{Values: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}},
		{"sent anew, and then once has sent another", held(service.Values{IPv4: v4b}), Plan{Want: service.Values{IPv4: v4a}, ForceResend: map[string]service.Values{together: {IPv4: v4a}}}, &service.Update{Values: service.Values{IPv4: v4a}}},
		{"an answer was lost: the old value may not be what the service holds",
			state.AccountRecord{Hosts: map[string]state.Host{together: {Values: service.Values{IPv4: v4a}, Unconfirmed: service.Publish{IPv4: true}}}}, Plan{Want: service.Values{IPv4: v4a}}, &service.Update{Values: service.Values{IPv4: v4a}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ipv64Account()
			got, _ := AccountState{a, theIPv64(), tt.m, state.Usage{}, state.Limits{}, tt.p}.nextAttempt(at(time.Hour))
			if (got == nil) != (tt.want == nil) || got != nil && (got.Update.Values != tt.want.Values || got.Update.PrefixOnly != tt.want.PrefixOnly || len(got.Update.Hosts) != 2) {
				t.Errorf("nextAttempt = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestHostsAreGrouped: where hosts are judged one by one, those that need the
// same share a request.
func TestHostsAreGrouped(t *testing.T) {
	a := &service.Account{Name: "d", Domains: []string{"a.x", "b.x", "c.x", "d.x"}}
	s := service.Service{MaxHosts: 2}
	m := state.AccountRecord{Hosts: map[string]state.Host{"a.x": {Values: service.Values{IPv4: v4a}}, "c.x": {Stop: &state.Stop{Detail: "nohost"}}}}
	got, _ := AccountState{a, s, m, state.Usage{}, state.Limits{}, Plan{Want: service.Values{IPv4: v4a, IPv6: v6a}}}.nextAttempt(at(time.Hour))
	if got == nil || len(got.Update.Hosts) != 2 || got.Update.Hosts[0] != "a.x" || got.Update.Hosts[1] != "b.x" || got.Update.Values != (service.Values{IPv4: v4a, IPv6: v6a}) {
		t.Errorf("two a request: %+v", got)
	}
	got, _ = AccountState{a, service.Service{MaxHosts: 20, OneAddress: true}, m, state.Usage{}, state.Limits{}, Plan{Want: service.Values{IPv4: v4a, IPv6: v6a}}}.nextAttempt(at(time.Hour))
	if got == nil || len(got.Update.Hosts) != 1 || got.Update.Hosts[0] != "a.x" || got.Update.Values != (service.Values{IPv6: v6a}) {
		t.Errorf("one address a request, first host lacks IPv6 only: %+v", got)
	}
}

// at returns a reading of clocks that agree, d after boot.
func at(d time.Duration) clock.Now {
	return clock.Now{Wall: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC).Add(d), Synced: true, Boot: "b1", Up: d}
}

func slots(n int, d time.Duration) state.Usage {
	k := state.Usage{}
	for range n {
		k.Reservations = append(k.Reservations, state.Reservation{Timestamp: at(d).Timestamp()})
	}
	return k
}

func TestGate(t *testing.T) {
	l := state.Limits{Short: 3, Day: 48}
	now := at(100 * time.Hour)
	fresh := Plan{Want: service.Values{IPv4: v4a}, Changed: now.Up, DirtySince: now.Up}
	retry := Plan{Want: service.Values{IPv4: v4a}, Tried: true, Attempt: now.Up, Counted: now.Up, NotBefore: now.Up + time.Second, Error: "x"}
	tests := []struct {
		name string
		k    state.Usage
		p    Plan
		want time.Duration // from now
	}{
		{"nothing sent yet", state.Usage{}, fresh, 0},
		{"two in 10 s", slots(2, now.Up-time.Second), fresh, 0},
		{"three in 10 s", slots(3, now.Up-time.Second), fresh, 9200 * time.Millisecond},
		{"three, ten seconds ago and the margin", slots(3, now.Up-10200*time.Millisecond), fresh, 0},
		{"a quarter of the day and one left", slots(35, now.Up-time.Hour), fresh, 0},
		{"the last quarter has begun: still for 5 s", slots(36, now.Up-time.Hour), fresh, 5 * time.Second},
		{"one of it is gone: 10 s", slots(37, now.Up-time.Hour), fresh, 10 * time.Second},
		{"one left: half an hour", slots(47, now.Up-time.Hour), fresh, 30 * time.Minute},
		{"none left: when the first is a day old", slots(48, now.Up-23*time.Hour), fresh, time.Hour + state.DayMargin},
		{"a limit that the service named", state.Usage{Quota: state.Quota{Until: now.Up + time.Minute}}, fresh, time.Minute},
		{"a retry waits its step", state.Usage{}, retry, time.Second},
		{"a retry after half of its budget: spread over the day", slots(18, now.Up-time.Hour), retry, clock.Day / 18},
		{"a retry never takes the last quarter", slots(36, now.Up-time.Hour), retry, 23*time.Hour + state.DayMargin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, _ := AccountState{Usage: tt.k, Limits: l, Plan: tt.p}.earliest(now)
			if got-now.Up != tt.want {
				t.Errorf("gate = now + %v, want now + %v", got-now.Up, tt.want)
			}
		})
	}
	if got, _, _ := (AccountState{Usage: slots(500, now.Up), Plan: fresh}).earliest(now); got != now.Up {
		t.Errorf("no limit: now + %v", got-now.Up)
	}
}

func TestTimesOfAnotherBoot(t *testing.T) {
	b := state.New(at(50 * time.Hour))
	k := state.Quota{Until: 50*time.Hour + 5*time.Minute}
	k.Reservations = []state.Reservation{{Timestamp: at(50*time.Hour - time.Minute).Timestamp()}, {Timestamp: at(49 * time.Hour).Timestamp()}}
	b.Quotas["k"] = k
	dark := clock.Now{Wall: time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), Boot: "b2", Up: 20 * time.Second}
	b.Rebase(dark)
	if got := b.Quotas["k"].Until - dark.Up; got != 5*time.Minute-20*time.Second {
		t.Errorf("the lock has %v to go", got)
	}
	if got := dark.Since(b.Quotas["k"].Reservations[1].Timestamp); got != 80*time.Second {
		t.Errorf("with a clock in 1970 the youngest slot is %v old, want what both boots have counted", got)
	}
	light := clock.Now{Wall: at(50 * time.Hour).Wall.Add(7 * time.Hour), Synced: true, Boot: "b2", Up: 40 * time.Second}
	if got := light.Since(b.Quotas["k"].Reservations[1].Timestamp); got != 7*time.Hour+time.Minute {
		t.Errorf("once NTP has set the clock it is %v old", got)
	}
	future := clock.Now{Wall: light.Wall.Add(10 * 365 * clock.Day), Boot: "b2", Up: time.Minute}
	if got := future.Since(b.Quotas["k"].Reservations[1].Timestamp); got > 3*time.Minute {
		t.Errorf("a clock that nobody vouches for made a slot %v old", got)
	}
}

// serviceOf is For of an account that has one.
func serviceOf(a *service.Account) service.Service {
	s, ok := service.For(a)
	if !ok {
		panic(a.Service)
	}
	return s
}

func theIPv64() service.Service { return serviceOf(ipv64Account()) }
