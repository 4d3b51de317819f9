package netwatch

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// View tells what the line looks like: of the kernel's tables, on the devices
// d, what an account may publish. last is what was published before, any of
// it may be invalid: where several are equally good the published one stays.
// View does no I/O; it may be called from any goroutine.
func View(t Tables, d Devices, last State) State {
	var s State
	ViewInto(&s, t, d, last)
	return s
}

// ViewInto is View into s, whose lists' memory it uses again: with an s that
// served before it allocates nothing. No copy of what s was may be in use.
func ViewInto(s *State, t Tables, d Devices, last State) {
	*s = State{WAN: wan(t, d.WAN, false), WAN6: wan(t, d.WAN6, true), Delegated: s.Delegated[:0], LANs: s.LANs[:0]}
	s.IPv4, s.NoIPv4 = ipv4(t, s.WAN, auto(d.WAN))
	s.IPv6, s.NoIPv6 = ipv6(t, s.WAN6, last.IPv6)
	if auto(d.WAN) {
		s.NoIPv4.nameAnother(t, false)
	}
	if auto(d.WAN6) {
		s.NoIPv6.nameAnother(t, true)
	}
	s.Delegated = appendDelegated(s.Delegated, t, s.WAN6)
	lan := lanChoice{t: t, s: s, named: orAuto(d.LAN), wan6: !auto(d.WAN6), last: last.Prefix}
	lan.choose()
}

func auto(name string) bool { return name == "" || name == "auto" }

// orAuto is the device named, "" for auto.
func orAuto(name string) string {
	if auto(name) {
		return ""
	}
	return name
}

// wan is the device named, or the one of the best default route of the
// family; "" if there is none. A tunnel, a VPN's most likely, is it only where
// no line has a publishable address: behind carrier NAT a tunnel may well be
// where one is reached.
func wan(t Tables, name string, v6 bool) string {
	if !auto(name) {
		return name
	}
	r, _ := bestDefault(t, v6, true)
	if r.Tunnel {
		if other, _ := publishing(t, v6, r.Dev); other.Dev != "" && !other.Tunnel {
			r, _ = bestDefault(t, v6, false)
		}
	}
	return r.Dev
}

// bestDefault is the default route of the family with the lowest metric, the
// first of several, of tunnels only if they count.
func bestDefault(t Tables, v6, tunnels bool) (best Route, ok bool) {
	for _, r := range t.Defaults {
		if r.IPv6 == v6 && (tunnels || !r.Tunnel) && (!ok || r.Metric < best.Metric) {
			best, ok = r, true
		}
	}
	return best, ok
}

// publishing is the best default route of the family by another device than
// dev that has a publishable address, and that address: a tunnel's only if
// there is no line's. The zero Route: none.
func publishing(t Tables, v6 bool, dev string) (best Route, addr netip.Addr) {
	for _, r := range t.Defaults {
		if r.IPv6 != v6 || r.Dev == dev {
			continue
		}
		var a netip.Addr
		if v6 {
			a, _ = ipv6(t, r.Dev, netip.Addr{})
		} else {
			a, _ = ipv4(t, r.Dev, true)
		}
		if !a.IsValid() {
			continue
		}
		if !addr.IsValid() || cmp.Or(first(!r.Tunnel, !best.Tunnel), cmp.Compare(r.Metric, best.Metric)) < 0 {
			best, addr = r, a
		}
	}
	return best, addr
}

// nameAnother adds to why the device that auto chose has no address which
// other one an owner may name.
func (no *Missing) nameAnother(t Tables, v6 bool) {
	if no.Reason == 0 || no.Reason == ReasonNoRoute {
		return
	}
	no.Tunnel = slices.ContainsFunc(t.Defaults, func(r Route) bool { return r.Dev == no.Dev && r.Tunnel })
	r, a := publishing(t, v6, no.Dev)
	if !a.IsValid() && no.Tunnel {
		r, _ = bestDefault(t, v6, false)
	}
	no.Use, no.UseAddr = r.Dev, a
}

// ipv4 is the IPv4 address to publish of dev, or why there is none. chosen
// tells that the rules chose dev, not the owner.
func ipv4(t Tables, dev string, chosen bool) (netip.Addr, Missing) {
	no := Missing{Of: ValueIPv4, Dev: dev}
	if dev == "" {
		no.Reason = ReasonNoRoute
		return netip.Addr{}, no
	}
	if chosen && strings.HasPrefix(dev, "map-") {
		no.Reason = ReasonSharedPorts
		return netip.Addr{}, no
	}
	var first netip.Addr
	src := sourceOf(t, dev)
	for _, a := range t.Addrs {
		if a.Dev != dev || !a.Addr.Is4() {
			continue
		}
		switch why := unpublishable4(a); {
		case why != 0:
			if no.Reason == 0 {
				no.Reason, no.Addr = why, a.Addr
			}
		case a.Addr == src:
			return src, Missing{}
		case !first.IsValid():
			first = a.Addr
		}
	}
	if first.IsValid() {
		return first, Missing{}
	}
	if no.Reason == 0 {
		no.Reason = ReasonNoAddress
	}
	return netip.Addr{}, no
}

// sourceOf is the source that the best IPv4 default route of dev that names
// one names; invalid if none does.
func sourceOf(t Tables, dev string) netip.Addr {
	var best Route
	for _, r := range t.Defaults {
		if r.IPv6 || r.Dev != dev || !r.Src.IsValid() {
			continue
		}
		if !best.Src.IsValid() || r.Metric < best.Metric {
			best = r
		}
	}
	return best.Src
}

// unpublishable4 is why a is not to be published, 0 if it is.
func unpublishable4(a Addr) Reason {
	if r := reservedRange(a.Addr); r != nil {
		return r.reason
	}
	if !a.Global {
		return ReasonNotGlobal
	}
	return 0
}
