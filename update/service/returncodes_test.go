package service

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func dyndnsAccount() *Account {
	return &Account{
		Name: "home", Service: "dyndns2", Server: "https://dyn.example", Username: "alice", Secret: secret.New("made-up-password"),
		Domains: []string{"a.example", "b.example", "c.example"},
	}
}

var (
	ip4 = netip.MustParseAddr("192.0.2.1")
	ip6 = netip.MustParseAddr("2001:db8::1")
)

// callFor is a call for hosts that sends both addresses.
func callFor(hosts ...string) Update {
	return Update{Hosts: hosts, Values: Values{IPv4: ip4, IPv6: ip6}}
}

func TestWordsOfOneHost(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   Verdict
		detail string
	}{
		{"changed", 200, "good 192.0.2.1\r\n", Accepted, "good 192.0.2.1"},
		{"unchanged, without an address", 200, "nochg", Accepted, "nochg"},
		{"both addresses in one line", 200, "good 192.0.2.1,2001:db8::1", Accepted, "good 192.0.2.1,2001:db8::1"},
		{"a line for each address", 200, "good 192.0.2.1\nnochg 2001:db8::1\n", Accepted, "good 192.0.2.1"},
		{"one of the addresses refused", 200, "good 192.0.2.1\nnohost\n", Refused, "nohost: the service has no such host"},
		{"a remark after the answer", 200, "good 192.0.2.1\nhave a nice day", Accepted, "good 192.0.2.1"},
		{"the host repeated", 200, "good a.example", Accepted, "good a.example"},
		{"ignored", 200, "good 127.0.0.1", Refused, "good 127.0.0.1: the update was ignored"},
		{"wrong password", 200, "badauth", Unauthorized, "badauth: user name or password is wrong"},
		{"wrong password, with its code", 401, "badauth", Unauthorized, "badauth: user name or password is wrong"},
		{"the code alone", 401, "<html>Unauthorized</html>", Unauthorized, "HTTP 401: the service does not know us"},
		{"good does not count with an error's code", 401, "good 192.0.2.1", Unauthorized, "HTTP 401: the service does not know us"},
		{"badagent", 403, "badagent", Refused, "badagent: the service turns this program away"},
		{"badsys", 200, "badsys", Refused, "badsys: the server expects other parameters"},
		{"not paid", 200, "!donator", Refused, "!donator: only for paying users"},
		{"not activated", 200, "!active", Refused, "!active: account or host is not active"},
		{"too many", 200, "numhost", Refused, "numhost: too many hosts in one request"},
		{"no name", 200, "notfqdn", Refused, "notfqdn: not a full domain name"},
		{"no host, with its code", 404, "nohost", Refused, "nohost: the service has no such host"},
		{"another's", 200, "!yours", Refused, "!yours: the host belongs to another user"},
		{"blocked", 200, "abuse", Refused, "abuse: the host is blocked for abuse"},
		{"trouble", 200, "911", Busy, "911: the service has trouble"},
		{"trouble, with its code", 500, "911", Busy, "911: the service has trouble"},
		{"name servers", 200, "dnserr", Busy, "dnserr: its name servers have trouble"},
		{"a failing server judges nobody", 500, "badauth", Temporary, "HTTP 500: the service has trouble"},
		{"an error page that says good", 502, "good", Temporary, "HTTP 502: the service has trouble"},
		{"too many requests", 429, "slow down", Limited, "HTTP 429: too many requests"},
		{"moved", 301, "good 192.0.2.1", Temporary, "HTTP 301: a redirect, not followed"},
		{"a hotspot", 200, "<html>\ngood\n</html>", Unknown, "<html> good </html>"},
		{"a hotspot that mentions a word", 200, "<html>\nbadauth\n</html>", Unknown, "<html> badauth </html>"},
		{"moved, with a word", 302, "badauth", Temporary, "HTTP 302: a redirect, not followed"},
		{"a hotspot without tags", 200, "good morning, please log in", Unknown, "good morning, please log in"},
		{"words count whole", 200, "goodness", Unknown, "goodness"},
		{"words count as they are documented", 200, "GOOD", Unknown, "GOOD"},
		{"nothing", 200, " \r\n", Unknown, "an empty answer"},
		{"not found", 404, "no such page", Unknown, "HTTP 404: no such page"},
		{"repeats the password", 200, "wrong: made-up-password", Unknown, "wrong: ***"},
		{"an escape sequence", 200, "\x1b[31mhm", Unknown, "[31mhm"},
	}
	for _, tt := range tests {
		got := dyndns2{}.Parse(dyndnsAccount(), callFor("a.example"), transport.Answer{Status: tt.status, Body: []byte(tt.body)})
		if got.Verdict != tt.want || got.Detail != tt.detail {
			t.Errorf("%s: %q = %v %q, want %v %q", tt.name, tt.body, got.Verdict, got.Detail, tt.want, tt.detail)
		}
		if final := tt.want == Refused || tt.want == Unauthorized; final != (got.Hint != "") && tt.status/100 != 3 {
			t.Errorf("%s: what to do: %q", tt.name, got.Hint)
		}
	}
}

