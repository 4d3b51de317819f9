package service

import (
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
		OneAddress:     !a.Template.allInOne(),
		DeletesUnnamed: a.Template.allInOne() && (a.Template.File == nil || a.Template.File.Keep == ""),
		ConnectionIPv4: a.Template.File != nil && a.Template.File.Connection == "ipv4",
	}
}

// Check returns all faults of the URLs and patterns, joined. Each error begins
// with its key: url4, url6, url or answer, or of a service file with the path of
// its member.
func (t Template) Check() error {
	var errs []error
	if t.File != nil {
		return errors.Join(t.checkFile()...)
	}
	for _, u := range t.urls() {
		if _, err := parsePattern(u.Answer); u.Answer != "" && err != nil {
			errs = append(errs, fmt.Errorf("answer: %w", err))
		}
		if name := unknownPlaceholder(u.URL, placeholders()); name != "" {
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
		plain, host := strings.HasPrefix(u.URL, "http://"), splitURL(u.URL).host
		switch {
		case plain && t.AllowHTTP:
			add(host + " is asked over http://: whoever is on the way can read the password")
		case plain:
			add(host + " is asked over https:// in place of http://; if it cannot, write allow_http = true")
		}
		if u.Answer == "" && t.File == nil {
			add(host + ": there is no answer expression, so every answer with a 2xx code counts as accepted")
		}
	}
	return out
}

// Carries returns which values the URLs can publish. With a URL without a
// placeholder for addresses, the service takes the connection's.
func (t Template) Carries() Publish {
	if f := t.File; f != nil && f.Both == nil {
		return Publish{IPv4: f.IPv4 != nil || f.Address != nil, IPv6: f.IPv6 != nil || f.Address != nil, Prefix: f.Prefix != nil}
	}
	text := t.URL
	if t.File != nil {
		text = t.File.Both.texts()
	}
	has := func(name string) bool { return strings.Contains(text, name) }
	bare := text != "" && !has("[IP]") && !has("[IPV4]") && !has("[IPV6]") && !has("[IPV6PREFIX]") && !has("[PREFIX]")
	return Publish{
		IPv4:   t.URL4 != "" || bare || has("[IP]") || has("[IPV4]"),
		IPv6:   t.URL6 != "" || bare || has("[IP]") || has("[IPV6]") || has("[IPV6PREFIX]"),
		Prefix: has("[PREFIX]") || has("[IPV6PREFIX]"),
	}
}

// Texts returns all that has placeholders in a template.
func (t Template) Texts() string {
	text := ""
	for _, s := range t.urls() {
		text += s.texts() + "\n"
	}
	if t.File != nil {
		for v := range headerValues(t.File.Headers) {
			text += v + "\n"
		}
	}
	return text
}

// Zones reports whether the requests name the zone that a host is in.
func (t Template) Zones() bool {
	return t.File != nil && t.File.Zone == "" && slices.ContainsFunc(t.urls(), func(s Step) bool { return s.names("ZONE", "NAME", "SUB") })
}

// NeedsZone reports whether no look-up finds the zone that the requests name.
func (t Template) NeedsZone() bool {
	return t.Zones() && !slices.ContainsFunc(t.File.Lookups, func(s Step) bool { return s.names("ZONE", "NAME", "SUB") })
}

// OneOfIPv6 reports whether the service takes an IPv6 address or the prefix, not
// both.
func (t Template) OneOfIPv6() bool {
	return t.File != nil && slices.ContainsFunc(t.File.steps, func(s Step) bool { return s.names("IPV6PREFIX") })
}

// allInOne reports whether one request has all values.
func (t Template) allInOne() bool { return t.URL != "" || t.File != nil && t.File.Both != nil }

// urls returns all requests of a template.
func (t Template) urls() []Step {
	if t.File != nil {
		return t.File.steps
	}
	var out []Step
	for _, u := range []Step{{key: "url4", URL: t.URL4, Answer: t.Answer4}, {key: "url6", URL: t.URL6, Answer: t.Answer6}, {key: "url", URL: t.URL, Answer: t.Answer}} {
		if u.URL != "" {
			out = append(out, u)
		}
	}
	return out
}

// choose returns the update for v: the first one of a family whose value is valid,
// or the one for all.
func (t Template) choose(v Values) Step {
	for _, u := range t.urls() {
		switch u.key {
		case "url4", "ipv4":
			if v.IPv4.IsValid() {
				return u
			}
		case "url6", "ipv6":
			if v.IPv6.IsValid() {
				return u
			}
		case "address":
			if v.IPv4.IsValid() || v.IPv6.IsValid() {
				return u
			}
		case "prefix":
			if v.Prefix.IsValid() {
				return u
			}
		case "url", "both":
			return u
		}
	}
	return Step{}
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
	switch s := a.Template.next(a, c); {
	case s.isLookup():
		return a.Template.parseLookup(a, c, s, ans)
	case a.Template.File != nil:
		return a.Template.parseUpdate(a, c, s, ans)
	}
	answer := a.Template.choose(c.Values).Answer
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
