package uci

import "strings"

// Line returns a line of a section as `uci export` writes it, "" if the value is
// empty. statement is option NAME or list NAME.
func Line(statement, value string) string {
	if value == "" {
		return ""
	}
	return "\t" + statement + " " + Quote(value) + "\n"
}

// Switch returns the value of a switch: 1 or 0.
func Switch(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// Printable returns the first 64 bytes of s for a message or comment: printable
// ASCII, with ? for every other character. It does not hide secrets.
func Printable(s string) string {
	keep := func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}
	return strings.Map(keep, s[:min(len(s), 64)])
}

// Quote quotes a value as `uci export` does. uci and Parse read it back byte for
// byte.
func Quote(v string) string {
	return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
}
