package netwatchtest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Router is a router in this process's network namespace: eth0 leads to its
// ISP, br-lan is a bridge with a port that has carrier. There is one at a
// time. Its methods do what netifd, udhcpc and odhcp6c do, and return the
// kernel's errors.
type Router struct {
	ISP  *ISP
	h    *netlink.Handle
	dad  bool
	wan4 netip.Prefix // as SetIPv4 left it
	gw4  netip.Addr
	more []string // of AddWAN
}

// New makes a Router and its ISP, without addresses. dad: IPv6 addresses are
// tentative for a second or two, as in life, instead of usable at once.
func New(dad bool) (r *Router, err error) {
	r = &Router{dad: dad}
	defer func() {
		if err != nil {
			err = fmt.Errorf("make a router: %w", err)
			r.Close()
		}
	}()
	if err := acceptDAD(dad); err != nil {
		return r, err
	}
	if r.h, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return r, err
	}
	if r.ISP, err = newISP(); err != nil {
		return r, err
	}
	wan := netlink.NewVeth(netlink.LinkAttrs{Name: "eth0"})
	wan.PeerName, wan.PeerNamespace = "isp0", netlink.NsFd(r.ISP.ns.file.Fd())
	if err := r.h.LinkAdd(wan); err != nil {
		return r, fmt.Errorf("eth0: %w", err)
	}
	if err := r.ISP.up(); err != nil {
		return r, fmt.Errorf("isp0: %w", err)
	}
	lan := netlink.NewVeth(netlink.LinkAttrs{Name: "eth1"})
	lan.PeerName = "host0"
	if err := r.h.LinkAdd(lan); err != nil {
		return r, fmt.Errorf("eth1: %w", err)
	}
	if err := r.MakeLAN(); err != nil {
		return r, fmt.Errorf("br-lan: %w", err)
	}
	for _, dev := range []string{"lo", "eth0", "host0", "eth1", "br-lan"} {
		if err := r.LinkUp(dev); err != nil {
			return r, fmt.Errorf("%s: %w", dev, err)
		}
	}
	return r, nil
}

// AddWAN gives the router another line: dev leads to the same ISP, as peer
// there. Its addresses and routes are set by AddAddr and SetRoute; the ISP
// answers to those whose network it has an address in on peer.
func (r *Router) AddWAN(dev, peer string) error {
	wan := netlink.NewVeth(netlink.LinkAttrs{Name: dev})
	wan.PeerName, wan.PeerNamespace = peer, netlink.NsFd(r.ISP.ns.file.Fd())
	if err := r.h.LinkAdd(wan); err != nil {
		return fmt.Errorf("%s: %w", dev, err)
	}
	r.more = append(r.more, dev)
	return errors.Join(r.LinkUp(dev), r.ISP.SetUp(peer, true))
}

// acceptDAD sets whether the devices of the calling thread's namespace check
// their addresses for duplicates.
func acceptDAD(on bool) error {
	v := "0"
	if on {
		v = "1"
	}
	for _, dev := range []string{"all", "default"} {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+dev+"/accept_dad", []byte(v), 0); err != nil {
			return err
		}
	}
	return nil
}

// Close takes the router away, and leaves the namespace as it was. Another
// Close does nothing.
func (r *Router) Close() error {
	var errs []error
	if r.h != nil {
		for _, dev := range append([]string{"eth0", "eth1", "br-lan"}, r.more...) {
			if err := r.DelLink(dev); !gone(err) {
				errs = append(errs, err)
			}
		}
		errs = append(errs, r.LinkDown("lo"), r.LinkUp("lo")) // takes the null routes
		r.h.Close()
		r.h = nil
	}
	if r.ISP != nil {
		r.ISP.close()
		r.ISP = nil
	}
	return errors.Join(errs...)
}

func gone(err error) bool { return errors.As(err, new(netlink.LinkNotFoundError)) }

// MakeLAN makes br-lan, down, with eth1 as its port.
func (r *Router) MakeLAN() error {
	br := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs()}
	br.Name = "br-lan"
	if err := r.h.LinkAdd(br); err != nil {
		return err
	}
	port, err := r.h.LinkByName("eth1")
	if err != nil {
		return err
	}
	return r.h.LinkSetMaster(port, br)
}

// DelLink removes a device, and all that is on it.
func (r *Router) DelLink(dev string) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return r.h.LinkDel(l)
}

// RemakeLAN is `network restart` for br-lan: the device goes and comes back,
// up, with another index.
func (r *Router) RemakeLAN() error {
	if err := r.DelLink("br-lan"); err != nil {
		return err
	}
	if err := r.MakeLAN(); err != nil {
		return err
	}
	return r.LinkUp("br-lan")
}

// LinkUp and LinkDown set a device up or down. IPv4 routes go without a word.
func (r *Router) LinkUp(dev string) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return r.h.LinkSetUp(l)
}

func (r *Router) LinkDown(dev string) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return r.h.LinkSetDown(l)
}

// AddAddr gives dev an address, or new lifetimes in seconds (^uint32(0) is for
// ever). peer, if valid, is the other end's of a point-to-point link.
func (r *Router) AddAddr(dev string, p netip.Prefix, peer netip.Addr, preferred, valid uint32) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	a := &netlink.Addr{IPNet: ipNet(p)}
	if peer.IsValid() {
		a.Peer = ipNet(netip.PrefixFrom(peer, peer.BitLen()))
	}
	if valid != ^uint32(0) || preferred != ^uint32(0) {
		a.ValidLft, a.PreferedLft = int(valid), int(preferred)
	}
	if p.Addr().Is6() { // as netifd does
		a.Flags = unix.IFA_F_NOPREFIXROUTE
		if !r.dad {
			a.Flags |= unix.IFA_F_NODAD // else it is tentative for a moment all the same
		}
	}
	if p.Addr().Is6() && !r.dad {
		a.Flags |= unix.IFA_F_NODAD // accept_dad 0 is heeded a little later
	}
	return r.h.AddrReplace(l, a)
}

// DelAddr takes an address from dev.
func (r *Router) DelAddr(dev string, p netip.Prefix) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return r.h.AddrDel(l, &netlink.Addr{IPNet: ipNet(p)})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// LinkNames are the devices there are.
func (r *Router) LinkNames() ([]string, error) {
	ls, err := r.h.LinkList()
	var names []string
	for _, l := range ls {
		names = append(names, l.Attrs().Name)
	}
	return names, err
}
