package daemon

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/checkip"
	"homeward/update/service"
)

func TestQuestionsOfAccounts(t *testing.T) {
	of := func(service, server, name string, publish service.Publish) settings.Account {
		a := settings.Account{Detect: "web", Poll: 5 * time.Minute, Enabled: true, Devices: netwatch.Devices{WAN: "auto", WAN6: "wan6"}}
		a.Name, a.Service, a.Server, a.Publish = name, service, server, publish
		return a
	}
	prefixed, both := service.Publish{IPv4: true, Prefix: true}, service.Publish{IPv4: true, IPv6: true}
	a, b := of("ipv64", "https://ipv64.net", "a", prefixed), of("ipv64", "https://ipv64.net", "b", both)
	a.Poll = 10 * time.Minute
	c := of("ipv64", "https://ipv64.net", "c", both)
	c.Host, c.Devices = netip.MustParseAddr("::1"), netwatch.Devices{WAN: "eth2", WAN6: "eth2"}
	d := of("dyndns2", "https://dyn.example", "d", both)
	d.CheckIP, d.Poll = "https://ip.example/", 10*time.Minute
	e := of("spdyn", "https://update.spdyn.de", "e", both)
	e.Detect = "line"
	web := func(family int, device string) checkip.Query {
		return checkip.Query{Of: "https://ipv64.net", URL: "https://ipv" + string(rune('0'+family)) + ".ipv64.net/nic/update?howismyip", Family: family, Device: device}
	}
	want := []checkip.Probe{
		{Query: web(4, ""), Poll: 5 * time.Minute},     // of a and b, the shorter poll
		{Query: web(6, "wan6"), Poll: 5 * time.Minute}, // of b
		{Query: web(4, "eth2"), Poll: 5 * time.Minute}, // of c, whose IPv6 is its host's
		{Query: checkip.Query{Of: "dyndns2 checkip ip.example", URL: "https://ip.example/", Family: 4}, Poll: 10 * time.Minute},
	}
	if got := probesOf([]settings.Account{a, b, c, d, e}); !reflect.DeepEqual(got, want) {
		t.Errorf("inquiries =\n%+v, want\n%+v", got, want)
	}
}

// What a service has answered takes the place of what the kernel shows; the
// prefix, and a host's address that is made of it, stay the line's.
func TestAnswersTakeTheLinesPlace(t *testing.T) {
	of := func(service, detect string, publish service.Publish) settings.Account {
		a := settings.Account{Detect: detect, Devices: netwatch.Devices{WAN: "auto", WAN6: "auto"}}
		a.Name, a.Service, a.Server, a.Publish = service, service, "https://ipv64.net", publish
		return a
	}
	accounts := []settings.Account{of("ipv64", "web", service.Publish{IPv4: true, IPv6: true, Prefix: true}),
		of("spdyn", "web", service.Publish{IPv4: true, IPv6: true}), of("spdyn", "line", service.Publish{IPv4: true, IPv6: true})}
	accounts[0].Host = netip.MustParseAddr("::1234")
	private := netwatch.Missing{Of: netwatch.ValueIPv4, Reason: netwatch.ReasonPrivate, Dev: "wan", Addr: netip.MustParseAddr("192.168.178.20")}
	line := netwatch.State{NoIPv4: private, IPv6: netip.MustParseAddr("2001:db8:1::1"), Prefix: netip.MustParsePrefix("2001:db8:2::/64")}
	v4, v6 := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8:9::9")
	spdyn := checkip.Query{Of: "https://checkip.spdyn.de", URL: "https://checkip.spdyn.de"}
	four, six := spdyn, spdyn
	four.Family, six.Family = 4, 6
	ipv64, _ := queryFor(accounts[0], 4)
	found := map[checkip.Query]checkip.Result{ipv64: {Addr: v4}, six: {Addr: v6, Note: "no answer"}}
	const awaited = "which IPv4 address we come from is being asked"
	for i, want := range []update.Desired{
		{Values: service.Values{IPv4: v4, IPv6: netip.MustParseAddr("2001:db8:2::1234"), Prefix: line.Prefix}},
		{Values: service.Values{IPv6: v6}, Note: awaited + "; no answer", Missing: "no-address"},
		{Values: service.Values{IPv6: line.IPv6}, Note: private.Text(), Missing: "private"},
	} {
		a := accounts[i]
		if got := published(a, line, found); got != want {
			t.Errorf("%s: %+v, want %+v", a.Name, got, want)
		}
	}
}

// An address that was found before the uplink has changed takes the place of no other
// that was accepted since: once beside the daemon may have asked. What was not accepted
// yet is still to be sent.
func TestADoubtfulAnswerReplacesNothingNewer(t *testing.T) {
	a := settings.Account{Detect: "web", Devices: netwatch.Devices{WAN: "auto"}}
	a.Name, a.Service, a.Server, a.Publish = "home", "ipv64", "https://ipv64.net", service.Publish{IPv4: true}
	addr := netip.MustParseAddr
	q, _ := queryFor(a, 4)
	held := service.Values{IPv4: addr("203.0.113.4")}
	v := NewViews(&settings.Config{Accounts: []settings.Account{a}}, func(*service.Account) service.Values { return held }, nil)
	for _, tt := range []struct {
		name, found string
		doubtful    bool
		held, want  string
	}{
		{"found, and not accepted yet", "203.0.113.5", false, "203.0.113.4", "203.0.113.5"},
		{"the line has changed", "203.0.113.5", true, "203.0.113.4", "203.0.113.5"},
		{"once has found and sent another", "203.0.113.5", true, "203.0.113.6", "203.0.113.6"},
		{"the line has changed again", "203.0.113.5", true, "203.0.113.6", "203.0.113.6"},
		{"found again", "203.0.113.7", false, "203.0.113.6", "203.0.113.7"},
	} {
		held.IPv4 = addr(tt.held)
		v.found = map[checkip.Query]checkip.Result{q: {Addr: addr(tt.found), Doubtful: tt.doubtful}}
		if got := v.Observe(netwatch.Tables{}).Wants["home"]; got.IPv4 != addr(tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, got.IPv4, tt.want)
		}
		next := NewViews(v.cfg, v.held, nil) // the next worker
		next.restore(v.published(), v.known)
		v = next
	}
}

func published(a settings.Account, s netwatch.State, found map[checkip.Query]checkip.Result) update.Desired {
	s, why := withProbed(a, s, found, service.Values{})
	return desired(a, s, why)
}

// With prefix = "auto" the service takes the prefix of the address that requests
// come from: that is what is watched, whatever the LAN has.
func TestPrefixAutoIsTheWANs(t *testing.T) {
	line := netwatch.State{IPv6: netip.MustParseAddr("2a02:8071:1:5::77"), Prefix: netip.MustParsePrefix("2a02:8071:2:1::/64")}
	a := settings.Account{}
	a.Publish, a.PrefixAuto = service.Publish{Prefix: true}, true
	if got := desired(a, line, notes{}); got.Prefix.String() != "2a02:8071:1:5::/64" || got.Note != "" {
		t.Errorf("want = %+v", got)
	}
	if got := desired(a, netwatch.State{}, notes{ipv6: "no default route for IPv6", prefix: "nothing is delegated"}); got.Prefix.IsValid() || got.Note != "no default route for IPv6" {
		t.Errorf("without IPv6: %+v", got)
	}
	a.Host, a.Publish.IPv6 = netip.MustParseAddr("::1"), true
	if got := desired(a, line, notes{}); got.IPv6.String() != "2a02:8071:2:1::1" {
		t.Errorf("a host is in %s, want the LAN's prefix", got.IPv6)
	}
}
