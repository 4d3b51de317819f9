package ipv64cli

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/ipv64api"
	"homeward/update/resolver"
)

// dnsStandIn is a name server on loopback: answer returns the records' bodies
// by "TYPE name.", and the code.
type dnsStandIn struct {
	answers map[string][]netip.Addr
	codes   map[string]byte
	deaf    int // questions that it loses first
	forged  bool
}

func (s *dnsStandIn) serve(t *testing.T) (*nameServers, *[]string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() { defer close(done); s.listen(conn) }()
	port := netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
	return &nameServers{
		within: 5 * time.Second, patient: 200 * time.Millisecond, atOnce: 1, port: port,
		lookup: func(_ context.Context, name string, typ dnsmessage.Type) (l resolver.Lookup) {
			switch {
			case typ == dnsmessage.TypeNS:
				asked = append(asked, name)
				if l.Code = dnsmessage.RCodeNameError; name == "ipv64.net" {
					l.Reply = resolver.Reply{Names: []string{"ns1.", "ns2."}}
				}
			case name == "ns1.":
				l.Err = errors.New("no address")
			case typ == dnsmessage.TypeA:
				l.Addrs = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
			}
			return l
		},
	}, &asked
}

// listen answers until conn is closed.
func (s *dnsStandIn) listen(conn net.PacketConn) {
	b := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		if s.deaf > 0 {
			s.deaf--
			continue
		}
		if s.forged { // another one's id
			other := s.answer(b[:n])
			other[0] ^= 1
			conn.WriteTo(other, from)
		}
		conn.WriteTo(s.answer(b[:n]), from)
	}
}

// answer spells the answer to a question.
func (s *dnsStandIn) answer(question []byte) []byte {
	end := 12
	var labels []string
	for question[end] != 0 {
		labels = append(labels, string(question[end+1:end+1+int(question[end])]))
		end += 1 + int(question[end])
	}
	typ := binary.BigEndian.Uint16(question[end+1:])
	key := map[uint16]string{1: "A ", 28: "AAAA "}[typ] + strings.Join(labels, ".")
	msg := append([]byte{}, question...)
	msg[2], msg[3] = 0x84, s.codes[key]
	for i, a := range s.answers[key] {
		msg = append(msg, 0xc0, 12) // the name: a pointer to the question's
		if !a.IsValid() {           // an alias
			msg = append(msg, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12)
			msg[7] = byte(i + 1)
			continue
		}
		msg = binary.BigEndian.AppendUint16(msg, typ)
		msg = append(msg, 0, 1, 0, 0, 0, 60, 0, byte(len(a.AsSlice())))
		msg = append(msg, a.AsSlice()...)
		msg[7] = byte(i + 1)
	}
	return msg
}

func TestNameServersAreAskedForEachRecord(t *testing.T) {
	a, b := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.7")
	six := netip.MustParseAddr("2001:db8::7")
	s := &dnsStandIn{deaf: 1, forged: true,
		answers: map[string][]netip.Addr{"A home.ipv64.net": {a, b}, "AAAA www.home.ipv64.net": {{}, six}, "A alias.home.ipv64.net": {{}}},
		codes:   map[string]byte{"A gone.home.ipv64.net": 3, "A no.home.ipv64.net": 5, "A sick.home.ipv64.net": 2}}
	n, asked := s.serve(t)
	record := func(label, typ string) ipv64api.Record { return ipv64api.Record{Label: label, Type: typ} }
	got := n.all(t.Context(), []ipv64api.Domain{{Name: "home.ipv64.net", Records: []ipv64api.Record{
		record("", "A"), record("", "A"), record("", "TXT"), record("www", "AAAA"), record("alias", "A"), record("none", "A"),
		record("gone", "A"), record("no", "A"), record("sick", "A"), record("a..b", "A")}}})
	want := map[string]string{
		"a home.ipv64.net": "203.0.113.7, 203.0.113.9", "aaaa www.home.ipv64.net": "2001:db8::7", "a alias.home.ipv64.net": "says it is an alias",
		"a none.home.ipv64.net": "has no such record", "a gone.home.ipv64.net": "says there is no such name",
		"a no.home.ipv64.net": "refuses to answer", "a sick.home.ipv64.net": "answers with error 2", "a a..b.home.ipv64.net": "no answer",
	}
	if len(got) != len(want) {
		t.Errorf("%d answers, want %d: %v", len(got), len(want), got)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %q, want %q", k, got[k], v)
		}
	}
	if strings.Join(*asked, " ") != "home.ipv64.net ipv64.net" {
		t.Errorf("zones asked for: %v", *asked)
	}
}

func TestNameServersThatAreSilentHoldNobodyUp(t *testing.T) {
	n, _ := (&dnsStandIn{deaf: 1000}).serve(t)
	n.within = 600 * time.Millisecond
	var records []ipv64api.Record
	for _, l := range []string{"a", "b", "c", "d", "e", "f"} {
		records = append(records, ipv64api.Record{Label: l, Type: "A"})
	}
	begin := time.Now()
	got := n.all(t.Context(), []ipv64api.Domain{{Name: "home.ipv64.net", Records: records}, {Name: "other.de", Records: records[:1]}})
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	if got["a a.home.ipv64.net"] != "no answer" || got["a f.home.ipv64.net"] != "no answer" || !strings.HasPrefix(got["a a.other.de"], "its name servers are not found") {
		t.Errorf("answers %v", got)
	}
}
