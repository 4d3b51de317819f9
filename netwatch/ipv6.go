package netwatch

import (
	"cmp"
	"net/netip"
)

// ula is what is never reached from the internet (RFC 4193).
var ula = netip.MustParsePrefix("fc00::/7")

// ipv6 is the IPv6 address to publish of dev, or why there is none. last, the
// published one, stays while it is as good: two that take turns in having the
// longest lifetime, at every renewal, are no change.
func ipv6(t Tables, dev string, last netip.Addr) (netip.Addr, string) {
	if dev == "" {
		return netip.Addr{}, "no IPv6 default route: the line is down, or it has no IPv6; if it has, check the WAN's IPv6 interface (wan6)"
	}
	var best, stay, bad Addr
	var why string // bad is not published
	for _, a := range t.Addrs {
		if a.Dev != dev || !a.Addr.Is6() {
			continue
		}
		if no := unpublishable6(a); no != "" {
			// Each device has a link-local address: it is no reason where
			// there is another.
			if why == "" || !a.Addr.IsLinkLocalUnicast() {
				bad, why = a, no
			}
			continue
		}
		if a.Addr == last {
			stay = a
		}
		if !best.Addr.IsValid() || better6(a, best) {
			best = a
		}
	}
	if !best.Addr.IsValid() {
		if why == "" {
			return netip.Addr{}, dev + " has no IPv6 address: no such device, or it is down, or it has no IPv6; check the WAN's IPv6 interface, or the wan6 set here"
		}
		return netip.Addr{}, sentence(bad, why)
	}
	if stay.Addr.IsValid() && rank6(stay) == rank6(best) && uint64(stay.Preferred)*2 >= uint64(best.Preferred) {
		return last, ""
	}
	return best.Addr, ""
}

// rank6 is 1 for an address the provider assigned by DHCPv6 (/128), else 0.
func rank6(a Addr) int {
	if a.Bits == 128 {
		return 1
	}
	return 0
}

// better6 is a total order, so the kernel's order of addresses decides
// nothing.
func better6(a, b Addr) bool {
	if rank6(a) != rank6(b) {
		return rank6(a) > rank6(b)
	}
	return compareLonger(a, b) < 0
}

// compareLonger puts the address first that stays preferred longer, of equals
// the lower one.
func compareLonger(a, b Addr) int {
	return cmp.Or(cmp.Compare(b.Preferred, a.Preferred), a.Addr.Compare(b.Addr))
}

// preferred6 tells whether hosts would choose a for a new connection, and
// keep it: no privacy address, which goes within a day.
func preferred6(a Addr) bool {
	return a.Flags&(Temporary|Deprecated|Failed) == 0 && a.Preferred > 0
}

// global6 tells whether a can be reached from the whole internet.
func global6(a netip.Addr) bool {
	return a.Is6() && !a.Is4In6() && a.IsGlobalUnicast() && !ula.Contains(a)
}

// unpublishable6 says what of a is not to be published, "" if it is.
func unpublishable6(a Addr) string {
	switch {
	case a.Addr.IsLinkLocalUnicast():
		return "is link-local, and there is no other: the provider gave no IPv6 address; publish prefix if one is delegated"
	case ula.Contains(a.Addr):
		return "is a local address (ULA, RFC 4193): the provider gave no IPv6 address; publish prefix if one is delegated"
	case !a.Global || !global6(a.Addr):
		return "is not a global address: check the WAN's IPv6 interface"
	case a.Flags&Failed != 0:
		return "is in use by another machine on the line (duplicate address detection failed): restart the WAN's IPv6 interface, or ask the provider"
	case a.Flags&Temporary != 0:
		return "is a privacy address, which changes daily: let the WAN have a stable one too (use_tempaddr = 0)"
	case !preferred6(a):
		return "is deprecated: the provider withdrew it or did not renew it; a new one is awaited"
	}
	return ""
}
