package update

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
		if got := retryAfter(Answer{RetryAfter: tt.header, Date: tt.date}); got != tt.want {
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
		if got := quote([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: quote(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestMaskHidesWhatAServiceRepeats(t *testing.T) {
	got := string(mask([]byte("bad key p&w in ?key=p%26w"), NewSecret("p&w"), Secret{}))
	if want := "bad key *** in ?key=***"; got != want {
		t.Errorf("mask = %q, want %q", got, want)
	}
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
		q := quote(body)
		if utf8.RuneCountInString(q) > 40 || !printable(q) {
			t.Errorf("quote(%q) = %q", body, q)
		}
	})
}

// printable tells whether a text may stand in a log as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 })
}
