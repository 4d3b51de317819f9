package settings

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homeward/update/secret"
)

// Redacted returns a configuration as TOML that its owner can show to others:
// each value as RedactedText shows it, without unknown keys and comments. A file
// that is not TOML is an error, which repeats none of it.
func Redacted(file string, src []byte) (string, error) {
	vals, fault := decode(file, src)
	if fault != nil {
		return "", Faults{*fault}
	}
	var b strings.Builder
	writeRedacted(&b, TopKeys(), vals)
	if line, ok := vals["line"].(map[string]any); ok {
		b.WriteString("[line]\n")
		writeRedacted(&b, LineKeys(), line)
	}
	accounts, _ := vals["account"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		fmt.Fprintf(&b, "[%s]\n", ShownPath([]string{"account", name}))
		keys, _ := accounts[name].(map[string]any)
		writeRedacted(&b, AccountKeys(), keys)
	}
	return b.String(), nil
}

// writeRedacted writes the values of one table, sorted by key. Tables within it
// are left out.
func writeRedacted(b *strings.Builder, known []Key, vals map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(vals)) {
		k, ok := findKey(known, name)
		switch {
		case !ok:
			b.WriteString("# an unknown key is not shown\n")
		case k.Kind != Tables:
			fmt.Fprintf(b, "%s = %s\n", name, redactedValue(name, vals[name]))
		}
	}
}

func redactedValue(key string, v any) string {
	switch v := v.(type) {
	case bool, int64:
		return fmt.Sprint(v)
	case []any:
		all := make([]string, len(v))
		for i := range v {
			all[i] = redactedValue(key, v[i])
		}
		return "[" + strings.Join(all, ", ") + "]"
	case string:
		return strconv.Quote(RedactedText(key, v))
	}
	return strconv.Quote(hidden)
}

// hidden stands in place of what is not shown.
const hidden = "…"

// RedactedText returns a key's value, or … in place of a secret, a user name, and
// whatever may hold a token. Of a URL the host stays.
func RedactedText(key, v string) string {
	switch key {
	case "token", "password", "healthcheck", "username", "param_enc", "param_opt":
		return hidden
	}
	shown := v
	if u, err := url.Parse(v); err == nil && u.Host != "" {
		v, shown = u.Host, u.Scheme+"://"+u.Host
		if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			shown += "/" + hidden
		}
	} else if !isPlain(key, v) {
		return hidden
	}
	if secret.MayHold(v) {
		return hidden
	}
	return shown
}

// isPlain reports whether a value that is no URL is free of what may stand before or
// behind a host: a password, parameters.
func isPlain(key, v string) bool {
	switch key {
	case "server", "url", "url4", "url6", "checkip":
		if strings.Contains(v, "/") {
			return false
		}
	case "template":
	default:
		return !strings.Contains(v, "@")
	}
	port := strings.Trim(v[strings.LastIndexByte(v, ':')+1:], "0123456789]")
	return !strings.ContainsAny(v, "@?&=#%;, ") && (port == "" || !strings.Contains(v, ":"))
}
