package netwatch

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// appendDelegated appends the delegated prefixes to ps, which is empty, and
// sorts them. The kernel shows a delegated prefix as an unreachable route only;
// the ULA and the WAN's own link have such a route, too. wan6 may be "".
func appendDelegated(ps []netip.Prefix, t Tables, wan6 string) []netip.Prefix {
	for _, p := range t.Unreachable {
		if p.Bits() < 1 || p.Bits() > 64 || !global6(p.Addr()) || ownLink(t, p, wan6) {
			continue
		}
		ps = append(ps, p)
	}
	for i := range ps { // there are few: slices.SortFunc would add 15 KiB
		for ; i > 0 && comparePrefix(ps[i], ps[i-1]) < 0; i-- {
			ps[i], ps[i-1] = ps[i-1], ps[i]
		}
	}
	return slices.Compact(ps)
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// ownLink reports whether p is the /64 that router advertisements announce on
// the WAN. If a LAN device has an address in it, it is extended to the LAN
// (RFC 7278) and counts as delegated.
func ownLink(t Tables, p netip.Prefix, wan6 string) bool {
	if p.Bits() != 64 {
		return false
	}
	onWAN := false
	for _, a := range t.Addrs {
		if !a.Global || !p.Contains(a.Addr) {
			continue
		}
		if a.Dev != wan6 && !hasDefault6(t, a.Dev) {
			return false
		}
		onWAN = true
	}
	return onWAN
}

func hasDefault6(t Tables, dev string) bool {
	for _, r := range t.Defaults {
		if r.IPv6 && r.Dev == dev && !backup(t, r) {
			return true
		}
	}
	return false
}

// delegation returns the delegated prefix that contains a; ok is false if none
// does.
func delegation(a netip.Addr, delegated []netip.Prefix) (p netip.Prefix, ok bool) {
	for _, p := range delegated {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// lan64 returns the /64 of a LAN address, whatever its prefix length: OpenWrt
// assigns a /60 and announces the first /64 of it.
func lan64(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(64) // an IPv6 address has one
	return p
}

// subnet returns the number of a's /64 within the delegated prefix p, from 0.
func subnet(a netip.Addr, p netip.Prefix) uint64 {
	of, from := a.As16(), p.Addr().As16()
	return binary.BigEndian.Uint64(of[:8]) - binary.BigEndian.Uint64(from[:8])
}

// origin is the WAN of a prefix, from the source-filtered default routes; the
// lower the better.
type origin uint8

const (
	fromWAN6  origin = iota // a default route by wan6 has it as its source
	fromAny                 // no default route has it as its source
	fromOther               // only default routes by other devices have it
)

func originOf(t Tables, p netip.Prefix, wan6 string) origin {
	from := fromAny
	for _, r := range t.Defaults {
		if !r.From.IsValid() || r.From.Bits() == 0 || !r.From.Overlaps(p) {
			continue
		}
		if r.Dev == wan6 {
			return fromWAN6
		}
		from = fromOther
	}
	return from
}

// severalWANs6 reports whether another WAN than wan6 has an IPv6 default route.
func severalWANs6(t Tables, wan6 string) bool {
	for _, r := range t.Defaults {
		if r.IPv6 && r.Dev != wan6 && !backup(t, r) {
			return true
		}
	}
	return false
}
