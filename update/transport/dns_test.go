package transport

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/updatetest"
)

const dnsSecret = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyAhISE="

// nameServer serves example.org on loopback. It returns the server and an update
// for it.
func nameServer(t *testing.T) (*updatetest.NameServer, Request) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := updatetest.NewNameServer("ddns-key", dnsSecret, "example.org")
	go s.Serve(l)
	key := rfc2136.Key{Name: "ddns-key", Algorithm: "hmac-sha256", Secret: secret.New(dnsSecret)}
	return s, Request{Method: "UPDATE", URL: secret.Text{}.Plain("dns://" + l.Addr().String()),
		DNS: &rfc2136.Update{Key: key, Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: netip.MustParseAddr("203.0.113.7")}}
}

func TestDNSUpdate(t *testing.T) {
	s, req := nameServer(t)
	o := steady().exchange(t.Context(), req, func(local netip.Addr) bool {
		return local == netip.MustParseAddr("127.0.0.1") && len(s.Messages()) == 0
	})
	if o.Answer == nil || len(o.Answer.DNS) != 1 || o.Answer.DNS[0].Code != rfc2136.NoError {
		t.Fatalf("outcome %+v %+v", o.Answer, o.Fault)
	}
	if got := s.Records("home.example.org", "A"); !slices.Equal(got, []string{"203.0.113.7 1m0s"}) {
		t.Errorf("records %v", got)
	}
	o = steady().exchange(t.Context(), req, func(netip.Addr) bool { return false })
	if o.Fault == nil || o.Fault.Kind != FaultCanceled || len(s.Messages()) != 1 {
		t.Errorf("not to be sent: %+v, %v", o.Fault, s.Messages())
	}
}

func TestDNSUpdateFaults(t *testing.T) {
	type fault = updatetest.NameServerFault
	for _, tt := range []struct {
		name string
		f    fault
		kind FaultKind
		sent bool
		want string
	}{
		{"another clock", fault{Ahead: 48 * time.Hour}, FaultClock, true, "waiting for NTP: this router's clock says " + time.Now().UTC().Format("2006-01-02")},
		{"another clock, which is not told", fault{Ahead: -time.Hour, NoTimeGive: true}, FaultClock, true, ", and that of 127.0.0.1 another time (BADTIME)"},
		{"no answer", fault{Hang: true}, FaultSent, true, "sent to 127.0.0.1, could not confirm: no whole answer within 1s"},
		{"half an answer", fault{Half: true}, FaultSent, true, "in the middle of the answer"},
	} {
		s, req := nameServer(t)
		s.SetFault(tt.f)
		req.Known = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		o := quick().exchange(t.Context(), req, nil)
		if (len(o.Forget) == 1) != (tt.kind == FaultSent) {
			t.Errorf("%s: forgets %v", tt.name, o.Forget)
		}
		if o.Fault == nil || o.Fault.Kind != tt.kind || o.Fault.Sent != tt.sent || !strings.Contains(o.Fault.Detail, tt.want) {
			t.Errorf("%s: %+v, %+v", tt.name, o.Answer, o.Fault)
		}
	}
}

func TestDNSURLs(t *testing.T) {
	for _, tt := range []struct {
		url  string
		dns  bool
		port uint16 // 0: a fault
	}{
		{"dns://ns.example.org", true, 53},
		{"dns://[2001:db8::53]:5353", true, 5353},
		{"dns://ns.example.org", false, 0},
		{"https://ns.example.org", true, 0},
		{"https://ns.example.org", false, 443},
	} {
		req := Request{URL: secret.Text{}.Plain(tt.url)}
		if tt.dns {
			req.DNS = &rfc2136.Update{}
		}
		if e, err := newEndpoint(req); e.port != tt.port || (err != nil) != (tt.port == 0) {
			t.Errorf("%s, an update by DNS: %v: port %d, %v", tt.url, tt.dns, e.port, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A name server is remembered where its signature has proved it, and forgotten where
// something else answers.
func TestDNSServersAreKnownByTheirSignature(t *testing.T) {
	s, req := nameServer(t)
	hosts := t.TempDir() + "/hosts"
	write(t, hosts, "127.0.0.1 ns.example.org\n")
	c := steady()
	c.resolver.Hosts = hosts
	_, port, _ := strings.Cut(strings.TrimPrefix(req.URL.Reveal(), "dns://"), ":")
	req.URL = secret.Text{}.Plain("dns://ns.example.org:" + port)
	here := netip.MustParseAddr("127.0.0.1")
	for _, tt := range []struct {
		name string
		f    updatetest.NameServerFault
		want []netip.Addr
	}{
		{"signed", updatetest.NameServerFault{}, []netip.Addr{here}},
		{"refused, and signed", updatetest.NameServerFault{Code: 5}, []netip.Addr{here}},
		{"not signed", updatetest.NameServerFault{Unsigned: true}, nil},
	} {
		s.SetFault(tt.f)
		for _, known := range [][]netip.Addr{nil, {here}} {
			req.Known = known
			o := c.exchange(t.Context(), req, nil)
			if o.Answer == nil || !slices.Equal(o.Answer.Known, tt.want) {
				t.Errorf("%s: %+v %+v", tt.name, o.Answer, o.Fault)
			}
		}
	}
	// before the resolver has answered, and without it
	s.SetFault(updatetest.NameServerFault{})
	write(t, hosts, "")
	c.resolver.Conf = t.TempDir() + "/resolv.conf"
	write(t, c.resolver.Conf, "nameserver 192.0.2.1\n")
	req.Known = []netip.Addr{here}
	if o := c.exchange(t.Context(), req, nil); o.Answer == nil {
		t.Errorf("without a resolver: %+v", o.Fault)
	}
}