func TestEachRefusalHasItsOwnAdvice(t *testing.T) {
	seen := map[string]string{}
	for _, word := range []string{"badauth", "badagent", "badsys", "!donator", "!active", "numhost", "notfqdn", "nohost", "!yours", "abuse"} {
		m, ok := returnCodeOf(word)
		if !ok || m.do == "" || seen[m.do] != "" || len(m.what) > 38 {
			t.Errorf("%s: %+v, said of %q, too", word, m, seen[m.do])
		}
		seen[m.do] = word
	}
}

func TestVerdictForEachHost(t *testing.T) {
	const none = "the answer does not mention this host"
	type host struct {
		verdict Verdict
		detail  string
	}
	tests := []struct {
		name, body string
		want       Verdict
		hosts      []host
	}{
		{"all accepted", "good 192.0.2.1\nnochg 192.0.2.1\ngood 192.0.2.1", Accepted,
			[]host{{Accepted, "good 192.0.2.1"}, {Accepted, "nochg 192.0.2.1"}, {Accepted, "good 192.0.2.1"}}},
		{"one refused", "good\nnohost\nnochg", Refused,
			[]host{{Accepted, "good"}, {Refused, "nohost: the service has no such host"}, {Accepted, "nochg"}}},
		{"a line is missing", "good\nnohost", Unknown,
			[]host{{Accepted, "good"}, {Refused, "nohost: the service has no such host"}, {Unknown, none}}},
		{"one line for three hosts", "good", Unknown,
			[]host{{Accepted, "good"}, {Unknown, none}, {Unknown, none}}},
		{"a line that says nothing known", "good\nhm\ngood", Unknown,
			[]host{{Accepted, "good"}, {Unknown, "hm"}, {Accepted, "good"}}},
		{"the service got into trouble half-way", "good\n911\n911", Busy,
			[]host{{Accepted, "good"}, {Unknown, "911: the service has trouble"}, {Unknown, "911: the service has trouble"}}},
		{"a word for all, but of one", "good\nbadauth\ngood", Refused,
			[]host{{Accepted, "good"}, {Refused, "badauth: user name or password is wrong"}, {Accepted, "good"}}},
		{"one not activated", "good\n!active\ngood", Refused,
			[]host{{Accepted, "good"}, {Refused, "!active: account or host is not active"}, {Accepted, "good"}}},
		{"a line for each address, all accepted", "good\ngood\nnochg\nnochg\ngood\ngood", Accepted,
			[]host{{Accepted, "good"}, {Accepted, "good"}, {Accepted, "nochg"}}},
		{"a line for each address, one refused: whose?", "good\ngood\nnohost\ngood\ngood\ngood", Unknown,
			[]host{{Unknown, "nohost: the service has no such host"}, {Unknown, "nohost: the service has no such host"}, {Unknown, "nohost: the service has no such host"}}},
		{"a word for all", "badauth", Unauthorized, nil},
		{"a word for all, for each", "numhost\nnumhost\nnumhost", Refused, nil},
		{"ignored", "good 127.0.0.1\ngood 127.0.0.1\ngood 127.0.0.1", Refused, nil},
		{"nothing known", "hello\nworld", Unknown, nil},
	}
	for _, tt := range tests {
		r := dyndns2{}.Parse(dyndnsAccount(), callFor("a.example", "b.example", "c.example"), transport.Answer{Status: 200, Body: []byte(tt.body)})
		var got []host
		for i, h := range r.Hosts {
			if h.Host != []string{"a.example", "b.example", "c.example"}[i] || (h.Hint != "") != (h.Verdict == Refused) {
				t.Errorf("%s: host %d is %+v", tt.name, i, h)
			}
			got = append(got, host{h.Verdict, h.Detail})
		}
		if r.Verdict != tt.want || !reflect.DeepEqual(got, tt.hosts) {
			t.Errorf("%s: %v %v, want %v %v", tt.name, r.Verdict, got, tt.want, tt.hosts)
		}
	}
}

