package netwatch

import (
	"cmp"
	"net/netip"
	"slices"
)

// lanChoice chooses the LAN's device and prefix. s has the WANs and the
// delegated prefixes; named is the configured device, "" for auto.
type lanChoice struct {
	t     Tables
	s     *State
	named string
	wan6  bool         // wan6 is configured: prefixes of other WANs do not count
	last  netip.Prefix // published last
}

// choose sets the members of s that describe the LAN.
func (l *lanChoice) choose() {
	l.s.LAN = l.named
	if l.named == "lo" {
		l.s.NoPrefix = Missing{Of: ValuePrefix, Reason: ReasonNotALAN, Dev: l.named}
		return
	}
	if l.named == "" {
		l.devices()
	}
	var best Addr
	for _, a := range l.t.Addrs {
		if a.Dev == l.s.LAN && l.counts(a) && (!best.Addr.IsValid() || l.comparePrefixes(a, best) < 0) {
			best = a
		}
	}
	if !best.Addr.IsValid() {
		l.s.NoPrefix = l.missing()
		return
	}
	l.s.Prefix = lan64(best.Addr)
	l.s.UnknownWAN = l.origin(best.Addr) == fromAny && (l.wan6 || len(l.s.Delegated) > 1) && severalWANs6(l.t, l.s.WAN6)
}

// devices sets LAN, and LANs if auto can choose from several devices.
func (l *lanChoice) devices() {
	for {
		var best Addr
		for _, a := range l.t.Addrs {
			if l.counts(a) && !slices.Contains(l.s.LANs, a.Dev) && (!best.Addr.IsValid() || l.compareDevices(a, best) < 0) {
				best = a
			}
		}
		if !best.Addr.IsValid() {
			break
		}
		l.s.LANs = append(l.s.LANs, best.Dev)
	}
	if len(l.s.LANs) > 0 {
		l.s.LAN = l.s.LANs[0]
	}
	if len(l.s.LANs) == 1 {
		l.s.LANs = l.s.LANs[:0]
	}
}

// counts reports whether the /64 of a may be published: a is preferred, global
// and on the configured device; for auto, in a delegated prefix on a device
// without a default route.
func (l *lanChoice) counts(a Addr) bool {
	return l.considered(a) && a.Global && preferred6(a) && !(l.wan6 && l.origin(a.Addr) == fromOther)
}

// considered is counts, whatever the address's state and WAN.
func (l *lanChoice) considered(a Addr) bool {
	if a.Dev == "lo" || !global6(a.Addr) {
		return false
	}
	if l.named != "" {
		return a.Dev == l.named
	}
	_, in := delegation(a.Addr, l.s.Delegated)
	return in && l.maybeLAN(a.Dev)
}

func (l *lanChoice) maybeLAN(dev string) bool {
	return dev != "lo" && dev != l.s.WAN && dev != l.s.WAN6 && !leadsOut(l.t, dev)
}

func (l *lanChoice) origin(a netip.Addr) origin { return originOf(l.t, lan64(a), l.s.WAN6) }

// compareDevices puts br-lan first, then the device in the lowest /64 of its
// delegation: netifd assigns in the order of its configuration, which begins
// with the LAN.
func (l *lanChoice) compareDevices(a, b Addr) int {
	pa, _ := delegation(a.Addr, l.s.Delegated)
	pb, _ := delegation(b.Addr, l.s.Delegated)
	return cmp.Or(first(a.Dev == brLAN, b.Dev == brLAN), cmp.Compare(subnet(a.Addr, pa), subnet(b.Addr, pb)), cmp.Compare(a.Dev, b.Dev))
}

// comparePrefixes puts the address first whose /64 is best to publish, by: the
// length of its prefix (a DHCPv6 /128 says nothing of its /64), wan6 as its
// origin, published already, longest preferred lifetime.
func (l *lanChoice) comparePrefixes(a, b Addr) int {
	return cmp.Or(first(a.Bits <= 64, b.Bits <= 64),
		cmp.Compare(l.origin(a.Addr), l.origin(b.Addr)),
		first(lan64(a.Addr) == l.last, lan64(b.Addr) == l.last),
		compareLonger(a, b))
}

// first orders true before false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// missing returns why there is no prefix.
func (l *lanChoice) missing() Missing {
	no := Missing{Of: ValuePrefix, Reason: ReasonNotDelegated, Dev: l.named}
	for _, p := range l.s.Delegated {
		if l.wan6 && originOf(l.t, p, l.s.WAN6) == fromOther {
			if no.Reason == ReasonNotDelegated {
				no.Reason, no.Dev, no.Prefix = ReasonOtherWAN, l.s.WAN6, p
			}
			continue
		}
		no.Reason, no.Dev, no.Prefix = ReasonNoLANAddress, l.named, p
		break
	}
	for _, a := range l.t.Addrs {
		switch {
		case !l.considered(a):
		case l.wan6 && l.origin(a.Addr) == fromOther:
			if no.Reason == ReasonNotDelegated {
				no.Reason, no.Dev, no.Prefix = ReasonOtherWAN, l.s.WAN6, lan64(a.Addr)
			}
		case a.Flags&Failed != 0:
			return Missing{Of: ValuePrefix, Reason: ReasonDuplicate, Dev: a.Dev, Addr: a.Addr}
		case a.Flags&Deprecated != 0 || a.Preferred == 0:
			return Missing{Of: ValuePrefix, Reason: ReasonDeprecated, Dev: a.Dev, Addr: a.Addr}
		}
	}
	if l.named == "" && no.Reason != ReasonOtherWAN {
		no.Use, no.UsePrefix = l.undelegated(no.Reason == ReasonNotDelegated)
	}
	return no
}

// undelegated returns a device to suggest as the LAN, and its /64, which was
// not delegated: a LAN device, or else, if wan is set, the WAN (in relay mode
// the hosts are in its /64).
func (l *lanChoice) undelegated(wan bool) (dev string, p netip.Prefix) {
	for _, a := range l.t.Addrs {
		if !a.Global || !preferred6(a) || !global6(a.Addr) || a.Bits > 64 {
			continue
		}
		switch {
		case l.maybeLAN(a.Dev):
			return a.Dev, lan64(a.Addr)
		case wan && a.Dev == l.s.WAN6 && dev == "":
			dev, p = a.Dev, lan64(a.Addr)
		}
	}
	return dev, p
}

// brLAN is the LAN's bridge on OpenWrt.
const brLAN = "br-lan"

// leadsOut reports whether dev has a default route of either family.
func leadsOut(t Tables, dev string) bool {
	for _, r := range t.Defaults {
		if r.Dev == dev && !backup(t, r) {
			return true
		}
	}
	return false
}

// backup reports whether r is a fallback by br-lan, to another router in the
// LAN, while a better route exists. It does not make br-lan a WAN.
func backup(t Tables, r Route) bool {
	if r.Dev != brLAN {
		return false
	}
	for _, o := range t.Defaults {
		if o.IPv6 == r.IPv6 && o.Dev != r.Dev && o.Metric < r.Metric {
			return true
		}
	}
	return false
}
