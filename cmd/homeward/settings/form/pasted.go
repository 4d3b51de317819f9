package form

import (
	"encoding/base64"
	"net/url"
	"strings"

	"homeward/update/secret"
)

// PastedToken finds the token in what was pasted in its place: an update URL, a
// header, user and password of Basic authentication, or a command line with one of
// these. form says what it was, "" for a token alone; token is "" if there is none
// in it.
func PastedToken(v string) (token, form string) {
	given := v
	v = strings.TrimSpace(v)
	if t, quoted := unquoted(v); quoted {
		if t, form = PastedToken(t); form == "" {
			form = "in quotes"
		}
		return t, form
	}
	if t, ok := afterWord(v, "bearer"); ok {
		return t, `written as a header ("Bearer …")`
	}
	if t, ok := afterWord(v, "basic"); ok {
		b, err := base64.StdEncoding.DecodeString(t)
		if err != nil {
			return "", `written as a header ("Basic …")`
		}
		return ofPair(string(b)), `written as a header ("Basic …")`
	}
	if u, ok := URLIn(v); ok {
		return keyOfURL(u), "a whole update URL"
	}
	if name, _, ok := strings.Cut(v, "="); ok && isTokenName(name) {
		q, _ := url.ParseQuery(v)
		return keyOfQuery(q), "the parameter of a URL"
	}
	if strings.Contains(v, ":") && !strings.ContainsAny(v, " \t") {
		return ofPair(v), `a user and a token ("none:…")`
	}
	return given, ""
}

func isTokenName(s string) bool {
	switch strings.ToLower(s) {
	case "key", "token", "user", "username":
		return true
	}
	return false
}

// unquoted removes a pair of quotes around v.
func unquoted(v string) (string, bool) {
	if n := len(v); n > 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
		return v[1 : n-1], true
	}
	return v, false
}

// afterWord returns the word behind another one, whose case does not matter; "" if
// there is none.
func afterWord(v, word string) (string, bool) {
	words := strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\"'", r) })
	for i, w := range words {
		if strings.TrimPrefix(strings.ToLower(w), "authorization:") == word {
			return strings.Join(words[i+1:min(i+2, len(words))], ""), true
		}
	}
	return "", false
}

// ofPair returns the token of user:token. Either half may be it, if it is not a word
// such as none.
func ofPair(v string) string {
	user, token, _ := strings.Cut(v, ":")
	if token == "" && secret.LooksLike(user) {
		return user
	}
	return token
}

// URLIn finds a URL in v, with or without its scheme.
func URLIn(v string) (string, bool) {
	for _, w := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\"'", r) }) {
		lower := strings.ToLower(w)
		switch {
		case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
			return w, true
		case strings.Contains(lower, "ipv64.net/"), strings.Contains(lower, "/update?"), strings.Contains(lower, "/nic/update"):
			return "https://" + strings.TrimLeft(w, "/"), true
		}
	}
	return "", false
}

// keyOfURL returns the key in an update URL, "" if there is none.
func keyOfURL(v string) string {
	u, err := url.Parse(v)
	if err != nil {
		return ""
	}
	if k := keyOfQuery(u.Query()); k != "" {
		return k
	}
	password, _ := u.User.Password()
	if password == "" {
		password = u.User.Username()
	}
	if OddSecret(password) != "" {
		return ""
	}
	return password
}

// keyOfQuery returns the key among a URL's parameters, "" if there is none: a user
// may stand in its place.
func keyOfQuery(q url.Values) string {
	for _, name := range []string{"key", "token", "password", "q", "user", "username"} {
		if k := strings.TrimSpace(q.Get(name)); k != "" && OddSecret(k) == "" {
			return k
		}
	}
	return ""
}
