package service

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func TestIPv64Request(t *testing.T) {
	all := Values{ip203, ip6b, net56}
	with := func(change func(*Account)) *Account {
		a := ipv64Home()
		change(a)
		return a
	}
	const base = "https://ipv64.net/nic/update"
	tests := []struct {
		name string
		a    *Account
		c    Update
		want string // method, URL, body, authorization: secrets hidden
	}{
		{"the prefix alone", ipv64Home(), Update{Values: Values{Prefix: net56}, PrefixOnly: true},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ipv6prefix=2001:db8:1200::/64&onlyprefix=1  bearer ***"},
		{"the prefix that the request comes from", ipv64Home(), Update{Values: Values{Prefix: net56}, PrefixOnly: true, Auto: true},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ipv6prefix=auto&onlyprefix=1  bearer *** over IPv6"},
		{"full, with the prefix that the request comes from", ipv64Home(), Update{Values: Values{IPv4: ip203, Prefix: net56}, Auto: true},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7&ipv6prefix=auto  bearer *** over IPv6"},
		{"IPv4 alone", ipv64Home(), Update{Values: Values{IPv4: ip203}},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7  bearer ***"},
		{"full", ipv64Home(), Update{Values: all},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7&ip6=2001:db8::7&ipv6prefix=2001:db8:1200::/64  bearer ***"},
		{"record and healthcheck", with(func(a *Account) { a.Record, a.Healthcheck = "www.a", secret.New("he+lth") }), Update{Values: all},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&praefix=www.a&ip=203.0.113.7&ip6=2001:db8::7&healthcheck=***&ipv6prefix=2001:db8:1200::/64  bearer ***"},
		{"basic", with(func(a *Account) { a.Auth = "basic" }), Update{Values: Values{IPv4: ip203}},
			"GET " + base + "?domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7  basic homeward ***"},
		{"form: the prefix stays in the query", with(func(a *Account) { a.Auth = "form" }), Update{Values: all},
			"POST " + base + "?ipv6prefix=2001:db8:1200::/64 domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7&ip6=2001:db8::7&token=*** "},
		{"form without a prefix", with(func(a *Account) { a.Auth = "form" }), Update{Values: Values{IPv4: ip203}},
			"POST " + base + " domain=home.ipv64.net,srv.any64.de&ip=203.0.113.7&token=*** "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Hosts = tt.a.Domains
			r := ipv64{}.Request(tt.a, tt.c)
			got := r.Method + " " + r.URL.String() + " " + r.Body.String() + " "
			if !r.Bearer.IsZero() {
				got += "bearer " + r.Bearer.String()
			}
			if r.User != "" {
				got += "basic " + r.User + " " + r.Password.String()
			}
			if r.Family == 6 {
				got += " over IPv6"
			}
			if got != tt.want {
				t.Errorf("request\n %s, want\n %s", got, tt.want)
			}
			if strings.Contains(r.URL.Reveal(), "s3cr3t") {
				t.Error("the token stands in the URL")
			}
			if tt.a.Auth == "form" && !strings.HasSuffix(r.Body.Reveal(), "&token=s3cr3t-token") {
				t.Errorf("body is %q", r.Body.Reveal())
			}
		})
	}
}

func TestIPv64Parse(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		only   bool
		want   Verdict
		detail string
	}{
		{"good", 200, `{"info":"good","status":"200 OK","ip":{"ipv4":"203.0.113.7","ipv6":""}}`, false, Accepted, ""},
		{"good, the other status", 200, `{"info":"good","status":"success"}`, false, Accepted, ""},
		{"nochg", 200, `{"info":"nochg"}`, false, Accepted, ""},
		{"output=min", 200, "good\n", false, Accepted, ""},
		{"as dyndns2 says it", 200, "nochg 203.0.113.7", false, Accepted, ""},
		{"ok", 200, "ok", false, Accepted, ""},
		{"a good page is no answer", 200, "<html><body>good</body></html>", false, Unknown, "<html><body>good</body></html>"},
		{"a good sentence is no answer", 200, "good morning", false, Unknown, "good morning"},
		{"good with a server error", 500, `{"info":"good"}`, false, Temporary, "HTTP 500: the service has trouble"},
		{"good with a refusal's code", 400, `{"info":"good"}`, false, Locked, "HTTP 400: good"},
		{"fail", 200, "fail", false, Unknown, "fail"},
		{"null", 200, "null", false, Unknown, "null"},
		{"half a JSON", 200, `{"info":"go`, false, Unknown, `{"info":"go`},
		{"info is no text", 200, `{"info":{"good":1}}`, false, Unknown, `{"info":{"good":1}}`},
		{"empty", 200, "", false, Unknown, "an empty answer"},
		{"limit by code", 429, "", false, Limited, "HTTP 429"},
		{"limit by text", 403, `{"info":"Updateintervall overcommited"}`, false, Limited, "Updateintervall overcommited"},
		{"limit by bare text", 200, "Updateintervall overcommited", false, Limited, "Updateintervall overcommited"},
		{"unauthorized", 401, `{"status":"401 Unauthorized","info":"Unauthorized"}`, false, Unauthorized, "the service does not accept the token"},
		{"unauthorized without a body", 401, "", false, Unauthorized, "the service does not accept the token"},
		{"badauth", 200, "badauth", false, Unauthorized, "the service does not accept the token"},
		{"nohost", 200, `{"info":"nohost"}`, false, Refused, "nohost: the service has no such host"},
		{"a 400 in its words", 400, `{"info":"domain not found","status":"400"}`, false, Locked, "HTTP 400: domain not found"},
		{"a 403 in its words", 403, `{"info":"not your domain"}`, false, Locked, "HTTP 403: not your domain"},
		{"a 403 without a word", 403, "", false, Locked, "HTTP 403: an empty answer"},
		{"a 403 in plain text", 403, "temporarily blocked", false, Locked, "HTTP 403: temporarily blocked"},
		{"a 403 without info", 403, `{"status":"403"}`, false, Locked, `HTTP 403: {"status":"403"}`},
		{"nohost with its code", 400, `{"info":"nohost"}`, false, Refused, "nohost: the service has no such host"},
		{"a 403 of a proxy", 403, "<html>blocked</html>", false, Unknown, "HTTP 403: <html>blocked</html>"},
		{"911 is no word of this service", 200, "911", false, Unknown, "911"},
		{"onlyprefix refused in an answer with 200", 200, `{"info":"parameter unknown"}`, true, Refused, "HTTP 200: parameter unknown"},
		{"503", 503, "busy", false, Temporary, "HTTP 503: the service has trouble"},
		{"behind a byte order mark", 200, "\uFEFF" + `{"info":"good"}`, false, Accepted, ""},
		{"a refusal behind a byte order mark", 400, "\uFEFF" + `{"info":"domain not found"}`, false, Locked, "HTTP 400: domain not found"},
		{"a redirect", 302, "", false, Temporary, "HTTP 302: a redirect, not followed"},
		{"the token repeated", 400, `{"info":"bad key s3cr3t-token"}`, false, Locked, "HTTP 400: bad key ***"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ipv64{}.Parse(ipv64Home(), Update{PrefixOnly: tt.only}, transport.Answer{Status: tt.status, Body: []byte(tt.body)})
			if got.Verdict != tt.want || got.Detail != tt.detail {
				t.Errorf("Parse = %d %q, want %d %q", got.Verdict, got.Detail, tt.want, tt.detail)
			}
		})
	}
	got := ipv64{}.Parse(ipv64Home(), Update{}, transport.Answer{Status: 429, RetryAfter: "120"})
	if got.Wait != 2*time.Minute {
		t.Errorf("Retry-After: 120 is %v", got.Wait)
	}
}

func FuzzIPv64Parse(f *testing.F) {
	for _, s := range []string{`{"info":"good"}`, "good", "nochg 1.2.3.4", "<html>good", `{"info":"\u001b[31mgood"}`, "null", `{"info":"Updateintervall overcommited"}`} {
		f.Add(200, []byte(s), false)
		f.Add(400, []byte(s), true)
	}
	f.Fuzz(func(t *testing.T, code int, body []byte, only bool) {
		r := ipv64{}.Parse(ipv64Home(), Update{PrefixOnly: only}, transport.Answer{Status: code, Body: body})
		if !golden.Printable(r.Detail) || !golden.Printable(r.Hint) {
			t.Errorf("control bytes in %q, %q", r.Detail, r.Hint)
		}
		low := strings.ToLower(string(body))
		if r.Verdict == Accepted && (code/100 != 2 || !strings.Contains(low, "good") && !strings.Contains(low, "nochg") && !strings.Contains(low, "ok") && !strings.Contains(low, `\u`)) {
			t.Errorf("%d %q was accepted", code, body)
		}
		if strings.Contains(r.Detail+r.Hint, "s3cr3t-token") {
			t.Errorf("the token is in %q", r.Detail)
		}
	})
}

var (
	ip203 = netip.MustParseAddr("203.0.113.7")
	ip6b  = netip.MustParseAddr("2001:db8::7")
	net56 = netip.MustParsePrefix("2001:db8:1200::/64")
)

func ipv64Home() *Account {
	return &Account{Name: "home", Service: "ipv64", Server: "https://ipv64.net", Domains: []string{"home.ipv64.net", "srv.any64.de"},
		Secret: secret.New("s3cr3t-token"), Publish: Publish{IPv4: true, Prefix: true}, Limit10s: 3, Limit24h: 48}
}
