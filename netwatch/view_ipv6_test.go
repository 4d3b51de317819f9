package netwatch

import "testing"

func TestViewIPv6(t *testing.T) {
	const dhcp, slaac, other = "2001:db8::77/128", "2001:db8::ff:fe00:101/64", "2001:db8:0:5::ff:fe00:101/64"
	tables := func(a ...Addr) Tables { return Tables{Addrs: a, Defaults: v6("eth0")} }
	six := func(s string) line { return line{WAN6: "eth0", IPv6: pfx(s).Addr()} }
	checkRows(t, []viewRow{
		{name: "DHCPv6's address before a longer lived SLAAC one", t: tables(addr("eth0", slaac, pref(3600)), addr("eth0", dhcp, pref(1800))), want: six(dhcp)},
		{name: "DHCPv6's address is new: it replaces the published SLAAC one", last: last6("2001:db8::ff:fe00:101"),
			t: tables(addr("eth0", slaac, pref(3600)), addr("eth0", dhcp, pref(1800))), want: six(dhcp)},
		{name: "DHCPv6's address is deprecated: the SLAAC one", last: last6("2001:db8::77"),
			t: tables(addr("eth0", dhcp, deprecated), addr("eth0", slaac, pref(3600))), want: six(slaac)},
		{name: "two: the longest preferred lifetime", t: tables(addr("eth0", slaac, pref(3500)), addr("eth0", other, pref(3600))), want: six(other)},
		{name: "two of one lifetime: the lowest, whatever the kernel's order", t: tables(addr("eth0", other, pref(3600)), addr("eth0", slaac, pref(3600))), want: six(slaac)},
		{name: "two that take turns at every renewal: the published stays", last: last6("2001:db8::ff:fe00:101"),
			t: tables(addr("eth0", slaac, pref(1800)), addr("eth0", other, pref(3600))), want: six(slaac)},
		{name: "the published one runs out, below half of the best", last: last6("2001:db8::ff:fe00:101"),
			t: tables(addr("eth0", slaac, pref(1799)), addr("eth0", other, pref(3600))), want: six(other)},
		{name: "a lifetime for ever does not overflow", last: last6("2001:db8::ff:fe00:101"),
			t: tables(addr("eth0", slaac, pref(3600)), addr("eth0", other)), want: six(other)},
		{name: "the published one is another device's now", last: last6("2001:db8::ff:fe00:101"),
			t: tables(addr("br-lan", slaac), addr("eth0", other)), want: six(other)},
		{name: "tentative counts", t: tables(addr("eth0", dhcp, flag(Tentative))), want: six(dhcp)},
		{name: "failed detection does not", t: tables(addr("eth0", dhcp, flag(Tentative|Failed))),
			want: line{WAN6: "eth0", NoIPv6: "2001:db8::77 on eth0 is in use by another machine"}},
		{name: "failed detection of the published one", last: last6("2001:db8::77"), t: tables(addr("eth0", dhcp, flag(Failed)), addr("eth0", slaac)), want: six(slaac)},
		{name: "temporary", t: tables(addr("eth0", "2001:db8::a1b2/64", flag(Temporary))), want: line{WAN6: "eth0", NoIPv6: "privacy address"}},
		{name: "deprecated", t: tables(addr("eth0", dhcp, deprecated)), want: line{WAN6: "eth0", NoIPv6: "2001:db8::77 on eth0 is deprecated"}},
		{name: "preferred lifetime over, flag not yet set", t: tables(addr("eth0", dhcp, pref(0))), want: line{WAN6: "eth0", NoIPv6: "is deprecated"}},
		{name: "ULA alone", t: tables(addr("eth0", "fd00::1/64")), want: line{WAN6: "eth0", NoIPv6: "fd00::1 on eth0 is a local address (ULA"}},
		{name: "link-local alone: a prefix without an address", t: tables(addr("eth0", "fe80::1/64", linkScope())), want: line{WAN6: "eth0", NoIPv6: "fe80::1 on eth0 is link-local"}},
		{name: "link-local and deprecated: the second is the reason", t: tables(addr("eth0", "fe80::1/64", linkScope()), addr("eth0", dhcp, deprecated)), want: line{WAN6: "eth0", NoIPv6: "deprecated"}},
		{name: "an overlay's address, preferred for ever, beside the provider's", t: tables(addr("eth0", "200:1234::1/64"), addr("eth0", dhcp, pref(1800))), want: six(dhcp)},
		{name: "an overlay's address alone", t: tables(addr("eth0", "200:1234::1/64")), want: line{WAN6: "eth0", NoIPv6: "not-global: 200:1234::1 on eth0 is not an address of the internet (2000::/3)"}},
		{name: "6to4", t: tables(addr("eth0", "2002:550a:144d::1/64")), want: line{WAN6: "eth0", NoIPv6: "reserved: 2002:550a:144d::1 on eth0 is 6to4"}},
		{name: "Teredo", t: tables(addr("eth0", "2001:0:4136::1/32")), want: line{WAN6: "eth0", NoIPv6: "reserved: 2001:0:4136::1 on eth0 is in 2001::/23"}},
		{name: "multicast", t: tables(addr("eth0", "ff05::1/64")), want: line{WAN6: "eth0", NoIPv6: "not-global: ff05::1 on eth0 is not an address of the internet"}},
		{name: "a global address of link scope", t: tables(addr("eth0", dhcp, linkScope())), want: line{WAN6: "eth0", NoIPv6: "not-global: 2001:db8::77 on eth0 is valid on its link only"}},
		{name: "source-filtered default routes only", t: Tables{Addrs: addrs(addr("eth0", dhcp)), Defaults: def6("eth0", "2001:db8:1200::/56", "2001:db8::77/128")},
			want: six(dhcp)},
		{name: "two default routes: the lower metric", t: Tables{Addrs: addrs(addr("eth0", dhcp), addr("wwan0", other)), Defaults: append(v6("eth0"), Route{Dev: "wwan0", IPv6: true, Metric: 100})},
			want: line{WAN6: "wwan0", IPv6: ip("2001:db8:0:5::ff:fe00:101")}},
		{name: "a VPN is up and takes the default route", t: Tables{Addrs: addrs(addr("eth0", dhcp), addr("wg0", "fd00::2/128")), Defaults: append(v6("eth0"), Route{Dev: "wg0", IPv6: true, Tunnel: true})},
			want: six(dhcp)},
		{name: "a VPN of another kind takes the default route", t: Tables{Addrs: addrs(addr("eth0", dhcp), addr("l2tp-vpn", "fd00::2/128")), Defaults: append(v6("eth0"), Route{Dev: "l2tp-vpn", IPv6: true})},
			want: line{WAN6: "l2tp-vpn", NoIPv6: `publish prefix if one is delegated; eth0 has 2001:db8::77: if your hosts are to be reached there, set wan6 = "eth0"`}},
		{name: "a tunnel is all the IPv6 there is", t: Tables{Addrs: addrs(addr("eth0", "fe80::1/64", linkScope()), addr("tun0", other)), Defaults: append(v6("eth0"), Route{Dev: "tun0", IPv6: true, Tunnel: true})},
			want: line{WAN6: "tun0", IPv6: ip("2001:db8:0:5::ff:fe00:101")}},
		{name: "an IPv4 default route is none for IPv6", t: Tables{Addrs: addrs(addr("eth0", dhcp)), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "eth0 has no IPv4", NoIPv6: "no IPv6 default route"}},
		{name: "a named device without a default route", d: named6("eth1"), t: Tables{Addrs: addrs(addr("eth0", dhcp), addr("eth1", other)), Defaults: v6("eth0")},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:0:5::ff:fe00:101")}},
	})
}
