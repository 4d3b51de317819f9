package netwatch

import "net/netip"

// Public reports whether a can be reached from the whole internet. An address
// that a service reports is published only then.
func Public(a netip.Addr) bool {
	if a.Is4() {
		return reservedRange(a) == nil
	}
	return global6(a)
}

// internet6 is the IPv6 global unicast range as IANA assigns it (RFC 4291,
// section 2.4). It excludes 200::/7, which overlay networks use.
var internet6 = netip.MustParsePrefix("2000::/3")

// global6 reports whether a can be reached from the whole internet.
func global6(a netip.Addr) bool {
	return internet6.Contains(a) && reservedRange(a) == nil
}

// reserved is a range that is not reachable like ordinary addresses.
type reserved struct {
	net    netip.Prefix
	reason Reason
	why    string // for the owner, with ReasonReserved
}

// reservedRanges are IANA's special-purpose registries of IPv4, and of IPv6
// within 2000::/3. The documentation ranges are left out: examples and tests
// use them, and no device has such an address by mistake.
var reservedRanges = [...]reserved{
	{netip.MustParsePrefix("10.0.0.0/8"), ReasonPrivate, ""},
	{netip.MustParsePrefix("172.16.0.0/12"), ReasonPrivate, ""},
	{netip.MustParsePrefix("192.168.0.0/16"), ReasonPrivate, ""},
	{netip.MustParsePrefix("100.64.0.0/10"), ReasonCarrierNAT, ""},
	{netip.MustParsePrefix("192.0.0.0/24"), ReasonDSLite, ""},
	{netip.MustParsePrefix("169.254.0.0/16"), ReasonLinkLocal, ""},
	{netip.MustParsePrefix("127.0.0.0/8"), ReasonReserved, "is this machine's loopback: check the wan set here"},
	{netip.MustParsePrefix("0.0.0.0/8"), ReasonReserved, "is no address of a host: check the WAN interface's settings"},
	{netip.MustParsePrefix("198.18.0.0/15"), ReasonReserved, "is for benchmarks (RFC 2544), nobody can connect to it: check the WAN interface's settings, or set wan to the device of your line"},
	{netip.MustParsePrefix("192.31.196.0/24"), ReasonReserved, "is for AS112 name servers (RFC 7535): check the WAN interface's settings"},
	{netip.MustParsePrefix("192.52.193.0/24"), ReasonReserved, "is for AMT relays (RFC 7450): check the WAN interface's settings"},
	{netip.MustParsePrefix("192.88.99.0/24"), ReasonReserved, "is for 6to4 relays (RFC 7526): check the WAN interface's settings"},
	{netip.MustParsePrefix("192.175.48.0/24"), ReasonReserved, "is for AS112 name servers (RFC 7534): check the WAN interface's settings"},
	{netip.MustParsePrefix("224.0.0.0/4"), ReasonReserved, "is a multicast address: check the WAN interface's settings"},
	{netip.MustParsePrefix("240.0.0.0/4"), ReasonReserved, "is reserved (RFC 1112): check the WAN interface's settings"},
	{netip.MustParsePrefix("2001::/23"), ReasonReserved, "is in 2001::/23, IANA's range for protocols such as Teredo (RFC 2928): check the WAN's IPv6 interface"},
	{netip.MustParsePrefix("2002::/16"), ReasonReserved, "is 6to4 (RFC 7526), which much of the internet does not reach: check the WAN's IPv6 interface"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), ReasonReserved, "is for AS112 name servers (RFC 7534): check the WAN's IPv6 interface"},
}

// reservedRange returns the range that contains a, or nil.
func reservedRange(a netip.Addr) *reserved {
	for i := range reservedRanges {
		if r := &reservedRanges[i]; r.net.Contains(a) {
			return r
		}
	}
	return nil
}
