package settings

import (
	"strings"
	"testing"
)

// marker stands for a secret. No message holds four letters of it in a row.
const marker = "Zq7Xw9Kv3Rt5"

// leaks tells whether a text holds a part of the marker, of four letters or more.
func leaks(said string) bool {
	for i := range len(marker) - 3 {
		if strings.Contains(said, marker[i:i+4]) {
			return true
		}
	}
	return false
}

// TestSyntaxFault quotes a token wrongly in every way we could think of: the
// fault names the line and the key, and nothing of the token.
func TestSyntaxFault(t *testing.T) {
	token := `:3: account.home.token: not valid TOML: write token = "…", the text on one line between two double quotes, a backslash in it as \\ and a double quote as \"`
	for _, tt := range []struct{ name, entry, want string }{
		{"no quotes", "token = " + marker, token},
		{"no quotes, a number first", "token = 123" + marker, token},
		{"no quotes, like a date", "token = 2026-11-21" + marker, token},
		{"no quotes, true first", "token = true" + marker, token},
		{"no opening quote", "token = " + marker + `"`, token},
		{"no closing quote", `token = "` + marker, token},
		{"no closing single quote", `token = '` + marker, token},
		{"quotes of two kinds", `token = "` + marker + `'`, token},
		{"typographic quotes", "token = “" + marker + "”", token},
		{"two tokens", `token = "` + marker + `" "` + marker + `"`, token},
		{"more behind the quote", `token = "a"` + marker, token},
		{"a quote inside", `token = "a"` + marker + `"`, token},
		{"a bad escape", `token = "` + marker + `\q` + marker + `"`, token},
		{"a bad Unicode escape", `token = "\uD800` + marker + `"`, token},
		{"no value", "token =", token},
		{"no equals sign", "token " + marker, token},
		{"a colon", "token: " + marker, token},
		{"an endless text", `token = """` + marker, token},
		{"an endless single-quoted text", `token = '''` + marker, token},
		{"an endless list", `token = ["` + marker + `", `, token},
		{"an endless inline table", `token = {a = "` + marker, token},
		{"a token alone", marker, `:3: not valid TOML: write key = "text", with double quotes around the text, or [account.home] for a table`},
		{"a token as a table", "[" + marker, `:3: this table's name is not valid TOML: write [account.home], the whole of it on a line of its own`},
		{"a control character", "token = \"" + marker + "\x01\"", ":3: account.home.token: a control character stands in this line, and cannot be seen: write the line anew"},
		{"a lonely carriage return", "token = \"" + marker + "\ra\"", ":3: account.home.token: a control character stands in this line, and cannot be seen: write the line anew"},
		{"not UTF-8", "token = \"" + marker + "\xff\"", ":3: account.home.token: a byte here is not UTF-8: save the file as UTF-8"},
		{"not UTF-8 in a comment", "#" + marker + "\xff", ":3: a byte here is not UTF-8: save the file as UTF-8"},
		{"a zero byte", "token = \"" + marker + "\x00\"", ":1: this is no text (UTF-16, or a binary file): save it as UTF-8"},
		{"the key again", `service = "` + marker + `"`, ":3: account.home.service: this key stands here for the second time: take one of the two out"},
		{"the table again", "[account.home]\ntoken = \"" + marker + `"`, ":3: this table stands here for the second time: put its keys into one, or give it another name"},
		{"a list without quotes", "domains = [" + marker + "]", `:3: account.home.domains: not valid TOML: write domains = ["home.ipv64.net"], each in double quotes, with commas between`},
		{"a number that is none", "limit_24h = 4" + marker, ":3: account.home.limit_24h: not valid TOML: write limit_24h = 48, without quotes"},
		{"an unknown key", marker + ` = "` + marker, `:3: not valid TOML: write key = "text", with double quotes around the text, or [account.home] for a table`},
	} {
		for _, tail := range []string{"", "\n", "\nenabled = true\n", "\r\n[account.other]\r\n"} {
			src := "[account.home]\nservice = \"ipv64\"\n" + tt.entry + tail
			_, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
			said := faults.Error()
			if leaks(said + warnings.Error()) {
				t.Errorf("%s: the token shows: %s", tt.name, said)
			}
			if said != "x.toml"+tt.want {
				t.Errorf("%s, then %q:\n  %s, want\n  x.toml%s", tt.name, tail, said, tt.want)
			}
		}
	}
}

// TestWrongTypesShowNoSecret gives every key of an account the marker in a
// value of each wrong type.
func TestWrongTypesShowNoSecret(t *testing.T) {
	for _, value := range []string{
		`{a = "` + marker + `"}`, `["` + marker + `", 1]`, `[["` + marker + `"]]`, `[{"` + marker + `" = 1}]`, `{"` + marker + `" = 1}`, "37737737", "2026-11-21", "1e37",
	} {
		for _, k := range AccountKeys() {
			src := "[account.home]\n" + k.Name + " = " + value + "\n"
			_, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
			if said := faults.Error() + warnings.Error(); leaks(said) || strings.Contains(said, "3773") {
				t.Errorf("%s: %s", src, said)
			}
			if k.Kind == Number && value == "37737737" {
				continue
			}
			if !strings.Contains(faults.Error(), "x.toml:2: account.home."+k.Name+": is ") {
				t.Errorf("%s: no fault of the type in\n%v", src, faults)
			}
		}
	}
}

func TestSecretsAreNeverRepeated(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a line break", "token = \"\"\"" + marker + "\n" + marker + "\"\"\"", ":4: account.home.token: has a line break in it: write it on one line"},
		{"a tab", "token = \"" + marker + "\\t\"", ":4: account.home.token: has a control character in it, which cannot be seen: write it anew"},
		{"a URL without a key", "token = \"https://ipv64.net/" + marker + "\"", ":4: account.home.token: is a URL without a key in it: write the update token alone"},
		{"a URL that is none", "token = \"https://ipv64.net/%zz?key=" + marker + "\"", ":4: account.home.token: is a URL without a key in it: write the update token alone"},
		{"a token as a key", marker + "\"\"" + " = 1", ""},
		{"a token before the equals sign", marker + " = \"token\"", ":4: account.home.…: unknown key: take it out; homeward help config shows every key"},
		{"a server with a key", "token = \"t\"\nserver = \"https://ipv64.net/nic/update?key=" + marker + "\"", ":5: account.home.server: has a query behind it: write the base URL alone, as in \"https://ipv64.net\""},
		{"a server with a password", "token = \"t\"\nserver = \"https://u:" + marker + "@ipv64.net\"", ":5: account.home.server: has credentials in it: write them as username and password"},
		{"a service that is a URL", "token = \"t\"\nhost = \"https://ipv64.net/?key=" + marker + "\"", ":5: account.home.host: this is no suffix: write the host's half of an IPv6 address, as in \"::1234:56ff:fe78:9abc\", or its MAC address"},
	} {
		src := "[account.home]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\n" + tt.src + "\n"
		_, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		if said := faults.Error() + warnings.Error(); leaks(said) {
			t.Errorf("%s: the secret shows: %s", tt.name, said)
		}
		if !strings.Contains(faults.Error(), "x.toml"+tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, faults, tt.want)
		}
	}
}
