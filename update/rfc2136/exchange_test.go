package rfc2136_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/updatetest"
)

// theSecret is "a secret of thirty-two bytes !!!" in base64.
const theSecret = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyAhISE="

var (
	ip4 = netip.MustParseAddr("203.0.113.7")
	ip6 = netip.MustParseAddr("2001:db8::7")
)

func key() rfc2136.Key {
	return rfc2136.Key{Name: "ddns-key", Algorithm: "hmac-sha256", Secret: secret.New(theSecret)}
}

// nameServer returns a stand-in for two zones, one below the other, and a
// connection to it.
func nameServer(t *testing.T) (*updatetest.NameServer, net.Conn) {
	t.Helper()
	s := updatetest.NewNameServer("ddns-key", theSecret, "example.org", "sub.example.org")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go s.Serve(l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return s, conn
}

func same(a, b []rfc2136.Result) bool {
	return slices.EqualFunc(a, b, func(a, b rfc2136.Result) bool {
		return a.Zone == b.Zone && a.Code == b.Code && slices.Equal(a.Hosts, b.Hosts)
	})
}

func TestExchange(t *testing.T) {
	s, conn := nameServer(t)
	s.Set("home.example.org", "A", "192.0.2.1 1h")
	s.Set("home.example.org", "AAAA", "2001:db8::1 1h", "2001:db8::2 1h")
	s.Set("home.example.org", "TXT", "stays")
	s.Set("www.example.org", "A", "192.0.2.2 1h")
	u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org", "nas.example.org"}, IPv6: ip6}
	got, err := u.Exchange(conn, time.Now)
	if want := []rfc2136.Result{{Zone: "example.org", Hosts: u.Hosts}}; err != nil || !same(got, want) {
		t.Fatalf("Exchange = %v, %v, want %v", got, err, want)
	}
	for _, tt := range []struct{ name, typ, want string }{
		{"home.example.org", "AAAA", "2001:db8::7 1m0s"},
		{"home.example.org", "A", "192.0.2.1 1h"},
		{"home.example.org", "TXT", "stays"},
		{"nas.example.org", "AAAA", "2001:db8::7 1m0s"},
		{"nas.example.org", "A", ""},
		{"www.example.org", "A", "192.0.2.2 1h"},
	} {
		if got := strings.Join(s.Records(tt.name, tt.typ), ", "); got != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.name, tt.typ, got, tt.want)
		}
	}
}

