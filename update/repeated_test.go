package update

import (
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"homeward/openwrt/services"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// TestAReconnectCostsNoRecord: at a service that deletes what a request does not
// name, the family that has not come back yet is named as it was accepted last.
func TestAReconnectCostsNoRecord(t *testing.T) {
	both := service.Publish{IPv4: true, IPv6: true}
	dyn := &service.Account{Service: "dyndns2", Server: "https://dyn.example", Domains: []string{"a.example"}, Publish: both}
	url := &service.Account{Service: "template", Domains: []string{"a.example"}, Publish: service.Publish{IPv4: true, IPv6: true, Prefix: true},
		Template: &service.Template{URL: "https://t.example/?h=[DOMAIN]&a=[IPV4]&aaaa=[IPV6]&net=[PREFIX]"}}
	changed := func(a *service.Account, f func(*service.Account)) *service.Account {
		b := *a
		f(&b)
		return &b
	}
	tests := []struct {
		name     string
		a        *service.Account
		h        state.Host
		want     service.Values
		sent     service.Values
		query    string
		resend   bool
		hasDoubt service.Publish // once it is sent and not yet answered
	}{
		{"IPv6 is gone, IPv4 is new", dyn, state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}}, service.Values{IPv4: v4b}, service.Values{IPv4: v4b, IPv6: v6a},
			"hostname=a.example&myip=203.0.113.8,2001:db8::7", false, service.Publish{IPv4: true}},
		{"IPv4 is gone, IPv6 is new", dyn, state.Host{Values: service.Values{IPv4: v4a, IPv6: v6old}}, service.Values{IPv6: v6a}, service.Values{IPv4: v4a, IPv6: v6a},
			"hostname=a.example&myip=203.0.113.7,2001:db8::7", false, service.Publish{IPv6: true}},
		{"nothing was accepted before", dyn, state.Host{}, service.Values{IPv4: v4b}, service.Values{IPv4: v4b}, "hostname=a.example&myip=203.0.113.8", false, service.Publish{IPv4: true}},
		{"it is not published any more", changed(dyn, func(a *service.Account) { a.Publish.IPv6 = false }), state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}},
			service.Values{IPv4: v4b}, service.Values{IPv4: v4b}, "hostname=a.example&myip=203.0.113.8", false, service.Publish{IPv4: true}},
		{"sent anew", dyn, state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}}, service.Values{IPv4: v4a}, service.Values{IPv4: v4a, IPv6: v6a},
			"hostname=a.example&myip=203.0.113.7,2001:db8::7", true, service.Publish{IPv4: true}},
		{"a doubt about it stays until the answer", dyn, state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}, Unconfirmed: service.Publish{IPv6: true}}, service.Values{IPv4: v4b},
			service.Values{IPv4: v4b, IPv6: v6a}, "hostname=a.example&myip=203.0.113.8,2001:db8::7", false, service.Publish{IPv4: true, IPv6: true}},
		{"one address a request", changed(dyn, func(a *service.Account) { a.OneAddress = true }), state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}}, service.Values{IPv4: v4b},
			service.Values{IPv4: v4b}, "hostname=a.example&myip=203.0.113.8", false, service.Publish{IPv4: true}},
		{"a template with one URL", url, state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}, service.Values{IPv4: v4b}, service.Values{IPv4: v4b, IPv6: v6a, Prefix: pa},
			"h=a.example&a=203.0.113.8&aaaa=2001:db8::7&net=2001:db8:1200::/64", false, service.Publish{IPv4: true}},
		{"a template with a URL for each family", changed(url, func(a *service.Account) {
			a.Template = &service.Template{URL4: "https://t.example/?a=[IP]", URL6: "https://t.example/?aaaa=[IP]"}
		}), state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a, Prefix: pa}}, service.Values{IPv4: v4b}, service.Values{IPv4: v4b}, "a=203.0.113.8", false, service.Publish{IPv4: true}},
		{"SPDYN keeps what is not named", changed(dyn, func(a *service.Account) { a.Service = "spdyn" }), state.Host{Values: service.Values{IPv4: v4a, IPv6: v6a}},
			service.Values{IPv4: v4b}, service.Values{IPv4: v4b}, "hostname=a.example&myip=203.0.113.8", false, service.Publish{IPv4: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := service.For(tt.a)
			m := state.AccountRecord{Hosts: map[string]state.Host{"a.example": tt.h}}
			p := Plan{Want: tt.want}
			if tt.resend {
				p.ForceResend = map[string]service.Values{}
			}
			call, _ := AccountState{tt.a, s, m, state.Usage{}, state.Limits{}, p}.nextAttempt(at(time.Hour))
			if call == nil || call.Update.Values != tt.sent {
				t.Fatalf("nextAttempt = %+v, want %v", call, tt.sent)
			}
			if _, query, _ := strings.Cut(s.Request(tt.a, call.Update).URL.Reveal(), "?"); query != tt.query {
				t.Errorf("query %s, want %s", query, tt.query)
			}
			if !p.carries(*call) {
				t.Error("a request with a value that the line does not show any more counts as outdated")
			}
			m, _, sent := reservedParts(AccountState{tt.a, s, m, state.Usage{}, state.Limits{}, Plan{}}.Reserve(at(time.Hour), *call, 1, 1))
			if got := m.Hosts["a.example"].Unconfirmed; got != tt.hasDoubt {
				t.Errorf("in doubt meanwhile: %+v, want %+v", got, tt.hasDoubt)
			}
			m, _, p = parts(AccountState{tt.a, s, m, state.Usage{}, state.Limits{}, p}.After(at(time.Hour), sent, service.Result{Verdict: service.Accepted}, 0))
			p.Want = tt.sent
			if again, _ := (AccountState{tt.a, s, m, state.Usage{}, state.Limits{}, p.Reset()}).nextAttempt(at(time.Hour)); again != nil {
				t.Errorf("gone and back: sent again, %+v", again)
			}
		})
	}
}

