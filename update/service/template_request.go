package service

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// placeholders returns the placeholders of a template: those of ddns-scripts, and
// those that openwrt/SERVICES.md adds.
func placeholders() []string {
	return []string{"USERNAME", "PASSWORD", "PARAMENC", "PARAMOPT", "DOMAIN", "IP", "IPV4", "IPV6", "PREFIX", "IPV6PREFIX",
		"TYPE", "ZONE", "NAME", "SUB", "SERVER"}
}

// Request fills the next request for the host and the values of the update. The
// request's URL is empty if the template has none for them. User and password
// before the host become Basic auth. A parameter without a value is left out.
//
// The URL's String shows no secret, not even one written into the template: if
// no placeholder marks a secret, it hides the path and the values of the query,
// else only those of them that could be a secret, and long values.
func (template) Request(a *Account, c Update) transport.Request {
	r := transport.Request{Method: "GET", Device4: a.Device4, Device6: a.Device6, CAFile: a.CAFile, AllowHTTP: a.Template.AllowHTTP}
	u := a.Template.next(a, c)
	if u.URL == "" {
		return r
	}
	f := filling{a, c, u}
	s := splitURL(f.server(u.URL))
	if s.scheme == "http" && !a.Template.AllowHTTP && !strings.HasPrefix(u.URL, "[SERVER]") {
		s.scheme = "https"
	}
	if user, password, ok := strings.Cut(s.userinfo, ":"); ok || user != "" {
		r.Login = secret.New(f.raw(user))
		r.Password = secret.New(f.raw(password))
	}
	r.URL = f.encoded(secret.Text{}.Plain(s.scheme+"://"), s.host, false)
	named := a.Template.File != nil || s.userinfo != "" || strings.Contains(u.URL, "[PASSWORD]") || strings.Contains(u.URL, "[PARAMENC]")
	if path, ok := strings.CutPrefix(s.path, "/"); ok {
		r.URL = f.encoded(r.URL.Plain("/"), path, !named)
	}
	r.URL = f.query(r.URL, s.query, "?", !named)
	if a.Template.File != nil {
		f.message(&r)
	} else if !strings.Contains(s.host+s.path+s.query, "[IP") {
		// The service takes the address of the connection.
		r.Family = map[string]int{"url4": 4, "url6": 6}[u.key]
	}
	return r
}

// message adds what a service file's request has beside its URL.
func (f filling) message(r *transport.Request) {
	file := f.a.Template.File
	r.Method = f.step.method()
	if f.step.isLookup() {
		r.MaxBody = lookupBody
	}
	for _, name := range slices.Sorted(maps.Keys(file.Headers)) {
		r.Headers = append(r.Headers, transport.Header{Name: name, Value: f.text(secret.Text{}, file.Headers[name], headerText)})
	}
	switch {
	case f.step.Body != nil:
		r.Body, r.BodyType = f.text(secret.Text{}, string(f.step.Body), jsonText), "application/json"
	case f.step.XML != "":
		r.Body, r.BodyType = f.text(secret.Text{}, f.step.XML, xmlText), "text/xml"
	case f.step.Form != "":
		r.Body = f.query(secret.Text{}, f.step.Form, "", false)
	}
}

// server replaces [SERVER] at the beginning of a URL.
func (f filling) server(u string) string {
	if rest, ok := strings.CutPrefix(u, "[SERVER]"); ok {
		return f.a.Server + rest
	}
	return u
}

// urlParts is a template's URL with its placeholders.
type urlParts struct{ scheme, userinfo, host, path, query string }

// splitURL cuts a URL with placeholders into its parts, and drops the fragment.
func splitURL(s string) (u urlParts) {
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

// query appends the query to t, begun with between. hide hides the template's own
// values.
func (f filling) query(t secret.Text, query, between string, hide bool) secret.Text {
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
		t = f.encoded(t, name, false).Plain("=")
		for value != "" {
			literal, _, rest := f.cut(value)
			placeholder := value[len(literal) : len(value)-len(rest)]
			t = f.encoded(t, literal, hide || f.a.Template.File == nil && len(literal) >= literalLeast)
			t, value = f.encoded(t, placeholder, hide), rest
		}
	}
	return t
}

// literalLeast is the length from which a value written into a URL is hidden there,
// and in an answer: a shorter one is a word, such as "1" or "update".
const literalLeast = 8

// literals returns the values written into the queries: they may be secrets.
func (t Template) literals() []secret.Secret {
	var all []secret.Secret
	for _, u := range t.urls() {
		for param := range strings.SplitSeq(splitURL(u.URL).query, "&") {
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
		literal, name, rest := f.cut(part)
		part = rest
		t = appendCareful(t, printableURL(literal), hide)
		switch s, ok := f.secret(name); {
		case ok:
			t = t.Secret(s, Percent)
		case name == "PARAMOPT":
			t = appendCareful(t, printableURL(f.value(name)), false)
		case f.step.key != "" && !slices.Contains(placeholders(), name):
			t = t.Plain(Percent(f.value(name))) // found by a look-up: foreign
		default:
			t = t.Plain(printableURL(f.value(name)))
		}
	}
	return t
}

// appendCareful appends a part of a URL, hidden if hide is set or a word of it
// could be a secret.
func appendCareful(t secret.Text, part string, hide bool) secret.Text {
	for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return strings.ContainsRune("&=/.:,;@%+<>{}[]\"' \n", r) }) {
		hide = hide || secret.LooksLikeMixed(word, 15)
	}
	if hide {
		return t.Secret(secret.New(part), nil)
	}
	return t.Plain(part)
}

// text appends a header or a body to t. encode encodes the values for where they
// stand.
func (f filling) text(t secret.Text, part string, encode func(string) string) secret.Text {
	for part != "" {
		literal, name, rest := f.cut(part)
		part = rest
		t = appendCareful(t, literal, false)
		if s, ok := f.secret(name); ok {
			t = t.Secret(s, encode)
		} else {
			t = t.Plain(encode(f.value(name)))
		}
	}
	return t
}

// plain fills a text without secrets.
func (f filling) plain(part string) string {
	var b strings.Builder
	for part != "" {
		literal, name, rest := f.cut(part)
		part = rest
		b.WriteString(literal + f.value(name))
	}
	return b.String()
}

// headerText drops what a header must not have: everything but printable ASCII.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// xmlText encodes a text for XML, between tags or in an attribute.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
}

// raw fills a user or a password for Basic auth, which does not percent-encode.
func (f filling) raw(part string) string {
	var b strings.Builder
	for part != "" {
		literal, name, rest := f.cut(part)
		part = rest
		if plain, err := url.PathUnescape(literal); err == nil {
			literal = plain
		}
		s, _ := f.secret(name)
		b.WriteString(literal + s.Reveal() + f.value(name))
	}
	return b.String()
}

// unknownPlaceholder returns the name of the first placeholder that is not known,
// or "".
func unknownPlaceholder(s string, known []string) string {
	for {
		_, rest, ok := strings.Cut(s, "[")
		name, _, closed := strings.Cut(rest, "]")
		if !ok || !closed {
			return ""
		}
		if name != "" && 'A' <= name[0] && name[0] <= 'Z' && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && !slices.Contains(known, name) {
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
