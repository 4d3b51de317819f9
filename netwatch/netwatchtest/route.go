package netwatchtest

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Route is a route as netifd sets one, of table main if Table is 0.
type Route struct {
	Dst, From   netip.Prefix
	Via, Src    netip.Addr
	Dev         string
	Metric      uint32
	Table       uint32
	Unreachable bool
	Nexthop     uint32 // id of a nexthop object, in place of Dev and Via
}

// Default4 is an IPv4 default route. gateway and src may be invalid.
func Default4(dev string, gateway, src netip.Addr, metric uint32) Route {
	return Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: gateway, Src: src, Dev: dev, Metric: metric}
}

// Default6 is an IPv6 default route, for packets from there alone if from is
// valid.
func Default6(dev string, gateway netip.Addr, from netip.Prefix, metric uint32) Route {
	return Route{Dst: netip.MustParsePrefix("::/0"), From: from, Via: gateway, Dev: dev, Metric: metric}
}

// Null is the route that stands for a delegated prefix.
func Null(p netip.Prefix) Route {
	return Route{Dst: p, Dev: "lo", Metric: 1<<31 - 1, Unreachable: true}
}

// SetRoute adds a route, or replaces its like.
func (r *Router) SetRoute(rt Route) error {
	return r.route(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, rt)
}

// DelRoute removes a route.
func (r *Router) DelRoute(rt Route) error { return r.route(unix.RTM_DELROUTE, 0, rt) }

// The library knows no source-filtered routes, so this is spelled out.
func (r *Router) route(typ, flags int, rt Route) error {
	req := nl.NewNetlinkRequest(typ, flags|unix.NLM_F_ACK)
	req.AddData(rt.header())
	add := func(typ int, v []byte) {
		if len(v) > 0 {
			req.AddData(nl.NewRtAttr(typ, v))
		}
	}
	if rt.Dst.Bits() > 0 {
		add(unix.RTA_DST, rt.Dst.Addr().AsSlice())
	}
	add(unix.RTA_SRC, rt.From.Addr().AsSlice())
	add(unix.RTA_GATEWAY, rt.Via.AsSlice())
	add(unix.RTA_PREFSRC, rt.Src.AsSlice())
	add(unix.RTA_PRIORITY, u32(rt.Metric))
	if rt.Table != 0 {
		add(unix.RTA_TABLE, u32(rt.Table))
	}
	if rt.Nexthop != 0 {
		add(rtaNHID, u32(rt.Nexthop))
	} else {
		l, err := r.h.LinkByName(rt.Dev)
		if err != nil {
			return err
		}
		add(unix.RTA_OIF, u32(uint32(l.Attrs().Index)))
	}
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("route %v dev %s: %w", rt.Dst, rt.Dev, err)
	}
	return nil
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// header is the fixed part of rt's message.
func (rt Route) header() *nl.RtMsg {
	msg := nl.NewRtMsg()
	msg.Family, msg.Dst_len, msg.Protocol = unix.AF_INET, uint8(rt.Dst.Bits()), unix.RTPROT_STATIC
	if rt.Dst.Addr().Is6() {
		msg.Family = unix.AF_INET6
	}
	if rt.From.IsValid() {
		msg.Src_len = uint8(rt.From.Bits())
	}
	if rt.Unreachable {
		msg.Type = unix.RTN_UNREACHABLE
	}
	if !rt.Via.IsValid() && !rt.Unreachable && rt.Nexthop == 0 && msg.Family == unix.AF_INET {
		msg.Scope = unix.RT_SCOPE_LINK
	}
	if rt.Table != 0 {
		msg.Table = unix.RT_TABLE_UNSPEC
	}
	return msg
}
