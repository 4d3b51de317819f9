package settings

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"homeward/cmd/homeward/settings/form"
	"homeward/cmd/homeward/settings/keylines"
)

// FuzzParse puts a token between two texts, quoted in some way. No fault and
// no warning repeats a part of it, every line named is one of the file's, each
// key that was decoded has a line, and what passes reads the same once more.
func FuzzParse(f *testing.F) {
	f.Add("[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\n", "\npublish = [\"ipv4\"]\n", uint8(0))
	f.Add("[account.home]\nservice = \"spdyn\"\n", "\ndomains = [\"a.spdns.de\", \"b.spdns.de\"]\n", uint8(1))
	f.Add("account.home = {service = \"dyndns2\", domains = ['''a''']}\n", "x = \"\"\"\n", uint8(2))
	f.Add("[[account]]\nlimit_24h = 4_8\n", "\"\"\" \\", uint8(3))
	f.Add("[line]\nwan = 1\n[account.\"a.b\".c]\n", "\xff", uint8(4))
	f.Add(Example, Example, uint8(5))
	f.Fuzz(func(t *testing.T, before, after string, quoting uint8) {
		forms := []string{`"` + marker + `"`, marker, `"` + marker, `'` + marker + `"`, marker + `"`, `"""` + marker + "\n"}
		src := before + "\ntoken = " + forms[int(quoting)%len(forms)] + after
		if strings.Contains(before+after, "\\") && strings.Contains(before+after, `"""`) {
			return // a line end that is escaped joins the token to a text before it, which may be shown
		}
		cfg, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		if leaks(faults.Error() + warnings.Error()) {
			t.Fatalf("the token shows:\n%v\n%v", faults, warnings)
		}
		for _, fault := range append(faults, warnings...) {
			if fault.Line < 0 || fault.Line > 1+strings.Count(src, "\n") || !utf8.ValidString(fault.String()) || strings.Contains(fault.Text, "\n") {
				t.Fatalf("fault %+v", fault)
			}
		}
		if vals, fault := decode("x.toml", []byte(src)); fault == nil {
			everyKeyHasALine(t, keylines.Scan(src).Lines, nil, vals)
		}
		if len(faults) > 0 {
			return
		}
		again, _, _ := Parse("x.toml", []byte(src), 0o600, noFiles)
		if !reflect.DeepEqual(cfg, again) || len(cfg.Active()) == 0 {
			t.Fatalf("%+v, and once more %+v", cfg, again)
		}
	})
}

func everyKeyHasALine(t *testing.T, lines map[string]int, path []string, vals map[string]any) {
	for name, v := range vals {
		at := append(path[:len(path):len(path)], name)
		if lines[keylines.Join(at)] == 0 {
			t.Fatalf("%q has no line", at)
		}
		if below, ok := v.(map[string]any); ok {
			everyKeyHasALine(t, lines, at, below)
		}
	}
}

// FuzzRoundTrip writes a configuration from its facts, reads it, and expects
// the facts.
func FuzzRoundTrip(f *testing.F) {
	f.Add("home", "home.ipv64.net", "t0k\"en\\", uint16(48), false)
	f.Add("büro 2", "a-b.c_d.example", "ä€😀", uint16(0), true)
	f.Fuzz(func(t *testing.T, name, domain, token string, limit uint16, off bool) {
		if !utf8.ValidString(name + " " + domain + " " + token) {
			return // nothing that a TOML file can hold
		}
		src := fmt.Sprintf("[account.%s]\nservice = \"dyndns2\"\nserver = \"https://x.example\"\ndomains = [%s]\nusername = \"u\"\npassword = %s\nlimit_24h = %d\n[account.%s]\nenabled = %t\n",
			quoted(name), quoted(domain), quoted(token), limit, quoted(name+"2"), !off)
		cfg, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		wrong := func(key string) bool {
			for _, fault := range faults {
				if strings.HasSuffix(fault.Key, key) && fault.Line > 0 && fault.Line < 8 {
					return true
				}
			}
			return false
		}
		if wrong(".limit_24h") {
			t.Fatalf("limit %d refused: %v", limit, faults)
		}
		if _, bad := form.DomainName(domain); bad == "" && wrong(".domains") {
			t.Fatalf("domain %q refused: %v", domain, faults)
		}
		if cfg == nil {
			return
		}
		for _, a := range cfg.Accounts {
			if a.Name != name {
				continue
			}
			if token != "" && !wrong(".password") && a.Secret.Reveal() != token {
				t.Errorf("password %q, want %q", a.Secret.Reveal(), token)
			}
			if a.Limit24h != int(limit) {
				t.Errorf("limit_24h %d, want %d", a.Limit24h, limit)
			}
		}
	})
}

// quoted writes a TOML string.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
