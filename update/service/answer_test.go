package service

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func TestRetryAfter(t *testing.T) {
	const date = "Sat, 21 Nov 2026 20:00:00 GMT"
	tests := []struct {
		name, header, date string
		want               time.Duration
	}{
		{"not said", "", date, 0},
		{"seconds", "90", "", 90 * time.Second},
		{"at once is not worth a request", "0", "", 10 * time.Second},
		{"a week is cut to a day", "604800", "", 24 * time.Hour},
		{"negative", "-5", "", 0},
		{"no number of this world", "99999999999999999999", "", 24 * time.Hour},
		{"a fraction", "1.5", "", 0},
		{"a date, by the service's clock", "Sat, 21 Nov 2026 20:05:00 GMT", date, 5 * time.Minute},
		{"the old forms of a date", "Saturday, 21-Nov-26 20:05:00 GMT", "Sat Nov 21 20:00:00 2026", 5 * time.Minute},
		{"a date far away", "Sat, 21 Nov 2099 20:00:00 GMT", date, 24 * time.Hour},
		{"a date that is over", "Sat, 21 Nov 2026 19:00:00 GMT", date, 0},
		{"a date without one to count from", "Sat, 21 Nov 2026 20:05:00 GMT", "", 0},
	}
	for _, tt := range tests {
		if got := RetryAfter(transport.Answer{RetryAfter: tt.header, Date: tt.date}); got != tt.want {
			t.Errorf("%s: retryAfter(%q) = %v, want %v", tt.name, tt.header, got, tt.want)
		}
	}
}

