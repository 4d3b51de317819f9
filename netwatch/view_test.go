package netwatch

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The rows below are written with these: an address with its length, a
// default route, a null route. Options follow.

type opt func(*Addr)

func addr(dev, p string, opts ...opt) Addr {
	pp := netip.MustParsePrefix(p)
	a := Addr{Dev: dev, Addr: pp.Addr(), Bits: pp.Bits(), Global: true, Preferred: Forever}
	for _, o := range opts {
		o(&a)
	}
	return a
}

func pref(s uint32) opt      { return func(a *Addr) { a.Preferred = s } }
func flag(f AddrFlags) opt   { return func(a *Addr) { a.Flags |= f } }
func linkScope() opt         { return func(a *Addr) { a.Global = false } }
func deprecated(a *Addr)     { a.Flags |= Deprecated; a.Preferred = 0 }
func addrs(a ...Addr) []Addr { return a }

func def4(dev string, metric uint32, src string) Route {
	r := Route{Dev: dev, Metric: metric}
	if src != "" {
		r.Src = netip.MustParseAddr(src)
	}
	return r
}

func tunnel(dev string, metric uint32) Route { return Route{Dev: dev, Metric: metric, Tunnel: true} }

func def6(dev string, from ...string) []Route {
	if len(from) == 0 {
		return []Route{{Dev: dev, IPv6: true, Metric: 512}}
	}
	var rs []Route
	for _, f := range from {
		rs = append(rs, Route{Dev: dev, IPv6: true, Metric: 512, From: netip.MustParsePrefix(f)})
	}
	return rs
}

func prefixes(ps ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range ps {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func ip(s string) netip.Addr      { return netip.MustParseAddr(s) }
func pfx(s string) netip.Prefix   { return netip.MustParsePrefix(s) }
func last6(s string) State        { return State{IPv6: ip(s)} }
func lastPfx(s string) State      { return State{Prefix: pfx(s)} }
func v6(dev string) []Route       { return def6(dev) }
func v4(r ...Route) []Route       { return r }
func named(wan string) Devices    { return Devices{WAN: wan} }
func named6(wan6 string) Devices  { return Devices{WAN6: wan6} }
func namedLAN(lan string) Devices { return Devices{LAN: lan} }

// viewRow is one case.
type viewRow struct {
	name string
	t    Tables
	d    Devices
	last State
	want line
}

// line is a State, of whose reasons a part of "word: sentence" is given.
type line struct {
	IPv4                     netip.Addr
	WAN                      string
	IPv6                     netip.Addr
	WAN6                     string
	Delegated                []netip.Prefix
	Prefix                   netip.Prefix
	LAN                      string
	LANs                     []string
	UnknownWAN               bool
	NoIPv4, NoIPv6, NoPrefix string
}

func checkRows(t *testing.T, rows []viewRow) {
	t.Helper()
	var again State
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got := View(r.t, r.d, r.last)
			checkView(t, got, r.want)
			if ViewInto(&again, r.t, r.d, r.last); !again.Equal(got) {
				t.Errorf("ViewInto, into what other rows left: %+v, want %+v", again, got)
			}
			if n := testing.AllocsPerRun(10, func() { ViewInto(&again, r.t, r.d, r.last); again.Equal(got) }); n > 0 {
				t.Errorf("ViewInto and Equal allocate %v times", n)
			}
		})
	}
}

// checkView compares whole States: reasons must contain what want says, and
// stand exactly where there is no value.
func checkView(t *testing.T, got State, want line) {
	t.Helper()
	reason := func(name string, got Missing, of Value, want string, valid bool) {
		t.Helper()
		said := got.Reason.String() + ": " + got.Text()
		if valid != (got == Missing{}) || !valid && got.Of != of || !strings.Contains(said, want) {
			t.Errorf("%s = %q, want …%s… (there is a value: %v)", name, said, want, valid)
		}
	}
	reason("NoIPv4", got.NoIPv4, ValueIPv4, want.NoIPv4, got.IPv4.IsValid())
	reason("NoIPv6", got.NoIPv6, ValueIPv6, want.NoIPv6, got.IPv6.IsValid())
	reason("NoPrefix", got.NoPrefix, ValuePrefix, want.NoPrefix, got.Prefix.IsValid())
	w := State{IPv4: want.IPv4, WAN: want.WAN, IPv6: want.IPv6, WAN6: want.WAN6, Delegated: want.Delegated, Prefix: want.Prefix, LAN: want.LAN, LANs: want.LANs, UnknownWAN: want.UnknownWAN,
		NoIPv4: got.NoIPv4, NoIPv6: got.NoIPv6, NoPrefix: got.NoPrefix}
	if !got.Equal(w) {
		t.Errorf("View =\n%+v, want\n%+v", got, w)
	}
}

