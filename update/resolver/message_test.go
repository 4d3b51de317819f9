package resolver

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// answerTo spells an answer; records are "NAME TYPE VALUE".
func answerTo(t testing.TB, h dnsmessage.Header, q Question, records ...string) []byte {
	t.Helper()
	h.Response = true
	b := dnsmessage.NewBuilder(nil, h)
	b.EnableCompression()
	name := func(s string) dnsmessage.Name { return dnsmessage.MustNewName(strings.TrimSuffix(s, ".") + ".") }
	errs := []error{b.StartQuestions(), b.Question(dnsmessage.Question{Name: name(q.Name), Type: q.Type, Class: dnsmessage.ClassINET}), b.StartAnswers()}
	for _, r := range records {
		var owner, typ, value string
		fmt.Sscan(r, &owner, &typ, &value)
		head := dnsmessage.ResourceHeader{Name: name(owner), Class: dnsmessage.ClassINET, TTL: 60}
		switch typ {
		case "A":
			errs = append(errs, b.AResource(head, dnsmessage.AResource{A: netip.MustParseAddr(value).As4()}))
		case "AAAA":
			errs = append(errs, b.AAAAResource(head, dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(value).As16()}))
		case "CNAME":
			errs = append(errs, b.CNAMEResource(head, dnsmessage.CNAMEResource{CNAME: name(value)}))
		case "NS":
			errs = append(errs, b.NSResource(head, dnsmessage.NSResource{NS: name(value)}))
		case "TXT":
			errs = append(errs, b.TXTResource(head, dnsmessage.TXTResource{TXT: []string{value}}))
		}
	}
	msg, err := b.Finish()
	for _, err := range append(errs, err) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return msg
}

func TestAnswersAreChecked(t *testing.T) {
	const id = 7
	h := dnsmessage.Header{ID: id, RecursionAvailable: true}
	q := Question{Name: "home.example", Type: dnsmessage.TypeA}
	chain := func(n int) (out []string) {
		for i := range n {
			owner := fmt.Sprintf("c%d.example", i)
			if i == 0 {
				owner = "home.example"
			}
			out = append(out, fmt.Sprintf("%s CNAME c%d.example", owner, i+1))
		}
		return append(out, fmt.Sprintf("c%d.example A 192.0.2.1", n))
	}
	cut := answerTo(t, dnsmessage.Header{ID: id, Truncated: true}, q, "home.example A 192.0.2.1", "home.example A 192.0.2.2")
	for _, tt := range []struct {
		name string
		msg  []byte
		want string // "" is no answer to the question
	}{
		{"two addresses, in their order", answerTo(t, h, q, "home.example A 192.0.2.2", "home.example A 192.0.2.1"), "[192.0.2.2 192.0.2.1]"},
		{"the name in another case", answerTo(t, h, Question{Name: "HOME.example.", Type: q.Type}, "hoME.example A 192.0.2.1"), "[192.0.2.1]"},
		{"none", answerTo(t, h, q), "[]"},
		{"another type's", answerTo(t, h, q, "home.example AAAA 2001:db8::1", "home.example TXT x"), "[]"},
		{"another name's", answerTo(t, h, q, "other.example A 192.0.2.1"), "[]"},
		{"an alias", answerTo(t, h, q, "home.example CNAME web.example", "web.example A 192.0.2.1"), "[192.0.2.1] alias"},
		{"an alias behind its target", answerTo(t, h, q, "web.example A 192.0.2.1", "home.example CNAME web.example"), "[192.0.2.1] alias"},
		{"eight aliases", answerTo(t, h, q, chain(8)...), "[192.0.2.1] alias"},
		{"nine aliases", answerTo(t, h, q, chain(9)...), "[] alias"},
		{"aliases in a loop", answerTo(t, h, q, "home.example CNAME a.example", "a.example CNAME home.example"), "[] alias"},
		{"no such name", answerTo(t, dnsmessage.Header{ID: id, RCode: dnsmessage.RCodeNameError, RecursionAvailable: true}, q), "[] RCodeNameError"},
		{"it would not ask others", answerTo(t, dnsmessage.Header{ID: id}, q), "[] lame"},
		{"cut", cut, "[192.0.2.1 192.0.2.2] cut"},
		{"cut in the middle of a record", cut[:len(cut)-3], "[192.0.2.1] cut"},
		{"whole, but shorter", answerTo(t, h, q, "home.example A 192.0.2.1")[:40], ""},
		{"another id", answerTo(t, dnsmessage.Header{ID: 8}, q, "home.example A 192.0.2.1"), ""},
		{"another question's name", answerTo(t, h, Question{Name: "evil.example", Type: q.Type}, "home.example A 192.0.2.1"), ""},
		{"another question's type", answerTo(t, h, Question{Name: q.Name, Type: dnsmessage.TypeAAAA}, "home.example A 192.0.2.1"), ""},
		{"the question itself", must(q.pack(id))[2:], ""},
		{"nothing", nil, ""},
	} {
		r, err := q.parse(id, tt.msg)
		got := fmt.Sprint(r.Addrs)
		for word, is := range map[string]bool{" alias": r.Alias, " cut": r.Cut, " lame": r.lame, " " + r.Code.String(): r.Code != 0} {
			if is {
				got += word
			}
		}
		if err != nil {
			got = ""
		}
		if got != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestMappedAddressesAreNone(t *testing.T) {
	q := Question{Name: "home.example", Type: dnsmessage.TypeAAAA}
	r, err := q.parse(7, answerTo(t, dnsmessage.Header{ID: 7}, q, "home.example AAAA ::ffff:192.0.2.1", "home.example AAAA 2001:db8::1"))
	if err != nil || fmt.Sprint(r.Addrs) != "[2001:db8::1]" {
		t.Errorf("%v, %v", r.Addrs, err)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestQuestionOnTheWire(t *testing.T) {
	got := must(Question{Name: "a.de", Type: dnsmessage.TypeAAAA, Recurse: true}.pack(0x0102))
	if want := "\x00\x00\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02de\x00\x00\x1c\x00\x01"; string(got) != want {
		t.Errorf("%q, want %q: one question, no EDNS0", got, want)
	}
	for _, name := range []string{"", "a..b", strings.Repeat("a", 64) + ".de", strings.Repeat("a.", 140) + "de"} {
		if msg, err := (Question{Name: name, Type: dnsmessage.TypeA}).pack(1); err == nil && name != "" {
			t.Errorf("%q is asked for: %q", name, msg)
		}
	}
}

// FuzzParse: no message makes the parser panic, or answer what was not asked.
func FuzzParse(f *testing.F) {
	q := Question{Name: "home.example", Type: dnsmessage.TypeA}
	h := dnsmessage.Header{ID: 7}
	f.Add(answerTo(f, h, q, "home.example CNAME web.example", "web.example A 192.0.2.1"))
	f.Add(must(q.pack(7))[2:])
	f.Add([]byte{0, 7, 0x86, 0})
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, err := q.parse(7, msg)
		if err == nil && (msg[0] != 0 || msg[1] != 7 || msg[2]&0x80 == 0) {
			t.Fatalf("%x is taken for an answer", msg)
		}
		for _, a := range r.Addrs {
			if !a.Is4() {
				t.Fatalf("%v is no answer to a question for IPv4", a)
			}
		}
	})
}
