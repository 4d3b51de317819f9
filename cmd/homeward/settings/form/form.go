// Package form checks the form of a configuration's values: names, addresses, URLs
// and secrets. Its checks are pure: each returns the value to use, or what is wrong
// and what to write. They repeat neither a URL nor a secret.
package form

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homeward/update/secret"
)

// DomainName checks the name of a host and returns it in lower case, or what is
// wrong.
func DomainName(v string) (name, wrong string) {
	name = strings.ToLower(strings.TrimSuffix(v, "."))
	if strings.Contains(name, "://") || strings.Contains(name, "/") {
		return "", `is a URL: write the name alone, as in "home.ipv64.net"`
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", `is an address: write the name that is to lead to it, as in "home.ipv64.net"`
	}
	if !ascii(name) {
		return "", `is no domain name in ASCII: write its form with xn--`
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if !label(l) {
			return "", `is no domain name: write it as in "home.ipv64.net"`
		}
	}
	if len(labels) < 2 || len(name) > 253 {
		return "", `is no whole domain name: write it as in "home.ipv64.net"`
	}
	return name, ""
}

// plain reports whether s has letters, digits, _ and - alone, and at least one.
func plain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

func ascii(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r > '~' })
}

// HostID reports whether v can be the name of a host at a service of ddns-scripts:
// its first label alone (duckdns.org), an account number, or host@zone.
func HostID(v string) bool {
	_, err := netip.ParseAddr(v)
	return err != nil && len(v) <= 253 && strings.Trim(v, ".-@") == v && !strings.Contains(v, "..") &&
		plain(strings.NewReplacer(".", "", "@", "").Replace(strings.TrimPrefix(v, "*.")))
}

// label reports whether one part of a name is well-formed (RFC 1035, section 2.3.1;
// underscores are in use).
func label(l string) bool {
	return plain(l) && len(l) <= 63 && l[0] != '-' && l[len(l)-1] != '-'
}

// RecordName reports whether v can stand below a domain: labels, the first of which
// may be *, or @ for the domain itself.
func RecordName(v string) bool {
	if v == "@" || v == "*" {
		return true
	}
	for _, l := range strings.Split(strings.TrimPrefix(v, "*."), ".") {
		if !label(l) {
			return false
		}
	}
	return len(v) <= 190
}

// DeviceName reports whether the kernel takes v as the name of a device
// (dev_valid_name in net/core/dev.c), or it is auto.
func DeviceName(v string) bool {
	odd := func(r rune) bool { return r <= ' ' || r == '/' || r == ':' || r == 0x7f }
	return v != "" && len(v) <= 15 && v != "." && v != ".." && !strings.ContainsFunc(v, odd)
}

// HostSuffix reads the low 64 bits of an address, as such or from a MAC address.
func HostSuffix(v string) (suffix netip.Addr, wrong string) {
	if mac, ok := parseMAC(v); ok {
		if mac[0]&1 != 0 {
			return netip.Addr{}, `is a multicast address: write the host's own, as in "12:34:56:78:9a:bc"`
		}
		return eui64(mac), ""
	}
	addr, err := netip.ParseAddr(v)
	if err != nil || addr.Is4() || addr.Zone() != "" {
		return netip.Addr{}, `is no suffix: write the host's half of an IPv6 address, as in "::1234:56ff:fe78:9abc", or its MAC address`
	}
	b := addr.As16()
	if [8]byte(b[:8]) != [8]byte{} {
		return netip.Addr{}, `has more than 64 bits: write the last four groups alone, as in "::1234:56ff:fe78:9abc"`
	}
	if addr.Is4In6() || addr == netip.IPv6Unspecified() {
		return netip.Addr{}, `is no host's: write the last four groups of its address, as in "::1234:56ff:fe78:9abc"`
	}
	return addr, ""
}

// parseMAC reads six bytes in hexadecimal with colons or dashes between.
func parseMAC(v string) (mac [6]byte, ok bool) {
	parts := strings.Split(strings.ReplaceAll(v, "-", ":"), ":")
	if len(parts) != len(mac) {
		return mac, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(p) != 2 {
			return mac, false
		}
		mac[i] = byte(n)
	}
	return mac, true
}

// eui64 makes the interface id of a MAC address (RFC 4291, appendix A).
func eui64(mac [6]byte) netip.Addr {
	return netip.AddrFrom16([16]byte{8: mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]})
}

// ServerURL checks a base URL and writes it without a slash at its end.
func ServerURL(v string) (base, wrong string) {
	if strings.ContainsAny(v, "?#") {
		return "", "has a query behind it: write the base URL alone, as in \"https://ipv64.net\""
	}
	base, wrong = WebAddress(v)
	if wrong != "" {
		return "", wrong
	}
	base = strings.TrimRight(base, "/")
	for _, page := range []string{"/nic/update", "/update", "/update.php"} {
		if strings.HasSuffix(base, page) {
			return "", "is the whole update URL: write it without " + page
		}
	}
	return base, ""
}

// WebAddress checks a URL for a request: https, or http of a loopback address.
func WebAddress(v string) (checked, wrong string) {
	u, err := url.Parse(v)
	switch {
	case !strings.Contains(v, "://"):
		return "", "has no scheme: write https:// before it"
	case err != nil, u.Hostname() == "", badPort(u.Port()), strings.ContainsAny(v, " \\"):
		return "", "is no URL: write it as in \"https://ipv64.net\""
	case !ascii(u.Hostname()):
		return "", "has a host that is not written in ASCII: write its form with xn--"
	case u.User != nil:
		return "", "has credentials in it: write them as username and password"
	case holdsToken(u):
		return "", "has what could be a token in it: write the address alone, and the token under its own key"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", "is http, which everybody on the way can read and change: write https (http is for a loopback address alone)"
	case u.Scheme != "https" && u.Scheme != "http":
		return "", "is neither https nor http: write https://"
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), ""
}

// holdsToken reports whether a URL may hold a secret: its host, a part of its path
// or a value of its query has the form of a token or is named as one.
func holdsToken(u *url.URL) bool {
	for _, part := range strings.FieldsFunc(u.Host+"/"+u.Path, func(r rune) bool { return strings.ContainsRune(".:/", r) }) {
		if secret.LooksLikeToken(part) {
			return true
		}
	}
	for name, values := range u.Query() {
		if slices.Contains(secretNames(), strings.ToLower(name)) || slices.ContainsFunc(values, secret.LooksLikeToken) || secret.LooksLikeToken(name) {
			return true
		}
	}
	return false
}

// secretNames are names of secrets in the query of a URL.
func secretNames() []string {
	return []string{"key", "token", "user", "username", "pass", "passwd", "password", "pw", "secret", "apikey", "api_key", "hash", "auth"}
}

func badPort(p string) bool {
	if p == "" {
		return false
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return err != nil || n == 0
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