func TestWaitsThatAServiceAsksFor(t *testing.T) {
	for status, want := range map[int]time.Duration{429: time.Minute, 503: time.Minute, 200: 0, 401: 0} {
		r := dyndns2{}.Parse(dyndnsAccount(), callFor("a.example"), transport.Answer{Status: status, RetryAfter: "60"})
		if r.Wait != want {
			t.Errorf("HTTP %d: wait %v, want %v", status, r.Wait, want)
		}
	}
}

func TestRedirectNamesTheNewPlaceAlone(t *testing.T) {
	const vague = "the service may have moved: ask it for the new address"
	for location, want := range map[string]string{
		"https://new.example/nic/update?key=made-up": `if the service has moved, write server = "https://new.example"`,
		"https://u:p@new.example:8443/x":             `if the service has moved, write server = "https://new.example:8443"`,
		"https://made-up-password.example/":          `if the service has moved, write server = "https://***.example"`,
		"http://new.example/":                        vague,
		"https://new.example/dyn/nic/update?key=x":   `if the service has moved, write server = "https://new.example/dyn"`,
		"/dyn/nic/update":                            `if the service has moved, write server = "https://old.example/dyn"`,
		"/elsewhere":                                 vague,
		"":                                           vague,
		"https://new\x1b.example":                    vague,
	} {
		a := dyndnsAccount()
		a.Server = "https://old.example"
		if r := (dyndns2{}).Parse(a, callFor("a.example"), transport.Answer{Status: 302, Location: location}); r.Hint != want {
			t.Errorf("to %q: %q, want %q", location, r.Hint, want)
		}
	}
	for location, want := range map[string]string{
		"https://new.example/nic/update?key=x":        "HTTP 302: a redirect to new.example/nic/update, not followed",
		"https://new.example/made-up-password/x":      "HTTP 302: a redirect to new.example/***/x, not followed",
		"https://new.example/made%2Dup%2Dpassword/x":  "HTTP 302: a redirect to new.example/***/x, not followed",
		"https://new.example/%1b%5b31m\u202e/x":       "HTTP 302: a redirect to new.example/[31m/x, not followed",
		"https://new.example/made-up-password/nic/up": "HTTP 302: a redirect to new.example/***/nic/up, not followed",
	} {
		if r := (dyndns2{}).Parse(dyndnsAccount(), callFor("a.example"), transport.Answer{Status: 302, Location: location}); r.Detail != want {
			t.Errorf("to %q: %q, want %q", location, r.Detail, want)
		}
	}
	a := &Account{Template: &Template{URL: "https://x.example/?[PASSWORD]"}}
	r := template{}.Parse(a, callFor("a.example"), transport.Answer{Status: 302, Location: "https://new.example/?p"})
	if want := "if the service has moved to new.example, correct the URL of its template"; r.Hint != want {
		t.Errorf("a template: %q, want %q", r.Hint, want)
	}
}

