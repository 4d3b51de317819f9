package netwatch

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
)

// A default route that names a nexthop object, and each of its changes.
func TestDefaultRoutesByNexthopAreSeen(t *testing.T) {
	for _, compat := range []bool{false, true} {
		e := watchRouter(t, new(rtnetlink))
		must(t, e.NexthopCompat(compat))
		defer e.NexthopCompat(true)
		must(t, e.AddWAN("eth2", "isp2"))
		must(t, e.AddAddr("eth0", lease, netip.Addr{}, Forever, Forever))
		must(t, e.AddAddr("eth0", wan6Addr, netip.Addr{}, Forever, Forever))
		must(t, e.AddAddr("eth2", pfx("93.180.44.12/24"), netip.Addr{}, Forever, Forever))
		must(t, e.SetNexthop(4, "eth0", gateway))
		must(t, e.SetNexthop(6, "eth0", ip("fe80::1")))
		d4, d6 := netwatchtest.Default4("", netip.Addr{}, netip.Addr{}, 5), netwatchtest.Default6("", netip.Addr{}, netip.Prefix{}, 512)
		d4.Nexthop, d6.Nexthop = 4, 6
		must(t, e.SetRoute(d4))
		must(t, e.SetRoute(d6))
		e.untilView("both families", func(s State) bool {
			return s.WAN == "eth0" && s.IPv4 == lease.Addr() && s.WAN6 == "eth0" && s.IPv6 == wan6Addr.Addr()
		})
		if want := []Route{{Dev: "eth0", Metric: 5}, {Dev: "eth0", IPv6: true, Metric: 512}}; !slices.Equal(e.Defaults, want) {
			t.Errorf("compat %v: default routes %+v, want %+v", compat, e.Defaults, want)
		}
		k := new(rtnetlink)
		if n := testing.AllocsPerRun(20, func() { k.Tables() }); n > 0 {
			t.Errorf("compat %v: %v allocations for a look", compat, n)
		}
		// No message but the object's own.
		must(t, e.SetNexthop(4, "eth2", ip("93.180.44.1")))
		e.untilView("the other WAN", func(s State) bool { return s.WAN == "eth2" && s.IPv4 == ip("93.180.44.12") })
		must(t, e.SetNexthop(5, "eth0", gateway))
		must(t, e.SetNexthopGroup(9, 5, 4))
		d4.Nexthop = 9
		must(t, e.SetRoute(d4))
		e.untilView("the first of the group", func(s State) bool { return s.WAN == "eth0" })
		must(t, e.DelNexthop(5))
		e.untilView("the second of the group", func(s State) bool { return s.WAN == "eth2" })
		must(t, e.DelNexthop(4))
		e.untilView("no IPv4", func(s State) bool { return s.NoIPv4.Reason == ReasonNoRoute && s.WAN6 == "eth0" })
		must(t, e.DelNexthop(6))
		e.untilView("no IPv6", func(s State) bool { return s.NoIPv6.Reason == ReasonNoRoute })
		must(t, e.Close())
	}
}

func TestParseNexthop(t *testing.T) {
	nh := func(flags uint32, attrs ...[]byte) []byte {
		return append(native.AppendUint32(make([]byte, 4), flags), slices.Concat(attrs...)...)
	}
	id := func(n uint32) []byte { return attr32(unix.NHA_ID, n) }
	link2 := attr32(unix.NHA_OIF, 2)
	group := func(ids ...uint32) []byte {
		var b []byte
		for _, id := range ids {
			b = append(native.AppendUint32(b, id), 0, 0, 0, 0)
		}
		return attr(unix.NHA_GROUP, b)
	}
	var n nexthops
	for _, b := range [][]byte{
		nh(0, id(1), link2), nh(0, id(2), attr32(unix.NHA_OIF, 77)), nh(0, id(3), attr(unix.NHA_BLACKHOLE, nil)),
		nh(0, id(4), group(2, 3, 1)), nh(0, id(5), group(2, 3)), nh(unix.RTNH_F_DEAD, id(6), link2), nh(0, id(7), group(4)),
		nh(0, id(8), attr(unix.NHA_GROUP, make([]byte, 7))), nh(0, id(9), link2)[:7], nh(0, link2),
	} {
		n.parse(b)
	}
	for id, want := range map[uint32]string{1: "eth0", 2: "", 3: "", 4: "eth0", 5: "", 6: "", 7: "", 8: "", 9: "", 10: ""} {
		if l, ok := n.find(id, testLinks); l.name != want || ok != (want != "") {
			t.Errorf("nexthop %d leads by %q, want %q", id, l.name, want)
		}
	}
}