// Nothing is sent to a service that would take the connection's address for the A
// record, until there is an IPv4 address to name.
func TestAnUpdateWithoutIPv4WaitsWhereTheConnectionsIsTaken(t *testing.T) {
	text, _ := services.File("do.de")
	tmpl, err := service.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	both := service.Publish{IPv4: true, Prefix: true}
	for _, tt := range []struct {
		name    string
		publish service.Publish
		held    service.Values
		want    service.Values
		sent    service.Values
		state   string
	}{
		{"no IPv4 address was ever accepted", both, service.Values{}, service.Values{Prefix: pa}, service.Values{}, StateWaiting},
		{"one was accepted", both, service.Values{IPv4: v4a}, service.Values{Prefix: pa}, service.Values{IPv4: v4a, Prefix: pa}, StateDue},
		{"the line shows one", both, service.Values{}, service.Values{IPv4: v4a, Prefix: pa}, service.Values{IPv4: v4a, Prefix: pa}, StateDue},
		{"nothing is missing", both, service.Values{Prefix: pa}, service.Values{Prefix: pa}, service.Values{}, StateCurrent},
	} {
		a := &service.Account{Service: "do.de", Template: &tmpl, Domains: []string{"a.example"}, Publish: tt.publish}
		s, _ := service.For(a)
		m := state.AccountRecord{Hosts: map[string]state.Host{"a.example": {Values: tt.held}}}
		d := AccountState{a, s, m, state.Usage{}, state.Limits{}, Plan{Want: tt.want}}.Next(at(time.Hour))
		var sent service.Values
		if d.Attempt != nil {
			sent = d.Attempt.Update.Values
		}
		if sent != tt.sent || d.State != tt.state {
			t.Errorf("%s: sends %v, %s, want %v, %s", tt.name, sent, d.State, tt.sent, tt.state)
		}
	}
}

// deleting is a service that holds for each host what its last request named,
// and nothing else.
type deleting struct{ records map[string]service.Values }

func (d *deleting) take(t *testing.T, r transport.Request) {
	_, query, _ := strings.Cut(r.URL.Reveal(), "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range strings.Split(q.Get("hostname"), ",") {
		var v service.Values
		for _, text := range strings.Split(q.Get("myip"), ",") {
			if ip := netip.MustParseAddr(text); ip.Is4() {
				v.IPv4 = ip
			} else {
				v.IPv6 = ip
			}
		}
		d.records[host] = v
	}
}

// TestNoRecordIsEverLost lets a line come and go at a service that deletes what
// is not named, with answers that are lost and restarts, for dyndns2 and for a
// template with one URL.
func TestNoRecordIsEverLost(t *testing.T) {
	for _, a := range []*service.Account{
		{Service: "dyndns2", Server: "https://dyn.example", Domains: []string{"a.example", "b.example", "c.example"}, Publish: service.Publish{IPv4: true, IPv6: true}},
		{Service: "template", Domains: []string{"a.example", "b.example"}, Publish: service.Publish{IPv4: true, IPv6: true},
			Template: &service.Template{URL: "https://dyn.example/?hostname=[DOMAIN]&myip=[IP]"}},
	} {
		for seed := range uint64(200) {
			if !neverLost(t, a, seed) {
				return
			}
		}
	}
}

