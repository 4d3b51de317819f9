package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// templateService is a service described by URLs with placeholders.
func templateService(a *Account) Service {
	return Service{
		Protocol:       template{},
		MaxHosts:       1,
		OneAddress:     a.Template.URL == "",
		DeletesUnnamed: a.Template.URL != "",
	}
}

// ParseTemplate parses a service file of ddns-scripts. It refuses a file that
// names a program in place of a URL.
func ParseTemplate(file []byte) (Template, error) {
	var f struct {
		IPv4, IPv6 struct{ URL, Answer string }
	}
	if err := json.Unmarshal(file, &f); err != nil {
		return Template{}, fmt.Errorf("not a service file of ddns-scripts: %w", err)
	}
	for _, u := range []string{f.IPv4.URL, f.IPv6.URL} {
		if u != "" && !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
			return Template{}, fmt.Errorf("the service file names the program %q, which is not a URL: only ddns-scripts can run it", Quote([]byte(u)))
		}
	}
	if f.IPv4.URL == "" && f.IPv6.URL == "" {
		return Template{}, errors.New("the service file has no url, neither for ipv4 nor for ipv6")
	}
	return Template{URL4: f.IPv4.URL, Answer4: f.IPv4.Answer, URL6: f.IPv6.URL, Answer6: f.IPv6.Answer}, nil
}

// Check returns all faults of the URLs and patterns, joined. Each error begins
// with its key: url4, url6, url or answer.
func (t Template) Check() error {
	var errs []error
	for _, u := range t.urls() {
		if _, err := parsePattern(u.answer); u.answer != "" && err != nil {
			errs = append(errs, fmt.Errorf("answer: %w", err))
		}
		if name := unknownPlaceholder(u.url); name != "" {
			errs = append(errs, fmt.Errorf("%s: [%s] is none of the placeholders [%s]", u.key, name, strings.Join(placeholders(), "], [")))
		}
		r := template{}.Request(sample(t), sampleCall(u.key))
		// The parser's error would show the URL and the secrets in it.
		if p, err := url.Parse(r.URL.Reveal()); err != nil || p.Hostname() == "" || p.Scheme != "http" && p.Scheme != "https" {
			errs = append(errs, fmt.Errorf("%s: not a URL: write https://HOST/PATH?QUERY", u.key))
		} else if strings.ContainsFunc(p.Hostname(), func(r rune) bool { return r > '~' }) {
			errs = append(errs, fmt.Errorf("%s: its host is not written in ASCII: write its form with xn--", u.key))
		}
	}
	if len(t.urls()) == 0 {
		errs = append(errs, errors.New("url4: no url4, url6 or url is given"))
	}
	return errors.Join(errs...)
}

// Warnings returns warnings for the owner about a template that passed Check.
// They show only the host of a URL.
func (t Template) Warnings() []string {
	var out []string
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, u := range t.urls() {
		plain, host := strings.HasPrefix(u.url, "http://"), SplitURL(u.url).host
		switch {
		case plain && t.AllowHTTP:
			add(host + " is asked over http://: whoever is on the way can read the password")
		case plain:
			add(host + " is asked over https:// in place of http://; if it cannot, write allow_http = true")
		}
		if u.answer == "" {
			add(host + ": there is no answer expression, so every answer with a 2xx code counts as accepted")
		}
	}
	return out
}

// Carries returns which values the URLs can publish. With a URL without a
// placeholder for addresses, the service takes the connection's.
func (t Template) Carries() Publish {
	has := func(name string) bool { return strings.Contains(t.URL, name) }
	bare := t.URL != "" && !has("[IP]") && !has("[IPV4]") && !has("[IPV6]") && !has("[PREFIX]")
	return Publish{
		IPv4:   t.URL4 != "" || bare || has("[IP]") || has("[IPV4]"),
		IPv6:   t.URL6 != "" || bare || has("[IP]") || has("[IPV6]"),
		Prefix: has("[PREFIX]"),
	}
}

// templateURL is one URL of a template, its key and the pattern of its answer.
type templateURL struct{ key, url, answer string }

func (t Template) urls() []templateURL {
	all := []templateURL{{"url4", t.URL4, t.Answer4}, {"url6", t.URL6, t.Answer6}, {"url", t.URL, t.Answer}}
	return slices.DeleteFunc(all, func(u templateURL) bool { return u.url == "" })
}

// choose returns the URL for v: the first of url4 and url6 whose address is
// valid, else url.
func (t Template) choose(v Values) templateURL {
	for _, u := range t.urls() {
		if u.key == "url" || u.key == "url4" && v.IPv4.IsValid() || u.key == "url6" && v.IPv6.IsValid() {
			return u
		}
	}
	return templateURL{}
}

// sample and sampleCall return the values with which Check fills a template.
func sample(t Template) *Account {
	return &Account{Template: &t, Username: "u", Secret: secret.New("p")}
}

func sampleCall(key string) Update {
	v := Values{
		IPv4:   netip.MustParseAddr("192.0.2.1"),
		IPv6:   netip.MustParseAddr("2001:db8::1"),
		Prefix: netip.MustParsePrefix("2001:db8::/64"),
	}
	if key == "url6" {
		v.IPv4 = netip.Addr{}
	}
	return Update{Hosts: []string{"home.example"}, Values: v}
}

// template is the protocol that a Template describes.
type template struct{}

// Parse searches the answer line by line for the pattern. An HTML page counts
// only if the pattern has a tag. The dyndns2 return codes that refuse are
// understood, too.
func (template) Parse(a *Account, c Update, ans transport.Answer) Result {
	answer := a.Template.choose(c.Values).answer
	page := isHTML(ans.Body) && !strings.Contains(answer, "<")
	if ans.Status/100 == 2 && answer != "" && !page {
		if line, ok := search(answer, ans.Body); ok {
			return Result{Verdict: Accepted, Detail: redact(a, line)}
		}
	}
	r := parseReturnCodes(a, c, ans, refusal)
	if r.Verdict == Unknown && r.Hosts == nil && ans.Status/100 == 2 {
		switch {
		case page:
			r.Hint = "if this page is what the service answers, write `answer` with a tag of it, such as <title>"
		case answer == "":
			r.Verdict = Accepted
		}
	}
	return r
}

// refusal is returnCodeOf limited to the codes that refuse.
func refusal(word string) (returnCode, bool) {
	m, _ := returnCodeOf(word)
	return m, m.verdict == Refused || m.verdict == Unauthorized
}

// search returns the first line that matches the pattern. No line matches an
// invalid one, which Check refuses.
func search(expr string, body []byte) ([]byte, bool) {
	p, err := parsePattern(expr)
	if err != nil {
		return nil, false
	}
	for line := range strings.Lines(string(body)) {
		if line = strings.TrimRight(line, "\r\n"); p.match(line) {
			return []byte(line), true
		}
	}
	return nil, false
}
