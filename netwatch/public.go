package netwatch

import "net/netip"

// Public tells whether a can be reached from the whole internet: an address
// that somebody else has seen is published only if it can.
func Public(a netip.Addr) bool {
	for i := range reserved4 {
		if reserved4[i].net.Contains(a) {
			return false
		}
	}
	return a.Is4() || global6(a)
}

// reserved4 are the IPv4 ranges that nobody reaches from the internet (IANA's
// special-purpose registry).
var reserved4 = [...]struct {
	net    netip.Prefix
	reason Reason
	why    string // of ReasonReserved: what that means, for the owner
}{
	{netip.MustParsePrefix("10.0.0.0/8"), ReasonPrivate, ""},
	{netip.MustParsePrefix("172.16.0.0/12"), ReasonPrivate, ""},
	{netip.MustParsePrefix("192.168.0.0/16"), ReasonPrivate, ""},
	{netip.MustParsePrefix("100.64.0.0/10"), ReasonCarrierNAT, ""},
	{netip.MustParsePrefix("192.0.0.0/24"), ReasonDSLite, ""},
	{netip.MustParsePrefix("169.254.0.0/16"), ReasonLinkLocal, ""},
	{netip.MustParsePrefix("127.0.0.0/8"), ReasonReserved, "is this machine's loopback: check the wan set here"},
	{netip.MustParsePrefix("0.0.0.0/8"), ReasonReserved, "is no address of a host: check the WAN interface's settings"},
	{netip.MustParsePrefix("224.0.0.0/4"), ReasonReserved, "is a multicast address: check the WAN interface's settings"},
	{netip.MustParsePrefix("240.0.0.0/4"), ReasonReserved, "is reserved (RFC 1112): check the WAN interface's settings"},
}

// reservedFor says what the range of a is for.
func reservedFor(a netip.Addr) string {
	for i := range reserved4 {
		if reserved4[i].net.Contains(a) {
			return reserved4[i].why
		}
	}
	return "is reserved"
}
