package netwatch

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// msg is a netlink message of the parts given.
func msg(typ uint16, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	b := native.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = native.AppendUint16(b, typ)
	b = append(b, make([]byte, 10)...)
	return append(b, body...)
}

func attr(typ uint16, val []byte) []byte {
	b := native.AppendUint16(nil, uint16(4+len(val)))
	b = native.AppendUint16(b, typ)
	b = append(b, val...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

func ipBytes(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

// rtmsg is the fixed part of a route message: family, lengths of destination
// and source, table, type, flags.
func rtmsg(family, dst, src, table, typ uint8, flags uint32) []byte {
	return native.AppendUint32([]byte{family, dst, src, 0, table, 4, 0, typ}, flags)
}

func table(n uint32) []byte { return attr32(unix.RTA_TABLE, n) }
func oif(n uint32) []byte   { return attr32(unix.RTA_OIF, n) }

const (
	v4f, v6f = unix.AF_INET, unix.AF_INET6
	uni      = unix.RTN_UNICAST
	unre     = unix.RTN_UNREACHABLE
)

var testLinks = links{1: {name: "lo"}, 2: {name: "eth0"}, 3: {name: "br-lan"}, 4: {"wg0", true}}

func TestParseRoute(t *testing.T) {
	hop := func(flags uint8, index uint32) []byte {
		return native.AppendUint32(append(native.AppendUint16(nil, 8), flags, 0), index)
	}
	src56 := netip.MustParsePrefix("2001:db8:1200::/56")
	type result struct {
		r    Route
		null netip.Prefix
	}
	for _, c := range []struct {
		name   string
		body   []byte
		family uint8
		want   result
	}{
		{"IPv4 default", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), oif(2), attr(unix.RTA_PREFSRC, ipBytes("85.10.20.77"))), v4f, result{r: Route{Dev: "eth0", Src: ip("85.10.20.77")}}},
		{"IPv4 default with a metric", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr32(unix.RTA_PRIORITY, 10), oif(2)), v4f, result{r: Route{Dev: "eth0", Metric: 10}}},
		{"IPv4 default of a tunnel", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), oif(4)), v4f, result{r: Route{Dev: "wg0", Tunnel: true}}},
		{"IPv6 source-filtered default", slices.Concat(rtmsg(v6f, 0, 56, 254, uni, 0), table(254), attr(unix.RTA_SRC, ipBytes("2001:db8:1200::")), oif(2), attr32(unix.RTA_PRIORITY, 512)), v6f, result{r: Route{Dev: "eth0", IPv6: true, Metric: 512, From: src56}}},
		{"delegated prefix", slices.Concat(rtmsg(v6f, 56, 0, 254, unre, 0), table(254), attr(unix.RTA_DST, ipBytes("2001:db8:1200::")), oif(1)), v6f, result{null: src56}},
		{"no table attribute", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), oif(2)), v4f, result{r: Route{Dev: "eth0"}}},
		{"mwan3's copy in table 1", slices.Concat(rtmsg(v6f, 56, 0, 1, unre, 0), table(1), attr(unix.RTA_DST, ipBytes("2001:db8:1200::")), oif(1)), v6f, result{}},
		{"mwan3's default in table 2", slices.Concat(rtmsg(v4f, 0, 0, 2, uni, 0), table(2), oif(2)), v4f, result{}},
		{"table 510, which ends in 254", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), oif(2), table(510)), v4f, result{}},
		{"table 1000", slices.Concat(rtmsg(v4f, 0, 0, 252, uni, 0), table(1000), oif(2)), v4f, result{}},
		{"table main by attribute alone", slices.Concat(rtmsg(v4f, 0, 0, 0, uni, 0), table(254), oif(2)), v4f, result{r: Route{Dev: "eth0"}}},
		{"a LAN route", slices.Concat(rtmsg(v4f, 24, 0, 254, uni, 0), table(254), attr(unix.RTA_DST, ipBytes("192.168.1.0")), oif(3)), v4f, result{}},
		{"an unreachable IPv4 route", slices.Concat(rtmsg(v4f, 24, 0, 254, unre, 0), table(254), attr(unix.RTA_DST, ipBytes("192.168.1.0")), oif(3)), v4f, result{}},
		{"the kernel's own unreachable default", slices.Concat(rtmsg(v6f, 0, 0, 254, unre, 0), table(254), oif(1), attr32(unix.RTA_PRIORITY, 4294967295)), v6f, result{}},
		{"a blackhole default", slices.Concat(rtmsg(v4f, 0, 0, 254, unix.RTN_BLACKHOLE, 0), table(254), oif(1)), v4f, result{}},
		{"a default for one type of service", slices.Concat([]byte{v4f, 0, 0, 16, 254, 4, 0, uni, 0, 0, 0, 0}, table(254), oif(2)), v4f, result{}},
		{"the cable is out: linkdown", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, unix.RTNH_F_LINKDOWN), table(254), oif(2)), v4f, result{}},
		{"dead", slices.Concat(rtmsg(v6f, 0, 0, 254, uni, unix.RTNH_F_DEAD), table(254), oif(2)), v6f, result{}},
		{"a cloned route of the cache", slices.Concat(rtmsg(v6f, 0, 0, 254, uni, unix.RTM_F_CLONED), table(254), oif(2)), v6f, result{}},
		{"multipath: the first live nexthop", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr(unix.RTA_MULTIPATH, slices.Concat(hop(unix.RTNH_F_DEAD, 9), hop(0, 3), hop(0, 2)))), v4f, result{r: Route{Dev: "br-lan"}}},
		{"multipath: none is live", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr(unix.RTA_MULTIPATH, slices.Concat(hop(unix.RTNH_F_DEAD, 2), hop(unix.RTNH_F_LINKDOWN, 3)))), v4f, result{}},
		{"a nexthop object (RTA_NH_ID) still names the device", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr32(30, 7), oif(2)), v4f, result{r: Route{Dev: "eth0"}}},
		{"a nexthop object alone", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr32(30, 7), attr32(unix.RTA_PRIORITY, 10)), v4f, result{r: Route{Metric: 10, nexthop: 7}}},
		{"a group of which no nexthop is live", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), attr32(30, 7), attr(unix.RTA_MULTIPATH, hop(unix.RTNH_F_DEAD, 2))), v4f, result{}},
		{"a link that is down, or gone", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), oif(77)), v4f, result{}},
		{"another family than asked for", slices.Concat(rtmsg(v4f, 0, 0, 254, uni, 0), table(254), oif(2)), v6f, result{}},
		{"a source of 200 bits", slices.Concat(rtmsg(v6f, 0, 200, 254, uni, 0), table(254), attr(unix.RTA_SRC, ipBytes("2001:db8:1200::")), oif(2)), v6f, result{}},
		{"a destination of 5 bytes", slices.Concat(rtmsg(v6f, 56, 0, 254, unre, 0), table(254), attr(unix.RTA_DST, make([]byte, 5))), v6f, result{}},
		{"an unreachable route without destination", slices.Concat(rtmsg(v6f, 56, 0, 254, unre, 0), table(254)), v6f, result{}},
		{"cut", rtmsg(v6f, 56, 0, 254, unre, 0)[:11], v6f, result{}},
	} {
		r, null, isDefault, isNull := testLinks.parseRoute(c.body, c.family)
		if isDefault != (c.want.r != Route{}) || isNull != c.want.null.IsValid() {
			t.Errorf("%s: default %v, null %v, want %+v", c.name, isDefault, isNull, c.want)
		}
		if isDefault && r != c.want.r || isNull && null != c.want.null {
			t.Errorf("%s: %+v %v, want %+v", c.name, r, null, c.want)
		}
	}
}

