package settings

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// A token comes as it stands on IPv64's pages, and in the examples of others.
func TestPastedTokenIsUnderstoodOrRefused(t *testing.T) {
	const token = "4ff3f0e2A1b2c3D4e5f6a7b8c9d0e1f2"
	for v, warns := range map[string]bool{
		token:                            false,
		"'Bearer " + token + "'":         true,
		`"` + token + `"`:                true,
		"Bearer " + token:                true,
		"bearer  " + token:               true,
		"Authorization: Bearer " + token: true,
		"Authorization:Bearer " + token:  true,
		"none:" + token:                  true,
		token + ":":                      true,
		"Basic bm9uZTo0ZmYzZjBlMkExYjJjM0Q0ZTVmNmE3YjhjOWQwZTFmMg==":                      true,
		"key=" + token + "&domain=a.ipv64.net":                                            true,
		"token=" + token:                                                                  true,
		"https://ipv64.net/nic/update?key=" + token + "&domain=home.ipv64.net":            true,
		"HTTPS://ipv64.net/nic/update?domain=home.ipv64.net&token=" + token:               true,
		"https://x:" + token + "@ipv64.net/nic/update?host=home.ipv64.net":                true,
		"https://" + token + "@ipv64.net/nic/update?host=home.ipv64.net":                  true,
		"ipv64.net/nic/update?key=" + token:                                               true,
		"/nic/update?key=" + token:                                                        true,
		`curl -sSL "https://ipv64.net/nic/update?key=` + token + `"`:                      true,
		`curl -H "Authorization: Bearer ` + token + `" https://ipv64.net/nic/update?ip=1`: true,
	} {
		for _, key := range []string{"token", "token_file"} {
			src := fmt.Sprintf("[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\n%s = %q\n", key, v)
			file := FileReader(noFiles)
			if key == "token_file" {
				src = strings.Replace(src, fmt.Sprintf("%q", v), `"/token"`, 1)
				file = func(string, int) ([]byte, fs.FileMode, error) { return []byte(v + "\n"), 0o600, nil }
			}
			cfg, warnings, faults := Parse("x.toml", []byte(src), 0o600, file)
			if len(faults) > 0 {
				t.Errorf("%s = %q: %v", key, v, faults)
				continue
			}
			if got := cfg.Accounts[0].Secret.Reveal(); got != token {
				t.Errorf("%s = %q gives %q", key, v, got)
			}
			if (len(warnings) > 0) != warns || strings.Contains(warnings.Error(), token) {
				t.Errorf("%s = %q warns %q", key, v, warnings.Error())
			}
		}
	}
	src := "[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\nhealthcheck = \"https://ipv64.net/health.php?token=" + token + "\"\n"
	if cfg := wellFormed(t, src); cfg.Accounts[0].Healthcheck.Reveal() != token {
		t.Errorf("healthcheck is %q", cfg.Accounts[0].Healthcheck.Reveal())
	}
	for _, v := range []string{
		"Bearer", "Basic !!!", "none:", "https://ipv64.net/nic/update?domain=a.ipv64.net", "https://ipv64.net/%zz", "key=", "Bearer a\tb",
	} {
		src := fmt.Sprintf("[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = %q\n", v)
		if cfg, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles); len(faults) == 0 {
			t.Errorf("%q is sent as %q", v, cfg.Accounts[0].Secret.Reveal())
		} else if !strings.Contains(faults.Error(), "write") {
			t.Errorf("%q: %v does not tell what to write", v, faults)
		}
	}
}

// The update URLs of services by name hold their secret under other names.
func TestPastedURLOfAServiceByName(t *testing.T) {
	for _, tt := range []struct{ service, v, want, says string }{
		{"ionos", "https://ipv4.api.hosting.ionos.com/dns/v1/dyndns?q=made-up-key", "made-up-key", "the token was taken out of it"},
		{"duckdns", "https://x.example/update?username=me&password=made-up-key", "made-up-key", "the token was taken out of it"},
		{"duckdns", "https://x.example/update?username=made-up-key", "made-up-key", "the token was taken out of it"},
		{"duckdns", "https://x.example/update?token=made-up%20key", "", "is a whole update URL: write the secret alone"},
	} {
		src := fmt.Sprintf("[account.a]\nservice = %q\ndomains = [\"a.example.org\"]\ntoken = %q\n", tt.service, tt.v)
		cfg, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		got := ""
		if len(faults) == 0 {
			got = cfg.Accounts[0].Secret.Reveal()
		}
		said := faults.Error() + warnings.Error()
		if got != tt.want || !strings.Contains(said, tt.says) || strings.Contains(said, "ipv64") {
			t.Errorf("%s, %s gives %q, says %q", tt.service, tt.v, got, said)
		}
	}
}
