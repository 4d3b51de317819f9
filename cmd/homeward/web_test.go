package main

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

func TestQuestionsOfAccounts(t *testing.T) {
	cfg := wellFormed(t, `
[line]
wan6 = "wan6"
[account.a]
service = "ipv64"
domains = ["a.ipv64.net"]
token = "t"
detect = "web"
poll = "10m"
[account.b]
service = "ipv64"
domains = ["b.ipv64.net"]
token = "another"
publish = ["ipv4", "ipv6"]
detect = "web"
[account.c]
service = "ipv64"
domains = ["c.ipv64.net"]
token = "t"
host = "::1"
detect = "web"
wan = "eth2"
wan6 = "eth2"
[account.d]
service = "dyndns2"
server = "https://dyn.example"
domains = ["d.example.com"]
username = "u"
password = "p"
detect = "web"
checkip = "https://ip.example/"
[account.e]
service = "spdyn"
domains = ["e.spdns.org"]
token = "abcd-efgh-ijkl"
`)
	web := func(family int, device string) update.Question {
		return update.Question{Of: "https://ipv64.net", URL: "https://ipv" + string(rune('0'+family)) + ".ipv64.net/nic/update?howismyip", Family: family, Device: device}
	}
	want := []update.Inquiry{
		{Question: web(4, ""), Poll: 5 * time.Minute},     // of a and b, the shorter poll
		{Question: web(6, "wan6"), Poll: 5 * time.Minute}, // of b
		{Question: web(4, "eth2"), Poll: 5 * time.Minute}, // of c, whose IPv6 is its host's
		{Question: update.Question{Of: "dyndns2 checkip ip.example", URL: "https://ip.example/", Family: 4}, Poll: 10 * time.Minute},
	}
	if got := inquiries(cfg.Active()); !reflect.DeepEqual(got, want) {
		t.Errorf("inquiries =\n%+v, want\n%+v", got, want)
	}
}

// What a service has answered takes the place of what the kernel shows; the
// prefix, and a host's address that is made of it, stay the line's.
func TestAnswersTakeTheLinesPlace(t *testing.T) {
	cfg := wellFormed(t, `
[account.a]
service = "ipv64"
domains = ["a.ipv64.net"]
token = "t"
publish = ["ipv4", "ipv6", "prefix"]
host = "::1234"
detect = "web"
[account.b]
service = "spdyn"
domains = ["e.spdns.org"]
token = "abcd-efgh-ijkl"
detect = "web"
[account.c]
service = "spdyn"
domains = ["c.spdns.org"]
token = "abcd-efgh-ijkl"
`)
	private := netwatch.Missing{Of: netwatch.ValueIPv4, Reason: netwatch.ReasonPrivate, Dev: "wan", Addr: netip.MustParseAddr("192.168.178.20")}
	line := netwatch.State{NoIPv4: private, IPv6: netip.MustParseAddr("2001:db8:1::1"), Prefix: netip.MustParsePrefix("2001:db8:2::/64")}
	v4, v6 := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8:9::9")
	spdyn := update.Question{Of: "https://checkip.spdyn.de", URL: "https://checkip.spdyn.de"}
	four, six := spdyn, spdyn
	four.Family, six.Family = 4, 6
	ipv64, _ := cfg.Accounts[0].question(4)
	found := map[update.Question]update.Found{ipv64: {Addr: v4}, six: {Addr: v6, Note: "no answer"}}
	const awaited = "which IPv4 address we come from is being asked"
	for i, want := range []update.Want{
		{Values: update.Values{IPv4: v4, IPv6: netip.MustParseAddr("2001:db8:2::1234"), Prefix: line.Prefix}},
		{Values: update.Values{IPv6: v6}, Note: awaited + "; no answer"},
		{Values: update.Values{IPv6: line.IPv6}, Note: private.Text()},
	} {
		a := cfg.Accounts[i]
		if got := published(a, line, found); got != want {
			t.Errorf("%s: %+v, want %+v", a.Name, got, want)
		}
	}
}

func published(a Account, s netwatch.State, found map[update.Question]update.Found) update.Want {
	s, why := asked(a, s, found)
	return want(a, s, why)
}
