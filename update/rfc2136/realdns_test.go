package rfc2136_test

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/updatetest"
)

// startDNS starts a real name server on loopback, with keys of both algorithms.
func startDNS(t *testing.T, name string) *updatetest.RealDNS {
	t.Helper()
	raw, err := rfc2136.DecodeSecret(secret.New(theSecret))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &updatetest.RealDNS{Name: name, Dir: t.TempDir(), Addr: netip.MustParseAddrPort(l.Addr().String()),
		Keys: []updatetest.TSIG{{Key: "ddns-key", Algorithm: "hmac-sha256", Secret: raw}, {Key: "long.key", Algorithm: "hmac-sha512", Secret: raw}},
		Records: []string{"home 3600 A 192.0.2.1", "home 3600 AAAA 2001:db8::1", "home 3600 AAAA 2001:db8::2", "home 3600 TXT stays",
			"www 3600 A 192.0.2.2", "alias 3600 CNAME www"}}
	l.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// exchange makes one update on a connection of its own.
func exchange(t *testing.T, s *updatetest.RealDNS, u rfc2136.Update, off time.Duration) ([]rfc2136.Result, error) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	return u.Exchange(conn, func() time.Time { return time.Now().Add(off) })
}

// records faults what the server answers for a name.
func records(t *testing.T, s *updatetest.RealDNS, name string, typ dnsmessage.Type, want ...string) {
	t.Helper()
	got, err := s.Lookup(name, typ)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s %s: %q, %v, want %q", name, typ, got, err, want)
	}
}

func TestRealNameServers(t *testing.T) {
	const a, aaaa, txt = dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeTXT
	for _, name := range []string{"bind", "knot"} {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, name)
			accept := func(u rfc2136.Update, want ...rfc2136.Result) {
				t.Helper()
				if got, err := exchange(t, s, u, 0); err != nil || !same(got, want) {
					t.Fatalf("Exchange = %v, %v, want %v", got, err, want)
				}
			}
			u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org", "nas.example.org"}, IPv4: ip4, IPv6: ip6}
			accept(u, rfc2136.Result{Zone: "example.org", Hosts: u.Hosts})
			for _, host := range u.Hosts {
				records(t, s, host, a, "203.0.113.7 60")
				records(t, s, host, aaaa, "2001:db8::7 60")
			}
			records(t, s, "home.example.org", txt, "stays 3600")
			records(t, s, "www.example.org", a, "192.0.2.2 3600")
			records(t, s, "ns.example.org", a, "192.0.2.53 3600")

			// the prefix alone: A stays; by the other key
			u.IPv4, u.IPv6 = netip.Addr{}, netip.MustParseAddr("2001:db8:1200::7")
			u.Key.Name, u.Key.Algorithm = "Long.Key.", "hmac-sha512"
			accept(u, rfc2136.Result{Zone: "example.org", Hosts: u.Hosts})
			records(t, s, "home.example.org", a, "203.0.113.7 60")
			records(t, s, "home.example.org", aaaa, "2001:db8:1200::7 60")

			// hosts of two zones, which are asked for, and one of none
			u = rfc2136.Update{Key: key(), Hosts: []string{"a.b.sub.example.org", "x.example.net", "example.org", "home.example.org"}, IPv4: ip4}
			none := map[string]rfc2136.Code{"bind": rfc2136.NoZone, "knot": rfc2136.Unsigned}[name]
			accept(u, rfc2136.Result{Zone: "sub.example.org", Hosts: []string{"a.b.sub.example.org"}},
				rfc2136.Result{Hosts: []string{"x.example.net"}, Code: none},
				rfc2136.Result{Zone: "example.org", Hosts: []string{"example.org", "home.example.org"}})
			records(t, s, "a.b.sub.example.org", a, "203.0.113.7 60")
			records(t, s, "example.org", a, "203.0.113.7 60")
		})
	}
}

func TestRealNameServersRefuse(t *testing.T) {
	for _, name := range []string{"bind", "knot"} {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, name)
			notAuth, refused := rfc2136.NotAuth, rfc2136.Refused
			if name == "knot" { // which has keys for each zone, and signs nothing about zones of others
				notAuth, refused = rfc2136.Unsigned, rfc2136.BadKey
			}
			for _, tt := range []struct {
				name   string
				change func(*rfc2136.Update)
				want   rfc2136.Code
			}{
				{"another secret", func(u *rfc2136.Update) { u.Key.Secret = secret.New("YW5vdGhlcg==") }, rfc2136.BadSig},
				{"another key", func(u *rfc2136.Update) { u.Key.Name = "other" }, rfc2136.BadKey},
				{"another algorithm", func(u *rfc2136.Update) { u.Key.Algorithm = "hmac-sha512" }, rfc2136.BadKey},
				{"another server's zone", func(u *rfc2136.Update) { u.Zone, u.Hosts = "example.net", []string{"a.example.net"} }, notAuth},
				{"a host outside", func(u *rfc2136.Update) { u.Hosts = []string{"home.example.org", "a.example.net"} }, rfc2136.NotZone},
				{"a zone that is closed", func(u *rfc2136.Update) { u.Zone, u.Hosts = "closed.example", []string{"a.closed.example"} }, refused},
				{"an alias", func(u *rfc2136.Update) { u.Hosts = []string{"home.example.org", "alias.example.org"} }, rfc2136.YXRRSet},
			} {
				u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4}
				tt.change(&u)
				got, err := exchange(t, s, u, 0)
				if err != nil || len(got) != 1 || got[0].Code != tt.want {
					t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
				}
			}
			for _, off := range []time.Duration{time.Hour, -24 * time.Hour} {
				for _, zone := range []string{"example.org", ""} {
					u := rfc2136.Update{Key: key(), Zone: zone, Hosts: []string{"home.example.org"}, IPv4: ip4}
					got, err := exchange(t, s, u, off)
					var clock rfc2136.ClockError
					if !errors.As(err, &clock) || time.Since(clock.Server).Abs() > time.Minute {
						t.Errorf("a clock that is %v off, zone %q: %v, %v (%v)", off, zone, got, err, clock.Server)
					}
				}
			}
			records(t, s, "home.example.org", dnsmessage.TypeA, "192.0.2.1 3600")
		})
	}
}
