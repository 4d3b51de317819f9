package rfc2136_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/updatetest"
	"homeward/update/updatetest/golden"
)

// signedAt is when the golden messages are signed.
var signedAt = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

func TestGoldenMessages(t *testing.T) {
	long := rfc2136.Key{Name: "Router.Home.", Algorithm: "hmac-sha512", Secret: secret.New(theSecret)}
	var text string
	show := func(name string, r *rfc2136.Request, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text += "# " + name + "\n" + readable(t, r.Message()) + dump(r.Message()) + "\n"
	}
	for _, tt := range []struct {
		name string
		u    rfc2136.Update
	}{
		{"both addresses of one host", rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4, IPv6: ip6}},
		{"IPv4 of two hosts", rfc2136.Update{Key: key(), Zone: "example.org.", Hosts: []string{"example.org", "a.example.org."}, IPv4: ip4}},
		{"IPv6 alone, by a key of hmac-sha512", rfc2136.Update{Key: long, Zone: "example.org", Hosts: []string{"home.example.org"}, IPv6: ip6}},
	} {
		r, err := tt.u.Sign(4711, signedAt)
		show(tt.name, r, err)
	}
	k := key()
	r, err := rfc2136.Question(&k, "home.example.org", 4711, signedAt)
	show("the question for a zone", r, err)
	golden.Compare(t, "messages", text)
}

// dump returns a message in hexadecimal, 32 bytes a line.
func dump(msg []byte) string {
	var out string
	for part := range slices.Chunk(msg, 32) {
		out += hex.EncodeToString(part) + "\n"
	}
	return out
}

// readable returns the header and a line for each record of a message.
func readable(t *testing.T, msg []byte) string {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(msg); err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("; id %d, opcode %d, response %v, code %d\n", m.ID, m.OpCode, m.Response, m.RCode)
	for _, q := range m.Questions {
		out += fmt.Sprintf("; zone        %s class %d type %d\n", q.Name, q.Class, q.Type)
	}
	for i, section := range [][]dnsmessage.Resource{m.Answers, m.Authorities, m.Additionals} {
		for _, r := range section {
			data := ""
			switch body := r.Body.(type) {
			case *dnsmessage.AResource:
				if data = netip.AddrFrom4(body.A).String(); r.Header.Length == 0 {
					data = "" // the package does not look at the length
				}
			case *dnsmessage.AAAAResource:
				if data = netip.AddrFrom16(body.AAAA).String(); r.Header.Length == 0 {
					data = ""
				}
			case *dnsmessage.UnknownResource:
				data = fmt.Sprintf("%d bytes", len(body.Data))
			}
			out += fmt.Sprintf("; %-11s %s class %d type %d ttl %d %s\n", [...]string{"must not be", "update", "signature"}[i], r.Header.Name, r.Header.Class, r.Header.Type, r.Header.TTL, data)
		}
	}
	return out
}

// recorded is a request and what a real server has answered to it.
type recorded struct {
	name     string
	at       time.Time
	u        rfc2136.Update
	question string // in place of the update: for the zone of this name
	answer   []byte
}

// recordings are the requests of the recorded answers.
func recordings() []recorded {
	u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4, IPv6: ip6}
	with := func(f func(*rfc2136.Update)) rfc2136.Update {
		c := u
		f(&c)
		return c
	}
	return []recorded{
		{name: "accepted", u: u},
		{name: "hmac-sha512", u: with(func(u *rfc2136.Update) { u.Key.Name, u.Key.Algorithm = "long.key", "hmac-sha512" })},
		{name: "a question for a zone", u: u, question: "a.b.example.org"},
		{name: "a question for another server's zone", u: u, question: "a.example.net"},
		{name: "another secret", u: with(func(u *rfc2136.Update) { u.Key.Secret = secret.New("YW5vdGhlcg==") })},
		{name: "another key", u: with(func(u *rfc2136.Update) { u.Key.Name = "other" })},
		{name: "another clock", u: u},
		{name: "another server's zone", u: with(func(u *rfc2136.Update) { u.Zone = "example.net" })},
		{name: "a host outside", u: with(func(u *rfc2136.Update) { u.Hosts = []string{"home.example.net"} })},
		{name: "a zone that is closed", u: with(func(u *rfc2136.Update) { u.Zone, u.Hosts = "closed.example", []string{"a.closed.example"} })},
		{name: "an alias", u: with(func(u *rfc2136.Update) { u.Hosts = []string{"alias.example.org"} })},
	}
}

