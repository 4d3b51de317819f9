package netwatch

import (
	"net/netip"
	"strings"
)

// View tells what the line looks like: of the kernel's tables, on the devices
// d, what an account may publish. last is what was published before, any of
// it may be invalid: where several are equally good the published one stays.
// View does no I/O; it may be called from any goroutine.
func View(t Tables, d Devices, last State) State {
	var s State
	s.WAN = wan(t, d.WAN, false)
	s.WAN6 = wan(t, d.WAN6, true)
	s.IPv4, s.NoIPv4 = ipv4(t, s.WAN, auto(d.WAN))
	s.IPv6, s.NoIPv6 = ipv6(t, s.WAN6, last.IPv6)
	s.Delegated = delegated(t, s.WAN6)
	s.Prefix, s.LAN, s.NoPrefix = prefix(t, d, s, last.Prefix)
	return s
}

func auto(name string) bool { return name == "" || name == "auto" }

// wan is the device named, or the one of the best default route of the
// family; "" if there is none.
func wan(t Tables, name string, v6 bool) string {
	if !auto(name) {
		return name
	}
	if r, ok := bestDefault(t, "", v6); ok {
		return r.Dev
	}
	return ""
}

// bestDefault is the default route of the family with the lowest metric, the
// first of several. dev "" is any device.
func bestDefault(t Tables, dev string, v6 bool) (best Route, ok bool) {
	for _, r := range t.Defaults {
		if r.IPv6 != v6 || dev != "" && r.Dev != dev {
			continue
		}
		if !ok || r.Metric < best.Metric {
			best, ok = r, true
		}
	}
	return best, ok
}

// hasDefault tells whether dev leads to the internet, by either family.
func hasDefault(t Tables, dev string) bool {
	for _, r := range t.Defaults {
		if r.Dev == dev {
			return true
		}
	}
	return false
}

// ipv4 is the IPv4 address to publish of dev, or why there is none. chosen
// tells that the rules chose dev, not the owner.
func ipv4(t Tables, dev string, chosen bool) (netip.Addr, string) {
	if dev == "" {
		return netip.Addr{}, "no IPv4 default route: the line is down, or it has no IPv4; if it has, check the WAN interface"
	}
	if chosen && strings.HasPrefix(dev, "map-") {
		return netip.Addr{}, dev + " shares its IPv4 address with other customers by port ranges (MAP-E, lw4o6): publish ipv6 or prefix, or ask the provider for an IPv4 address of your own"
	}
	var first netip.Addr
	var bad Addr
	var why string // bad is not published
	src := sourceOf(t, dev)
	for _, a := range t.Addrs {
		if a.Dev != dev || !a.Addr.Is4() {
			continue
		}
		switch no := unpublishable4(a); {
		case no != "":
			if why == "" {
				bad, why = a, no
			}
		case a.Addr == src:
			return src, ""
		case !first.IsValid():
			first = a.Addr
		}
	}
	if first.IsValid() {
		return first, ""
	}
	if why == "" {
		return netip.Addr{}, dev + " has no IPv4 address: no such device, or it is down; check the WAN interface, or the wan set here"
	}
	return netip.Addr{}, sentence(bad, why)
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

const anotherRouter = `another router stands in front of this one; set detect = "web" in the account, and forward the ports there`

// reserved4 are the IPv4 ranges that nobody reaches from the internet (IANA's
// special-purpose registry), with what that means for an owner.
var reserved4 = []struct {
	net netip.Prefix
	why string
}{
	{netip.MustParsePrefix("10.0.0.0/8"), "is private (RFC 1918): " + anotherRouter},
	{netip.MustParsePrefix("172.16.0.0/12"), "is private (RFC 1918): " + anotherRouter},
	{netip.MustParsePrefix("192.168.0.0/16"), "is private (RFC 1918): " + anotherRouter},
	{netip.MustParsePrefix("100.64.0.0/10"), "is behind the provider's carrier NAT (RFC 6598), nobody can connect to it: publish ipv6 or prefix, or ask the provider for a public IPv4 address"},
	{netip.MustParsePrefix("192.0.0.0/24"), "is a DS-Lite or 464XLAT tunnel's own address (RFC 7335), nobody can connect to it: publish ipv6 or prefix, or ask the provider for a public IPv4 address"},
	{netip.MustParsePrefix("169.254.0.0/16"), "is link-local (RFC 3927): the device got no address from the provider; check the modem and the WAN interface's settings"},
	{netip.MustParsePrefix("127.0.0.0/8"), "is this machine's loopback: check the wan set here"},
	{netip.MustParsePrefix("0.0.0.0/8"), "is no address of a host: check the WAN interface's settings"},
	{netip.MustParsePrefix("224.0.0.0/4"), "is a multicast address: check the WAN interface's settings"},
	{netip.MustParsePrefix("240.0.0.0/4"), "is reserved (RFC 1112): check the WAN interface's settings"},
}

// unpublishable4 says what of a is not to be published, "" if it is.
func unpublishable4(a Addr) string {
	for _, r := range reserved4 {
		if r.net.Contains(a.Addr) {
			return r.why
		}
	}
	if !a.Global {
		return "is valid on its link only (its scope is not global): check the WAN interface's settings"
	}
	return ""
}

// sentence is why of the address a, in words for the owner. It is made at the
// end, and not of an address beside which there is a better one.
func sentence(a Addr, why string) string {
	return a.Addr.String() + " on " + a.Dev + " " + why
}
