package netwatch

import (
	"cmp"
	"net/netip"
)

// ula is the range of local addresses (RFC 4193).
var ula = netip.MustParsePrefix("fc00::/7")

// ipv6 returns the IPv6 address of dev to publish, or why there is none. last,
// the published one, stays while it is as good: if two addresses alternate in
// having the longest lifetime with each renewal, nothing changes.
func ipv6(t Tables, dev string, last netip.Addr) (netip.Addr, Missing) {
	no := Missing{Of: ValueIPv6, Dev: dev}
	if dev == "" {
		no.Reason = ReasonNoRoute
		return netip.Addr{}, no
	}
	var best, stay Addr
	for _, a := range t.Addrs {
		if a.Dev != dev || !a.Addr.Is6() {
			continue
		}
		if why := unpublishable6(a); why != 0 {
			// Each device has a link-local address: prefer any other reason.
			if no.Reason == 0 || why != ReasonLinkLocal {
				no.Reason, no.Addr = why, a.Addr
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
	switch {
	case !best.Addr.IsValid() && no.Reason == 0:
		no.Reason = ReasonNoAddress
		return netip.Addr{}, no
	case !best.Addr.IsValid():
		return netip.Addr{}, no
	case stay.Addr.IsValid() && rank6(stay) == rank6(best) && uint64(stay.Preferred)*2 >= uint64(best.Preferred):
		return last, Missing{}
	}
	return best.Addr, Missing{}
}

// rank6 returns 1 for an address assigned by DHCPv6 (/128), else 0.
func rank6(a Addr) int {
	if a.Bits == 128 {
		return 1
	}
	return 0
}

// better6 is a total order, so that the kernel's order does not matter.
func better6(a, b Addr) bool {
	if rank6(a) != rank6(b) {
		return rank6(a) > rank6(b)
	}
	return compareLonger(a, b) < 0
}

// compareLonger orders by preferred lifetime, the longest first, then by
// address.
func compareLonger(a, b Addr) int {
	return cmp.Or(cmp.Compare(b.Preferred, a.Preferred), a.Addr.Compare(b.Addr))
}

// preferred6 reports whether a is preferred and lasts: a privacy address
// lasts a day.
func preferred6(a Addr) bool {
	return a.Flags&(Temporary|Deprecated|Failed) == 0 && a.Preferred > 0
}

// unpublishable6 returns why a must not be published, 0 if it may.
func unpublishable6(a Addr) Reason {
	switch {
	case a.Addr.IsLinkLocalUnicast():
		return ReasonLinkLocal
	case ula.Contains(a.Addr):
		return ReasonULA
	case !a.Global || !internet6.Contains(a.Addr):
		return ReasonNotGlobal
	case !global6(a.Addr):
		return ReasonReserved
	case a.Flags&Failed != 0:
		return ReasonDuplicate
	case a.Flags&Temporary != 0:
		return ReasonTemporary
	case !preferred6(a):
		return ReasonDeprecated
	}
	return 0
}
