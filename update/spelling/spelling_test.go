package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"wan", "service", "domains", "token", "token_file", "limit_10s", "limit_24h"}
	for word, want := range map[string]string{
		"domain": "domains", "Token": "token", "token-file": "token_file", "limit10s": "limit_10s",
		"frobnicate": "", "x": "", "": "", strings.Repeat("token", 9): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
