package netwatch

import (
	"cmp"
	"net/netip"
	"slices"
)

// appendDelegated appends to ps, which is empty, the prefixes the provider
// delegated, sorted. An unreachable route is all that the kernel shows of one;
// the ULA and the WAN's own link have such a route, too. wan6 may be "".
func appendDelegated(ps []netip.Prefix, t Tables, wan6 string) []netip.Prefix {
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
func prefix(t Tables, d Devices, s *State, last netip.Prefix) (netip.Prefix, string, Missing) {
	lan := ""
	if !auto(d.LAN) {
		lan = d.LAN
	}
	if lan == "lo" || lan != "" && hasDefault(t, lan) {
		return netip.Prefix{}, lan, Missing{Of: ValuePrefix, Reason: ReasonNotALAN, Dev: lan}
	}
	l := lanView{t, s, d, lan}
	var best Addr
	for _, a := range t.Addrs {
		if l.counts(a) && (!best.Addr.IsValid() || betterLAN(a, best)) {
			best = a
		}
	}
	if !best.Addr.IsValid() {
		return netip.Prefix{}, lan, l.missing()
	}
	for _, a := range t.Addrs {
		if a.Dev == best.Dev && lan64(a.Addr) == last && l.counts(a) {
			return last, a.Dev, Missing{}
		}
	}
	return lan64(best.Addr), best.Dev, Missing{}
}

// lanView is what the choice of the LAN's prefix looks at. lan is the device
// named, or "".
type lanView struct {
	t   Tables
	s   *State
	d   Devices
	lan string
}

func betterLAN(a, b Addr) bool {
	return cmp.Or(compareLAN(a.Dev, b.Dev), compareLonger(a, b)) < 0
}

// counts tells whether a makes its /64 the one to publish: preferred, on the
// LAN (any device that leads nowhere if none is named), in a prefix of ours.
func (l lanView) counts(a Addr) bool {
	if l.lan == "" && (a.Dev == "lo" || a.Dev == l.s.WAN || a.Dev == l.s.WAN6 || hasDefault(l.t, a.Dev)) {
		return false
	}
	if l.lan != "" && a.Dev != l.lan {
		return false
	}
	return a.Global && preferred6(a) && l.ours(a.Addr)
}

// ours tells whether a is in a delegated prefix, of the WAN named where one is.
func (l lanView) ours(a netip.Addr) bool {
	for _, p := range l.s.Delegated {
		if p.Contains(a) && l.ourPrefix(p) {
			return true
		}
	}
	return false
}

func (l lanView) ourPrefix(p netip.Prefix) bool {
	return auto(l.d.WAN6) || !anotherWANs(l.t, p, l.d.WAN6)
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

// missing is why there is no prefix.
func (l lanView) missing() Missing {
	no := Missing{Of: ValuePrefix, Dev: l.lan}
	if len(l.s.Delegated) == 0 {
		no.Reason = ReasonNotDelegated
		return no
	}
	i := slices.IndexFunc(l.s.Delegated, l.ourPrefix)
	if i < 0 {
		no.Reason, no.Dev, no.Prefix = ReasonOtherWAN, l.s.WAN6, l.s.Delegated[0]
		return no
	}
	for _, a := range l.t.Addrs {
		if !l.ours(a.Addr) || hasDefault(l.t, a.Dev) || l.lan != "" && a.Dev != l.lan {
			continue
		}
		switch {
		case a.Flags&Failed != 0:
			return Missing{Of: ValuePrefix, Reason: ReasonDuplicate, Dev: a.Dev, Addr: a.Addr}
		case a.Flags&Deprecated != 0 || a.Preferred == 0:
			return Missing{Of: ValuePrefix, Reason: ReasonDeprecated, Dev: a.Dev, Addr: a.Addr}
		}
	}
	no.Reason, no.Prefix = ReasonNoLANAddress, l.s.Delegated[i]
	return no
}
