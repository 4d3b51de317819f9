package netwatchtest

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Relearn has the bridge that dev is a port of learn anew: it sets the port's
// learning off and on, and its state to forwarding. The bridge tells of each
// in messages of its own; the links stay as they are.
func (r *Router) Relearn(dev string) error {
	const forwarding = 3 // BR_STATE_FORWARDING of linux/if_bridge.h
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	for _, on := range []bool{false, true} {
		if err := r.h.LinkSetLearning(l, on); err != nil {
			return fmt.Errorf("learning of %s: %w", dev, err)
		}
	}
	req := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_BRIDGE)
	msg.Index = int32(l.Attrs().Index)
	req.AddData(msg)
	port := nl.NewRtAttr(unix.IFLA_PROTINFO|unix.NLA_F_NESTED, nil)
	port.AddRtAttr(nl.IFLA_BRPORT_STATE, []byte{forwarding})
	req.AddData(port)
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("state of %s: %w", dev, err)
	}
	return nil
}

// LeaveLAN takes the port eth1 out of br-lan, JoinLAN puts it back.
func (r *Router) LeaveLAN() error {
	l, err := r.h.LinkByName("eth1")
	if err != nil {
		return err
	}
	return r.h.LinkSetNoMaster(l)
}

func (r *Router) JoinLAN() error {
	l, err := r.h.LinkByName("eth1")
	if err != nil {
		return err
	}
	br, err := r.h.LinkByName("br-lan")
	if err != nil {
		return err
	}
	return r.h.LinkSetMaster(l, br.(*netlink.Bridge))
}

// Rename gives a device another name.
func (r *Router) Rename(dev, name string) error {
	l, err := r.h.LinkByName(dev)
	if err != nil {
		return err
	}
	return r.h.LinkSetName(l, name)
}
