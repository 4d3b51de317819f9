package netwatch

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// View returns what an account may publish, from the kernel's tables and the
// devices d. last holds the values published before; any may be invalid. Of
// equally good values the published one stays. View does no I/O and may be
// called from any goroutine.
func View(t Tables, d Devices, last State) State {
	var s State
	ViewInto(&s, t, d, last)
	return s
}

// ViewInto is View into s. It reuses the memory of s's lists, so that no copy
// of the old s may be in use, and allocates nothing if they are long enough.
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

// orAuto returns name, "" for auto.
func orAuto(name string) string {
	if auto(name) {
		return ""
	}
	return name
}

// wan returns the configured device, or for auto that of the family's best
// default route, "" if there is none. A tunnel, most likely a VPN, is the WAN
// only if no other device has a publishable address: behind carrier NAT, hosts
// may be reached by the tunnel.
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

// bestDefault returns the family's first default route with the lowest metric.
// It ignores tunnels unless tunnels is set.
func bestDefault(t Tables, v6, tunnels bool) (best Route, ok bool) {
	for _, r := range t.Defaults {
		if r.IPv6 == v6 && (tunnels || !r.Tunnel) && (!ok || r.Metric < best.Metric) {
			best, ok = r, true
		}
	}
	return best, ok
}

// publishing returns the family's best default route by a device other than
// dev that has a publishable address, and that address. A tunnel comes last.
// The zero Route is none.
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

// nameAnother adds the device that the owner may configure in place of the one
// that auto chose.
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

// ipv4 returns the IPv4 address of dev to publish, or why there is none.
// chosen is true if auto chose dev.
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

// sourceOf returns the preferred source of dev's IPv4 default routes, that with
// the lowest metric; invalid if none has one.
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

// unpublishable4 returns why a must not be published, 0 if it may.
func unpublishable4(a Addr) Reason {
	if r := reservedRange(a.Addr); r != nil {
		return r.reason
	}
	if !a.Global {
		return ReasonNotGlobal
	}
	return 0
}
