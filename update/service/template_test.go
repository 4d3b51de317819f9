package service

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/transport"
)

func templateAccount(t Template) *Account {
	return &Account{Service: "template", Template: &t, Username: "al ice&", Secret: secret.New("p:w/ä"), Domains: []string{"home.example"}}
}

func TestParseTemplate(t *testing.T) {
	tests := []struct {
		name, file, fault string
		want              Template
	}{
		{"both families", `{"name":"x","ipv4":{"url":"http://x.example/[IP]","answer":"good|nochg"},"ipv6":{"url":"https://x.example/6/[IP]"}}`, "",
			Template{URL4: "http://x.example/[IP]", Answer4: "good|nochg", URL6: "https://x.example/6/[IP]"}},
		{"IPv6 alone", `{"ipv6":{"url":"https://x.example/[IP]"}}`, "", Template{URL6: "https://x.example/[IP]"}},
		{"a program", `{"ipv4":{"url":"update_cloudflare_com_v4.sh"},"ipv6":{"url":"update_cloudflare_com_v4.sh"}}`,
			`the service file names the program "update_cloudflare_com_v4.sh", which is not a URL: only ddns-scripts can run it`, Template{}},
		{"no url", `{"name":"x"}`, "the service file has no url, neither for ipv4 nor for ipv6", Template{}},
		{"no JSON", `<html>`, "not a service file: line 1: invalid character '<' looking for beginning of value", Template{}},
	}
	for _, tt := range tests {
		got, err := ParseTemplate([]byte(tt.file))
		if got != tt.want || fmt.Sprint(err) != tt.fault && (err != nil || tt.fault != "") {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, err, tt.want, tt.fault)
		}
	}
}

func TestTemplateAnswers(t *testing.T) {
	const page = "<!DOCTYPE html>\n<title>IP updated</title>"
	tests := []struct {
		name, expr string
		status     int
		body       string
		want       Verdict
		detail     string
	}{
		{"line by line, whatever the case", "^updated$", 200, "addresses\r\nUpdated\r\n", Accepted, "Updated"},
		{"not matched", "^updated$", 200, "not updated", Unknown, "not updated"},
		{"a page is no answer", "updated", 200, page, Unknown, "<!DOCTYPE html> <title>IP updated</title"},
		{"unless the expression has a tag", "<title>ip updated", 200, page, Accepted, "<title>IP updated</title>"},
		{"XML is no page", "ErrCount.0", 200, `<?xml version="1.0"?><ErrCount>0</ErrCount>`, Accepted, `<?xml version="1.0"?><ErrCount>0</ErrCou`},
		{"without an expression", "", 200, "whatever", Accepted, "whatever"},
		{"without an expression or a word", "", 204, "", Accepted, "an empty answer"},
		{"without an expression, by an error's code", "", 403, "whatever", Unknown, "HTTP 403: whatever"},
		{"without an expression, a page", "", 200, page, Unknown, "<!DOCTYPE html> <title>IP updated</title"},
		{"without an expression, refused", "", 200, "badauth", Unauthorized, "badauth: user name or password is wrong"},
		{"refused in dyndns2's words", "good|nochg", 200, "nohost", Refused, "nohost: the service has no such host"},
		{"911 is an unknown word", "good|nochg", 200, "911", Unknown, "911"},
		{"good by an error's code", "good|nochg", 403, "good", Unknown, "HTTP 403: good"},
		{"401", "good|nochg", 401, page, Unauthorized, "HTTP 401: the service does not know us"},
		{"429", "good|nochg", 429, "", Limited, "HTTP 429: too many requests"},
		{"503", "good|nochg", 503, "good", Temporary, "HTTP 503: the service has trouble"},
		{"a redirect", "good|nochg", 307, "good", Temporary, "HTTP 307: a redirect, not followed"},
		{"repeats the user and the encoded password", "good", 200, "al ice& p%3aw%2f%c3%a4 p:w/ä", Unknown, "*** *** ***"},
	}
	for _, tt := range tests {
		a, c := templateAccount(Template{URL4: "https://x.example/[IP]", Answer4: tt.expr}), Update{Hosts: []string{"home.example"}, Values: Values{IPv4: ip4}}
		r := template{}.Parse(a, c, transport.Answer{Status: tt.status, Body: []byte(tt.body)})
		if r.Verdict != tt.want || r.Detail != tt.detail {
			t.Errorf("%s: %v %q, want %v %q", tt.name, r.Verdict, r.Detail, tt.want, tt.detail)
		}
	}
}