func TestParseAddr(t *testing.T) {
	ifa := func(family, bits, flags, scope uint8, index uint32) []byte {
		return native.AppendUint32([]byte{family, bits, flags, scope}, index)
	}
	info := func(preferred uint32) []byte {
		b := native.AppendUint32(nil, preferred)
		b = native.AppendUint32(b, 7200)
		return attr(unix.IFA_CACHEINFO, append(b, make([]byte, 8)...))
	}
	six := attr(unix.IFA_ADDRESS, ipBytes("2001:db8::7"))
	for _, c := range []struct {
		name   string
		body   []byte
		family uint8
		want   Addr // zero: none
	}{
		{"IPv4", slices.Concat(ifa(v4f, 24, 0x80, 0, 2), attr(unix.IFA_ADDRESS, ipBytes("85.10.20.77")), attr(unix.IFA_LOCAL, ipBytes("85.10.20.77")), info(Forever)), v4f, addr("eth0", "85.10.20.77/24")},
		{"PPPoE: ours, not the peer's", slices.Concat(ifa(v4f, 32, 0x80, 0, 2), attr(unix.IFA_ADDRESS, ipBytes("62.1.1.1")), attr(unix.IFA_LOCAL, ipBytes("203.0.113.7"))), v4f, addr("eth0", "203.0.113.7/32")},
		{"the order of attributes decides nothing", slices.Concat(ifa(v4f, 32, 0x80, 0, 2), attr(unix.IFA_LOCAL, ipBytes("203.0.113.7")), attr(unix.IFA_ADDRESS, ipBytes("62.1.1.1"))), v4f, addr("eth0", "203.0.113.7/32")},
		{"an IPv4 secondary address is not temporary", slices.Concat(ifa(v4f, 24, 0x81, 0, 2), attr(unix.IFA_LOCAL, ipBytes("85.10.20.78")), attr32(unix.IFA_FLAGS, 0x81)), v4f, addr("eth0", "85.10.20.78/24")},
		{"link scope", slices.Concat(ifa(v4f, 16, 0, unix.RT_SCOPE_LINK, 2), attr(unix.IFA_LOCAL, ipBytes("169.254.1.1"))), v4f, addr("eth0", "169.254.1.1/16", linkScope())},
		{"IPv6 with lifetimes", slices.Concat(ifa(v6f, 64, 0, 0, 2), six, info(1800)), v6f, addr("eth0", "2001:db8::7/64", pref(1800))},
		{"deprecated", slices.Concat(ifa(v6f, 64, 0x20, 0, 2), six, info(0)), v6f, addr("eth0", "2001:db8::7/64", deprecated)},
		{"temporary", slices.Concat(ifa(v6f, 64, 0x01, 0, 2), six), v6f, addr("eth0", "2001:db8::7/64", flag(Temporary))},
		{"tentative", slices.Concat(ifa(v6f, 64, 0x40, 0, 2), six), v6f, addr("eth0", "2001:db8::7/64", flag(Tentative))},
		{"failed detection", slices.Concat(ifa(v6f, 64, 0x48, 0, 2), six), v6f, addr("eth0", "2001:db8::7/64", flag(Tentative|Failed))},
		{"flags of 32 bits over those of 8", slices.Concat(ifa(v6f, 64, 0x01, 0, 2), six, attr32(unix.IFA_FLAGS, 0x220)), v6f, addr("eth0", "2001:db8::7/64", flag(Deprecated))},
		{"an IPv6 peer", slices.Concat(ifa(v6f, 128, 0, 0, 2), attr(unix.IFA_ADDRESS, ipBytes("2001:db8::1")), attr(unix.IFA_LOCAL, ipBytes("2001:db8::7"))), v6f, addr("eth0", "2001:db8::7/128")},
		{"of a link that is down, or gone", slices.Concat(ifa(v6f, 64, 0, 0, 77), six), v6f, Addr{}},
		{"of another family", slices.Concat(ifa(v6f, 64, 0, 0, 2), six), v4f, Addr{}},
		{"of a wrong length", slices.Concat(ifa(v6f, 64, 0, 0, 2), attr(unix.IFA_ADDRESS, ipBytes("1.2.3.4"))), v6f, Addr{}},
		{"without address", ifa(v6f, 64, 0, 0, 2), v6f, Addr{}},
		{"cut", ifa(v6f, 64, 0, 0, 2)[:7], v6f, Addr{}},
	} {
		got, ok := testLinks.parseAddr(c.body, c.family)
		if ok != (c.want != Addr{}) || ok && got != c.want {
			t.Errorf("%s: %+v %v, want %+v", c.name, got, ok, c.want)
		}
	}
}