// Zones that are not given are asked for, and the hosts of each go in one message.
func TestExchangeFindsZones(t *testing.T) {
	s, conn := nameServer(t)
	u := rfc2136.Update{Key: key(), Hosts: []string{"a.example.org", "b.deep.sub.example.org", "x.example.com", "example.org"}, IPv4: ip4}
	got, err := u.Exchange(conn, time.Now)
	want := []rfc2136.Result{
		{Zone: "example.org", Hosts: []string{"a.example.org", "example.org"}},
		{Zone: "sub.example.org", Hosts: []string{"b.deep.sub.example.org"}},
		{Hosts: []string{"x.example.com"}, Code: rfc2136.NoZone},
	}
	if err != nil || !same(got, want) {
		t.Fatalf("Exchange = %v, %v, want %v", got, err, want)
	}
	messages := []string{"SOA a.example.org", "SOA b.deep.sub.example.org", "SOA x.example.com", "SOA example.com", "SOA com", "SOA example.org",
		"UPDATE example.org: -a.example.org/A +a.example.org/A -example.org/A +example.org/A",
		"UPDATE sub.example.org: -b.deep.sub.example.org/A +b.deep.sub.example.org/A"}
	if got := s.Messages(); !slices.Equal(got, messages) {
		t.Errorf("the server was sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(messages, "\n"))
	}
}

func TestExchangeRefused(t *testing.T) {
	type fault = updatetest.NameServerFault
	wrong := func(f func(*rfc2136.Update)) func(*rfc2136.Update) { return f }
	as := wrong(func(*rfc2136.Update) {})
	for _, tt := range []struct {
		name   string
		fault  fault
		change func(*rfc2136.Update)
		want   rfc2136.Code
	}{
		{"the server has another secret", fault{}, func(u *rfc2136.Update) { u.Key.Secret = secret.New("YW5vdGhlcg==") }, rfc2136.BadSig},
		{"it does not know the key's name", fault{}, func(u *rfc2136.Update) { u.Key.Name = "other" }, rfc2136.BadKey},
		{"nor its algorithm", fault{}, func(u *rfc2136.Update) { u.Key.Algorithm = "hmac-sha512" }, rfc2136.BadKey},
		{"it is not the zone's", fault{}, func(u *rfc2136.Update) { u.Zone = "org" }, rfc2136.NotAuth},
		{"a host is outside", fault{}, func(u *rfc2136.Update) { u.Zone = "sub.example.org" }, rfc2136.NotZone},
		{"a host is an alias", fault{}, func(u *rfc2136.Update) { u.Hosts = []string{"alias.example.org"} }, rfc2136.YXRRSet},
		{"the key may not", fault{Code: 5}, as, rfc2136.Refused},
		{"it has trouble", fault{Code: 2}, as, rfc2136.ServFail},
		{"it takes no updates", fault{Code: 4}, as, rfc2136.NotImp},
		{"an answer without signature", fault{Unsigned: true}, as, rfc2136.Unsigned},
		{"a refusal without signature", fault{Unsigned: true, Code: 5}, as, rfc2136.Unsigned},
		{"a wrong signature", fault{WrongMAC: true}, as, rfc2136.BadSignature},
		{"another key's signature", fault{OtherKey: true}, as, rfc2136.BadSignature},
		{"another message's answer", fault{OtherID: true}, as, rfc2136.NoReply},
		{"a web server", fault{Raw: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")}, as, rfc2136.NoReply},
		{"nothing in it", fault{Raw: []byte{}}, as, rfc2136.NoReply},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, zone := range []string{"example.org", ""} { // given, or asked for
				s, conn := nameServer(t)
				s.Set("alias.example.org", "CNAME", "www.example.org")
				s.SetFault(tt.fault)
				u := rfc2136.Update{Key: key(), Zone: zone, Hosts: []string{"home.example.org"}, IPv4: ip4, IPv6: ip6}
				if tt.change(&u); zone == "" && u.Zone != "" {
					continue // the zone is what is wrong
				}
				got, err := u.Exchange(conn, time.Now)
				if err != nil || len(got) != 1 || got[0].Code != tt.want || !slices.Equal(got[0].Hosts, u.Hosts) {
					t.Errorf("zone %q: Exchange = %v, %v, want %v", zone, got, err, tt.want)
				}
				if s.Records("home.example.org", "A") != nil && !tt.fault.Unsigned && !tt.fault.WrongMAC && !tt.fault.OtherKey && !tt.fault.OtherID {
					t.Errorf("zone %q: the record was made", zone)
				}
			}
		})
	}
}

func TestExchangeByAnotherClock(t *testing.T) {
	s, conn := nameServer(t)
	u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4}
	ask := func(off time.Duration) (rfc2136.ClockError, bool) {
		t.Helper()
		_, err := u.Exchange(conn, func() time.Time { return time.Now().Add(off) })
		var clock rfc2136.ClockError
		is := errors.As(err, &clock)
		if err != nil && !is {
			t.Fatal(err)
		}
		return clock, is
	}
	if _, wrong := ask(-4 * time.Minute); wrong {
		t.Error("four minutes are too far")
	}
	clock, wrong := ask(-time.Hour)
	if off := time.Since(clock.Server); !wrong || off < -time.Second || off > time.Minute {
		t.Errorf("an hour behind: %v, the server's clock is %v off", wrong, off)
	}
	s.SetFault(updatetest.NameServerFault{NoTimeGive: true})
	if clock, wrong = ask(time.Hour); !wrong || !clock.Server.IsZero() {
		t.Errorf("an hour ahead of a server that tells no time: %v, %v", wrong, clock.Server)
	}
	if got := s.Records("home.example.org", "A"); len(got) != 1 {
		t.Errorf("records %v, want that of the first update alone", got)
	}
}

func TestExchangeOfABrokenConnection(t *testing.T) {
	s, conn := nameServer(t)
	s.SetFault(updatetest.NameServerFault{Half: true})
	u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4}
	if got, err := u.Exchange(conn, time.Now); err != io.ErrUnexpectedEOF || got != nil {
		t.Errorf("half an answer: %v, %v", got, err)
	}
	if got, err := u.Exchange(conn, time.Now); err == nil || got != nil {
		t.Errorf("a closed connection: %v, %v", got, err)
	}
}