func TestViewIPv4(t *testing.T) {
	checkRows(t, []viewRow{
		{name: "the line is down", want: line{NoIPv4: "no IPv4 default route", NoIPv6: "no IPv6 default route", NoPrefix: "delegates no prefix"}},
		{name: "DHCP on a cable modem",
			t:    Tables{Addrs: addrs(addr("lo", "127.0.0.1/8", linkScope()), addr("eth0", "85.10.20.77/24"), addr("br-lan", "192.168.1.1/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0"}},
		{name: "PPPoE with the provider's router as peer",
			t:    Tables{Addrs: addrs(addr("br-lan", "192.168.1.1/24"), addr("pppoe-wan", "203.0.113.7/32")), Defaults: v4(def4("pppoe-wan", 0, ""))},
			want: line{IPv4: ip("203.0.113.7"), WAN: "pppoe-wan"}},
		{name: "another router in front, 192.168", t: Tables{Addrs: addrs(addr("eth0", "192.168.178.20/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: `192.168.178.20 on eth0 is private (RFC 1918): another router stands in front of this one; set detect = "web"`}},
		{name: "another router in front, 10", t: Tables{Addrs: addrs(addr("eth0", "10.1.2.3/8")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "10.1.2.3 on eth0 is private"}},
		{name: "another router in front, 172.16", t: Tables{Addrs: addrs(addr("eth0", "172.31.255.254/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "172.31.255.254 on eth0 is private"}},
		{name: "172.32 is public", t: Tables{Addrs: addrs(addr("eth0", "172.32.0.1/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", IPv4: ip("172.32.0.1")}},
		{name: "carrier NAT", t: Tables{Addrs: addrs(addr("wwan0", "100.127.3.4/30")), Defaults: v4(def4("wwan0", 0, ""))},
			want: line{WAN: "wwan0", NoIPv4: "carrier NAT (RFC 6598), nobody can connect to it: publish ipv6 or prefix"}},
		{name: "DS-Lite", t: Tables{Addrs: addrs(addr("ds-wan", "192.0.0.2/29")), Defaults: v4(def4("ds-wan", 0, ""))},
			want: line{WAN: "ds-wan", NoIPv4: "192.0.0.2 on ds-wan is a DS-Lite or 464XLAT"}},
		{name: "464XLAT", t: Tables{Addrs: addrs(addr("464-wan", "192.0.0.1/32")), Defaults: v4(def4("464-wan", 0, ""))},
			want: line{WAN: "464-wan", NoIPv4: "192.0.0.1 on 464-wan is a DS-Lite or 464XLAT"}},
		{name: "192.0.1 is public", t: Tables{Addrs: addrs(addr("eth0", "192.0.1.1/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", IPv4: ip("192.0.1.1")}},
		{name: "no DHCP server answered", t: Tables{Addrs: addrs(addr("eth0", "169.254.7.7/16", linkScope())), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "link-local (RFC 3927)"}},
		{name: "a loopback address on the WAN", t: Tables{Addrs: addrs(addr("eth0", "127.9.9.9/32")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "loopback"}},
		{name: "0/8", t: Tables{Addrs: addrs(addr("eth0", "0.1.2.3/32")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "0.1.2.3 on eth0 is no address of a host"}},
		{name: "224/4", t: Tables{Addrs: addrs(addr("eth0", "239.1.2.3/32")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "multicast"}},
		{name: "240/4", t: Tables{Addrs: addrs(addr("eth0", "240.1.2.3/32")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "reserved"}},
		{name: "198.18, an overlay's or a benchmark's", t: Tables{Addrs: addrs(addr("eth0", "198.19.255.254/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "reserved: 198.19.255.254 on eth0 is for benchmarks (RFC 2544)"}},
		{name: "198.20 is public", t: Tables{Addrs: addrs(addr("eth0", "198.20.0.1/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", IPv4: ip("198.20.0.1")}},
		{name: "6to4's relays", t: Tables{Addrs: addrs(addr("eth0", "192.88.99.1/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "reserved: 192.88.99.1 on eth0 is for 6to4 relays"}},
		{name: "a public address of link scope", t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24", linkScope())), Defaults: v4(def4("eth0", 0, ""))},
			want: line{WAN: "eth0", NoIPv4: "85.10.20.77 on eth0 is valid on its link only"}},
		{name: "two default routes: the lower metric is the WAN",
			t:    Tables{Addrs: addrs(addr("wwan0", "198.51.100.9/24"), addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("wwan0", 20, ""), def4("eth0", 10, ""))},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0"}},
		{name: "two default routes of one metric: the first",
			t:    Tables{Addrs: addrs(addr("wwan0", "198.51.100.9/24"), addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("wwan0", 10, ""), def4("eth0", 10, ""))},
			want: line{IPv4: ip("198.51.100.9"), WAN: "wwan0"}},
		{name: "the best default route leads behind NAT: not another WAN's address, but its name",
			t:    Tables{Addrs: addrs(addr("wwan0", "100.64.0.9/24"), addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("wwan0", 5, ""), def4("eth0", 10, ""))},
			want: line{WAN: "wwan0", NoIPv4: `ask the provider for a public IPv4 address; eth0 has 85.10.20.77: if your hosts are to be reached there, set wan = "eth0"`}},
		{name: "a VPN is up and takes the default route",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wg0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			want: line{WAN: "eth0", IPv4: ip("85.10.20.77")}},
		{name: "a VPN with a public address is up, and the line has one, too",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wg0", "198.51.100.9/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			want: line{WAN: "eth0", IPv4: ip("85.10.20.77")}},
		{name: "behind carrier NAT, and reached by a tunnel with a public address",
			t:    Tables{Addrs: addrs(addr("eth0", "100.64.0.9/24"), addr("wg0", "198.51.100.9/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			want: line{WAN: "wg0", IPv4: ip("198.51.100.9")}},
		{name: "behind carrier NAT, a tunnel with a public address is the way out if it fails",
			t:    Tables{Addrs: addrs(addr("eth0", "100.64.0.9/24"), addr("wg0", "198.51.100.9/32")), Defaults: v4(def4("eth0", 0, ""), tunnel("wg0", 10))},
			want: line{WAN: "eth0", NoIPv4: `carrier-nat: 100.64.0.9 on eth0 is behind the provider's carrier NAT (RFC 6598), nobody can connect to it: publish ipv6 or prefix, or ask the provider for a public IPv4 address; wg0 has 198.51.100.9: if your hosts are to be reached there, set wan = "wg0"`}},
		{name: "behind another router, and a VPN takes the default route: not the VPN's exit",
			t:    Tables{Addrs: addrs(addr("eth0", "192.168.178.20/24"), addr("wg0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			want: line{WAN: "wg0", NoIPv4: `private: 10.8.0.2 on wg0 is private (RFC 1918): wg0 is a tunnel, a VPN's most likely: to look at the line under it set wan = "eth0"`}},
		{name: "a VPN has the only default route",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wg0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0))},
			want: line{WAN: "wg0", NoIPv4: `wg0 is a tunnel, a VPN's most likely: set wan to the device of the line under it`}},
		{name: "a VPN of another kind takes the default route",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("l2tp-vpn", "10.8.0.2/32")), Defaults: v4(def4("l2tp-vpn", 0, ""), def4("eth0", 10, ""))},
			want: line{WAN: "l2tp-vpn", NoIPv4: `private: 10.8.0.2 on l2tp-vpn is private (RFC 1918): eth0 has 85.10.20.77: if your hosts are to be reached there, set wan = "eth0"`}},
		{name: "two tunnels with public addresses, and a line without one: the better tunnel",
			t:    Tables{Addrs: addrs(addr("eth0", "192.168.178.20/24"), addr("wg0", "198.51.100.9/32"), addr("wg1", "198.51.100.10/32")), Defaults: v4(tunnel("wg0", 0), tunnel("wg1", 5), def4("eth0", 10, ""))},
			want: line{WAN: "wg0", IPv4: ip("198.51.100.9")}},
		{name: "a VPN beside MAP-E, whose address is shared",
			t:    Tables{Addrs: addrs(addr("map-wan", "85.10.20.77/32"), addr("wg0", "198.51.100.9/32")), Defaults: v4(tunnel("wg0", 0), def4("map-wan", 10, ""))},
			want: line{WAN: "wg0", IPv4: ip("198.51.100.9")}},
		{name: "a VPN and two lines: the better line, though only the other has a public address",
			t:    Tables{Addrs: addrs(addr("eth0", "100.64.0.9/24"), addr("eth2", "85.10.20.77/24"), addr("wg0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""), def4("eth2", 20, ""))},
			want: line{WAN: "eth0", NoIPv4: `carrier-nat: 100.64.0.9 on eth0 is behind the provider's carrier NAT (RFC 6598), nobody can connect to it: publish ipv6 or prefix, or ask the provider for a public IPv4 address; eth2 has 85.10.20.77: if your hosts are to be reached there, set wan = "eth2"`}},
		{name: "no address on the device of the best route, and another one has one",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("wwan0", 0, ""), def4("eth0", 10, ""))},
			want: line{WAN: "wwan0", NoIPv4: `no-address: wwan0 has no IPv4 address: no such device, or it is down; check the WAN interface, or the wan set here; eth0 has 85.10.20.77: if your hosts are to be reached there, set wan = "eth0"`}},
		{name: "a VPN is up, a line is named that has no address: no other is offered",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wwan0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			d: named("wwan0"), want: line{WAN: "wwan0", NoIPv4: `is private (RFC 1918): another router stands in front of this one; set detect = "web"`}},
		{name: "a VPN is up, the WAN is named",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wg0", "10.8.0.2/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			d: named("eth0"), want: line{IPv4: ip("85.10.20.77"), WAN: "eth0"}},
		{name: "a tunnel is named",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("wg0", "198.51.100.9/32")), Defaults: v4(tunnel("wg0", 0), def4("eth0", 10, ""))},
			d: named("wg0"), want: line{IPv4: ip("198.51.100.9"), WAN: "wg0"}},
		{name: "several addresses: the route's source",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.70/24"), addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("eth0", 0, "85.10.20.77"))},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0"}},
		{name: "several addresses, no source: the first publishable",
			t:    Tables{Addrs: addrs(addr("eth0", "192.168.100.2/24"), addr("eth0", "85.10.20.70/24"), addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("eth0", 0, ""))},
			want: line{IPv4: ip("85.10.20.70"), WAN: "eth0"}},
		{name: "several addresses, the source is private: the first publishable",
			t:    Tables{Addrs: addrs(addr("eth0", "192.168.100.2/24"), addr("eth0", "85.10.20.70/24")), Defaults: v4(def4("eth0", 0, "192.168.100.2"))},
			want: line{IPv4: ip("85.10.20.70"), WAN: "eth0"}},
		{name: "the source is another device's address",
			t:    Tables{Addrs: addrs(addr("lo", "198.51.100.1/32"), addr("eth0", "85.10.20.70/24")), Defaults: v4(def4("eth0", 0, "198.51.100.1"))},
			want: line{IPv4: ip("85.10.20.70"), WAN: "eth0"}},
		{name: "two default routes of the device: the better one's source",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.70/24"), addr("eth0", "85.10.20.77/24"), addr("eth0", "85.10.20.78/24")), Defaults: v4(def4("eth0", 9, "85.10.20.78"), def4("eth0", 5, "85.10.20.77"))},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0"}},
		{name: "MAP-E shares its address by port ranges",
			t:    Tables{Addrs: addrs(addr("map-wan", "85.10.20.77/32")), Defaults: v4(def4("map-wan", 0, ""))},
			want: line{WAN: "map-wan", NoIPv4: "map-wan shares its IPv4 address with other customers by port ranges"}},
		{name: "MAP-E with a device named publishes",
			t: Tables{Addrs: addrs(addr("map-wan", "85.10.20.77/32"))}, d: named("map-wan"),
			want: line{WAN: "map-wan", IPv4: ip("85.10.20.77")}},
		{name: "a named device without a default route",
			t: Tables{Addrs: addrs(addr("eth1", "85.10.20.77/24"))}, d: named("eth1"),
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth1"}},
		{name: "auto may be written out",
			t: Tables{Addrs: addrs(addr("eth1", "85.10.20.77/24")), Defaults: v4(def4("eth1", 0, ""))}, d: Devices{"auto", "auto", "auto"},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth1"}},
		{name: "a named device that is gone: never another WAN's address",
			t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24")), Defaults: v4(def4("eth0", 0, ""))}, d: Devices{"pppoe-wan", "pppoe-wan6", "br-gone"},
			want: line{WAN: "pppoe-wan", WAN6: "pppoe-wan6", LAN: "br-gone", NoIPv4: "pppoe-wan has no IPv4 address: no such device, or it is down", NoIPv6: "pppoe-wan6 has no IPv6 address"}},
		{name: "an IPv6 default route is none for IPv4",
			t:    Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24")), Defaults: v6("eth0")},
			want: line{WAN6: "eth0", NoIPv4: "no IPv4 default route"}},
		{name: "IPv4 of 6rd", t: Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"), addr("6rd-wan", "2001:db8:550a:144d::1/32"), addr("br-lan", "2001:db8:550a:144d::1/64")),
			Defaults: append(v6("6rd-wan"), def4("eth0", 0, "")), Unreachable: prefixes("2001:db8:550a:1400::/56")},
			want: line{IPv4: ip("85.10.20.77"), WAN: "eth0", IPv6: ip("2001:db8:550a:144d::1"), WAN6: "6rd-wan", Delegated: prefixes("2001:db8:550a:1400::/56"), Prefix: pfx("2001:db8:550a:144d::/64"), LAN: "br-lan"}},
	})
}

func TestStateEqual(t *testing.T) {
	a := State{IPv4: ip("1.2.3.4"), WAN: "a", IPv6: ip("2001:db8::1"), WAN6: "b", Delegated: prefixes("2001:db8::/56"), Prefix: pfx("2001:db8::/64"), LAN: "c", LANs: []string{"c", "d"},
		NoIPv4: Missing{Reason: ReasonPrivate}, NoIPv6: Missing{Reason: ReasonULA}, NoPrefix: Missing{Reason: ReasonOtherWAN}}
	if b := a; !a.Equal(b) {
		t.Error("a State is not equal to its copy")
	}
	b := a
	b.Delegated, b.LANs = slices.Clone(a.Delegated), slices.Clone(a.LANs)
	if !a.Equal(b) {
		t.Error("equal lists in another slice make a difference")
	}
	for i, change := range []func(*State){
		func(s *State) { s.IPv4 = ip("1.2.3.5") }, func(s *State) { s.WAN = "" }, func(s *State) { s.IPv6 = netip.Addr{} },
		func(s *State) { s.WAN6 = "" }, func(s *State) { s.Delegated = nil }, func(s *State) { s.Prefix = netip.Prefix{} },
		func(s *State) { s.LAN = "" }, func(s *State) { s.LANs = nil }, func(s *State) { s.UnknownWAN = true }, func(s *State) { s.NoIPv4 = Missing{} }, func(s *State) { s.NoIPv6.Dev = "x" }, func(s *State) { s.NoPrefix.Prefix = pfx("2001:db8::/56") },
	} {
		if b := a; func() bool { change(&b); return a.Equal(b) }() {
			t.Errorf("change %d is not seen", i)
		}
	}
}

func TestTablesHas(t *testing.T) {
	tab := Tables{Addrs: addrs(addr("eth0", "85.10.20.77/24"))}
	if !tab.Has(ip("85.10.20.77")) || tab.Has(ip("85.10.20.78")) || tab.Has(netip.Addr{}) {
		t.Error("Has is wrong about the addresses of this machine")
	}
}
