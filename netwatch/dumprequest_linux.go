package netwatch

import "golang.org/x/sys/unix"

// dumpRequest asks the kernel for one of its tables.
type dumpRequest struct {
	what   string // for error texts
	answer uint16 // type of the answer's messages
	family uint8
	req    []byte
}

// dumpRequests returns the requests of one reading, links first. Addresses and
// routes of a link that appears later are left out; the link's own message
// starts another reading.
func dumpRequests() []dumpRequest {
	return []dumpRequest{
		{"links", unix.RTM_NEWLINK, unix.AF_UNSPEC, request(unix.RTM_GETLINK, linkBody())},
		{"addresses", unix.RTM_NEWADDR, unix.AF_INET, request(unix.RTM_GETADDR, addrBody(unix.AF_INET))},
		{"routes", unix.RTM_NEWROUTE, unix.AF_INET, request(unix.RTM_GETROUTE, routeBody(unix.AF_INET))},
		{"addresses", unix.RTM_NEWADDR, unix.AF_INET6, request(unix.RTM_GETADDR, addrBody(unix.AF_INET6))},
		{"routes", unix.RTM_NEWROUTE, unix.AF_INET6, request(unix.RTM_GETROUTE, routeBody(unix.AF_INET6))},
	}
}

// nexthopRequest comes last, and only if a default route names a nexthop object.
func nexthopRequest() dumpRequest {
	return dumpRequest{"nexthops", unix.RTM_NEWNEXTHOP, unix.AF_UNSPEC, request(unix.RTM_GETNEXTHOP, make([]byte, unix.SizeofNhmsg))}
}

// skipStats omits a link's counters (linux/rtnetlink.h,
// RTEXT_FILTER_SKIP_STATS).
const skipStats = 1 << 3

// request encodes a dump request; the sender fills in the sequence number.
func request(typ uint16, body []byte) []byte {
	b := native.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = native.AppendUint16(b, typ)
	b = native.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, make([]byte, 8)...)
	return append(b, body...)
}

func linkBody() []byte {
	return append(make([]byte, unix.SizeofIfInfomsg), attr32(unix.IFLA_EXT_MASK, skipStats)...)
}

func addrBody(family uint8) []byte {
	b := make([]byte, unix.SizeofIfAddrmsg)
	b[0] = family
	return b
}

func routeBody(family uint8) []byte {
	b := make([]byte, unix.SizeofRtMsg)
	b[0], b[4] = family, unix.RT_TABLE_MAIN
	return append(b, attr32(unix.RTA_TABLE, unix.RT_TABLE_MAIN)...)
}

func attr32(typ uint16, v uint32) []byte {
	b := native.AppendUint16(nil, unix.SizeofRtAttr+4)
	b = native.AppendUint16(b, typ)
	return native.AppendUint32(b, v)
}
