package service

import (
	"regexp"
	"strings"
	"testing"
)

func TestAnswerPattern(t *testing.T) {
	tests := []struct {
		expr, line string
		want       bool
	}{
		{"good|nochg", "nochg 192.0.2.1", true},
		{"good|nochg", "GOOD", true},
		{"good|nochg", "god", false},
		{"^good|^nochg", "good 192.0.2.1", true},
		{"^good|^nochg", "not good", false},
		{"ok$", "it is OK", true},
		{"ok$", "ok, it is", false},
		{"^0$", "0", true},
		{"^0$", "10", false},
		{"^0$", "01", false},
		{"^$", "", true},
		{"^$", "a", false},
		{"^aba$", "aba", true},
		{"^ab.*ba$", "aba", false}, // no byte counts twice
		{"^ab.*ba$", "abba", true},
		{"a.*b.*c", "xaxbxcx", true},
		{"a.*b.*c", "acb", false},
		{"a.*ab$", "aab", true},
		{"a.*ab$", "ab", false},
		{"^a.*", "a", true},
		{".*a$", "ba", true},
		{".", "x", true},
		{".", "", false},
		{"errcount.0", "<ErrCount>0</ErrCount>", true},
		{`"success":true`, `{"success":true}`, true},
		{`{"status":"ok"}`, `{"status":"ok"}`, true},
	}
	for _, tt := range tests {
		p, err := parsePattern(tt.expr)
		if err != nil {
			t.Errorf("%q: %v", tt.expr, err)
			continue
		}
		if got := p.match(tt.line); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.expr, tt.line, got, tt.want)
		}
	}
}

// Every expression of the service files of ddns-scripts is understood (the table
// that TestServiceFilesOfDDNSScripts reads), any other regular expression is a
// fault.
func TestAnswerPatternFaults(t *testing.T) {
	const advice = " is not understood: write texts joined by |, as good|nochg; each may begin with ^ and end with $, and .* stands for anything"
	for expr, want := range map[string]string{
		"^(good|nochg)":           `'('` + advice,
		"[0-9]":                   `'['` + advice,
		"ab+":                     `'+'` + advice,
		"ab?":                     `'?'` + advice,
		"ab*":                     `'*'` + advice,
		`1\.2`:                    `'\\'` + advice,
		"a^b":                     `'^'` + advice,
		"a$b":                     `'$'` + advice,
		"good|":                   "an empty text beside a |: every answer would mean success",
		"|good":                   "an empty text beside a |: every answer would mean success",
		"good||nochg":             "an empty text beside a |: every answer would mean success",
		"^|good":                  "an empty text beside a |: every answer would mean success",
		strings.Repeat("a", 1001): "longer than 1000 characters",
	} {
		if _, err := parsePattern(expr); err == nil || err.Error() != want {
			t.Errorf("parsePattern(%.40q) = %v, want %v", expr, err, want)
		}
	}
}

// FuzzAnswerPattern compares with package regexp, which means the same by what
// is understood.
func FuzzAnswerPattern(f *testing.F) {
	for _, s := range []string{"good|nochg", "^a.*b$|c.d", "a.*a.*a$", "^$"} {
		f.Add(s, "good abcx 1_")
	}
	f.Fuzz(func(t *testing.T, expr, line string) {
		p, err := parsePattern(expr)
		if err != nil || strings.ContainsFunc(expr+line, func(r rune) bool { return r < ' ' || r > '~' || r == '{' }) {
			return
		}
		if got, want := p.match(line), regexp.MustCompile("(?i:"+expr+")").MatchString(line); got != want {
			t.Errorf("%q matches %q: %v, regexp says %v", expr, line, got, want)
		}
	})
}
