package service

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"homeward/update/secret"
	"homeward/update/transport"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// The bounds of a wait that a service asks for: a shorter one is not worth a
// request, a longer one would outlast the day its limits are counted in.
const (
	shortestWait = 10 * time.Second
	LongestWait  = 24 * time.Hour
)

// quoteLen is how many characters of a foreign answer are repeated to the owner.
const quoteLen = 40

// RetryAfter reads the header Retry-After (RFC 9110, section 10.2.3): seconds,
// or a date, which counts from the answer's own Date, so that this machine's
// clock does not matter. The result is between 10 s and 24 h; 0 is not said,
// or makes no sense.
func RetryAfter(ans transport.Answer) time.Duration {
	s := strings.TrimSpace(ans.RetryAfter)
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // n is the largest number then
		return min(max(time.Duration(n)*time.Second, shortestWait), LongestWait)
	}
	at, ok := httpDate(s)
	now, dated := httpDate(strings.TrimSpace(ans.Date))
	if !ok || !dated || at.Before(now) {
		return 0
	}
	return min(max(at.Sub(now), shortestWait), LongestWait)
}

// httpDate reads the three forms of RFC 9110, section 5.6.7.
func httpDate(s string) (time.Time, bool) {
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Quote returns what can be shown of a foreign text: its first 40 printable
// characters on one line, each run of white space one blank. Control bytes
// (ESC too) and what is not UTF-8 are left out.
func Quote(body []byte) string { return Cut(Clean(body)) }

// redact is quote with the account's secrets hidden: before the cleaning, which
// changes white space, and after it, as what is left out may stand within one.
func redact(a *Account, body []byte) string {
	secrets := secretsOf(a)
	return Cut(string(mask([]byte(Clean(mask(body, secrets...))), secrets...)))
}

func Clean(body []byte) string {
	printable := strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == '\uFFFD' || !strconv.IsPrint(r):
			return -1
		}
		return r
	}, string(body))
	return strings.Join(strings.Fields(printable), " ")
}

func Cut(s string) string {
	n := 0
	for i := range s {
		if n == quoteLen {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}

// Fields splits a line at white space; its first word is what a service says.
func Fields(line string) []string { return strings.Fields(line) }

// lines returns the lines of an answer that are not blank, without the white
// space around them.
func lines(body []byte) []string {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(string(body), "\uFEFF")) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// isHTML tells whether a body is a page for a browser, as a hotspot or a
// proxy sends it, and not what a service says to a program.
func isHTML(body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	if !bytes.HasPrefix(body, []byte("<")) {
		return false
	}
	low := bytes.ToLower(body)
	return !bytes.HasPrefix(low, []byte("<?xml")) || bytes.Contains(low, []byte("<html"))
}

// mask hides secrets that a service repeats in its answer, in every form in
// which a request can carry them.
func mask(body []byte, secrets ...secret.Secret) []byte {
	var all []string
	for _, s := range secrets {
		if !s.IsZero() {
			all = append(all, forms(s.Reveal())...)
		}
	}
	// the longest first: one may stand within another
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, form := range all {
		body = bytes.ReplaceAll(body, []byte(form), []byte(secret.Mask))
	}
	return body
}

// forms returns a secret as it is, as it stands in a URL or a form, in base64,
// and as JSON may write each of these.
func forms(s string) []string {
	all := []string{s, Percent(s), url.QueryEscape(s), url.PathEscape(s),
		base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))}
	for _, form := range all {
		quoted := jsonText(form)
		all = append(all, quoted, strings.ReplaceAll(form, "/", `\/`), strings.ReplaceAll(quoted, "/", `\/`))
	}
	return all
}

// jsonText writes s as it stands in JSON whose writer keeps to ASCII.
func jsonText(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		switch {
		case u == '"' || u == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(u))
		case ' ' <= u && u <= '~':
			b.WriteByte(byte(u))
		default:
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

// Percent encodes everything but letters, digits and -_.~ as %xx, as
// ddns-scripts does: fit for any part of a URL.
func Percent(s string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
