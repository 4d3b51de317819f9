package netwatch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// From linux/filter.h: loads from adBase on call functions of the kernel.
// nlattr returns the offset of the first attribute of type X from offset A on,
// or 0.
const (
	adBase   = -0x1000
	adNlattr = adBase + 12
)

// Offsets in a route message. The family is at the same place in a link message.
const (
	atType    = 4
	atFamily  = unix.SizeofNlMsghdr
	atDstLen  = unix.SizeofNlMsghdr + 1
	atTable   = unix.SizeofNlMsghdr + 4
	atRtType  = unix.SizeofNlMsghdr + 7
	atAttrs   = unix.SizeofNlMsghdr + unix.SizeofRtMsg
	intoAttr  = unix.SizeofRtAttr
	passWhole = 0xffffffff
)

// filter makes the kernel drop messages of other tables' routes and of bridge
// ports, so that a flood of them does not wake the process. It passes the same
// messages as relevant.
func filter() []unix.SockFilter {
	const pass, drop = 24, 25 // the last two instructions
	in := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	ldb := func(at int) unix.SockFilter { return in(unix.BPF_LD|unix.BPF_B|unix.BPF_ABS, uint32(at)) }
	// jump compares with k and continues at the instruction then or els.
	jump := func(line int, op uint16, k uint32, then, els int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, Jt: uint8(then - line - 1), Jf: uint8(els - line - 1), K: k}
	}
	attr := int32(adNlattr)
	return []unix.SockFilter{
		0:    in(unix.BPF_LD|unix.BPF_W|unix.BPF_LEN, 0),
		1:    jump(1, unix.BPF_JGE, atAttrs, 2, pass), // too short for a route: relevant decides
		2:    in(unix.BPF_LD|unix.BPF_H|unix.BPF_ABS, atType),
		3:    jump(3, unix.BPF_JEQ, loaded16(unix.RTM_NEWROUTE), 9, 4),
		4:    jump(4, unix.BPF_JEQ, loaded16(unix.RTM_DELROUTE), 9, 5),
		5:    jump(5, unix.BPF_JEQ, loaded16(unix.RTM_NEWLINK), 7, 6),
		6:    jump(6, unix.BPF_JEQ, loaded16(unix.RTM_DELLINK), 7, pass),
		7:    ldb(atFamily), // of a link
		8:    jump(8, unix.BPF_JEQ, unix.AF_BRIDGE, drop, pass),
		9:    in(unix.BPF_LD|unix.BPF_IMM, atAttrs), // of a route
		10:   in(unix.BPF_LDX|unix.BPF_IMM, unix.RTA_TABLE),
		11:   in(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, uint32(attr)),
		12:   jump(12, unix.BPF_JEQ, 0, 16, 13),
		13:   in(unix.BPF_MISC|unix.BPF_TAX, 0),
		14:   in(unix.BPF_LD|unix.BPF_W|unix.BPF_IND, intoAttr),
		15:   jump(15, unix.BPF_JEQ, loaded32(unix.RT_TABLE_MAIN), 18, drop),
		16:   ldb(atTable), // no attribute: the table is below 256
		17:   jump(17, unix.BPF_JEQ, unix.RT_TABLE_MAIN, 18, drop),
		18:   ldb(atDstLen),
		19:   jump(19, unix.BPF_JEQ, 0, pass, 20),
		20:   ldb(atFamily),
		21:   jump(21, unix.BPF_JEQ, unix.AF_INET6, 22, drop),
		22:   ldb(atRtType),
		23:   jump(23, unix.BPF_JEQ, unix.RTN_UNREACHABLE, pass, drop),
		pass: in(unix.BPF_RET|unix.BPF_K, passWhole),
		drop: in(unix.BPF_RET|unix.BPF_K, 0),
	}
}

// loaded16 and loaded32 return what a filter loads where the kernel wrote v:
// filters load in network byte order, netlink writes in the machine's.
func loaded16(v uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(native.AppendUint16(nil, v)))
}

func loaded32(v uint32) uint32 {
	return binary.BigEndian.Uint32(native.AppendUint32(nil, v))
}