func TestParseLink(t *testing.T) {
	ifi := func(index, flags uint32) []byte {
		b := native.AppendUint32(make([]byte, 4), index)
		return append(native.AppendUint32(b, flags), make([]byte, 4)...)
	}
	up := func(index uint32, name string, attrs ...[]byte) []byte {
		return slices.Concat(ifi(index, unix.IFF_UP|unix.IFF_RUNNING), attr(99, nil), attr(unix.IFLA_IFNAME, []byte(name+"\x00")), slices.Concat(attrs...))
	}
	kind := func(k string) []byte {
		return attr(unix.IFLA_LINKINFO|unix.NLA_F_NESTED, slices.Concat(attr(unix.IFLA_INFO_DATA, nil), attr(unix.IFLA_INFO_KIND, []byte(k))))
	}
	l := links{}
	for _, b := range [][]byte{
		up(4, "pppoe-wan", kind("ppp")), up(7, "wg0", kind("wireguard\x00")), up(8, "tun0", kind("tun")), up(9, "ds-wan", kind("ip6tnl\x00")),
		up(10, "tunnel", attr(unix.IFLA_LINKINFO, []byte("tun"))),
		slices.Concat(ifi(5, unix.IFF_BROADCAST), attr(unix.IFLA_IFNAME, []byte("down0\x00"))),
		ifi(6, unix.IFF_UP)[:10],
		ifi(11, unix.IFF_UP),
	} {
		l.parseLink(b, nil)
	}
	if want := (links{4: {"pppoe-wan", false}, 7: {"wg0", true}, 8: {"tun0", true}, 9: {"ds-wan", false}, 10: {"tunnel", false}}); !maps.Equal(l, want) {
		t.Errorf("links = %v, want %v: those that are up", l, want)
	}
}

