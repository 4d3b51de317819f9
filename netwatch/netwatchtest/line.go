package netwatchtest

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

const forever = ^uint32(0)

// SetIPv4 is a DHCP lease or a dial: eth0 gets the address and the default
// route by the gateway, which the ISP answers to. A former one goes first.
func (r *Router) SetIPv4(p netip.Prefix, gateway netip.Addr) error {
	if err := r.DropIPv4(); err != nil {
		return err
	}
	gw := netip.PrefixFrom(gateway, p.Bits())
	if err := r.ISP.AddAddr("isp0", gw); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if err := r.AddAddr("eth0", p, netip.Addr{}, forever, forever); err != nil {
		return err
	}
	r.wan4, r.gw4 = p, gateway
	return r.SetRoute(Default4("eth0", gateway, p.Addr(), 0))
}

// DropIPv4 takes the address and the default route of SetIPv4 away, if there
// are any.
func (r *Router) DropIPv4() error {
	if !r.wan4.IsValid() {
		return nil
	}
	err := r.DelAddr("eth0", r.wan4) // its routes go along, without a word
	if errors.Is(err, unix.EADDRNOTAVAIL) || gone(err) {
		err = nil
	}
	r.wan4 = netip.Prefix{}
	return err
}

// Delegate is what a delegated prefix is to the kernel: an unreachable route.
func (r *Router) Delegate(p netip.Prefix) error   { return r.SetRoute(Null(p)) }
func (r *Router) Undelegate(p netip.Prefix) error { return r.DelRoute(Null(p)) }

// LANAddr gives br-lan an address with these lifetimes in seconds, Deprecate
// says that it is not to be used any more, DelLANAddr takes it.
func (r *Router) LANAddr(p netip.Prefix, preferred, valid uint32) error {
	return r.AddAddr("br-lan", p, netip.Addr{}, preferred, valid)
}

func (r *Router) Deprecate(p netip.Prefix) error  { return r.LANAddr(p, 0, 7200) }
func (r *Router) DelLANAddr(p netip.Prefix) error { return r.DelAddr("br-lan", p) }

// SetIPv6 is an answer of a DHCPv6 server: eth0 gets the address, prefix (if
// valid) is delegated, br-lan gets lan from it, and the default routes are
// filtered by source.
func (r *Router) SetIPv6(addr, prefix, lan netip.Prefix) error {
	gw := netip.MustParseAddr("fe80::1")
	err := r.AddAddr("eth0", addr, netip.Addr{}, 1800, 3600)
	if prefix.IsValid() {
		err = errors.Join(err, r.Delegate(prefix), r.LANAddr(lan, 1800, 3600), r.SetRoute(Default6("eth0", gw, prefix, 512)))
	}
	return errors.Join(err, r.SetRoute(Default6("eth0", gw, netip.PrefixFrom(addr.Addr(), 128), 512)))
}
