package netwatch

import (
	"encoding/binary"
	"net/netip"
)

// Append appends an encoding of s to b. Two States have the same encoding if
// and only if they are Equal. Append allocates nothing if b has room.
func (s *State) Append(b []byte) []byte {
	b = appendAddr(b, s.IPv4)
	b = appendText(b, s.WAN)
	b = appendAddr(b, s.IPv6)
	b = appendText(b, s.WAN6)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.Delegated)))
	for _, p := range s.Delegated {
		b = appendPrefix(b, p)
	}
	b = appendPrefix(b, s.Prefix)
	b = appendText(b, s.LAN)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.LANs)))
	for _, dev := range s.LANs {
		b = appendText(b, dev)
	}
	b = appendBool(b, s.UnknownWAN)
	b = s.NoIPv4.append(b)
	b = s.NoIPv6.append(b)
	return s.NoPrefix.append(b)
}

func (m *Missing) append(b []byte) []byte {
	b = append(b, byte(m.Of), byte(m.Reason))
	b = appendText(b, m.Dev)
	b = appendAddr(b, m.Addr)
	b = appendPrefix(b, m.Prefix)
	b = appendText(b, m.Use)
	b = appendAddr(b, m.UseAddr)
	b = appendPrefix(b, m.UsePrefix)
	return appendBool(b, m.Tunnel)
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// appendAddr encodes both families and the invalid address differently. The
// kernel's addresses have no zone.
func appendAddr(b []byte, a netip.Addr) []byte {
	full := a.As16()
	return append(append(b, byte(a.BitLen())), full[:]...)
}

func appendPrefix(b []byte, p netip.Prefix) []byte {
	return append(appendAddr(b, p.Addr()), byte(p.Bits()))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}
