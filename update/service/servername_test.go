package service

import "testing"

func TestServerNameSeesThroughSpellings(t *testing.T) {
	for base, want := range map[string]string{
		"https://ipv64.net": "ipv64.net", "https://IPv64.NET.": "ipv64.net", "https://ipv64.net:443": "ipv64.net", "https://ipv64.net.:8443/x": "ipv64.net",
		"https://ipv4.ipv64.net": "ipv64.net", "http://ipv6.ipv64.net:80/nic/update?a": "ipv64.net",
		"https://notipv64.net": "notipv64.net", "https://ipv64.net.example": "ipv64.net.example",
		"https://dyn.example.": "dyn.example", "https://dyn.example:443/a": "dyn.example", "https://dyn.example:80": "dyn.example:80",
		"http://dyn.example:80": "dyn.example", "http://127.0.0.1:8080/base": "127.0.0.1:8080", "https://[::1]": "[::1]", "https://[::1]:8443/base": "[::1]:8443",
	} {
		if got := ServerName(base); got != want {
			t.Errorf("ServerName(%q) = %q, want %q", base, got, want)
		}
	}
}
