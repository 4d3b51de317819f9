package main

import (
	"errors"
	"net/netip"

	"homeward/netwatch/netwatchtest"
)

const wan = "pppoe-wan"

// line is what a provider gives to the router of a scene, by PPPoE.
type line struct {
	*netwatchtest.Router
}

// dial makes a new device with an address, as pppd does.
func (l line) dial(addr string) error {
	return l.Dial(wan, netip.MustParseAddr(addr), netip.MustParseAddr("192.0.2.1"))
}

// redial hangs up and dials at once.
func (l line) redial(addr string) error { return errors.Join(l.DelLink(wan), l.dial(addr)) }

// lanAddr is the LAN's own address in a delegated prefix, as netifd assigns
// it: with the length of the assignment, /60.
func lanAddr(p netip.Prefix) netip.Prefix { return netip.PrefixFrom(p.Addr().Next(), 60) }

// lan64 is the prefix that homeward publishes for it.
func lan64(delegated string) string {
	return netip.PrefixFrom(netip.MustParsePrefix(delegated).Addr(), 64).String()
}

// delegate is a DHCPv6 reply: an address for the WAN, a prefix, one of its
// addresses on the LAN, and a default route for packets from it.
func (l line) delegate(prefix string) error {
	p := netip.MustParsePrefix(prefix)
	err := l.AddAddr(wan, netip.MustParsePrefix("2001:db8:ff00::7/128"), netip.Addr{}, 1800, 3600)
	return errors.Join(err, l.Delegate(p), l.LANAddr(lanAddr(p), 1800, 3600), l.SetRoute(l.from(p)))
}

func (l line) from(p netip.Prefix) netwatchtest.Route {
	return netwatchtest.Default6(wan, netip.MustParseAddr("fe80::1"), p, 512)
}

// withdraw takes all of a prefix away while the device is gone.
func (l line) withdraw(prefix string) error {
	p := netip.MustParsePrefix(prefix)
	return errors.Join(l.DelLANAddr(lanAddr(p)), l.Undelegate(p))
}

// renumber is a DHCPv6 renewal that brings another prefix: the old one's null
// route is left to whoever calls.
func (l line) renumber(old, prefix string) error {
	o, p := netip.MustParsePrefix(old), netip.MustParsePrefix(prefix)
	return errors.Join(l.DelLANAddr(lanAddr(o)), l.Delegate(p), l.LANAddr(lanAddr(p), 1800, 3600),
		l.SetRoute(l.from(p)), l.DelRoute(l.from(o)))
}