func (r *recorded) request(t *testing.T) *rfc2136.Request {
	t.Helper()
	req, err := r.u.Sign(4711, r.at)
	if r.question != "" {
		req, err = rfc2136.Question(&r.u.Key, r.question, 4711, r.at)
	}
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestRecordedAnswers: what BIND and Knot have answered means the same today. With
// -rewrite they are asked again.
func TestRecordedAnswers(t *testing.T) {
	for _, name := range []string{"bind", "knot"} {
		all := recordings()
		if golden.Rewrite() {
			record(t, startDNS(t, name), all)
		} else {
			read(t, string(updatetest.ReadFile(t, "testdata/"+name+".golden")), all)
		}
		var text string
		for _, r := range all {
			text += fmt.Sprintf("# %s\n; %s\n%sat %d\n%s\n", r.name, meaning(r.request(t).Parse(r.answer, r.at)), readable(t, r.answer), r.at.Unix(), dump(r.answer))
		}
		golden.Compare(t, name, text)
	}
}

func meaning(r rfc2136.Reply, err error) string {
	if err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(codeName(r.Code)+", zone "+r.Zone, ", zone ")
}

// codeName returns the name of a code as name servers write it.
func codeName(c rfc2136.Code) string {
	names := map[rfc2136.Code]string{rfc2136.NoError: "NOERROR", rfc2136.Refused: "REFUSED", rfc2136.YXRRSet: "YXRRSET", rfc2136.NotAuth: "NOTAUTH",
		rfc2136.NotZone: "NOTZONE", rfc2136.BadSig: "BADSIG", rfc2136.BadKey: "BADKEY", rfc2136.Unsigned: "the answer is not signed",
		rfc2136.BadSignature: "the signature is wrong", 3: "NXDOMAIN"}
	if n, ok := names[c]; ok {
		return n
	}
	return fmt.Sprintf("code %d", int(c))
}

func record(t *testing.T, s *updatetest.RealDNS, all []recorded) {
	t.Helper()
	for i := range all {
		r := &all[i]
		if r.at = time.Unix(time.Now().Unix(), 0); r.name == "another clock" {
			r.at = r.at.Add(-time.Hour)
		}
		answer, err := s.Ask(r.request(t).Message())
		if err != nil {
			t.Fatal(err)
		}
		r.answer = answer
	}
}

// read reads the recorded answers and their times.
func read(t *testing.T, text string, all []recorded) {
	t.Helper()
	for i := range all {
		r := &all[i]
		_, part, found := strings.Cut(text, "# "+r.name+"\n")
		part, _, _ = strings.Cut(part, "\n\n")
		_, part, _ = strings.Cut(part, "\nat ")
		at, body, _ := strings.Cut(part, "\n")
		unix, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !found {
			t.Fatalf("%s is not recorded: %v", r.name, err)
		}
		r.at = time.Unix(unix, 0)
		if r.answer, err = hex.DecodeString(strings.ReplaceAll(body, "\n", "")); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzParse: nothing but what the server has signed is accepted.
func FuzzParse(f *testing.F) {
	u := rfc2136.Update{Key: key(), Zone: "example.org", Hosts: []string{"home.example.org"}, IPv4: ip4}
	r, err := u.Sign(4711, signedAt)
	if err != nil {
		f.Fatal(err)
	}
	var signed [][]byte
	for _, code := range []int{0, 2, 5} {
		s := updatetest.NewNameServer("ddns-key", theSecret, "example.org")
		s.SetFault(updatetest.NameServerFault{Code: code})
		answer := s.Reply(r.Message(), signedAt)
		signed = append(signed, answer)
		f.Add(answer)
		s.SetFault(updatetest.NameServerFault{Code: code, Unsigned: true})
		f.Add(s.Reply(r.Message(), signedAt))
	}
	f.Add(updatetest.NewNameServer("other", theSecret, "example.org").Reply(r.Message(), signedAt))
	f.Add(updatetest.NewNameServer("ddns-key", theSecret, "example.org").Reply(r.Message(), signedAt.Add(time.Hour)))
	if got, err := r.Parse(signed[0], signedAt); err != nil || got.Code != rfc2136.NoError {
		f.Fatalf("Parse = %v, %v", got, err)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		got, err := r.Parse(msg, signedAt)
		if err != nil || got.Code < 0 || got.Code == rfc2136.BadKey || got.Code == rfc2136.BadSig {
			return
		}
		// what the signature covers, but the count of additional records, which it changes
		same := func(s []byte) bool {
			const plain = 12 + len("\x07example\x03org\x00") + 4
			return len(msg) >= plain && string(msg[:10]) == string(s[:10]) && string(msg[12:plain]) == string(s[12:plain])
		}
		if i := slices.IndexFunc(signed, same); i < 0 || int(got.Code) != []int{0, 2, 5}[i] {
			t.Errorf("Parse = %v of %x", got, msg)
		}
	})
}
