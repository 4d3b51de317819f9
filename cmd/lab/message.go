package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// read puts a message into words, and tells whether it can matter to homeward:
// addresses, links, main's default and unreachable routes.
func (e *ear) read(m syscall.NetlinkMessage) (text string, matters bool) {
	attrs, err := syscall.ParseNetlinkRouteAttr(&m)
	if err != nil {
		return "", false
	}
	attr := map[uint16][]byte{}
	for _, a := range attrs {
		attr[a.Attr.Type] = a.Value
	}
	switch m.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return e.link(m, attr), true
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return e.address(m, attr), true
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return e.route(m, attr)
	}
	return "", false
}

// sign shows whether something came or went.
func sign(m syscall.NetlinkMessage, came uint16) string {
	if m.Header.Type == came {
		return "+ "
	}
	return "- "
}

func (e *ear) link(m syscall.NetlinkMessage, attr map[uint16][]byte) string {
	index := int(int32(binary.NativeEndian.Uint32(m.Data[4:])))
	name := strings.TrimRight(string(attr[unix.IFLA_IFNAME]), "\x00")
	known := e.names[index] == name
	if m.Header.Type == unix.RTM_NEWLINK {
		e.names[index] = name
		if known {
			return ""
		}
	}
	if m.Header.Type == unix.RTM_DELLINK && m.Data[0] != unix.AF_UNSPEC {
		return "" // it has left its bridge
	}
	return fmt.Sprintf("%sdevice %s (index %d)", sign(m, unix.RTM_NEWLINK), name, index)
}

func (e *ear) address(m syscall.NetlinkMessage, attr map[uint16][]byte) string {
	raw := attr[unix.IFA_LOCAL]
	if raw == nil {
		raw = attr[unix.IFA_ADDRESS]
	}
	a, ok := netip.AddrFromSlice(raw)
	if !ok || a.IsLinkLocalUnicast() || a.IsLoopback() {
		return ""
	}
	flags := uint32(m.Data[2])
	if f := attr[unix.IFA_FLAGS]; len(f) >= 4 {
		flags = binary.NativeEndian.Uint32(f)
	}
	note := ""
	if flags&unix.IFA_F_DEPRECATED != 0 && m.Header.Type == unix.RTM_NEWADDR {
		note = ", deprecated"
	}
	index := int(binary.NativeEndian.Uint32(m.Data[4:]))
	what := fmt.Sprintf("address %s/%d on %s%s", a, m.Data[1], e.names[index], note)
	known := e.addrs[what]
	if e.addrs[what] = m.Header.Type == unix.RTM_NEWADDR; known == e.addrs[what] {
		return "" // new lifetimes, or the end of duplicate address detection
	}
	return sign(m, unix.RTM_NEWADDR) + what
}

func (e *ear) route(m syscall.NetlinkMessage, attr map[uint16][]byte) (text string, matters bool) {
	table := uint32(m.Data[4])
	if t := attr[unix.RTA_TABLE]; len(t) >= 4 {
		table = binary.NativeEndian.Uint32(t)
	}
	null := m.Data[0] == unix.AF_INET6 && m.Data[7] == unix.RTN_UNREACHABLE
	if table != unix.RT_TABLE_MAIN || m.Data[1] != 0 && !null {
		return "", false
	}
	if null {
		dst, _ := netip.AddrFromSlice(attr[unix.RTA_DST])
		return fmt.Sprintf("%sunreachable %s/%d, a delegated prefix", sign(m, unix.RTM_NEWROUTE), dst, m.Data[1]), true
	}
	text = sign(m, unix.RTM_NEWROUTE) + "default route"
	if from, ok := netip.AddrFromSlice(attr[unix.RTA_SRC]); ok {
		text += fmt.Sprintf(" from %s/%d", from, m.Data[2])
	}
	if out := attr[unix.RTA_OIF]; len(out) >= 4 {
		text += " by " + e.names[int(binary.NativeEndian.Uint32(out))]
	}
	return text, true
}
