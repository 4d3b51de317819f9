package netwatch

import "testing"

func TestViewPrefix(t *testing.T) {
	const del, null = "2001:db8:1200::/56", "2001:db8:1200:1::1/60"
	wan := def6("eth0", del, "2001:db8::/64")
	want := func(delegated, prefix, lan string) line {
		return line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(delegated), Prefix: pfx(prefix), LAN: lan}
	}
	none := func(delegated, why string) line {
		s := line{WAN6: "eth0", IPv6: ip("2001:db8::77"), NoPrefix: why}
		if delegated != "" {
			s.Delegated = prefixes(delegated)
		}
		return s
	}
	// with is the line with the WAN's own address and a null route for each.
	with := func(nulls []string, a ...Addr) Tables {
		return Tables{Addrs: append(addrs(addr("lo", "::1/128", linkScope()), addr("eth0", "2001:db8::77/128", pref(1800))), a...), Defaults: wan, Null: prefixes(nulls...)}
	}
	one := []string{del}
	checkRows(t, []viewRow{
		{name: "a /56 with a /60 on the LAN: the /64 of the address", t: with(one, addr("br-lan", "2001:db8:1200:10::1/60")), want: want(del, "2001:db8:1200:10::/64", "br-lan")},
		{name: "not the /60's first /64 but the address's", t: with(one, addr("br-lan", "2001:db8:1200:13::1/60")), want: want(del, "2001:db8:1200:13::/64", "br-lan")},
		{name: "a /64 delegated", t: with([]string{"2001:db8:9::/64"}, addr("br-lan", "2001:db8:9::1/64")), want: want("2001:db8:9::/64", "2001:db8:9::/64", "br-lan")},
		{name: "nothing delegated", t: with(nil, addr("br-lan", "2001:db8:1200::1/60")), want: none("", "delegates no prefix")},
		{name: "no LAN address: downstream only", t: with(one), want: none(del, "no LAN device has an address in "+del)},
		{name: "a LAN address outside of the delegated prefix", t: with(one, addr("br-lan", "2001:db8:1300::1/60")), want: none(del, "no LAN device has an address")},
		{name: "the ULA is not delegated", t: with([]string{"fd6b:1234:5678::/48"}, addr("br-lan", "fd6b:1234:5678::1/60")), want: none("", "delegates no prefix")},
		{name: "the ULA stands beside", t: with([]string{"fd6b:1234:5678::/48", del}, addr("br-lan", "fd6b:1234:5678::1/60"), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "the WAN's own /64 with a null route", t: with([]string{"2001:db8::/64"}), want: none("", "delegates no prefix")},
		{name: "the WAN's own /64 beside a delegated prefix", t: with([]string{"2001:db8::/64", del}, addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "the own /64 of a second WAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("wwan0", "2001:db8:5::1/64")), Defaults: append(def6("eth0"), def6("wwan0")...), Null: prefixes("2001:db8:5::/64")},
			want: none("", "delegates no prefix")},
		{name: "the own /64 of a named WAN without a default route", d: named6("eth0"), t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128")), Null: prefixes("2001:db8::/64")},
			want: none("", "delegates no prefix")},
		{name: "extended /64: the LAN has an address in the WAN's", t: with([]string{"2001:db8::/64"}, addr("br-lan", "2001:db8::1/64")), want: want("2001:db8::/64", "2001:db8::/64", "br-lan")},
		{name: "the WAN's address lies inside the delegated /56", t: with([]string{"2001:db8::/56"}, addr("br-lan", "2001:db8:0:1::1/64")), want: want("2001:db8::/56", "2001:db8:0:1::/64", "br-lan")},
		{name: "deprecated LAN address", t: with(one, addr("br-lan", null, deprecated)), want: none(del, "2001:db8:1200:1::1 on br-lan is deprecated")},
		{name: "LAN address that ran out", t: with(one, addr("br-lan", null, pref(0))), want: none(del, "deprecated")},
		{name: "failed LAN address", t: with(one, addr("br-lan", null, flag(Failed))), want: none(del, "in use by another machine")},
		{name: "temporary LAN address", t: with(one, addr("br-lan", null, flag(Temporary))), want: none(del, "no LAN device has an address")},
		{name: "tentative LAN address counts", t: with(one, addr("br-lan", null, flag(Tentative))), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "link-scope LAN address", t: with(one, addr("br-lan", null, linkScope())), want: none(del, "no LAN device has an address")},
		{name: "the prefix was renumbered: old address deprecated beside the new", t: with([]string{del, "2001:db8:2200::/56"}, addr("br-lan", null, deprecated), addr("br-lan", "2001:db8:2200::1/60", pref(1800))),
			last: lastPfx("2001:db8:1200:1::/64"),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del, "2001:db8:2200::/56"), Prefix: pfx("2001:db8:2200::/64"), LAN: "br-lan"}},
		{name: "a dead prefix flaps: its null route without an address", t: with([]string{"2001:db8:2200::/56", del}, addr("br-lan", "2001:db8:2200::1/60", pref(1800))),
			last: lastPfx("2001:db8:2200::/64"),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del, "2001:db8:2200::/56"), Prefix: pfx("2001:db8:2200::/64"), LAN: "br-lan"}},
		{name: "a prefix delegated twice is listed once", t: with([]string{del, del}, addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "null routes longer than a /64, multicast, everything", t: with([]string{"2001:db8:3::/65", "ff00::/8", "::/0", "fe80::/10"}), want: none("", "delegates no prefix")},
		{name: "an overlay's prefix, preferred for ever, beside the provider's", t: with([]string{"200:1234::/56", del}, addr("br-lan", "200:1234::1/64"), addr("br-lan", null, pref(1800))), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "an overlay's prefix alone is not delegated", t: with([]string{"200:1234::/56"}, addr("br-lan", "200:1234::1/64")), want: none("", "delegates no prefix")},
		{name: "6to4's prefix", t: with([]string{"2002:550a:144d::/48"}, addr("br-lan", "2002:550a:144d:1::1/64")), want: none("", "delegates no prefix")},
		{name: "br-lan before others by name", t: with(one, addr("br-guest", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "no br-lan: by name", t: with(one, addr("lan2", "2001:db8:1200:2::1/64"), addr("lan1", null)), want: want(del, "2001:db8:1200:1::/64", "lan1")},
		{name: "the published prefix of another device does not stay", last: lastPfx("2001:db8:1200:2::/64"),
			t: with(one, addr("br-guest", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "LAN named: the guests'", d: namedLAN("br-guest"), t: with(one, addr("br-guest", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: want(del, "2001:db8:1200:2::/64", "br-guest")},
		{name: "LAN named, no address on it", d: namedLAN("br-guest"), t: with(one, addr("br-lan", null)),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: "br-guest", Delegated: prefixes(del), NoPrefix: "br-guest has no address in " + del}},
		{name: "LAN named but it has a default route", d: namedLAN("eth0"), t: with(one, addr("eth0", null)),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: "eth0", Delegated: prefixes(del), NoPrefix: "eth0 is loopback or has a default route"}},
		{name: "LAN named lo", d: namedLAN("lo"), t: with(one, addr("lo", null)),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: "lo", Delegated: prefixes(del), NoPrefix: "lo is loopback"}},
		{name: "lo is never the LAN", t: with(one, addr("lo", null)), want: none(del, "no LAN device has an address")},
		{name: "a device with an IPv4 default route is never the LAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("br-lan", null)), Defaults: append(def6("eth0"), def4("br-lan", 0, "")), Null: prefixes(del)},
			want: line{WAN: "br-lan", NoIPv4: "br-lan has no IPv4", WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del), NoPrefix: "no LAN device has an address"}},
		{name: "a second WAN, of a worse metric, is never the LAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("eth1", null)), Defaults: append(def6("eth0"), Route{Dev: "eth1", IPv6: true, Metric: 1024}), Null: prefixes(del)},
			want: none(del, "no LAN device has an address")},
		{name: "the named WAN6 without a default route is never the LAN", d: named6("eth0"), t: Tables{Addrs: addrs(addr("eth0", "2001:db8:1200:9::77/64")), Null: prefixes(del)},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:1200:9::77"), Delegated: prefixes(del), NoPrefix: "no LAN device has an address"}},
		{name: "two on the LAN: the longest preferred lifetime", t: with(one, addr("br-lan", null, pref(1800)), addr("br-lan", "2001:db8:1200:2::1/64", pref(3600))), want: want(del, "2001:db8:1200:2::/64", "br-lan")},
		{name: "two on the LAN of one lifetime: the lowest", t: with(one, addr("br-lan", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "two on the LAN whose lifetimes take turns: the published stays", last: lastPfx("2001:db8:1200:1::/64"),
			t: with(one, addr("br-lan", null, pref(100)), addr("br-lan", "2001:db8:1200:2::1/64", pref(3600))), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "the published prefix is withdrawn: its null route is gone", last: lastPfx("2001:db8:1300::/64"),
			t: with(one, addr("br-lan", "2001:db8:1300::1/60"), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
	})
}

// A second line's prefix must not be published under the first one's name.
func TestViewTwoWANs(t *testing.T) {
	const a, b = "2001:db8:a000::/56", "2001:db8:b000::/56"
	lan := addrs(addr("eth0", "2001:db8:a::1/128"), addr("eth1", "2001:db8:b::1/128"),
		addr("br-lan", "2001:db8:a000::1/60", pref(3600)), addr("br-lan", "2001:db8:b000::1/60", pref(1800)))
	filtered := append(def6("eth0", a), def6("eth1", b)...)
	both := prefixes(a, b)
	checkRows(t, []viewRow{
		{name: "the second WAN is named: its own prefix, though the other lives longer", d: named6("eth1"), t: Tables{Addrs: lan, Defaults: filtered, Null: both},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:b000::/64"), LAN: "br-lan"}},
		{name: "the first WAN is named", d: named6("eth0"), t: Tables{Addrs: lan, Defaults: filtered, Null: both}, last: lastPfx("2001:db8:b000::/64"),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "a WAN without a prefix of its own gets none", d: named6("eth2"), t: Tables{Addrs: append(lan, addr("eth2", "2001:db8:c::1/128")), Defaults: filtered, Null: both},
			want: line{WAN6: "eth2", IPv6: ip("2001:db8:c::1"), Delegated: both, NoPrefix: a + " is not delegated by eth2 but by another WAN"}},
		{name: "default routes without a source tell nothing", d: named6("eth1"), t: Tables{Addrs: lan, Defaults: append(v6("eth0"), v6("eth1")...), Null: both},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "both route the prefix", d: named6("eth1"), t: Tables{Addrs: lan[:3], Defaults: append(def6("eth0", a), def6("eth1", a)...), Null: prefixes(a)},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "auto takes what there is", t: Tables{Addrs: lan, Defaults: filtered, Null: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
	})
}
