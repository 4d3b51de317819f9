package netwatch

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// appendDelegated appends to ps, which is empty, the prefixes the provider
// delegated, sorted. An unreachable route is all that the kernel shows of one;
// the ULA and the WAN's own link have such a route, too. wan6 may be "".
func appendDelegated(ps []netip.Prefix, t Tables, wan6 string) []netip.Prefix {
	for _, p := range t.Unreachable {
		if p.Bits() < 1 || p.Bits() > 64 || !global6(p.Addr()) || ownLink(t, p, wan6) {
			continue
		}
		ps = append(ps, p)
	}
	slices.SortFunc(ps, comparePrefix)
	return slices.Compact(ps)
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// ownLink tells whether p is the /64 that router advertisements announce on
// the WAN. One that a LAN device has an address in is extended to the LAN
// (RFC 7278), and so ours to give to hosts.
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

// delegation is the delegated prefix that a is in; ok is false if it is in none.
func delegation(a netip.Addr, delegated []netip.Prefix) (p netip.Prefix, ok bool) {
	for _, p := range delegated {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// lan64 is the /64 of a LAN's address, whatever the length it was assigned
// with: OpenWrt assigns a /60 and announces its first /64.
func lan64(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(64) // an IPv6 address has one
	return p
}

// subnet is which /64 of the delegated prefix p the address a is in, from 0.
func subnet(a netip.Addr, p netip.Prefix) uint64 {
	of, from := a.As16(), p.Addr().As16()
	return binary.BigEndian.Uint64(of[:8]) - binary.BigEndian.Uint64(from[:8])
}

// origin is which WAN a prefix came by: the source-filtered default routes
// tell, the best one first.
type origin uint8

const (
	fromWAN6  origin = iota // routed to the internet by wan6
	fromAny                 // no default route names it as its source
	fromOther               // routed to the internet, and never by wan6
)

// originOf is the origin of p.
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

// severalWANs6 tells whether another WAN than wan6 has an IPv6 default route.
func severalWANs6(t Tables, wan6 string) bool {
	for _, r := range t.Defaults {
		if r.IPv6 && r.Dev != wan6 && !backup(t, r) {
			return true
		}
	}
	return false
}
