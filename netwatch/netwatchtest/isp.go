package netwatchtest

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ISP is the other end of eth0, in a namespace of its own, as isp0. It sends
// whatever it has to send to the router.
type ISP struct {
	ns *namespace
	h  *netlink.Handle
}

func newISP() (*ISP, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	i := &ISP{ns: ns}
	err = ns.do(func() (err error) {
		if err = acceptDAD(false); err == nil {
			i.h, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		}
		return err
	})
	if err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

// up makes isp0 what a provider's router is: fe80::1, and a way to every
// address of its customer.
func (i *ISP) up() error {
	for _, dev := range []string{"lo", "isp0"} {
		if err := i.SetUp(dev, true); err != nil {
			return err
		}
	}
	if err := i.AddAddr("isp0", netip.MustParsePrefix("fe80::1/64")); err != nil {
		return err
	}
	l, err := i.h.LinkByName("isp0")
	if err != nil {
		return err
	}
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		rt := netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(netip.MustParsePrefix(all)), Scope: netlink.SCOPE_LINK}
		if err := i.h.RouteAdd(&rt); err != nil {
			return err
		}
	}
	return nil
}

// AddAddr gives a device of the ISP (isp0, lo) an address: a service's, say.
func (i *ISP) AddAddr(dev string, p netip.Prefix) error {
	l, err := i.h.LinkByName(dev)
	if err != nil {
		return err
	}
	a := &netlink.Addr{IPNet: ipNet(p)}
	if p.Addr().Is6() {
		a.Flags = unix.IFA_F_NODAD // to be listened on at once
	}
	return i.h.AddrReplace(l, a)
}

// SetUp sets a device of the ISP up or down: isp0 down is a pulled cable for
// the router, eth0 loses its carrier.
func (i *ISP) SetUp(dev string, up bool) error {
	l, err := i.h.LinkByName(dev)
	if err != nil {
		return err
	}
	if up {
		return i.h.LinkSetUp(l)
	}
	return i.h.LinkSetDown(l)
}

// Do runs f on a thread in the ISP's namespace. Sockets that f opens belong to
// it for good; goroutines that f starts do not.
func (i *ISP) Do(f func() error) error { return i.ns.do(f) }

// Listen listens at the ISP: for a stand-in service that the router reaches
// over its line.
func (i *ISP) Listen(network, address string) (l net.Listener, err error) {
	err = i.Do(func() (err error) {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// ListenPacket likewise: for a stand-in name server.
func (i *ISP) ListenPacket(network, address string) (c net.PacketConn, err error) {
	err = i.Do(func() (err error) {
		c, err = net.ListenPacket(network, address)
		return err
	})
	return c, err
}

func (i *ISP) close() {
	if i.h != nil {
		i.h.Close()
	}
	i.ns.file.Close()
}
