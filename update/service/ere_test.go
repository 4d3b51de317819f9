package service

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestERE(t *testing.T) {
	tests := []struct {
		expr, line string
		want       bool
	}{
		{"good|nochg", "nochg 192.0.2.1", true},
		{"good|nochg", "GOOD", true},
		{"good|nochg", "god", false},
		{"^(good|nochg)( |$)", "good 192.0.2.1", true},
		{"^(good|nochg)( |$)", "good", true},
		{"^(good|nochg)( |$)", "goods", false},
		{"^0$", "0", true},
		{"^0$", "10", false},
		{"", "anything", true},
		{"a||b", "", true},
		{"ab*c", "ac", true},
		{"ab+c", "ac", false},
		{"ab?c", "abbc", false},
		{"^a{2,3}$", "aaaa", false},
		{"^a{2,3}$", "aaa", true},
		{"^a{2}$", "aaa", false},
		{"^a{2,}$", "aaaaa", true},
		{"^a{,2}$", "aaa", false},
		{"^(a*)*$", "aaaa", true},
		{"^(a|b(c|d){2})+$", "abcda", true},
		{"a{x}", "a{x}", true},
		{"^[[:digit:]]+[^[:space:]]$", "123x", true},
		{"^[[:digit:]]+[^[:space:]]$", "123 ", false},
		{"[[:upper:]]", "lower, as grep -i has it", true},
		{"^[]a-c-]+$", "]-bC", true},
		{"^[^]a-c-]+$", "b", false},
		{"^[\\]$", `\`, true}, // no escapes in brackets
		{`^1\.2$`, "1.2", true},
		{`^1\.2$`, "1x2", false},
		{`a\|b`, "a|b", true},
		{`a\|b`, "a", false},
		{`\<ok\>`, "it is ok.", true},
		{`\<ok\>`, "token", false},
		{`k\<`, "ok", false},
		{`\>o`, "ok", false},
		{`\bok\B`, "okay", true},
		{`^\w+\s\W\S$`, "ab_1 !x", true},
		{"<code>0</code>", "<CODE>0</CODE>", true},
	}
	for _, tt := range tests {
		e, err := compileERE(tt.expr)
		if err != nil {
			t.Errorf("%q: %v", tt.expr, err)
			continue
		}
		if got := e.match([]byte(tt.line)); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.expr, tt.line, got, tt.want)
		}
	}
}

func TestEREFaults(t *testing.T) {
	for expr, want := range map[string]string{
		"(a":                      "a ( without its )",
		"a)":                      "a ) without its (",
		"[a":                      "a [ without its ]",
		"*a":                      "a * with nothing before it to repeat",
		"a|+":                     "a + with nothing before it to repeat",
		`a\`:                      `a \ at the end`,
		`(a)\1`:                   `\1, which grep -E does not know or cannot be had here`,
		"[z-a]":                   "a range z-a that runs backwards",
		"[[:word:]]":              "a [: :] that names no class of POSIX, or a [. .] or [= =]",
		"a{3,2}":                  "a repetition {n,m} out of order, or of more than 255",
		"a{256}":                  "a repetition {n,m} out of order, or of more than 255",
		"((a{99}){99}){99}":       "an expression that repeats too much",
		"(((){255}){255}){255}":   "an expression that repeats too much",
		strings.Repeat("a", 1001): "an expression of more than 1000 characters",
	} {
		if _, err := compileERE(expr); err == nil || err.Error() != want {
			t.Errorf("compileERE(%.40q) = %v, want %v", expr, err, want)
		}
	}
}

// A backtracking matcher would need longer than the world has left.
func TestEREIsLinear(t *testing.T) {
	e, err := compileERE("^(a|a|aa|a?){60}b((x*)*)*y$")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if e.match([]byte(strings.Repeat("a", 4096))) {
		t.Error("a match without a b")
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("4096 bytes took %v", d)
	}
}

// FuzzERE compares with package regexp where both mean the same.
func FuzzERE(f *testing.F) {
	for _, s := range []string{"good|nochg", "^(a|bc*){1,3}$", "[[:alpha:]_-]+x?", "[^a-c]|()", "a|b|", `\.\w\b`} {
		f.Add(s, "good abcx 1_")
	}
	f.Fuzz(func(t *testing.T, expr, line string) {
		e, err := compileERE(expr)
		if err != nil {
			return
		}
		got := e.match([]byte(line))
		foreign := strings.Contains(expr, "{,") || strings.Contains(expr, `\<`) || strings.Contains(expr, `\>`) || strings.ContainsAny(expr, "[") && strings.ContainsAny(expr, `\`) ||
			strings.ContainsFunc(expr+line, func(r rune) bool { return r < ' ' || r > '~' })
		ref, err := regexp.Compile("(?i:" + expr + ")")
		if foreign || err != nil {
			return
		}
		if want := ref.MatchString(line); got != want {
			t.Errorf("%q matches %q: %v, regexp says %v", expr, line, got, want)
		}
	})
}
