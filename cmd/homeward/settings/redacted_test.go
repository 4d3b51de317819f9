package settings

import "testing"

func TestRedactedTextHidesWhatStandsBesideAHost(t *testing.T) {
	for _, tt := range []struct{ key, v, want string }{
		{"server", "me:pw1@ns.example.org", hidden},
		{"server", "me:pw1", hidden},
		{"server", "ns.example.org?key=pw1", hidden},
		{"server", "ns.example.org/pw1", hidden},
		{"server", "https://ns.example.org:pw1/", hidden},
		{"url", "https:me:pw1@x.example", hidden},
		{"url4", "x.example/?p=pw1", hidden},
		{"url6", "pw1@x.example", hidden},
		{"checkip", "https:///me:pw1", hidden},
		{"template", "me:pw1@x.example.json", hidden},
		{"limit_group", "me@home", hidden},
		{"server", "ns.example.org", "ns.example.org"},
		{"server", "ns.example.org:53", "ns.example.org:53"},
		{"server", "[2001:db8::53]:5353", "[2001:db8::53]:5353"},
		{"server", "https://me:pw1@x.example:8443", "https://x.example:8443/" + hidden},
		{"template", "/usr/share/ddns/default/dynv6.com.json", "/usr/share/ddns/default/dynv6.com.json"},
		{"host", "::1234:56ff:fe78:9abc", "::1234:56ff:fe78:9abc"},
		{"answer", "good|nochg", "good|nochg"},
	} {
		if got := RedactedText(tt.key, tt.v); got != tt.want {
			t.Errorf("%s = %q is shown as %q, want %q", tt.key, tt.v, got, tt.want)
		}
	}
}
