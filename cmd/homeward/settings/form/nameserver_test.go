package form

import "testing"

func TestNameServerURL(t *testing.T) {
	for v, want := range map[string]string{
		"ns.example.org":      "dns://ns.example.org:53",
		"NS.Example.org.:53":  "dns://ns.example.org:53",
		"nas":                 "dns://nas:53",
		"192.0.2.53":          "dns://192.0.2.53:53",
		"192.0.2.53:5353":     "dns://192.0.2.53:5353",
		"2001:db8::53":        "dns://[2001:db8::53]:53",
		"[2001:db8::53]":      "dns://[2001:db8::53]:53",
		"dns://ns":            "",
		"https://x.example":   "",
		"ns.example.org/":     "",
		"ns.example.org:":     "",
		"ns.example.org:dns":  "",
		"ns.example.org:0":    "",
		"ns.example.org:5:3":  "",
		"ns example":          "",
		"a@ns.example.org":    "",
		"":                    "",
		":53":                 "",
		"ns..example.org":     "",
		"x9Y8z7W6v5U4t3S2r1Q": "", // a token's form
		"ns.example.org\x00":  "",
	} {
		if got, wrong := NameServerURL(v); got != want || (wrong == "") != (want != "") {
			t.Errorf("NameServerURL(%q) = %q, %q, want %q", v, got, wrong, want)
		}
	}
}
