package service

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func dnsAccount() *Account {
	return &Account{Service: "rfc2136", Server: "dns://ns.example.org", Domains: []string{"home.example.org", "nas.example.org"}, Username: "homeward",
		Algorithm: "hmac-sha256", Secret: secret.New("bWFkZSB1cCBzZWNyZXQ="), Device4: "pppoe-wan", Device6: "wan6"}
}

func TestGoldenDNSUpdates(t *testing.T) {
	a, zoned := dnsAccount(), dnsAccount()
	zoned.Zone = "example.org"
	var text string
	for _, tt := range []struct {
		name string
		a    *Account
		c    Update
	}{
		{"both addresses of two hosts", zoned, Update{Hosts: a.Domains, Values: Values{IPv4: ip4, IPv6: ip6}}},
		{"IPv6 alone, the zone is asked for", a, Update{Hosts: a.Domains[:1], Values: Values{IPv6: ip6}}},
	} {
		r := (&dnsUpdate{}).Request(tt.a, tt.c)
		text += "# " + tt.name + "\n" + golden.Request(r) + "\n"
		if r.Device4 != a.Device4 || r.Device6 != a.Device6 || r.DNS.Key.Secret != tt.a.Secret {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
	if strings.Contains(text, "bWFkZ") {
		t.Error("the secret is shown")
	}
	golden.Compare(t, "rfc2136", text)
}

func TestServerNameOfANameServer(t *testing.T) {
	for server, want := range map[string]string{"dns://NS.example.org": "ns.example.org", "dns://ns.example.org:53": "ns.example.org",
		"dns://[2001:db8::53]:5353": "[2001:db8::53]:5353"} {
		if got := ServerName(server); got != want {
			t.Errorf("ServerName(%s) = %s, want %s", server, got, want)
		}
	}
}

func TestVerdictsOfZones(t *testing.T) {
	a := dnsAccount()
	c := Update{Hosts: a.Domains}
	zone := func(code rfc2136.Code, hosts ...string) rfc2136.Result {
		return rfc2136.Result{Zone: "example.org", Hosts: hosts, Code: code}
	}
	for _, tt := range []struct {
		name  string
		dns   []rfc2136.Result
		want  Verdict
		hosts []Verdict
	}{
		{"all are accepted", []rfc2136.Result{zone(0, a.Domains...)}, Accepted, nil},
		{"each in a zone of its own", []rfc2136.Result{zone(0, a.Domains[0]), zone(0, a.Domains[1])}, Accepted, nil},
		{"one is not mentioned", []rfc2136.Result{zone(0, a.Domains[0])}, Unknown, nil},
		{"none is", nil, Unknown, nil},
		{"both zones are refused", []rfc2136.Result{zone(rfc2136.Refused, a.Domains[0]), zone(rfc2136.NotAuth, a.Domains[1])}, Refused, nil},
		{"one zone is refused", []rfc2136.Result{zone(0, a.Domains[0]), zone(rfc2136.Refused, a.Domains[1])}, Refused, []Verdict{Accepted, Refused}},
		{"one zone has another key", []rfc2136.Result{zone(rfc2136.BadKey, a.Domains[0]), zone(0, a.Domains[1])}, Refused, []Verdict{Refused, Accepted}},
		{"one zone is not signed for", []rfc2136.Result{zone(0, a.Domains[0]), zone(rfc2136.Unsigned, a.Domains[1])}, Unknown, []Verdict{Accepted, Unknown}},
		{"one zone has trouble", []rfc2136.Result{zone(0, a.Domains[0]), zone(rfc2136.ServFail, a.Domains[1])}, Temporary, nil},
		{"the key is not known at all", []rfc2136.Result{zone(rfc2136.BadKey, a.Domains[0])}, Unauthorized, nil},
	} {
		r := (&dnsUpdate{}).Parse(a, c, transport.Answer{DNS: tt.dns})
		var hosts []Verdict
		for _, h := range r.Hosts {
			hosts = append(hosts, h.Verdict)
		}
		if r.Verdict != tt.want || !slices.Equal(hosts, tt.hosts) {
			t.Errorf("%s: %+v, want %v, %v", tt.name, r, tt.want, tt.hosts)
		}
	}
}

// A zone's hosts go in one message, and the server does not say which of them it
// refuses.
func TestRefusedZonesNameTheirHosts(t *testing.T) {
	for _, code := range []rfc2136.Code{rfc2136.YXRRSet, rfc2136.NotZone} {
		two := dnsVerdict(&rfc2136.Result{Zone: "example.org", Hosts: dnsAccount().Domains, Code: code})
		many := dnsVerdict(&rfc2136.Result{Zone: "example.org", Hosts: slices.Repeat([]string{"a.example.org"}, 12), Code: code})
		if !strings.HasPrefix(two.do, "look at home.example.org, nas.example.org: ") || !strings.Contains(many.do, "a.example.org and 2 more: ") {
			t.Errorf("%v: %s; %s", code, two.do, many.do)
		}
	}
}

// FuzzDNSVerdict: only NOERROR for every host is accepted, and what is said can be
// shown.
func FuzzDNSVerdict(f *testing.F) {
	f.Add(0, 0, "example.org", 1)
	f.Add(5, 17, "ex\x1b[31m", 2)
	f.Add(-3, 2, "", 0)
	f.Fuzz(func(t *testing.T, code1, code2 int, zone string, n int) {
		a := dnsAccount()
		dns := []rfc2136.Result{{Zone: zone, Hosts: a.Domains[:1], Code: rfc2136.Code(code1)}, {Zone: zone, Hosts: a.Domains[1:], Code: rfc2136.Code(code2)}}[:n&0xff%3]
		r := (&dnsUpdate{}).Parse(a, Update{Hosts: a.Domains}, transport.Answer{DNS: dns})
		if r.Verdict == Accepted && (len(dns) != 2 || code1 != 0 || code2 != 0) {
			t.Errorf("%v is accepted", dns)
		}
		for _, h := range r.Hosts {
			if h.Verdict == Accepted && (h.Host == a.Domains[0] && code1 != 0 || h.Host == a.Domains[1] && code2 != 0) {
				t.Errorf("%s of %v is accepted", h.Host, dns)
			}
		}
		if !golden.Printable(r.Detail) || !golden.Printable(r.Hint) || utf8.RuneCountInString(r.Detail) > 100 {
			t.Errorf("Detail %q, Hint %q", r.Detail, r.Hint)
		}
	})
}
