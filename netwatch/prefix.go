package netwatch

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// delegated are the prefixes the provider delegated. An unreachable route is
// all that the kernel shows of one; the ULA and the WAN's own link have such a
// route, too. wan6 may be "".
func delegated(t Tables, wan6 string) []netip.Prefix {
	var ps []netip.Prefix
	for _, p := range t.Null {
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
		if _, ok := bestDefault(t, a.Dev, true); !ok && a.Dev != wan6 {
			return false
		}
		onWAN = true
	}
	return onWAN
}

// prefix is the /64 of the LAN and its device, or why there is none. s has
// the WANs and what is delegated; last is the published prefix.
func prefix(t Tables, d Devices, s State, last netip.Prefix) (netip.Prefix, string, string) {
	lan := ""
	if !auto(d.LAN) {
		lan = d.LAN
	}
	if lan == "lo" || lan != "" && hasDefault(t, lan) {
		return netip.Prefix{}, lan, lan + " is loopback or has a default route, so it is never the LAN: set lan to the device your hosts are on"
	}
	ours := s.Delegated
	if !auto(d.WAN6) {
		ours = slices.DeleteFunc(slices.Clone(ours), func(p netip.Prefix) bool { return anotherWANs(t, p, d.WAN6) })
	}
	var best Addr
	for _, a := range t.Addrs {
		if lanAddr(t, a, s, lan, ours) && (!best.Addr.IsValid() || betterLAN(a, best)) {
			best = a
		}
	}
	if !best.Addr.IsValid() {
		return netip.Prefix{}, lan, noPrefix(t, s, lan, ours)
	}
	for _, a := range t.Addrs {
		if a.Dev == best.Dev && lan64(a.Addr) == last && lanAddr(t, a, s, lan, ours) {
			return last, a.Dev, ""
		}
	}
	return lan64(best.Addr), best.Dev, ""
}

func betterLAN(a, b Addr) bool {
	return cmp.Or(compareLAN(a.Dev, b.Dev), compareLonger(a, b)) < 0
}

// lanAddr tells whether a makes its /64 the one to publish: preferred, on the
// LAN (any device that leads nowhere if lan is ""), in a prefix of ours.
func lanAddr(t Tables, a Addr, s State, lan string, ours []netip.Prefix) bool {
	if lan == "" && (a.Dev == "lo" || a.Dev == s.WAN || a.Dev == s.WAN6 || hasDefault(t, a.Dev)) {
		return false
	}
	if lan != "" && a.Dev != lan {
		return false
	}
	return a.Global && preferred6(a) && inside(a.Addr, ours)
}

func inside(a netip.Addr, ps []netip.Prefix) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(a) })
}

// lan64 is the /64 of a LAN's address, whatever the length it was assigned
// with: OpenWrt assigns a /60 and announces its first /64.
func lan64(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(64) // an IPv6 address has one
	return p
}

// compareLAN puts br-lan before the other devices, these by name.
func compareLAN(a, b string) int {
	if a == b {
		return 0
	}
	if a == "br-lan" {
		return -1
	}
	if b == "br-lan" {
		return 1
	}
	return cmp.Compare(a, b)
}

// anotherWANs tells whether p came by another WAN than wan6: its packets are
// routed to the internet, and never by wan6.
func anotherWANs(t Tables, p netip.Prefix, wan6 string) bool {
	elsewhere := false
	for _, r := range t.Defaults {
		if !r.From.IsValid() || r.From.Bits() == 0 || !r.From.Overlaps(p) {
			continue
		}
		if r.Dev == wan6 {
			return false
		}
		elsewhere = true
	}
	return elsewhere
}

// noPrefix says why there is no prefix. lan is the device named, or "".
func noPrefix(t Tables, s State, lan string, ours []netip.Prefix) string {
	if len(s.Delegated) == 0 {
		return "the provider delegates no prefix: check that the WAN's IPv6 interface asks for one (reqprefix auto), or ask the provider"
	}
	if len(ours) == 0 {
		return fmt.Sprintf("%v is not delegated by %s but by another WAN: check the wan6 set here", s.Delegated[0], s.WAN6)
	}
	for _, a := range t.Addrs {
		if !inside(a.Addr, ours) || hasDefault(t, a.Dev) || lan != "" && a.Dev != lan {
			continue
		}
		switch {
		case a.Flags&Failed != 0:
			return fmt.Sprintf("%v on %s is in use by another machine (duplicate address detection failed): find it, then restart the LAN interface", a.Addr, a.Dev)
		case a.Flags&Deprecated != 0 || a.Preferred == 0:
			return fmt.Sprintf("%v on %s is deprecated: the provider withdrew its prefix or did not renew it; a new one is awaited", a.Addr, a.Dev)
		}
	}
	if lan != "" {
		return fmt.Sprintf("%s has no address in %v: give its interface a share of the prefix (ip6assign 60), or check the lan set here", lan, ours[0])
	}
	return fmt.Sprintf("no LAN device has an address in %v: give the LAN interface a share of it (ip6assign 60)", ours[0])
}
