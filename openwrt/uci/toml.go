package uci

import (
	"fmt"
	"strings"
)

// tomlTable appends the keys that have a value to head, in their order.
func tomlTable(head string, keys []Key, values map[string]string) string {
	for _, k := range keys {
		if v, ok := values[k.Option]; ok && k.Name != "" {
			head += k.Name + " = " + v + "\n"
		}
	}
	return head
}

// tomlKey writes a key, without quotes if TOML allows it.
func tomlKey(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !bareRune(r) }) < 0 {
		return s
	}
	return tomlString(s)
}

// bareRune reports whether a key of TOML may hold r without quotes.
func bareRune(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// joinPath joins the path of a key to the key of a map. A zero byte in a name can
// mislead about a line at most.
func joinPath(path []string) string { return strings.Join(path, "\x00") }

// tomlString writes a basic string on one line. s is UTF-8.
func tomlString(s string) string {
	b := []byte{'"'}
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = fmt.Appendf(b, `\u%04X`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