func TestQuote(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"as it is", "good 192.0.2.1", "good 192.0.2.1"},
		{"lines become one", "  a\r\n\r\n\tb ", "a b"},
		{"no escape sequence", "\x1b[31mred\x07\x00", "[31mred"},
		{"no direction override", "a\u202eb", "ab"},
		{"no half character", "gr\xfc\xdf \u00fc", "gr ü"},
		{"40 characters, not bytes", strings.Repeat("ä", 50), strings.Repeat("ä", 40)},
		{"no blank at the cut", strings.Repeat("x", 39) + " yz", strings.Repeat("x", 39)},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := Quote([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: quote(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestMaskHidesWhatAServiceRepeats(t *testing.T) {
	got := string(mask([]byte("bad key p&w in ?key=p%26w"), secret.New("p&w"), secret.Secret{}))
	if want := "bad key *** in ?key=***"; got != want {
		t.Errorf("mask = %q, want %q", got, want)
	}
}

// A short user name may be part of any word.
func TestUserNamesAreMaskedAsWords(t *testing.T) {
	for _, tt := range []struct{ user, text, want string }{
		{"home", "homeward at home", "homeward at ***"},
		{"home", "home: nohome, (home) home", "***: nohome, (***) ***"},
		{"a b", "u=a%20b u=a+b xa b", "u=*** u=*** xa b"},
		{"alice", "alices", "***s"},
		{"", "homeward", "homeward"},
		{"home", "p4ss", "***"},
	} {
		a := &Account{Service: "template", Template: &Template{}, Username: tt.user, Secret: secret.New("p4ss")}
		if got := string(Redact([]byte(tt.text), a)); got != tt.want {
			t.Errorf("%q of user %q: %q, want %q", tt.text, tt.user, got, tt.want)
		}
	}
}

// A service may repeat what it was sent, header and all.
func TestNoFormOfASecretIsRepeated(t *testing.T) {
	const password = "p w/ö+s3cret?"
	accounts := map[string]*Account{
		"dyndns2":     {Service: "dyndns2", Server: "https://x.example", Username: "alice", Secret: secret.New(password), Domains: []string{"a.example"}},
		"spdyn token": {Service: "spdyn", Server: "https://x.example", Token: true, Secret: secret.New(password), Domains: []string{"a.example"}},
		"ipv64":       {Service: "ipv64", Server: "https://x.example", Secret: secret.New(password), Domains: []string{"a.example"}},
		"ipv64 basic": {Service: "ipv64", Server: "https://x.example", Auth: "basic", Secret: secret.New(password), Domains: []string{"a.example"}},
		"ipv64 form":  {Service: "ipv64", Server: "https://x.example", Auth: "form", Secret: secret.New(password), Healthcheck: secret.New("h/ealth"), Domains: []string{"a.example"}},
		"template": {Service: "template", Username: "alice", Secret: secret.New(password), Domains: []string{"a.example"},
			Template: &Template{URL: "https://[USERNAME]@[DOMAIN]:pre-[PASSWORD]@x.example/?key=written%20in&ip=[IP]&k=[PASSWORD]"}},
	}
	for name, a := range accounts {
		s, _ := For(a)
		c := Update{Hosts: a.Domains, Values: Values{IPv4: ip4}}
		r := s.Request(a, c)
		login := r.User + r.Login.Reveal() + ":" + r.Password.Reveal()
		basic := base64.StdEncoding.EncodeToString([]byte(login))
		said := map[string]string{
			"the login": login, "the header": basic, "the header in JSON": strings.ReplaceAll(basic, "/", `\/`),
			"the token in base64": base64.StdEncoding.EncodeToString([]byte(password)), "for a URL": base64.RawURLEncoding.EncodeToString([]byte(password)),
			"the secret": password, "in a query": url.QueryEscape(password), "in a path": url.PathEscape(password), "small": Percent(password),
			"in JSON": strings.ReplaceAll(password, "/", `\/`), "in JSON of ASCII": strings.ReplaceAll(password, "ö", `\u00f6`),
			"in JSON of ASCII, slashes escaped": strings.ReplaceAll(strings.ReplaceAll(password, "ö", `\u00f6`), "/", `\/`),
		}
		_, query, _ := strings.Cut(r.URL.Reveal()+"&"+r.Body.Reveal(), "?")
		for _, param := range strings.Split(query, "&") {
			if _, value, _ := strings.Cut(param, "="); strings.Contains(value, "written") || strings.Contains(value, "ealth") {
				said["the query's "+value] = value
			}
		}
		for how, text := range said {
			for _, body := range []string{text, `{"info":"x ` + text + `"}`, `{"status":"` + text + `"}`, "badauth " + text} {
				for _, code := range []int{200, 400, 401, 403, 404, 500} {
					got := s.Parse(a, c, transport.Answer{Status: code, Body: []byte(body)})
					all := got.Detail + got.Hint
					for _, h := range got.Hosts {
						all += h.Detail + h.Hint
					}
					if leaked(all, text) {
						t.Errorf("%s: %s stands in %q", name, how, all)
					}
				}
			}
		}
	}
}

// leaked tells whether six characters in a row of a secret can be seen.
func leaked(seen, secret string) bool {
	for i := 0; i+6 <= len(secret); i++ {
		if strings.Contains(seen, secret[i:i+6]) && !strings.Contains("a.example", secret[i:i+6]) {
			return true
		}
	}
	return false
}

func TestIsHTML(t *testing.T) {
	for in, want := range map[string]bool{
		"<!DOCTYPE html><p>good": true, "\uFEFF \n<HTML>": true, "<p>": true,
		"good 192.0.2.1": false, `<?xml version="1.0"?><interface-response>`: false,
		`<?xml version="1.0"?><html xmlns="x">`: true, "": false,
	} {
		if got := isHTML([]byte(in)); got != want {
			t.Errorf("isHTML(%q) = %v, want %v", in, got, want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add([]byte("good \x1b[0m"))
	f.Fuzz(func(t *testing.T, body []byte) {
		q := Quote(body)
		if utf8.RuneCountInString(q) > 40 || !golden.Printable(q) {
			t.Errorf("quote(%q) = %q", body, q)
		}
	})
}
