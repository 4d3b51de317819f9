package netwatch

import (
	"slices"
	"testing"
)

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
	choice := func(l line, devs ...string) line {
		l.LANs = devs
		return l
	}
	// with is the line with the WAN's own address and a null route for each.
	with := func(nulls []string, a ...Addr) Tables {
		return Tables{Addrs: append(addrs(addr("lo", "::1/128", linkScope()), addr("eth0", "2001:db8::77/128", pref(1800))), a...), Defaults: wan, Unreachable: prefixes(nulls...)}
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
		{name: "the own /64 of a second WAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("wwan0", "2001:db8:5::1/64")), Defaults: append(def6("eth0"), def6("wwan0")...), Unreachable: prefixes("2001:db8:5::/64")},
			want: none("", "delegates no prefix")},
		{name: "the own /64 of a named WAN without a default route", d: named6("eth0"), t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128")), Unreachable: prefixes("2001:db8::/64")},
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
		{name: "a guest network beside br-lan", t: with(one, addr("br-guest", "2001:db8:1200::1/64"), addr("br-lan", null)), want: choice(want(del, "2001:db8:1200:1::/64", "br-lan"), "br-lan", "br-guest")},
		{name: "no br-lan: the guests' bridge comes first by name, but lan has the lowest /64",
			t:    with(one, addr("br-guest", "2001:db8:1200:10::1/64"), addr("lan", "2001:db8:1200::1/60")),
			want: choice(want(del, "2001:db8:1200::/64", "lan"), "lan", "br-guest")},
		{name: "no br-lan: br-home beside two more",
			t:    with(one, addr("br-guest", "2001:db8:1200:10::1/64"), addr("br-iot", "2001:db8:1200:20::1/64"), addr("br-home", "2001:db8:1200::1/60")),
			want: choice(want(del, "2001:db8:1200::/64", "br-home"), "br-home", "br-guest", "br-iot")},
		{name: "no br-lan, two prefixes: the lowest /64 in its own delegation",
			t:    with([]string{del, "2001:db8:2200::/56"}, addr("br-guest", "2001:db8:1200:10::1/64", pref(900)), addr("br-guest", "2001:db8:2200:10::1/64", pref(900)), addr("lan", "2001:db8:2200::1/60", pref(900))),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del, "2001:db8:2200::/56"), Prefix: pfx("2001:db8:2200::/64"), LAN: "lan", LANs: []string{"lan", "br-guest"}}},
		{name: "no br-lan, both in one /64: by name", t: with(one, addr("lan2", "2001:db8:1200::2/64"), addr("lan1", "2001:db8:1200::1/64")),
			want: choice(want(del, "2001:db8:1200::/64", "lan1"), "lan1", "lan2")},
		{name: "the published prefix of another device does not stay", last: lastPfx("2001:db8:1200:2::/64"),
			t: with(one, addr("br-guest", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: choice(want(del, "2001:db8:1200:1::/64", "br-lan"), "br-lan", "br-guest")},
		{name: "a guest network without a prefix is no choice", t: with(one, addr("br-guest", "fd6b::1/64"), addr("br-guest", "2001:db8:1200:2::1/64", deprecated), addr("br-lan", null)), want: want(del, "2001:db8:1200:1::/64", "br-lan")},
		{name: "LAN named: the guests'", d: namedLAN("br-guest"), t: with(one, addr("br-guest", "2001:db8:1200:2::1/64"), addr("br-lan", null)), want: want(del, "2001:db8:1200:2::/64", "br-guest")},
		{name: "LAN named, no address on it", d: namedLAN("br-guest"), t: with(one, addr("br-lan", null)),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: "br-guest", Delegated: prefixes(del), NoPrefix: "br-guest has no address in " + del}},
		{name: "LAN named lo", d: namedLAN("lo"), t: with(one, addr("lo", null)),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: "lo", Delegated: prefixes(del), NoPrefix: "not-a-lan: lo is loopback"}},
		{name: "lo is never the LAN", t: with(one, addr("lo", null)), want: none(del, "no LAN device has an address")},
		{name: "a device with an IPv4 default route is never the LAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("br-lan", null)), Defaults: append(def6("eth0"), def4("br-lan", 0, "")), Unreachable: prefixes(del)},
			want: line{WAN: "br-lan", NoIPv4: "br-lan has no IPv4", WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del), NoPrefix: "no LAN device has an address"}},
		{name: "a second WAN, of a worse metric, is never the LAN", t: Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("eth1", null)), Defaults: append(def6("eth0"), Route{Dev: "eth1", IPv6: true, Metric: 1024}), Unreachable: prefixes(del)},
			want: none(del, "no LAN device has an address")},
		{name: "another router behind br-lan is the way out if the WAN fails",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("eth0", "2001:db8::77/128"), addr("br-lan", null)),
				Defaults: append(def6("eth0", del), def4("eth0", 0, ""), def4("br-lan", 1000, ""), Route{Dev: "br-lan", IPv6: true, Metric: 1024}), Unreachable: prefixes(del)},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0", WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del), Prefix: pfx("2001:db8:1200:1::/64"), LAN: "br-lan"}},
		{name: "extended /64, and another router behind br-lan",
			t:    Tables{Addrs: addrs(addr("eth0", "2001:db8::77/128"), addr("br-lan", "2001:db8::1/64")), Defaults: append(def6("eth0", "2001:db8::/64"), Route{Dev: "br-lan", IPv6: true, Metric: 1024}), Unreachable: prefixes("2001:db8::/64")},
			want: want("2001:db8::/64", "2001:db8::/64", "br-lan")},
		{name: "br-lan with a default route as good as another's is never the LAN",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("eth0", "2001:db8::77/128"), addr("br-lan", null)),
				Defaults: append(def6("eth0", del), def4("eth0", 0, ""), def4("br-lan", 0, "")), Unreachable: prefixes(del)},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0", WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del), NoPrefix: "no-lan-address: no LAN device has an address"}},
		{name: "lan1 with a worse default route is a second WAN",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("eth0", "2001:db8::77/128"), addr("lan1", null)),
				Defaults: append(def6("eth0", del), def4("eth0", 0, ""), def4("lan1", 1000, "")), Unreachable: prefixes(del)},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0", WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes(del), NoPrefix: "no LAN device has an address"}},
		{name: "the named WAN6 without a default route is never the LAN", d: named6("eth0"), t: Tables{Addrs: addrs(addr("eth0", "2001:db8:1200:9::77/64")), Unreachable: prefixes(del)},
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
	worse := func(rs []Route, dev string) []Route {
		rs = slices.Clone(rs)
		for i := range rs {
			if rs[i].Dev == dev {
				rs[i].Metric += 100
			}
		}
		return rs
	}
	checkRows(t, []viewRow{
		{name: "the second WAN is named: its own prefix, though the other lives longer", d: named6("eth1"), t: Tables{Addrs: lan, Defaults: filtered, Unreachable: both},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:b000::/64"), LAN: "br-lan"}},
		{name: "the first WAN is named", d: named6("eth0"), t: Tables{Addrs: lan, Defaults: filtered, Unreachable: both}, last: lastPfx("2001:db8:b000::/64"),
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "a WAN without a prefix of its own gets none", d: named6("eth2"), t: Tables{Addrs: append(lan, addr("eth2", "2001:db8:c::1/128")), Defaults: filtered, Unreachable: both},
			want: line{WAN6: "eth2", IPv6: ip("2001:db8:c::1"), Delegated: both, NoPrefix: a + " is not delegated by eth2 but by another WAN"}},
		{name: "sourcefilter 0, the second WAN is named: which of the two came by it nobody can tell", d: named6("eth1"), t: Tables{Addrs: lan, Defaults: append(v6("eth0"), v6("eth1")...), Unreachable: both},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan", UnknownWAN: true}},
		{name: "sourcefilter 0, auto", t: Tables{Addrs: lan, Defaults: append(v6("eth0"), v6("eth1")...), Unreachable: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan", UnknownWAN: true}},
		{name: "sourcefilter 0, two prefixes of the only WAN", t: Tables{Addrs: lan, Defaults: v6("eth0"), Unreachable: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "sourcefilter 0, two prefixes of the only WAN, and another router behind br-lan", t: Tables{Addrs: lan, Defaults: append(v6("eth0"), Route{Dev: "br-lan", IPv6: true, Metric: 1024}), Unreachable: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "sourcefilter 0, two WANs, one prefix, the second WAN is named", d: named6("eth1"), t: Tables{Addrs: lan[:3], Defaults: append(v6("eth0"), v6("eth1")...), Unreachable: prefixes(a)},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan", UnknownWAN: true}},
		{name: "sourcefilter 0, two WANs, one prefix, auto: there is no other", t: Tables{Addrs: lan[:3], Defaults: append(v6("eth0"), v6("eth1")...), Unreachable: prefixes(a)},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "both route the prefix", d: named6("eth1"), t: Tables{Addrs: lan[:3], Defaults: append(def6("eth0", a), def6("eth1", a)...), Unreachable: prefixes(a)},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "auto: the prefix goes with the better WAN", t: Tables{Addrs: lan, Defaults: filtered, Unreachable: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "auto: the better WAN's prefix, though the other lives longer and is published", t: Tables{Addrs: lan, Defaults: worse(filtered, "eth0"), Unreachable: both}, last: lastPfx("2001:db8:a000::/64"),
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:b000::/64"), LAN: "br-lan"}},
		{name: "auto: a fail-over, the old WAN's prefix stays on the LAN until its lease ends", t: Tables{Addrs: lan, Defaults: def6("eth1", b), Unreachable: both}, last: lastPfx("2001:db8:a000::/64"),
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:b000::/64"), LAN: "br-lan"}},
		{name: "auto: a fail-over to a WAN without a prefix: the old one is what the hosts have", t: Tables{Addrs: lan[:3], Defaults: worse(append(def6("eth0", a), def6("eth1", "2001:db8:b::1/128")...), "eth0"), Unreachable: prefixes(a)}, last: lastPfx("2001:db8:a000::/64"),
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "auto: the better WAN has no prefix", t: Tables{Addrs: lan[:3], Defaults: worse(append(def6("eth1", "2001:db8:b::1/128"), def6("eth0", a)...), "eth0"), Unreachable: prefixes(a)},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: prefixes(a), Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan"}},
		{name: "auto: br-lan is the LAN, though only the guests have the better WAN's prefix",
			t:    Tables{Addrs: append(lan[:3:3], addr("br-guest", "2001:db8:b000::1/64")), Defaults: worse(filtered, "eth0"), Unreachable: both},
			want: line{WAN6: "eth1", IPv6: ip("2001:db8:b::1"), Delegated: both, Prefix: pfx("2001:db8:a000::/64"), LAN: "br-lan", LANs: []string{"br-lan", "br-guest"}}},
		{name: "auto: two prefixes of the better WAN, the published stays", last: lastPfx("2001:db8:b000::/64"),
			t:    Tables{Addrs: lan, Defaults: def6("eth0", a, b), Unreachable: both},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8:a::1"), Delegated: both, Prefix: pfx("2001:db8:b000::/64"), LAN: "br-lan"}},
	})
}

// Hosts behind the router whose prefix nobody delegated.
func TestViewUndelegated(t *testing.T) {
	const own, slaac, static = "2001:db8::77/128", "2001:db8:9::101/64", "2001:db8:7::1/64"
	wan := def6("eth0", own, "2001:db8:9::/64")
	tables := func(a ...Addr) Tables {
		return Tables{Addrs: append(addrs(addr("lo", "::1/128", linkScope()), addr("eth0", own, pref(1800))), a...), Defaults: wan}
	}
	state := func(prefix, lan, why string) line {
		l := line{WAN6: "eth0", IPv6: ip("2001:db8::77"), LAN: lan, NoPrefix: why}
		if prefix != "" {
			l.Prefix = pfx(prefix)
		}
		return l
	}
	relay := tables(addr("eth0", slaac, pref(1800)), addr("br-lan", "fd6b::1/60"))
	checkRows(t, []viewRow{
		{name: "relay mode, auto: the WAN may be named", t: relay,
			want: state("", "", `not-delegated: the provider delegates no prefix: check that the WAN's IPv6 interface asks for one (reqprefix auto), or ask the provider; if your hosts have addresses in 2001:db8:9::/64 (relay mode, or a network of your own), set lan = "eth0"`)},
		{name: "relay mode, the WAN is named as the LAN", t: relay, d: namedLAN("eth0"), want: state("2001:db8:9::/64", "eth0", "")},
		{name: "relay mode, the WAN and its /64 have a null route, too", d: namedLAN("eth0"),
			t: Tables{Addrs: relay.Addrs, Defaults: wan, Unreachable: prefixes("2001:db8:9::/64")}, want: state("2001:db8:9::/64", "eth0", "")},
		{name: "relay mode, the DHCPv6 address is preferred longer, but tells of no /64", d: namedLAN("eth0"),
			t: Tables{Addrs: addrs(addr("eth0", own), addr("eth0", slaac, pref(60))), Defaults: wan}, want: state("2001:db8:9::/64", "eth0", "")},
		{name: "relay mode, the WAN's prefix was renumbered", d: namedLAN("eth0"), last: lastPfx("2001:db8:9::/64"),
			t: tables(addr("eth0", slaac, deprecated), addr("eth0", "2001:db8:a::101/64", pref(1800))), want: state("2001:db8:a::/64", "eth0", "")},
		{name: "a static network, auto: the LAN may be named", t: tables(addr("eth0", slaac, pref(1800)), addr("br-lan", static)),
			want: state("", "", `if your hosts have addresses in 2001:db8:7::/64 (relay mode, or a network of your own), set lan = "br-lan"`)},
		{name: "a static network, named", d: namedLAN("br-lan"), t: tables(addr("br-lan", static)), want: state("2001:db8:7::/64", "br-lan", "")},
		{name: "a static network beside a delegated prefix that the LAN has no share of",
			t:    Tables{Addrs: addrs(addr("eth0", own), addr("eth0", slaac), addr("br-lan", static)), Defaults: wan, Unreachable: prefixes("2001:db8:1200::/56")},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes("2001:db8:1200::/56"), NoPrefix: `(ip6assign 60); if your hosts have addresses in 2001:db8:7::/64 (relay mode, or a network of your own), set lan = "br-lan"`}},
		{name: "named, two prefixes: the published stays, delegated or not", d: namedLAN("br-lan"), last: lastPfx("2001:db8:7::/64"),
			t:    Tables{Addrs: addrs(addr("eth0", own), addr("br-lan", static, pref(60)), addr("br-lan", "2001:db8:1200::1/60", pref(1800))), Defaults: wan, Unreachable: prefixes("2001:db8:1200::/56")},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes("2001:db8:1200::/56"), LAN: "br-lan", Prefix: pfx("2001:db8:7::/64")}},
		{name: "named, two prefixes: the longest preferred lifetime", d: namedLAN("br-lan"),
			t:    Tables{Addrs: addrs(addr("eth0", own), addr("br-lan", static, pref(60)), addr("br-lan", "2001:db8:1200::1/60", pref(1800))), Defaults: wan, Unreachable: prefixes("2001:db8:1200::/56")},
			want: line{WAN6: "eth0", IPv6: ip("2001:db8::77"), Delegated: prefixes("2001:db8:1200::/56"), LAN: "br-lan", Prefix: pfx("2001:db8:1200::/64")}},
		{name: "named, deprecated", d: namedLAN("br-lan"), t: tables(addr("br-lan", static, deprecated)), want: state("", "br-lan", "deprecated: 2001:db8:7::1 on br-lan is deprecated")},
		{name: "named, in use by another machine", d: namedLAN("br-lan"), t: tables(addr("br-lan", static, flag(Failed))), want: state("", "br-lan", "duplicate: 2001:db8:7::1 on br-lan")},
		{name: "named, temporary", d: namedLAN("eth0"), t: tables(addr("eth0", slaac, flag(Temporary))), want: state("2001:db8::/64", "eth0", "")},
		{name: "named, an overlay's and a local address", d: namedLAN("br-lan"), t: tables(addr("br-lan", "200:1234::1/64"), addr("br-lan", "fd6b::1/60")),
			want: state("", "br-lan", "not-delegated: br-lan has no address of the internet, and the provider delegates no prefix")},
		{name: "named, no such device", d: namedLAN("br-gone"), t: tables(addr("br-lan", static)), want: state("", "br-gone", "br-gone has no address of the internet")},
		{name: "named, and the other WAN's", d: Devices{WAN6: "eth1", LAN: "eth0"}, t: relay,
			want: line{WAN6: "eth1", NoIPv6: "eth1 has no IPv6", LAN: "eth0", NoPrefix: "other-wan: 2001:db8::/64 is not delegated by eth1 but by another WAN"}},
	})
}
