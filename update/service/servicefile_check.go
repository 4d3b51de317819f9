package service

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// LimitMost is the highest limit that can be kept: as many requests are remembered.
const LimitMost = 1000

// checkFile returns all faults of a service file, each beginning with the path of
// its member.
func (t Template) checkFile() (errs []error) {
	f := t.File
	fault := func(path, format string, args ...any) { errs = append(errs, fmt.Errorf(path+": "+format, args...)) }
	if len(f.Lookups) > lookupsMost {
		fault("lookups", "more than %d: leave the others out", lookupsMost)
	}
	if len(f.Headers) > headersMost {
		fault("headers", "more than %d: leave the others out", headersMost)
	}
	for name, value := range f.Headers {
		if !headerName(name) {
			fault("headers", "%q is no header that a service file can set: take it out", Quote([]byte(name)))
		}
		if len(value) > textMost || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			fault("headers."+Quote([]byte(name)), "has a line break or a character outside of ASCII in it, or is too long: write it without")
		}
	}
	for name, pattern := range map[string]string{"limited": f.Limited, "unauthorized": f.Unauthorized, "refused": f.Refused, "unknown": f.Unknown} {
		if _, err := parsePattern(pattern); pattern != "" && err != nil {
			fault(name, "%v", err)
		}
	}
	if !pathIsValid(f.Error) {
		fault("error", "%s", pathHelp)
	}
	errs = append(errs, f.checkForms()...)
	known := placeholders()
	for _, s := range f.steps {
		for _, err := range f.checkStep(s, known) {
			errs = append(errs, fmt.Errorf("%s.%w", s.key, err))
		}
		if s.isLookup() {
			known = append(known, s.Name)
		}
	}
	return errs
}

// checkForms returns the faults of the limits, and of requests that do not go
// together.
func (f *File) checkForms() (errs []error) {
	fault := func(path, text string) { errs = append(errs, fmt.Errorf("%s: %s", path, text)) }
	for _, n := range []struct {
		name string
		n    *int
	}{{"limit_10s", f.Limit10s}, {"limit_24h", f.Limit24h}} {
		if n.n != nil && (*n.n < 0 || *n.n > LimitMost) {
			fault(n.name, "write a number from 0 to "+strconv.Itoa(LimitMost)+"; 0 is none")
		}
	}
	if f.Both != nil && (f.IPv4 != nil || f.IPv6 != nil || f.Address != nil || f.Prefix != nil) {
		fault("both", "stands beside ipv4, ipv6, address or prefix: keep one of the two forms")
	}
	if f.Address != nil && (f.IPv4 != nil || f.IPv6 != nil) {
		fault("address", "stands beside ipv4 or ipv6: keep one of the two forms")
	}
	if f.Connection != "" && f.Connection != "ipv4" {
		fault("connection", `write "ipv4", or take it out`)
	}
	for _, s := range f.steps {
		if _, err := parsePattern(s.Nothing); s.Nothing != "" && err != nil {
			fault(s.key+".nothing", err.Error())
		}
	}
	if f.Create != nil && len(f.Lookups) == 0 {
		fault("create", "is sent when the last of lookups has found nothing, and there is none: write lookups, or take create out")
	}
	return errs
}

// checkStep returns the faults of one request. known are the placeholders that it
// may have.
func (f *File) checkStep(s Step, known []string) (errs []error) {
	fault := func(path, format string, args ...any) { errs = append(errs, fmt.Errorf(path+": "+format, args...)) }
	if m := s.method(); !slices.Contains([]string{"GET", "POST", "PUT", "PATCH"}, m) || s.isLookup() && m != "GET" && m != "POST" {
		fault("method", "%q is none that is sent: write GET, POST, PUT or PATCH, and of a look-up GET or POST", Quote([]byte(m)))
	}
	bodies := 0
	for _, b := range []string{string(s.Body), s.Form, s.XML} {
		if b != "" {
			bodies++
		}
	}
	if bodies > 1 {
		fault("body", "stands beside form or xml: keep one of them")
	}
	if wrong := fileURL(s.URL); wrong != "" {
		fault("url", "%s", wrong)
	}
	text, headers := s.texts(), strings.Join(slices.Collect(headerValues(f.Headers)), "\n")
	if len(text) > textMost+64 || strings.Count(text+headers, "[") > placeholderMost+8 {
		fault("url", "the request is longer than %d characters, or has more than %d placeholders", textMost, placeholderMost)
	}
	for _, part := range []string{s.URL, s.Form, s.XML, string(s.Body), headers} {
		if name := unknownPlaceholder(part, known); name != "" {
			fault("url", "[%s] is none of the placeholders [%s]", name, strings.Join(known, "], ["))
		}
	}
	if s.key == "both" && f.Keep == "" && strings.Contains(string(s.Body)+s.XML, "[IP") {
		fault("body", "a family may be missing, and there is no keep: write form, or one request for each family")
	}
	if _, err := parsePattern(s.Answer); s.Answer != "" && err != nil {
		fault("answer", "%v", err)
	}
	if !pathIsValid(s.Path) || s.isLookup() && s.Answer != "" || s.Nothing != "" && (!s.isLookup() || s.Path == nil) {
		fault("path", "%s", pathHelp)
	}
	if s.isLookup() == (s.Name == "") || s.isLookup() && (strings.Trim(s.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" || len(s.Name) > 20 || slices.Contains(known, s.Name)) {
		fault("name", "a look-up has one in capital letters, which is no other placeholder's, as in \"RECORD\"; an update has none")
	}
	return errs
}

// headerName reports whether a service file may set a header: none that the
// transport writes, and none that steers a connection (RFC 9110, section 7.6.1).
func headerName(name string) bool {
	low := strings.ToLower(name)
	return low != "" && len(low) <= 64 && strings.Trim(low, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!slices.Contains([]string{"host", "user-agent", "accept-encoding", "connection", "content-length", "content-type",
			"transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive", "cookie"}, low) && !strings.HasPrefix(low, "proxy-")
}

func headerValues(headers map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range headers {
			if !yield(v) {
				return
			}
		}
	}
}

// fileURL tells what is wrong with the URL of a service file: it names its host,
// which the secret goes to, and is https.
func fileURL(u string) string {
	rest, own := strings.CutPrefix(u, "[SERVER]")
	if own && (rest == "" || rest[0] == '/') && !strings.Contains(rest, "[SERVER]") {
		return ""
	}
	s := splitURL(u)
	p, err := url.Parse("https://" + s.host)
	switch {
	case s.scheme != "https":
		return "is not https: write https:// before the host"
	case strings.Contains(u, "[SERVER]"), strings.ContainsAny(s.host, "[]%\\ "), err != nil || p.Hostname() == "",
		strings.ContainsFunc(s.host, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "names no host: write https://HOST/PATH, with placeholders behind the host alone"
	}
	return ""
}
