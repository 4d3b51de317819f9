package checkip

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func TestQuestions(t *testing.T) {
	account := func(svc, server string) *service.Account {
		return &service.Account{Service: svc, Server: server, Secret: secret.New("made-up"), Username: "alice", CAFile: "/ca.pem"}
	}
	got := ""
	for _, tt := range []struct {
		name    string
		a       *service.Account
		checkip string
		device  string
		family  int
	}{
		{"ipv64, IPv4", account("ipv64", "https://ipv64.net"), "", "", 4},
		{"ipv64, IPv6", account("ipv64", "https://ipv64.net"), "", "pppoe-wan", 6},
		{"ipv64 elsewhere", account("ipv64", "https://[::1]:8443/base"), "", "", 6},
		{"spdyn, IPv4", account("spdyn", "https://update.spdyn.de"), "", "", 4},
		{"spdyn, IPv6", account("spdyn", "https://update.spdns.de"), "", "", 6},
		{"dyndns2", account("dyndns2", "https://dyn.example"), "https://checkip.example/?a=b", "eth2", 4},
		{"dyndns2, IPv6", account("dyndns2", "https://dyn.example"), "https://checkip.example/", "", 6},
		{"template without checkip", account("template", ""), "", "", 4},
		{"template", account("template", ""), "https://checkip.example:8443/", "", 4},
	} {
		q, ok := QueryOf(tt.a, tt.checkip, tt.device, tt.family)
		got += "# " + tt.name + "\n"
		if !ok {
			got += "nobody to ask\n\n"
			continue
		}
		r := q.Request()
		if r.CAFile != "/ca.pem" || r.URL.Reveal() != r.URL.String() {
			t.Errorf("%s: %+v", tt.name, r)
		}
		got += golden.Request(r) + "every " + q.gap().String() + " for " + q.Of + "\n\n"
	}
	golden.Compare(t, "questions", got)
}

func TestAnswersToQuestions(t *testing.T) {
	v4, v6 := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")
	for _, tt := range []struct {
		name   string
		family int
		status int
		body   string
		want   netip.Addr
		fault  string
	}{
		{"howismyip", 4, 200, `{"info":"x","ip":"203.0.113.7"}`, v4, ""},
		{"howismyip over IPv6", 6, 200, `{"ip":"2001:db8::7"}`, v6, ""},
		{"checkip", 4, 200, "203.0.113.7\r\n", v4, ""},
		{"mapped", 4, 200, "::ffff:203.0.113.7", v4, ""},
		{"the page of checkip.dyndns.org", 4, 200, "<html><head><title>Current IP Check</title></head><body>Current IP Address: 203.0.113.7</body></html>\r\n", v4, ""},
		{"private, which is for others to judge", 4, 200, "10.0.0.7", netip.MustParseAddr("10.0.0.7"), ""},
		{"the other family", 4, 200, "2001:db8::7", netip.Addr{}, "the answer is an address of the other family: 2001:db8::7"},
		{"the other family", 6, 200, "203.0.113.7", netip.Addr{}, "the answer is an address of the other family: 203.0.113.7"},
		{"a hotspot's page", 4, 200, "<html>Welcome, 203.0.113.7!</html>", netip.Addr{}, "the answer is no address: <html>Welcome, 203.0.113.7!</html>"},
		{"words", 4, 200, "Your address is 203.0.113.7", netip.Addr{}, "the answer is no address: Your address is 203.0.113.7"},
		{"two", 4, 200, "203.0.113.7\n203.0.113.8", netip.Addr{}, "the answer is no address: 203.0.113.7 203.0.113.8"},
		{"JSON without ip", 4, 200, `{"info":"no"}`, netip.Addr{}, `the answer is no address: {"info":"no"}`},
		{"an ip that is none", 4, 200, `{"ip":{"ipv4":"203.0.113.7"}}`, netip.Addr{}, `the answer is no address: {"ip":{"ipv4":"203.0.113.7"}}`},
		{"a zone", 6, 200, "fe80::1%eth0", netip.Addr{}, "the answer is no address: fe80::1%eth0"},
		{"nothing", 4, 200, "", netip.Addr{}, "the answer is no address: an empty answer"},
		{"an error", 4, 503, "203.0.113.7", netip.Addr{}, "HTTP 503: 203.0.113.7"},
		{"a redirect", 4, 302, "", netip.Addr{}, "HTTP 302: an empty answer"},
	} {
		got, err := Query{Family: tt.family}.Read(transport.Answer{Status: tt.status, Body: []byte(tt.body)})
		if said := faultOf(err); got != tt.want || said != tt.fault {
			t.Errorf("%s: %v, %q, want %v, %q", tt.name, got, said, tt.want, tt.fault)
		}
	}
	if _, err := (Query{Family: 4}).Read(transport.Answer{Status: 200, Body: []byte("203.0.113.7"), Cut: true}); err == nil {
		t.Error("an answer that was cut is taken")
	}
}

func faultOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAskPlan(t *testing.T) {
	const now, poll = time.Hour, 5 * time.Minute
	fails := func(p Plan, n int, kind transport.FaultKind) Plan {
		for range n {
			p = p.Failed(now, poll, kind, 0)
		}
		return p
	}
	answered := Plan{}.Answered(now, poll)
	for _, tt := range []struct {
		name string
		p    Plan
		want time.Duration
	}{
		{"never asked", Plan{}, 0},
		{"answered", answered, now + poll},
		{"an event after an answer", answered.Event(now + time.Second), now + time.Second},
		{"a second event asks no later", answered.Event(now + time.Second).Event(now + time.Minute), now + time.Second},
		{"failed", fails(answered, 1, transport.FaultConnect), now + 200*time.Millisecond},
		{"failed again", fails(answered, 2, transport.FaultConnect), now + 500*time.Millisecond},
		{"failed often", fails(answered, 50, transport.FaultConnect), now + poll},
		{"an event after many faults", fails(answered, 50, transport.FaultConnect).Event(now + time.Second), now + time.Second},
		{"an event right after a fault", fails(answered, 50, transport.FaultConnect).Event(now), now + 200*time.Millisecond},
		{"no resolver", fails(answered, 1, transport.FaultResolve), now + 2*time.Second},
		{"no resolver, and an event", fails(answered, 9, transport.FaultResolve).Event(now + time.Second), now + 2*time.Second},
		{"given up", fails(answered, 1, transport.FaultCanceled), now + 200*time.Millisecond},
		{"answered after faults", fails(answered, 9, transport.FaultResolve).Answered(now, poll).Event(now + 1), now + 1},
	} {
		if tt.p.Due != tt.want {
			t.Errorf("%s: asked at %v, want %v", tt.name, tt.p.Due, tt.want)
		}
	}
}

func TestPatienceWithAService(t *testing.T) {
	q, slow := Query{}, Query{Of: "dyndns2 checkip x.example"}
	for _, tt := range []struct {
		name string
		q    Query
		ans  *transport.Answer
		want time.Duration
	}{
		{"an answer", q, &transport.Answer{Status: 200}, askGap},
		{"sent, and no answer", q, nil, askGap},
		{"too many", q, &transport.Answer{Status: 429}, time.Minute},
		{"too many, and when again", q, &transport.Answer{Status: 429, RetryAfter: "300"}, 5 * time.Minute},
		{"trouble", q, &transport.Answer{Status: 503, RetryAfter: "1"}, askGap},
		{"checkip of the Remote Access API", slow, &transport.Answer{Status: 200}, checkipGap},
		{"its trouble", slow, &transport.Answer{Status: 503, RetryAfter: "60"}, checkipGap},
	} {
		if got := tt.q.waitAfter(tt.ans); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// FuzzAddress reads foreign bytes as the answer to a question: an address of
// the family asked for, or words fit for a log.
func FuzzAddress(f *testing.F) {
	f.Add(4, 200, []byte(`{"ip":"203.0.113.7"}`))
	f.Add(6, 200, []byte("2001:db8::7\n"))
	f.Add(4, 200, []byte("<html>Current IP Address: 203.0.113.7</body>"))
	f.Add(4, 429, []byte("\x1b[31mslow\xff"))
	f.Fuzz(func(t *testing.T, family, status int, body []byte) {
		q := Query{Family: family}
		addr, err := q.Read(transport.Answer{Status: status, Body: body})
		if (err == nil) != addr.IsValid() || addr.IsValid() && (addr.Is4() != (family == 4) || addr.Zone() != "" || status/100 != 2) {
			t.Fatalf("%d %q over IPv%d is %v, %v", status, body, family, addr, err)
		}
		if addr.IsValid() && !strings.Contains(string(body), ".") && !strings.Contains(string(body), ":") {
			t.Fatalf("%q has no address in it: %v", body, addr)
		}
		if err != nil && transport.FaultText(err.Error()) != err.Error() {
			t.Fatalf("%q is not fit for a log", err)
		}
	})
}
