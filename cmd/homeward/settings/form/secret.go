package form

import "strings"

// OddSecret says what is wrong with a secret, "" if nothing. It repeats nothing of
// it.
func OddSecret(v string) string {
	if strings.ContainsAny(v, "\r\n") {
		return "has a line break in it: write it on one line"
	}
	if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "has a control character in it, which cannot be seen: write it anew"
	}
	return ""
}

// OddToken reports whether a token has a form that no service gives out.
func OddToken(v string) bool {
	return strings.ContainsFunc(v, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\'' || r == '`'
	})
}

// SPDYNToken reports whether a token is three groups of four lower-case letters, with
// or without a number before them.
func SPDYNToken(v string) bool {
	groups := strings.Split(v, "-")
	if len(groups) == 4 && groups[0] != "" && strings.Trim(groups[0], "0123456789") == "" {
		groups = groups[1:]
	}
	for _, g := range groups {
		if len(g) != 4 || strings.Trim(g, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return len(groups) == 3
}

// OddUser says what is wrong with a user name (RFC 7617, section 2), "" if nothing.
func OddUser(v string) string {
	if strings.Contains(v, ":") {
		return "has a colon in it, which Basic authentication cannot carry: write the name alone"
	}
	return OddSecret(v)
}