func neverLost(t *testing.T, a *service.Account, seed uint64) bool {
	rng := rand.New(rand.NewPCG(seed, 1))
	s, _ := service.For(a)
	d := &deleting{records: map[string]service.Values{}}
	var m state.AccountRecord
	var p Plan
	line := service.Values{}
	for step := range 200 {
		now := at(time.Duration(step+1) * time.Minute)
		switch rng.IntN(6) {
		case 0:
			line.IPv4 = netip.Addr{}
		case 1:
			line.IPv6 = netip.Addr{}
		case 2:
			line.IPv4 = netip.AddrFrom4([4]byte{198, 51, 100, byte(rng.IntN(3))})
		case 3:
			line.IPv6 = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(rng.IntN(3))})
		case 4:
			p = p.Resend(now)
		case 5:
			p = Plan{} // a restart
		}
		p = p.Observe(now, line)
		for range 1 + rng.IntN(3) {
			call, _ := AccountState{a, s, m, state.Usage{}, state.Limits{}, p}.nextAttempt(now)
			if call == nil {
				p = p.Reset()
				break
			}
			var k state.Usage
			m, k, *call = reservedParts(AccountState{a, s, m, state.Usage{}, state.Limits{}, Plan{}}.Reserve(now, *call, 1, 1))
			ends := rng.IntN(4) // 0: it never arrives, 1: its answer is lost
			if ends != 0 {
				d.take(t, s.Request(a, call.Update))
			}
			if ends < 2 {
				p = p.afterFault(now, *call, transport.Fault{Kind: transport.FaultSent, Sent: true}, 0)
				continue
			}
			m, _, p = parts(AccountState{a, s, m, k, state.Limits{}, p}.After(now, *call, service.Result{Verdict: service.Accepted}, 0))
		}
		for _, host := range a.Domains {
			h := m.Hosts[host]
			if next, _ := (AccountState{a, s, m, state.Usage{}, state.Limits{}, p}).nextAttempt(now); next == nil && missing(line, state.Host{Values: d.records[host]}) != (service.Values{}) {
				t.Errorf("%s, seed %d: current, the line shows %v, %s has %v", a.Service, seed, line, host, d.records[host])
				return false
			}
			has := d.records[host]
			lost := h.IPv4.IsValid() && !has.IPv4.IsValid() || h.IPv6.IsValid() && !has.IPv6.IsValid()
			if lost || missing(h.Values.Without(h.Unconfirmed), state.Host{Values: has}) != (service.Values{}) {
				t.Errorf("%s, seed %d: %s has %v, accepted was %v (in doubt: %+v)", a.Service, seed, host, has, h.Values, h.Unconfirmed)
				return false
			}
		}
	}
	return true
}

// A family that is published again after a while was somebody else's meanwhile.
func TestWhatIsNotPublishedAnyMoreIsForgotten(t *testing.T) {
	a := service.Account{Name: "home", Service: "dyndns2", Server: "https://dyn.example", Domains: []string{"a.example"}, Publish: service.Publish{IPv4: true, IPv6: true}}
	b := state.New(at(time.Hour))
	b.SyncConfig(&a)
	b.Accounts["home"] = eachHost(b.Accounts["home"], serviceOf(&a), service.Update{Hosts: a.Domains}, func(_ string, h state.Host) state.Host {
		h.Values = service.Values{IPv4: v4a, IPv6: v6a}
		return h
	})
	for _, ipv6 := range []bool{true, false, true} {
		now := a
		now.Publish.IPv6 = ipv6
		b.SyncConfig(&now)
	}
	if got, want := b.Accounts["home"].Hosts["a.example"].Values, (service.Values{IPv4: v4a}); got != want {
		t.Errorf("accepted is %v, want %v", got, want)
	}
}

// Of a call that left the service half-way what was accepted counts, though the
// rest has to wait.
func TestABusyAnswerProvesTheKey(t *testing.T) {
	a := &service.Account{Service: "dyndns2", Domains: []string{"a.example", "b.example"}, Publish: service.Publish{IPv4: true}}
	m, k, _, _ := answeredBy(t, at(time.Hour), a, state.AccountRecord{}, state.Usage{}, Plan{Want: service.Values{IPv4: v4a}}, transport.Answer{Status: 200, Body: []byte("good\n911")})
	if !k.Good || k.Until != time.Hour+busyWait || m.Hosts["a.example"].IPv4 != v4a {
		t.Errorf("key %+v, hosts %+v", k, m.Hosts)
	}
}

var v6old = netip.MustParseAddr("2001:db8::1")
