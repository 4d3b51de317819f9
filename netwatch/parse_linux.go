package netwatch

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Netlink messages are in the machine's own byte order, aligned to 4 bytes.
var native = binary.NativeEndian

// typeMask clears an attribute's flags (linux/netlink.h, NLA_TYPE_MASK).
const typeMask = 0x3fff

// message is one netlink message; body is what follows its header.
type message struct {
	typ, flags uint16
	seq, port  uint32
	body       []byte
}

// nextMessage splits b after its first message. ok is false at the end of b,
// and if b does not begin with a valid message.
func nextMessage(b []byte) (m message, rest []byte, ok bool) {
	if len(b) < unix.SizeofNlMsghdr {
		return message{}, nil, false
	}
	n := int64(native.Uint32(b))
	if n < unix.SizeofNlMsghdr || n > int64(len(b)) {
		return message{}, nil, false
	}
	m = message{native.Uint16(b[4:]), native.Uint16(b[6:]), native.Uint32(b[8:]), native.Uint32(b[12:]), b[unix.SizeofNlMsghdr:n]}
	return m, b[min(align(int(n)), len(b)):], true
}

// nextAttr splits b after its first attribute, likewise.
func nextAttr(b []byte) (typ uint16, val, rest []byte, ok bool) {
	if len(b) < unix.SizeofRtAttr {
		return 0, nil, nil, false
	}
	n := int(native.Uint16(b))
	if n < unix.SizeofRtAttr || n > len(b) {
		return 0, nil, nil, false
	}
	return native.Uint16(b[2:]) & typeMask, b[unix.SizeofRtAttr:n], b[min(align(n), len(b)):], true
}

func align(n int) int { return (n + 3) &^ 3 }

// relevant reports whether a message can change the result of View. It decides
// as filter does, for kernels that cannot filter.
func relevant(m message) bool {
	if len(m.body) < unix.SizeofRtMsg {
		return true
	}
	switch m.typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		// AF_BRIDGE messages are about a device as a bridge's port. Changes of
		// the device itself have a message of AF_UNSPEC.
		return m.body[0] != unix.AF_BRIDGE
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return tableOf(m.body) == unix.RT_TABLE_MAIN && (m.body[1] == 0 || unreachable6(m.body))
	}
	return true
}

// unreachable6 reports whether the route is an unreachable IPv6 route, as a
// delegated prefix has. b is at least an rtmsg.
func unreachable6(b []byte) bool {
	return b[0] == unix.AF_INET6 && b[7] == unix.RTN_UNREACHABLE
}

// tableOf returns the routing table of a route message. rtm_table has 8 bits
// only; tables above 255 need the attribute.
func tableOf(b []byte) uint32 {
	for rest := b[unix.SizeofRtMsg:]; ; {
		typ, val, r, ok := nextAttr(rest)
		if !ok {
			return uint32(b[4])
		}
		if typ == unix.RTA_TABLE && len(val) >= 4 {
			return native.Uint32(val)
		}
		rest = r
	}
}

// links are the links that are up, by index.
type links map[uint32]link

type link struct {
	name   string
	tunnel bool // WireGuard or tun
}

// parseLink records the link of an RTM_NEWLINK message if it is up. It reuses
// the name in before if that is the same.
func (l links) parseLink(b []byte, before links) {
	if len(b) < unix.SizeofIfInfomsg {
		return
	}
	if native.Uint32(b[8:])&unix.IFF_UP == 0 {
		return
	}
	index := native.Uint32(b[4:])
	var this link
	for rest := b[unix.SizeofIfInfomsg:]; ; {
		typ, val, r, ok := nextAttr(rest)
		if !ok {
			break
		}
		switch typ {
		case unix.IFLA_IFNAME:
			this.name = cString(val, before[index].name)
		case unix.IFLA_LINKINFO:
			this.tunnel = tunnelKind(val)
		}
		rest = r
	}
	if this.name != "" {
		l[index] = this
	}
}

// tunnelKind reports whether a link's IFLA_LINKINFO is of a kind that VPNs use.
// ppp (PPPoE), ip6tnl (DS-Lite) and sit (6in4) are uplinks.
func tunnelKind(info []byte) bool {
	for {
		typ, val, r, ok := nextAttr(info)
		if !ok {
			return false
		}
		if typ == unix.IFLA_INFO_KIND {
			kind := bytes.TrimRight(val, "\x00")
			return string(kind) == "wireguard" || string(kind) == "tun"
		}
		info = r
	}
}

// cString returns the text before the first zero byte. It returns known,
// without allocating, if that is equal.
func cString(b []byte, known string) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if string(b) == known {
		return known
	}
	return string(b)
}

// parseAddr reads an RTM_NEWADDR message. ok is false for another family and
// for a link that is not up.
func (l links) parseAddr(b []byte, family uint8) (a Addr, ok bool) {
	if len(b) < unix.SizeofIfAddrmsg || b[0] != family {
		return Addr{}, false
	}
	dev, up := l[native.Uint32(b[4:])]
	if !up {
		return Addr{}, false
	}
	flags := uint32(b[2])
	var local, address netip.Addr
	a = Addr{Dev: dev.name, Bits: int(b[1]), Global: b[3] == unix.RT_SCOPE_UNIVERSE, Preferred: Forever}
	for rest := b[unix.SizeofIfAddrmsg:]; ; {
		typ, val, r, more := nextAttr(rest)
		if !more {
			break
		}
		switch {
		case typ == unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(val)
		case typ == unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(val)
		case typ == unix.IFA_FLAGS && len(val) >= 4:
			flags = native.Uint32(val)
		case typ == unix.IFA_CACHEINFO && len(val) >= 4:
			a.Preferred = native.Uint32(val)
		}
		rest = r
	}
	// With a peer, IFA_ADDRESS is the peer's. Without one, IPv6 has no IFA_LOCAL.
	a.Addr = local
	if !local.IsValid() {
		a.Addr = address
	}
	if family == unix.AF_INET6 {
		a.Flags = addrFlags(flags) // for IPv4, the temporary bit means secondary
	}
	return a, a.Addr.BitLen() == bitsOf(family)
}

func addrFlags(f uint32) (flags AddrFlags) {
	for _, x := range [...]struct {
		kernel uint32
		ours   AddrFlags
	}{
		{unix.IFA_F_TEMPORARY, Temporary}, {unix.IFA_F_DEPRECATED, Deprecated},
		{unix.IFA_F_DADFAILED, Failed}, {unix.IFA_F_TENTATIVE, Tentative},
	} {
		if f&x.kernel != 0 {
			flags |= x.ours
		}
	}
	return flags
}

func bitsOf(family uint8) int {
	if family == unix.AF_INET6 {
		return 128
	}
	return 32
}