func TestSpdynWords(t *testing.T) {
	const host = "home.spdns.example"
	token := &Account{Service: "spdyn", Token: true, Secret: secret.New("abcd-efgh-ijkl"), Domains: []string{host}}
	user := &Account{Service: "spdyn", Username: "alice", Secret: secret.New("made-up"), Domains: []string{host}}
	v4 := Update{Hosts: []string{host}, Values: Values{IPv4: ip4}}
	tests := []struct {
		name       string
		a          *Account
		c          Update
		body       string
		want       Verdict
		detail, do string // do: a part of it
	}{
		{"token made anew", token, v4, "badauth", Unauthorized, "badauth: the token is not valid for this host", "must make a new token"},
		{"reseller", user, v4, "badauth", Unauthorized, "badauth: user name or password is wrong", "linked to a reseller can only use tokens"},
		{"no AAAA record yet", token, callFor(host), "nohost", Refused, "nohost: the service has no such host", "AAAA record must exist before"},
		{"no AAAA record yet, the second line", token, callFor(host), "good 192.0.2.1\n!yours", Refused, "!yours: the host belongs to another user", "AAAA record must exist before"},
		{"switched off", token, v4, "fatal", Refused, "fatal: the host was switched off by hand", "switch the host on"},
		{"locked", token, v4, "abuse", Locked, "abuse: the host is locked for a while", "only one program updates it"},
		{"911 is no word of SPDYN", token, v4, "911", Unknown, "911", ""},
	}
	for _, tt := range tests {
		r := spdyn{}.Parse(tt.a, tt.c, transport.Answer{Status: 200, Body: []byte(tt.body)})
		if r.Verdict != tt.want || r.Detail != tt.detail || !strings.Contains(r.Hint, tt.do) || (tt.do == "") != (r.Hint == "") {
			t.Errorf("%s: %+v, want %v %q %q", tt.name, r, tt.want, tt.detail, tt.do)
		}
	}
	if r := (spdyn{}).Parse(user, v4, transport.Answer{Status: 200, Body: []byte("nohost")}); strings.Contains(r.Hint, "AAAA") {
		t.Errorf("no IPv6 address was sent: %q", r.Hint)
	}
	if r := (spdyn{}).Parse(token, v4, transport.Answer{Status: 401}); !strings.Contains(r.Hint, "new token") {
		t.Errorf("401: %q", r.Hint)
	}
}

// checkResult holds what is true of every result, whatever came.
func checkResult(t *testing.T, c Update, ans transport.Answer, r Result) {
	t.Helper()
	if r.Wait != 0 && (r.Wait < 10*time.Second || r.Wait > 24*time.Hour) {
		t.Errorf("a wait of %v", r.Wait)
	}
	if r.Verdict == Accepted && ans.Status/100 != 2 {
		t.Errorf("accepted with HTTP %d: %q", ans.Status, ans.Body)
	}
	if r.Hosts != nil && len(r.Hosts) != len(c.Hosts) {
		t.Errorf("%d verdicts for %d hosts", len(r.Hosts), len(c.Hosts))
	}
	all := append([]HostResult{{Verdict: r.Verdict, Detail: r.Detail, Hint: r.Hint}}, r.Hosts...)
	for _, h := range all {
		if utf8.RuneCountInString(h.Detail) > 80 || !golden.Printable(h.Detail+h.Hint) {
			t.Errorf("%q makes %q, %q", ans.Body, h.Detail, h.Hint)
		}
		if strings.Contains(h.Detail+h.Hint, "made-up-password") {
			t.Errorf("a secret in %q, %q", h.Detail, h.Hint)
		}
	}
	for _, h := range r.Hosts {
		if r.Verdict == Accepted && h.Verdict != Accepted {
			t.Errorf("accepted, but not %+v", h)
		}
	}
}

func FuzzParseDyndns2(f *testing.F) { fuzzWords(f, dyndns2{}, dyndnsAccount()) }

func FuzzParseSpdyn(f *testing.F) {
	fuzzWords(f, spdyn{}, &Account{Token: true, Secret: secret.New("made-up-password")})
}

func fuzzWords(f *testing.F, p Protocol, a *Account) {
	for _, body := range []string{"good 192.0.2.1", "nochg\nnohost", "badauth", "<html>good", "good 127.0.0.1", "911\ngood", "x made-up-password"} {
		f.Add(200, body, "60", "", 1)
		f.Add(401, body, "", "https://new.example/?made-up-password", 3)
	}
	f.Fuzz(func(t *testing.T, status int, body, after, location string, hosts int) {
		c := callFor([]string{"a.example", "b.example", "c.example"}[:(hosts&0xff)%4]...)
		ans := transport.Answer{Status: status, Body: []byte(body), RetryAfter: after, Location: location}
		r := p.Parse(a, c, ans)
		checkResult(t, c, ans, r)
		first, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(body, "\uFEFF")), "\n")
		if w := strings.Fields(first); r.Verdict == Accepted && (len(w) == 0 || w[0] != "good" && w[0] != "nochg") {
			t.Errorf("%q is accepted", body)
		}
	})
}
