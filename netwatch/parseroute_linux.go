package netwatch

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// dead holds the flags of a nexthop that carries no packets.
const dead = unix.RTNH_F_DEAD | unix.RTNH_F_LINKDOWN

// parseRoute reads the default route or the unreachable prefix of an
// RTM_NEWROUTE message. isDefault and isNull are false for any other route.
func (l links) parseRoute(b []byte, family uint8) (r Route, null netip.Prefix, isDefault, isNull bool) {
	if len(b) < unix.SizeofRtMsg || b[0] != family || native.Uint32(b[8:])&unix.RTM_F_CLONED != 0 {
		return
	}
	if !relevant(message{typ: unix.RTM_NEWROUTE, body: b}) {
		return
	}
	if b[1] != 0 {
		null, isNull = nullRoute(b)
		return
	}
	// A route for one type of service (b[3]) carries only some packets.
	if b[7] != unix.RTN_UNICAST || b[3] != 0 {
		return
	}
	r, isDefault = l.defaultRoute(b, family)
	return
}

// nullRoute returns the destination of an unreachable IPv6 route.
func nullRoute(b []byte) (netip.Prefix, bool) {
	for rest := b[unix.SizeofRtMsg:]; ; {
		typ, val, r, ok := nextAttr(rest)
		if !ok {
			return netip.Prefix{}, false
		}
		if typ == unix.RTA_DST {
			return prefixOf(val, b[1])
		}
		rest = r
	}
}

func prefixOf(val []byte, bits uint8) (netip.Prefix, bool) {
	a, _ := netip.AddrFromSlice(val)
	p, err := a.Prefix(int(bits))
	return p, err == nil && p.IsValid()
}

// defaultRoute reads a unicast default route. ok is true if it has a live
// nexthop on a link that is up, or names a nexthop object.
func (l links) defaultRoute(b []byte, family uint8) (r Route, ok bool) {
	r.IPv6 = family == unix.AF_INET6
	var index uint32
	hops := false
	if native.Uint32(b[8:])&dead != 0 {
		return Route{}, false
	}
	for rest := b[unix.SizeofRtMsg:]; ; {
		typ, val, next, more := nextAttr(rest)
		if !more {
			break
		}
		switch {
		case typ == unix.RTA_OIF && len(val) >= 4:
			index = native.Uint32(val)
		case typ == unix.RTA_PRIORITY && len(val) >= 4:
			r.Metric = native.Uint32(val)
		case typ == unix.RTA_PREFSRC:
			r.Src, _ = netip.AddrFromSlice(val)
		case typ == unix.RTA_SRC && b[2] != 0:
			if r.From, ok = prefixOf(val, b[2]); !ok {
				return Route{}, false
			}
		case typ == unix.RTA_MULTIPATH && index == 0:
			index, hops = liveNexthop(val), true
		case typ == rtaNHID && len(val) >= 4:
			r.nexthop = native.Uint32(val)
		}
		rest = next
	}
	if index == 0 && !hops && r.nexthop != 0 {
		return r, true
	}
	dev, ok := l[index]
	r.Dev, r.Tunnel, r.nexthop = dev.name, dev.tunnel, 0
	return r, ok
}

// liveNexthop returns the link index of the first nexthop that carries packets,
// 0 if none does. b is a list of rtnexthop.
func liveNexthop(b []byte) uint32 {
	for len(b) >= unix.SizeofRtNexthop {
		n := int(native.Uint16(b))
		if n < unix.SizeofRtNexthop || n > len(b) {
			return 0
		}
		if uint32(b[2])&dead == 0 {
			return native.Uint32(b[4:])
		}
		b = b[min(align(n), len(b)):]
	}
	return 0
}
