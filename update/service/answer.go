package service

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"homeward/update/secret"
	"homeward/update/transport"
)

// The bounds of a wait that a service asks for: after a shorter one a request is
// too early, a longer one exceeds the window of 24 h limits.
const (
	shortestWait = 10 * time.Second
	LongestWait  = 24 * time.Hour
)

// quoteLen is how many characters of an answer are shown to the owner.
const quoteLen = 40

// RetryAfter parses the header Retry-After (RFC 9110, section 10.2.3): seconds,
// or a date, from which it subtracts the answer's Date, so that this machine's
// clock does not matter. The result is between 10 s and 24 h, 0 if the header is
// missing or not valid.
func RetryAfter(ans transport.Answer) time.Duration {
	s := strings.TrimSpace(ans.RetryAfter)
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // with ErrRange, n is the maximum
		return min(max(time.Duration(n)*time.Second, shortestWait), LongestWait)
	}
	at, ok := httpDate(s)
	now, dated := httpDate(strings.TrimSpace(ans.Date))
	if !ok || !dated || at.Before(now) {
		return 0
	}
	return min(max(at.Sub(now), shortestWait), LongestWait)
}

// httpDate parses the three forms of RFC 9110, section 5.6.7.
func httpDate(s string) (time.Time, bool) {
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Quote returns the first 40 characters of Clean.
func Quote(body []byte) string { return Cut(Clean(body)) }

// redact is Quote with the account's secrets masked: before Clean, which changes
// white space, and after it, as Clean may join a secret that was split by
// control bytes.
func redact(a *Account, body []byte) string {
	return Cut(string(Redact([]byte(Clean(Redact(body, a))), a)))
}

// Clean returns a text on one line, each run of white space as one blank,
// without control bytes (ESC too) and invalid UTF-8.
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

// Cut returns the first 40 characters of s.
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

// Fields splits a line at white space; the first word is the return code.
func Fields(line string) []string { return strings.Fields(line) }

// lines returns the non-blank lines of an answer, trimmed.
func lines(body []byte) []string {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(string(body), "\uFEFF")) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// isHTML reports whether a body is a page for a browser, perhaps a captive
// portal's or a proxy's.
func isHTML(body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	if !bytes.HasPrefix(body, []byte("<")) {
		return false
	}
	low := bytes.ToLower(body)
	return !bytes.HasPrefix(low, []byte("<?xml")) || bytes.Contains(low, []byte("<html"))
}

// mask replaces secrets in an answer, in every form in which a request can carry
// them.
func mask(body []byte, secrets ...secret.Secret) []byte {
	var all []string
	for _, s := range secrets {
		if !s.IsZero() {
			all = append(all, forms(s.Reveal())...)
		}
	}
	// the longest first: one may stand within another
	sort.SliceStable(all, func(i, j int) bool { return len(all[i]) > len(all[j]) })
	for _, form := range all {
		body = bytes.ReplaceAll(body, []byte(form), []byte(secret.Mask))
	}
	return body
}

// Redact replaces the secrets of an account in a text, in every form in which a
// request can carry them.
func Redact(text []byte, a *Account) []byte {
	text = mask(text, secretsOf(a)...)
	if a.Template == nil || a.Username == "" || len(a.Username) >= userLeast {
		return text
	}
	for _, form := range forms(a.Username) {
		text = maskWord(text, []byte(form))
	}
	return text
}

// userLeast is the length from which on a user name is masked within words, too.
const userLeast = 5

// maskWord replaces a word, and not what it is part of.
func maskWord(text, word []byte) []byte {
	var out []byte
	for at := 0; ; {
		i := bytes.Index(text[at:], word)
		if i < 0 {
			return append(out, text[at:]...)
		}
		start, end := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRune(text[:start])
		after, _ := utf8.DecodeRune(text[end:])
		out = append(out, text[at:start]...)
		if inWord(before) || inWord(after) {
			out = append(out, word...)
		} else {
			out = append(out, secret.Mask...)
		}
		at = end
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// forms returns a secret unchanged, encoded as in a URL or a form, in base64, and
// each of these as JSON may write it.
func forms(s string) []string {
	all := []string{s, Percent(s), url.QueryEscape(s), url.PathEscape(s),
		base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))}
	for _, form := range all {
		quoted := jsonText(form)
		all = append(all, quoted, strings.ReplaceAll(form, "/", `\/`), strings.ReplaceAll(quoted, "/", `\/`))
	}
	return all
}

// jsonText returns s as in JSON that is limited to ASCII.
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
// ddns-scripts does. The result is valid in any part of a URL.
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
