package netwatchtest

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const rtaNHID = 30 // linux/rtnetlink.h, RTA_NH_ID

// NexthopCompat sets whether the kernel shows what a nexthop object is in each
// route that names it. It is on where nothing was set.
func (r *Router) NexthopCompat(on bool) error {
	v := "0"
	if on {
		v = "1"
	}
	return os.WriteFile("/proc/sys/net/ipv4/nexthop_compat_mode", []byte(v), 0)
}

// SetNexthop makes or replaces the nexthop object id: by dev, and by the
// gateway if it is valid. The family is the gateway's, else IPv4.
func (r *Router) SetNexthop(id uint32, dev string, via netip.Addr) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	attrs := []*nl.RtAttr{nl.NewRtAttr(unix.NHA_OIF, u32(uint32(l.Attrs().Index)))}
	family := uint8(unix.AF_INET)
	if via.Is6() {
		family = unix.AF_INET6
	}
	if via.IsValid() {
		attrs = append(attrs, nl.NewRtAttr(unix.NHA_GATEWAY, via.AsSlice()))
	}
	return nexthop(unix.RTM_NEWNEXTHOP, family, id, attrs...)
}

// SetNexthopGroup makes or replaces a group of others.
func (r *Router) SetNexthopGroup(id uint32, of ...uint32) error {
	var group []byte
	for _, id := range of {
		group = append(append(group, u32(id)...), 0, 0, 0, 0)
	}
	return nexthop(unix.RTM_NEWNEXTHOP, unix.AF_UNSPEC, id, nl.NewRtAttr(unix.NHA_GROUP, group))
}

// DelNexthop removes one, and every route that names it.
func (r *Router) DelNexthop(id uint32) error {
	return nexthop(unix.RTM_DELNEXTHOP, unix.AF_UNSPEC, id)
}

// nhmsg is the fixed part of a message about a nexthop object.
type nhmsg [unix.SizeofNhmsg]byte

func (m nhmsg) Len() int          { return len(m) }
func (m nhmsg) Serialize() []byte { return m[:] }

func nexthop(typ int, family uint8, id uint32, attrs ...*nl.RtAttr) error {
	flags := unix.NLM_F_ACK
	if typ == unix.RTM_NEWNEXTHOP {
		flags |= unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	}
	req := nl.NewNetlinkRequest(typ, flags)
	req.AddData(nhmsg{family})
	req.AddData(nl.NewRtAttr(unix.NHA_ID, u32(id)))
	for _, a := range attrs {
		req.AddData(a)
	}
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("nexthop %d: %w", id, err)
	}
	return nil
}
