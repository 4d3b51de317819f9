package update

import (
	"net/netip"
	"testing"
	"time"
)

var (
	v4a = netip.MustParseAddr("203.0.113.7")
	v4b = netip.MustParseAddr("203.0.113.8")
	v6a = netip.MustParseAddr("2001:db8::7")
	pa  = netip.MustParsePrefix("2001:db8:1200::/64")
	pb  = netip.MustParsePrefix("2001:db8:3400::/64")
)

func ipv64Account() *Account {
	return &Account{Name: "home", Service: "ipv64", Server: "https://ipv64.net", Domains: []string{"home.ipv64.net", "srv.any64.de"},
		Secret: NewSecret("s3cr3t-token"), Publish: Publish{IPv4: true, Prefix: true}, Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48}
}

// TestWhatIsSent is the contract's table "What is sent to IPv64".
func TestWhatIsSent(t *testing.T) {
	held := func(v Values) Memory { return Memory{Hosts: map[string]Host{"": {Values: v}}} }
	tests := []struct {
		name string
		m    Memory
		p    Plan
		want *Call // Hosts are all of the account's
	}{
		{"first start, the whole line is there", Memory{}, Plan{Want: Values{v4a, v6a, pa}}, &Call{Values: Values{v4a, v6a, pa}}},
		{"first start, IPv4 alone does not wait", Memory{}, Plan{Want: Values{IPv4: v4a}}, &Call{Values: Values{IPv4: v4a}}},
		{"the prefix comes after IPv4", held(Values{IPv4: v4a}), Plan{Want: Values{IPv4: v4a, Prefix: pa}}, &Call{Values: Values{Prefix: pa}, OnlyPrefix: true}},
		{"the prefix alone is new", held(Values{v4a, v6a, pa}), Plan{Want: Values{v4a, v6a, pb}}, &Call{Values: Values{Prefix: pb}, OnlyPrefix: true}},
		{"the address alone is new: full", held(Values{v4a, v6a, pa}), Plan{Want: Values{v4b, v6a, pa}}, &Call{Values: Values{v4b, v6a, pa}}},
		{"address and prefix are new: full", held(Values{v4a, v6a, pa}), Plan{Want: Values{v4b, v6a, pb}}, &Call{Values: Values{v4b, v6a, pb}}},
		{"full carries only what the line shows now", held(Values{v4a, v6a, pa}), Plan{Want: Values{IPv4: v4b}}, &Call{Values: Values{IPv4: v4b}}},
		{"nothing is new", held(Values{v4a, v6a, pa}), Plan{Want: Values{v4a, v6a, pa}}, nil},
		{"something is gone", held(Values{v4a, v6a, pa}), Plan{Want: Values{IPv6: v6a}}, nil},
		{"all is gone", held(Values{v4a, v6a, pa}), Plan{}, nil},
		{"the service refuses onlyprefix", Memory{NoOnly: true, Hosts: held(Values{v4a, v6a, pa}).Hosts}, Plan{Want: Values{v4a, v6a, pb}}, &Call{Values: Values{v4a, v6a, pb}}},
		{"send anew", held(Values{v4a, v6a, pa}), Plan{Want: Values{v4a, v6a, pa}, Redo: map[string]Values{}}, &Call{Values: Values{v4a, v6a, pa}}},
		{"an answer was lost: the old value may not be what the service holds",
			Memory{Hosts: map[string]Host{"": {Values: Values{IPv4: v4a}, Doubt: Publish{IPv4: true}}}}, Plan{Want: Values{IPv4: v4a}}, &Call{Values: Values{IPv4: v4a}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ipv64Account()
			got, _ := AccountState{a, ipv64Service(), tt.m, Key{}, Limits{}, tt.p}.nextAttempt(at(time.Hour))
			if (got == nil) != (tt.want == nil) || got != nil && (got.Call.Values != tt.want.Values || got.Call.OnlyPrefix != tt.want.OnlyPrefix || len(got.Call.Hosts) != 2) {
				t.Errorf("nextAttempt = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestHostsAreGrouped: where hosts are judged one by one, those that need the
// same share a request.
func TestHostsAreGrouped(t *testing.T) {
	a := &Account{Name: "d", Domains: []string{"a.x", "b.x", "c.x", "d.x"}}
	s := Service{MaxHosts: 2}
	m := Memory{Hosts: map[string]Host{"a.x": {Values: Values{IPv4: v4a}}, "c.x": {Stop: &Stop{Detail: "nohost"}}}}
	got, _ := AccountState{a, s, m, Key{}, Limits{}, Plan{Want: Values{IPv4: v4a, IPv6: v6a}}}.nextAttempt(at(time.Hour))
	if got == nil || len(got.Call.Hosts) != 2 || got.Call.Hosts[0] != "a.x" || got.Call.Hosts[1] != "b.x" || got.Call.Values != (Values{IPv4: v4a, IPv6: v6a}) {
		t.Errorf("two a request: %+v", got)
	}
	got, _ = AccountState{a, Service{MaxHosts: 20, OneAddress: true}, m, Key{}, Limits{}, Plan{Want: Values{IPv4: v4a, IPv6: v6a}}}.nextAttempt(at(time.Hour))
	if got == nil || len(got.Call.Hosts) != 1 || got.Call.Hosts[0] != "a.x" || got.Call.Values != (Values{IPv6: v6a}) {
		t.Errorf("one address a request, first host lacks IPv6 only: %+v", got)
	}
}

// at returns a reading of clocks that agree, d after boot.
func at(d time.Duration) Now {
	return Now{Wall: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC).Add(d), Synced: true, Boot: "b1", Up: d}
}

func slots(n int, d time.Duration) Key {
	k := Key{}
	for range n {
		k.Slots = append(k.Slots, Slot{Moment: at(d).Moment()})
	}
	return k
}

func TestGate(t *testing.T) {
	l := Limits{Short: 3, Day: 48}
	now := at(100 * time.Hour)
	fresh := Plan{Want: Values{IPv4: v4a}, Changed: now.Up, Unsent: now.Up}
	retry := Plan{Want: Values{IPv4: v4a}, Tried: true, Attempt: now.Up, Counted: now.Up, NotAgain: now.Up + time.Second, Error: "x"}
	tests := []struct {
		name string
		k    Key
		p    Plan
		want time.Duration // from now
	}{
		{"nothing sent yet", Key{}, fresh, 0},
		{"two in 10 s", slots(2, now.Up-time.Second), fresh, 0},
		{"three in 10 s", slots(3, now.Up-time.Second), fresh, 9200 * time.Millisecond},
		{"three, ten seconds ago and the margin", slots(3, now.Up-10200*time.Millisecond), fresh, 0},
		{"a quarter of the day and one left", slots(35, now.Up-time.Hour), fresh, 0},
		{"the last quarter has begun: still for 5 s", slots(36, now.Up-time.Hour), fresh, 5 * time.Second},
		{"one of it is gone: 10 s", slots(37, now.Up-time.Hour), fresh, 10 * time.Second},
		{"one left: half an hour", slots(47, now.Up-time.Hour), fresh, 30 * time.Minute},
		{"none left: when the first is a day old", slots(48, now.Up-23*time.Hour), fresh, time.Hour + dayMargin},
		{"a limit that the service named", Key{Quota: Quota{Until: now.Up + time.Minute}}, fresh, time.Minute},
		{"a retry waits its step", Key{}, retry, time.Second},
		{"a retry after half of its budget: spread over the day", slots(18, now.Up-time.Hour), retry, day / 18},
		{"a retry never takes the last quarter", slots(36, now.Up-time.Hour), retry, 23*time.Hour + dayMargin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := AccountState{Key: tt.k, Limits: l, Plan: tt.p}.gate(now)
			if got-now.Up != tt.want {
				t.Errorf("gate = now + %v, want now + %v", got-now.Up, tt.want)
			}
		})
	}
	if got, _ := (AccountState{Key: slots(500, now.Up), Plan: fresh}).gate(now); got != now.Up {
		t.Errorf("no limit: now + %v", got-now.Up)
	}
}

func TestTimesOfAnotherBoot(t *testing.T) {
	b := newBook(at(50 * time.Hour))
	k := Quota{Until: 50*time.Hour + 5*time.Minute}
	k.Slots = []Slot{{Moment: at(50*time.Hour - time.Minute).Moment()}, {Moment: at(49 * time.Hour).Moment()}}
	b.Quotas["k"] = k
	dark := Now{Wall: time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), Boot: "b2", Up: 20 * time.Second}
	b.Arrive(dark)
	if got := b.Quotas["k"].Until - dark.Up; got != 5*time.Minute-20*time.Second {
		t.Errorf("the lock has %v to go", got)
	}
	if got := dark.Since(b.Quotas["k"].Slots[1].Moment); got != 80*time.Second {
		t.Errorf("with a clock in 1970 the youngest slot is %v old, want what both boots have counted", got)
	}
	light := Now{Wall: at(50 * time.Hour).Wall.Add(7 * time.Hour), Synced: true, Boot: "b2", Up: 40 * time.Second}
	if got := light.Since(b.Quotas["k"].Slots[1].Moment); got != 7*time.Hour+time.Minute {
		t.Errorf("once NTP has set the clock it is %v old", got)
	}
	future := Now{Wall: light.Wall.Add(10 * 365 * day), Boot: "b2", Up: time.Minute}
	if got := future.Since(b.Quotas["k"].Slots[1].Moment); got > 3*time.Minute {
		t.Errorf("a clock that nobody vouches for made a slot %v old", got)
	}
}
