package form

import (
	"strings"
	"testing"
)

func TestHostSuffix(t *testing.T) {
	for _, tt := range []struct{ name, v, want, wrong string }{
		{"a suffix", "::1234:56ff:fe78:9abc", "::1234:56ff:fe78:9abc", ""},
		{"a short one", "::5", "::5", ""},
		{"zeros written out", "0:0:0:0:1:2:3:4", "::1:2:3:4", ""},
		{"a MAC address, the universal bit turned (RFC 4291, appendix A)", "34:56:78:9A:BC:DE", "::3656:78ff:fe9a:bcde", ""},
		{"the RFC's own example's bit, from local to universal", "02-00-00-00-00-01", "::ff:fe00:1", ""},
		{"a whole address", "2001:db8::5", "", "more than 64 bits"},
		{"65 bits", "::1:0:0:0:0", "", "more than 64 bits"},
		{"nothing", "::", "", "no host's"},
		{"an IPv4 address in IPv6", "::ffff:192.0.2.1", "", "no host's"},
		{"IPv4", "192.0.2.1", "", "no suffix"},
		{"a zone", "::1%eth0", "", "no suffix"},
		{"multicast", "33:33:00:00:00:01", "", "multicast"},
		{"a MAC of seven bytes", "34:56:78:9a:bc:de:f0", "", "no suffix"},
		{"a MAC with a sign", "+4:56:78:9a:bc:de", "", "no suffix"},
	} {
		got, wrong := HostSuffix(tt.v)
		if tt.wrong != "" {
			if !strings.Contains(wrong, tt.wrong) || got.IsValid() {
				t.Errorf("%s: HostSuffix(%s) = %v, %q, want %q", tt.name, tt.v, got, wrong, tt.wrong)
			}
			continue
		}
		if wrong != "" || got.String() != tt.want {
			t.Errorf("%s: HostSuffix(%s) = %v, %q, want %s", tt.name, tt.v, got, wrong, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for v, want := range map[string]string{
		"Home.IPv64.net":                    "home.ipv64.net",
		"home.ipv64.net.":                   "home.ipv64.net",
		"_dmarc.a-b.example":                "_dmarc.a-b.example",
		"xn--bro-hoa.example":               "xn--bro-hoa.example",
		long + ".example":                   long + ".example",
		long + "a.example":                  "",
		strings.Repeat(long+".", 4) + "a.b": "",
		"home":                              "",
		"":                                  "",
		"..":                                "",
		"a.b-":                              "",
		"a b.example":                       "",
		"*.example.com":                     "",
		"a.example:443":                     "",
		"2001:db8::1":                       "",
		"a.example\n":                       "",
	} {
		if got, wrong := DomainName(v); got != want || (wrong == "") != (want != "") {
			t.Errorf("domainName(%q) = %q, %q, want %q", v, got, wrong, want)
		}
	}
	for _, check := range []func(string) (string, string){ServerURL, WebAddress} {
		for v, want := range map[string]string{
			"https://dyn.müller.example":        "has a host that is not written in ASCII: write its form with xn--",
			"https://dyn.m%C3%BCller.example":   "has a host that is not written in ASCII: write its form with xn--",
			"https://dyn.xn--mller-kva.example": "", "https://[2001:db8::1]": "",
		} {
			if _, wrong := check(v); wrong != want {
				t.Errorf("%s %q, want %q", v, wrong, want)
			}
		}
	}
	for v, want := range map[string]bool{
		"www": true, "a.b": true, "*": true, "*.a": true, "@": true, "_sip._tcp": true,
		"a..b": false, "a&b": false, "-a": false, "**": false, ".": false,
	} {
		if RecordName(v) != want {
			t.Errorf("recordName(%q) = %t", v, !want)
		}
	}
	for v, want := range map[string]bool{
		"pppoe-wan": true, "eth0.7": true, "auto": true, "fifteen-letters": true,
		"sixteen-letters-": false, "": false, ".": false, "..": false, "a/b": false, "a b": false, "eth0:1": false,
	} {
		if DeviceName(v) != want {
			t.Errorf("DeviceName(%q) = %t", v, !want)
		}
	}
}
