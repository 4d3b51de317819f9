package settings

import (
	"fmt"
	"testing"
)

// Names stand in logs, in the status, and in URLs: what has a token's form is
// none.
func TestATokenIsNoName(t *testing.T) {
	const token = "4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2"
	account := "service = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\n"
	for _, src := range []string{
		"state_dir = \"" + token + "\"\n[account.a]\n" + account,
		"run_dir = \"" + token + "\"\n[account.a]\n" + account,
		"run_dir = \"https://ipv64.net/x\"\n[account.a]\n" + account,
		"[account." + token + "]\n" + account,
		"[line]\nwan = \"abcd-efgh-ijkl\"\n[account.a]\n" + account,
		"[account.a]\nrecord = \"" + token + "\"\n" + account,
		"[account.a]\nserver = \"https://" + token + "\"\n" + account,
		"[account.a]\nservice = \"template\"\nurl4 = \"https://x.example/[IP]/[PASSWORD]\"\nanswer = \"ok\"\npassword = \"p\"\ndomains = [\"" + token + "\"]\n",
	} {
		if _, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles); len(faults) != 1 {
			t.Errorf("%d faults in\n%s\n%v", len(faults), src, faults)
		}
	}
	for _, name := range []string{"homeassistant2025", "MyHomeServerAtHome2024", "zwei.spdns.de", "nas-of-the-house-1", "x"} {
		src := "[account." + fmt.Sprintf("%q", name) + "]\nrecord = \"homeassistant2025\"\n" + account
		if _, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}
