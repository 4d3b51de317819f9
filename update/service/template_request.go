package service

import (
	"net/url"
	"slices"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// placeholders returns the placeholders of a template's URL: those of
// ddns-scripts, and IPV4, IPV6 and PREFIX.
func placeholders() []string {
	return []string{"USERNAME", "PASSWORD", "PARAMENC", "PARAMOPT", "DOMAIN", "IP", "IPV4", "IPV6", "PREFIX"}
}

// Request fills the URL for the host and the values of the update. The request's
// URL is empty if the template has none for them. User and password before the
// host become Basic auth. A parameter without a value is left out.
//
// The URL's String shows no secret, not even one written into the template: if
// no placeholder marks a secret, it hides the path and the values of the query,
// else only those of them that could be a secret.
func (template) Request(a *Account, c Update) transport.Request {
	r := transport.Request{Method: "GET", Device4: a.Device4, Device6: a.Device6, CAFile: a.CAFile, AllowHTTP: a.Template.AllowHTTP}
	u := a.Template.choose(c.Values)
	if u.url == "" {
		return r
	}
	s := SplitURL(u.url)
	if s.scheme == "http" && !a.Template.AllowHTTP {
		s.scheme = "https"
	}
	f := filling{a, c}
	if user, password, ok := strings.Cut(s.userinfo, ":"); ok || user != "" {
		r.Login = secret.New(f.raw(user))
		r.Password = secret.New(f.raw(password))
	}
	r.URL = f.encoded(secret.Text{}.Plain(s.scheme+"://"), s.host, false)
	named := s.userinfo != "" || strings.Contains(u.url, "[PASSWORD]") || strings.Contains(u.url, "[PARAMENC]")
	if path, ok := strings.CutPrefix(s.path, "/"); ok {
		r.URL = f.encoded(r.URL.Plain("/"), path, !named)
	}
	r.URL = f.query(r.URL, s.query, !named)
	if !strings.Contains(s.host+s.path+s.query, "[IP") {
		// The service takes the address of the connection.
		r.Family = map[string]int{"url4": 4, "url6": 6}[u.key]
	}
	return r
}

// urlParts is a template's URL with its placeholders.
type urlParts struct{ scheme, userinfo, host, path, query string }

func SplitURL(s string) (u urlParts) {
	u.scheme, s, _ = strings.Cut(s, "://")
	s, _, _ = strings.Cut(s, "#") // never sent
	if at := strings.LastIndexByte(s[:endOfHost(s)], '@'); at >= 0 {
		u.userinfo, s = s[:at], s[at+1:]
		// One of ddns-scripts' own files (domopoli.de) has the scheme twice.
		s = strings.TrimPrefix(strings.TrimPrefix(s, "http://"), "https://")
	}
	end := endOfHost(s)
	u.host, s = s[:end], s[end:]
	u.path, u.query, _ = strings.Cut(s, "?")
	return u
}

func endOfHost(s string) int {
	if i := strings.IndexAny(s, "/?"); i >= 0 {
		return i
	}
	return len(s)
}

// filling replaces placeholders by the values of one update.
type filling struct {
	a *Account
	c Update
}

// query appends the query to t. hide hides the template's own values.
func (f filling) query(t secret.Text, query string, hide bool) secret.Text {
	between := "?"
	for param := range strings.SplitSeq(query, "&") {
		if query == "" || f.incomplete(param) {
			continue
		}
		t = t.Plain(between)
		between = "&"
		name, value, named := strings.Cut(param, "=")
		if !named {
			t = f.encoded(t, param, hide)
			continue
		}
		t = f.encoded(f.encoded(t, name, false).Plain("="), value, hide)
	}
	return t
}

// literalLeast is the length from which a value written into a URL is masked in
// an answer: a shorter one is a word, such as "1" or "update".
const literalLeast = 8

// literals returns the values written into the queries: they may be secrets.
func (t Template) literals() []secret.Secret {
	var all []secret.Secret
	for _, u := range t.urls() {
		for param := range strings.SplitSeq(SplitURL(u.url).query, "&") {
			_, value, _ := strings.Cut(param, "=")
			if plain, err := url.PathUnescape(value); err == nil && len(plain) >= literalLeast && !strings.Contains(value, "[") {
				all = append(all, secret.New(plain))
			}
		}
	}
	return all
}

// encoded appends a part of a URL to t. With hide it hides the template's own
// text, else only if that could hold a secret.
func (f filling) encoded(t secret.Text, part string, hide bool) secret.Text {
	for part != "" {
		literal, name, rest := cutPlaceholder(part)
		part = rest
		t = appendCareful(t, printableURL(literal), hide)
		switch s, ok := f.secret(name); {
		case ok:
			t = t.Secret(s, Percent)
		case name == "PARAMOPT":
			t = appendCareful(t, printableURL(f.value(name)), false)
		default:
			t = t.Plain(printableURL(f.value(name)))
		}
	}
	return t
}

// appendCareful appends a part of a URL, hidden if hide is set or a word of it
// could be a secret.
func appendCareful(t secret.Text, part string, hide bool) secret.Text {
	for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return strings.ContainsRune("&=/.:,;@%+", r) }) {
		hide = hide || secret.LooksLikeMixed(word, 15)
	}
	if hide {
		return t.Secret(secret.New(part), nil)
	}
	return t.Plain(part)
}

