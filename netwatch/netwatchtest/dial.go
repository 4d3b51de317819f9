package netwatchtest

import (
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Dial is a PPPoE connection that comes up, as the kernel shows it: the device
// dev is made for it, with an address, the peer's, and the default route by
// it. The ISP answers to the peer's address and finds the way back. DelLink of
// dev hangs up, and is to be called before Close. There is one at a time.
func (r *Router) Dial(dev string, addr, peer netip.Addr) error {
	wan := netlink.NewVeth(netlink.LinkAttrs{Name: dev})
	wan.PeerName, wan.PeerNamespace = "ppp0", netlink.NsFd(r.ISP.ns.file.Fd())
	if err := r.h.LinkAdd(wan); err != nil {
		return err
	}
	err := errors.Join(r.ISP.answer("ppp0", addr, peer), r.LinkUp(dev),
		r.AddAddr(dev, host(addr), peer, forever, forever))
	return errors.Join(err, r.SetRoute(Default4(dev, peer, addr, 0)))
}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// answer makes dev the ISP's end of a connection to a customer's address.
func (i *ISP) answer(dev string, customer, own netip.Addr) error {
	err := errors.Join(i.SetUp(dev, true), i.AddAddr(dev, host(own)), i.AddAddr(dev, netip.MustParsePrefix("fe80::1/64")))
	if err != nil {
		return err
	}
	l, err := i.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return i.h.RouteReplace(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(host(customer)), Scope: netlink.SCOPE_LINK})
}