func TestErrnoOf(t *testing.T) {
	minus := func(e unix.Errno) []byte { return native.AppendUint32(nil, uint32(-int32(e))) }
	if err := errnoOf(minus(unix.ENOENT)); err != unix.ENOENT {
		t.Errorf("errnoOf = %v, want ENOENT", err)
	}
	if errnoOf(minus(0)) != nil || errnoOf(nil) != nil {
		t.Error("an end without an error is one")
	}
}

func TestADumpThatWasInterruptedIsSaidToBe(t *testing.T) {
	piece := msg(unix.RTM_NEWADDR, make([]byte, 8))
	native.PutUint16(piece[6:], unix.NLM_F_DUMP_INTR)
	c, n, interrupted := dumper{}, 0, false
	done, err := c.parseChunk(append(piece, msg(unix.NLMSG_DONE, make([]byte, 4))...), unix.RTM_NEWADDR, func([]byte) { n++ }, &interrupted)
	if !done || err != errInterrupted || n != 1 {
		t.Errorf("parseChunk: done %v, %v, %d messages, want errInterrupted after one", done, err, n)
	}
	if _, err := c.parseChunk([]byte{9, 0, 0, 0, 1}, 0, nil, &interrupted); err != unix.EBADMSG {
		t.Errorf("a torn piece: %v, want EBADMSG", err)
	}
}

func TestWhatThereIsNoneOfIsEmpty(t *testing.T) {
	for _, err := range []error{nil, unix.ENOENT, unix.EOPNOTSUPP, unix.EAFNOSUPPORT} {
		if ignoreMissing(err) != nil {
			t.Errorf("%v: no table main, or no IPv6, is an error", err)
		}
	}
	if ignoreMissing(unix.EPERM) != unix.EPERM {
		t.Error("EPERM is none")
	}
}
