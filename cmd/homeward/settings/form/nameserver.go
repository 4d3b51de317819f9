package form

import (
	"net"
	"net/netip"
	"strings"

	"homeward/update/secret"
)

// Name reports whether v is a name of the DNS, one label or more, and does not have
// the form of a token.
func Name(v string) bool {
	for _, l := range strings.Split(v, ".") {
		if !label(l) {
			return false
		}
	}
	return len(v) <= 253 && !secret.LooksLikeToken(v)
}

// NameServerURL checks a name server, HOST or HOST:PORT, and returns it as a URL, or
// what is wrong. An IPv6 address needs brackets only before a port.
func NameServerURL(v string) (base, wrong string) {
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = strings.Trim(v, "[]"), "53"
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	_, err = netip.ParseAddr(host)
	switch {
	case strings.Contains(v, "/"):
		return "", `is a URL: write the name server alone, as in server = "ns.example.org:53"`
	case port == "" || badPort(port):
		return "", `has no port behind the colon: write it as in server = "ns.example.org:53"`
	case err != nil && !Name(host):
		return "", `is no name server: write its name or address, as in server = "ns.example.org:53"`
	}
	return "dns://" + net.JoinHostPort(host, port), ""
}
