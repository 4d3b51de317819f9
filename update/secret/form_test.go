package secret

import (
	"strings"
	"testing"
)

func TestShownRepeatsNamesAlone(t *testing.T) {
	for _, v := range []string{"dyndns3", "30 days", "büro.example", "2001:db8::1", "https://a.example/"} {
		if got := Shown(v); got != `"`+v+`"` {
			t.Errorf("Shown(%q) = %s", v, got)
		}
	}
	for _, v := range []string{"", "token = s", "https://a.example/?s", "me@host", `a"b`, "a'b", `a\b`, "a\nb", "a\x1b[m", strings.Repeat("a", 65)} {
		if got := Shown(v); got != "this" {
			t.Errorf("Shown(%q) = %s, want this", v, got)
		}
	}
}
