// Package netwatch reports what the WAN looks like as soon as the kernel
// knows: the WAN's addresses and the prefix delegated to the LAN.
//
// Events are hints only. After each burst of them the tables are read whole,
// and View turns the tables into a State, without any I/O.
package netwatch

import (
	"net/netip"
	"slices"
	"strings"
)

// Forever is the lifetime, in seconds, of an address that does not expire
// (RFC 4861, section 4.6.2).
const Forever = ^uint32(0)

// Tables is the result of one reading of the kernel, in the kernel's order.
// A Watcher owns the Tables that it emits: see Run.
type Tables struct {
	Addrs       []Addr         // of links that are up
	Defaults    []Route        // unicast default routes of table main, source-filtered ones included, with a live nexthop
	Unreachable []netip.Prefix // unreachable IPv6 routes of table main
}

// Has reports whether a is an address of this machine, on a link that is up.
func (t Tables) Has(a netip.Addr) bool {
	return slices.ContainsFunc(t.Addrs, func(x Addr) bool { return x.Addr == a })
}

// Equal reports whether t and o hold the same, in the same order.
func (t Tables) Equal(o Tables) bool {
	return slices.Equal(t.Addrs, o.Addrs) && slices.Equal(t.Defaults, o.Defaults) && slices.Equal(t.Unreachable, o.Unreachable)
}

// Clone returns a copy that shares no memory with t.
func (t Tables) Clone() Tables {
	return Tables{slices.Clone(t.Addrs), slices.Clone(t.Defaults), slices.Clone(t.Unreachable)}
}

// Copy makes t a copy of o and reuses t's memory.
func (t *Tables) Copy(o Tables) {
	t.Addrs = append(t.Addrs[:0], o.Addrs...)
	t.Defaults = append(t.Defaults[:0], o.Defaults...)
	t.Unreachable = append(t.Unreachable[:0], o.Unreachable...)
}

// Addr is one address of a device of this machine.
type Addr struct {
	Dev       string
	Addr      netip.Addr // the local one; on a point-to-point link not the peer's
	Bits      int        // length of the prefix it was assigned with
	Global    bool       // scope global, not link or host
	Flags     AddrFlags
	Preferred uint32 // preferred lifetime in seconds: 0 if deprecated, or Forever
}

// AddrFlags are the kernel's IFA_F_ flags that matter for an IPv6 address.
type AddrFlags uint8

const (
	Temporary  AddrFlags = 1 << iota // privacy address, RFC 8981
	Deprecated                       // preferred lifetime over, RFC 4862
	Failed                           // duplicate address detection found another owner
	Tentative                        // duplicate address detection is running; counts as usable
)

// Route is one default route.
type Route struct {
	Dev    string
	IPv6   bool
	Metric uint32       // the lower the better
	Src    netip.Addr   // preferred source, may be invalid
	From   netip.Prefix // only for packets from here (source-filtered), may be invalid
	Tunnel bool         // Dev is a WireGuard or tun device

	nexthop uint32 // id of the nexthop object that names the device, 0 once resolved
}

// Devices names the devices. For "" and "auto", View chooses.
type Devices struct{ WAN, WAN6, LAN string }

// State is one complete view of the WAN and the LAN. A missing value is
// invalid or "".
type State struct {
	IPv4      netip.Addr     `json:"ipv4,omitzero"`
	WAN       string         `json:"wan,omitempty"`
	IPv6      netip.Addr     `json:"ipv6,omitzero"`
	WAN6      string         `json:"wan6,omitempty"`
	Delegated []netip.Prefix `json:"delegated,omitempty"` // sorted
	Prefix    netip.Prefix   `json:"prefix,omitzero"`     // the LAN's /64
	LAN       string         `json:"lan,omitempty"`

	// The devices that lan = auto chose from, the LAN first; empty unless
	// there were several.
	LANs []string `json:"lans,omitempty"`
	// There are several WANs, and no default route names Prefix as its source,
	// so that its WAN is unknown.
	UnknownWAN bool `json:"prefix_wan_unknown,omitempty"`

	// Why the value is missing; zero if there is one.
	NoIPv4, NoIPv6, NoPrefix Missing `json:"-"`
}

// Equal reports whether s and o are the same, the reasons included.
func (s State) Equal(o State) bool {
	return s.IPv4 == o.IPv4 && s.WAN == o.WAN &&
		s.IPv6 == o.IPv6 && s.WAN6 == o.WAN6 &&
		slices.Equal(s.Delegated, o.Delegated) &&
		s.Prefix == o.Prefix && s.LAN == o.LAN && slices.Equal(s.LANs, o.LANs) && s.UnknownWAN == o.UnknownWAN &&
		s.NoIPv4 == o.NoIPv4 && s.NoIPv6 == o.NoIPv6 && s.NoPrefix == o.NoPrefix
}

// NoteLAN tells the owner that several devices could be the LAN, "" if only
// one could.
func (s State) NoteLAN() string {
	if len(s.LANs) < 2 {
		return ""
	}
	return s.LAN + " counts as the LAN, and " + strings.Join(s.LANs[1:], ", ") + " could: if your hosts are there, set lan to that device"
}

// NoteWAN tells the owner that Prefix may come from another WAN than WAN6.
func (s State) NoteWAN() string {
	if !s.UnknownWAN {
		return ""
	}
	return "there are several WANs, and which of them " + s.Prefix.String() + " came by cannot be told: let their IPv6 interfaces filter by source (sourcefilter 1)"
}