func TestTemplateCheck(t *testing.T) {
	tests := []struct {
		name string
		t    Template
		want string
	}{
		{"fine", Template{URL: "http://[USERNAME]:[PASSWORD]@x.example/?[PARAMOPT]&p=[PREFIX]", Answer: "ok"}, ""},
		{"nothing", Template{}, "url4: no url4, url6 or url is given"},
		{"expression", Template{URL4: "https://x.example/", Answer4: "(ok"}, "answer: '(' is not understood: write texts joined by |, as good|nochg; each may begin with ^ and end with $, and .* stands for anything"},
		{"placeholder", Template{URL6: "https://x.example/[TOKEN]"}, "url6: [TOKEN] is none of the placeholders [USERNAME], [PASSWORD], [PARAMENC], [PARAMOPT], [DOMAIN], [IP], [IPV4], [IPV6], [PREFIX], [IPV6PREFIX], [TYPE], [ZONE], [NAME], [SUB], [SERVER]"},
		{"no host", Template{URL: "https:///?key=made-up"}, "url: not a URL: write https://HOST/PATH?QUERY"},
		{"no scheme", Template{URL: "x.example/?key=made-up"}, "url: not a URL: write https://HOST/PATH?QUERY"},
		{"another scheme", Template{URL: "ftp://x.example/?key=made-up"}, "url: not a URL: write https://HOST/PATH?QUERY"},
		{"a host in German", Template{URL: "https://dyn.müller.example/?key=made-up"}, "url: its host is not written in ASCII: write its form with xn--"},
		{"all at once", Template{URL4: "https://x.example/[A]", URL6: "https://:x:y/", Answer6: "*"},
			"url4: [A] is none of the placeholders [USERNAME], [PASSWORD], [PARAMENC], [PARAMOPT], [DOMAIN], [IP], [IPV4], [IPV6], [PREFIX], [IPV6PREFIX], [TYPE], [ZONE], [NAME], [SUB], [SERVER]\n" +
				"answer: '*' is not understood: write texts joined by |, as good|nochg; each may begin with ^ and end with $, and .* stands for anything\nurl6: not a URL: write https://HOST/PATH?QUERY"},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.t.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTemplateWarnings(t *testing.T) {
	const u = "http://[USERNAME]:[PASSWORD]@x.example/u/made-up?[IP]"
	tests := []struct {
		t    Template
		want []string
	}{
		{Template{URL4: u, URL6: u, Answer4: "ok", Answer6: "ok"}, []string{"x.example is asked over https:// in place of http://; if it cannot, write allow_http = true"}},
		{Template{URL4: u, Answer4: "ok", AllowHTTP: true}, []string{"x.example is asked over http://: whoever is on the way can read the password"}},
		{Template{URL: "https://x.example/[IP]"}, []string{"x.example: there is no answer expression, so every answer with a 2xx code counts as accepted"}},
		{Template{URL: "https://x.example/[IP]", Answer: "ok", AllowHTTP: true}, nil},
	}
	for _, tt := range tests {
		if got := tt.t.Warnings(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.t, got, tt.want)
		}
	}
}

func TestTemplateCarries(t *testing.T) {
	tests := []struct {
		t    Template
		want Publish
	}{
		{Template{URL4: "https://x.example/"}, Publish{IPv4: true}},
		{Template{URL6: "https://x.example/[IP]"}, Publish{IPv6: true}},
		{Template{URL: "https://x.example/[IP]"}, Publish{IPv4: true, IPv6: true}},
		{Template{URL: "https://x.example/"}, Publish{IPv4: true, IPv6: true}},
		{Template{URL: "https://x.example/[IPV6]?p=[PREFIX]"}, Publish{IPv6: true, Prefix: true}},
	}
	for _, tt := range tests {
		if got := tt.t.Carries(); got != tt.want {
			t.Errorf("%+v carries %+v, want %+v", tt.t, got, tt.want)
		}
	}
}

func FuzzParseTemplateAnswer(f *testing.F) {
	f.Add(200, "good|nochg", "good made-up-password", "60")
	f.Add(200, "", "<html>", "")
	f.Add(403, "<", "badauth", "")
	f.Fuzz(func(t *testing.T, status int, expr, body, after string) {
		a, c := templateAccount(Template{URL4: "https://x.example/[IP]", Answer4: expr}), Update{Hosts: []string{"home.example"}, Values: Values{IPv4: ip4}}
		a.Secret = secret.New("made-up-password")
		ans := transport.Answer{Status: status, Body: []byte(body), RetryAfter: after}
		r := template{}.Parse(a, c, ans)
		checkResult(t, c, ans, r)
		if r.Verdict == Accepted && isHTML(ans.Body) && !strings.Contains(expr, "<") {
			t.Errorf("a page is accepted: %q", body)
		}
	})
}