// raw fills a user or a password for Basic auth, which does not percent-encode.
func (f filling) raw(part string) string {
	var b strings.Builder
	for part != "" {
		literal, name, rest := cutPlaceholder(part)
		part = rest
		if plain, err := url.PathUnescape(literal); err == nil {
			literal = plain
		}
		s, _ := f.secret(name)
		b.WriteString(literal + s.Reveal() + f.value(name))
	}
	return b.String()
}

// secret returns the value of a placeholder for a secret.
func (f filling) secret(name string) (secret.Secret, bool) {
	switch name {
	case "USERNAME":
		return secret.New(f.a.Username), true
	case "PASSWORD":
		return f.a.Secret, true
	case "PARAMENC":
		return f.a.Template.ParamEnc, true
	}
	return secret.Secret{}, false
}

// value returns the value of any other placeholder, "" if there is none.
func (f filling) value(name string) string {
	v := f.c.Values
	switch name {
	case "PARAMOPT":
		return f.a.Template.ParamOpt
	case "DOMAIN":
		return strings.Join(f.c.Hosts, ",")
	case "IP":
		return addresses(f.choice())
	case "IPV4":
		return addresses(Values{IPv4: v.IPv4})
	case "IPV6":
		return addresses(Values{IPv6: v.IPv6})
	case "PREFIX":
		if v.Prefix.IsValid() {
			return v.Prefix.String()
		}
	}
	return ""
}

// choice returns the addresses for [IP]: both in url, that of the family in url4
// and url6.
func (f filling) choice() Values {
	switch v := f.c.Values; f.a.Template.choose(v).key {
	case "url4":
		return Values{IPv4: v.IPv4}
	case "url6":
		return Values{IPv6: v.IPv6}
	default:
		return v
	}
}

// incomplete reports whether a parameter needs an address or a prefix that is
// missing: at some services an empty one would delete the record.
func (f filling) incomplete(param string) bool {
	return slices.ContainsFunc([]string{"IP", "IPV4", "IPV6", "PREFIX"}, func(name string) bool {
		return strings.Contains(param, "["+name+"]") && f.value(name) == ""
	})
}

// cutPlaceholder cuts s at its first placeholder; name is "" if there is none.
func cutPlaceholder(s string) (before, name, after string) {
	before = s
	for _, p := range placeholders() {
		if i := strings.Index(s, "["+p+"]"); i >= 0 && i < len(before) {
			before, name, after = s[:i], p, s[i+len(p)+2:]
		}
	}
	return before, name, after
}

// unknownPlaceholder returns the name of the first unknown placeholder, or "".
func unknownPlaceholder(s string) string {
	for {
		_, rest, ok := strings.Cut(s, "[")
		name, _, closed := strings.Cut(rest, "]")
		if !ok || !closed {
			return ""
		}
		if name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && !slices.Contains(placeholders(), name) {
			return name
		}
		s = rest
	}
}

// printableURL encodes only the bytes that a request line must not have.
func printableURL(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			b.WriteString(Percent(s[i : i+1]))
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
