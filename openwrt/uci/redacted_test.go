package uci

import (
	"strings"
	"testing"
)

// What a hand-written file holds beside homeward's options never stands in its
// redacted form, and values pass through redact alone.
func TestRedacted(t *testing.T) {
	src := "package homeward\n# secret1\nconfig account home; option token secret2\n\toption secret3 secret4\n" +
		"\tlist domain \"a.example\" # secret5\n\toption server 'https://x\n/secret6'\n\toption password 'never closed secret7\n"
	got := sample.Redacted([]byte(src), func(option, value string) string {
		if strings.Contains(value, "secret") {
			return "…"
		}
		return value
	})
	want := "config account 'home'\n\toption token '…'\n\t# an unknown option is not shown\n\tlist domain 'a.example'\n\toption server '…'\n"
	if got != want {
		t.Errorf("Redacted = %q, want %q", got, want)
	}
}
