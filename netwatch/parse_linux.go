package netwatch

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Netlink messages are in the machine's own byte order, aligned to 4 bytes.
var native = binary.NativeEndian

// typeMask leaves out an attribute's flags (linux/netlink.h, NLA_TYPE_MASK).
const typeMask = 0x3fff

// message is one netlink message; body is what follows its header.
type message struct {
	typ, flags uint16
	seq, port  uint32
	body       []byte
}

// nextMessage takes the first message off b. ok is false at the end of b, and
// where b goes on as no message can.
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

// nextAttr takes the first attribute off b, likewise.
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

// relevant tells whether a message can change what View says. It has the same
// answer as filter, for messages that the kernel could not filter.
func relevant(m message) bool {
	if len(m.body) < unix.SizeofRtMsg {
		return true
	}
	switch m.typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		// A bridge tells of its ports in its own family: their state, and that
		// a device became or is no longer one. Of the device itself, up, down,
		// renamed or gone, there is another message, of no family.
		return m.body[0] != unix.AF_BRIDGE
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return tableOf(m.body) == unix.RT_TABLE_MAIN && (m.body[1] == 0 || unreachable6(m.body))
	}
	return true
}

// unreachable6 tells whether the route is of the kind that stands for a
// delegated prefix. b is at least an rtmsg.
func unreachable6(b []byte) bool {
	return b[0] == unix.AF_INET6 && b[7] == unix.RTN_UNREACHABLE
}

// tableOf is the routing table of a route message: rtm_table has 8 bits only,
// and says nothing of tables above 255.
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
	tunnel bool // WireGuard's or tun
}

// parseLink takes note of the link of an RTM_NEWLINK message if it is up. A
// name that is the one of before is not made anew.
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

// tunnelKind tells whether a link's IFLA_LINKINFO is of a kind that VPNs use.
// PPPoE's is ppp, a DS-Lite's ip6tnl, a 6in4's sit: these are lines.
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

// cString is the text before the first zero, as known if it is the same.
func cString(b []byte, known string) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if string(b) == known {
		return known
	}
	return string(b)
}

// parseAddr is the address of an RTM_NEWADDR message. ok is false for one of
// another family and of a link that is not up.
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
	// With a peer, IFA_ADDRESS is the peer's; without, IPv6 has no IFA_LOCAL.
	a.Addr = local
	if !local.IsValid() {
		a.Addr = address
	}
	if family == unix.AF_INET6 {
		a.Flags = addrFlags(flags) // IPv4 has another meaning for the bit of temporary
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
