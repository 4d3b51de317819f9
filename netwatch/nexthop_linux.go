package netwatch

import "golang.org/x/sys/unix"

// A default route may name a nexthop object in place of a device
// (`ip route add default nhid 7`, with net.ipv4.nexthop_compat_mode = 0). The
// objects are read only then.

const rtaNHID = 30 // linux/rtnetlink.h, RTA_NH_ID

// nexthop is a nexthop object: a link, or a group of other objects.
type nexthop struct {
	id       uint32
	link     uint32 // index of the link; 0 for a group and for a blackhole
	from, to int    // a group's ids in nexthops.members
}

// nexthops holds all nexthop objects. Its memory is reused.
type nexthops struct {
	all     []nexthop
	members []uint32
}

func (n *nexthops) reset() { n.all, n.members = n.all[:0], n.members[:0] }

// parse records the object of an RTM_NEWNEXTHOP message.
func (n *nexthops) parse(b []byte) {
	if len(b) < unix.SizeofNhmsg || native.Uint32(b[4:])&dead != 0 {
		return
	}
	h := nexthop{from: len(n.members), to: len(n.members)}
	for rest := b[unix.SizeofNhmsg:]; ; {
		typ, val, r, ok := nextAttr(rest)
		if !ok {
			break
		}
		switch {
		case typ == unix.NHA_ID && len(val) >= 4:
			h.id = native.Uint32(val)
		case typ == unix.NHA_OIF && len(val) >= 4:
			h.link = native.Uint32(val)
		case typ == unix.NHA_GROUP:
			for ; len(val) >= 8; val = val[8:] { // linux/nexthop.h, struct nexthop_grp
				n.members = append(n.members, native.Uint32(val))
			}
			h.to = len(n.members)
		}
		rest = r
	}
	n.all = append(n.all, h)
}

// find returns the link of the object id, or of a group's first member that is
// up.
func (n *nexthops) find(id uint32, up links) (link, bool) {
	for _, h := range n.all {
		if h.id != id {
			continue
		}
		if l, ok := up[h.link]; ok {
			return l, true
		}
		for _, member := range n.members[h.from:h.to] {
			for _, m := range n.all { // groups do not nest
				if l, ok := up[m.link]; ok && m.id == member {
					return l, true
				}
			}
		}
	}
	return link{}, false
}

// nexthopsNamed reports whether a default route names a nexthop object.
func (t *Tables) nexthopsNamed() bool {
	for _, r := range t.Defaults {
		if r.nexthop != 0 {
			return true
		}
	}
	return false
}

// resolveNexthops sets the device of the default routes that name a nexthop
// object, and drops the routes whose object has no link that is up.
func (t *Tables) resolveNexthops(n *nexthops, up links) {
	kept := t.Defaults[:0]
	for _, r := range t.Defaults {
		if r.nexthop != 0 {
			l, ok := n.find(r.nexthop, up)
			if !ok {
				continue
			}
			r.nexthop, r.Dev, r.Tunnel = 0, l.name, l.tunnel
		}
		kept = append(kept, r)
	}
	t.Defaults = kept
}
