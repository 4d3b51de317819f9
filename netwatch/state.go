// Package netwatch tells what a router's internet line looks like, the moment
// the kernel knows: the WAN's addresses and the prefix delegated to the LAN.
//
// Events are hints only. After each burst of them the tables are read whole,
// and View turns tables into the State of the line, without any I/O.
package netwatch

import (
	"net/netip"
	"slices"
	"strings"
)

// Forever is the lifetime, in seconds, of an address that does not expire
// (RFC 4861, section 4.6.2).
const Forever = ^uint32(0)

// Tables is what one reading of the kernel found, in the kernel's own order.
// Those that a Watcher emits are the Watcher's: see Run.
type Tables struct {
	Addrs       []Addr         // of links that are up
	Defaults    []Route        // unicast default routes of table main, source-filtered ones included, with a live nexthop
	Unreachable []netip.Prefix // unreachable IPv6 routes of table main
}

// Has tells whether a is an address of this machine, on a link that is up.
func (t Tables) Has(a netip.Addr) bool {
	return slices.ContainsFunc(t.Addrs, func(x Addr) bool { return x.Addr == a })
}

// Equal tells whether both hold the same, in the same order.
func (t Tables) Equal(o Tables) bool {
	return slices.Equal(t.Addrs, o.Addrs) && slices.Equal(t.Defaults, o.Defaults) && slices.Equal(t.Unreachable, o.Unreachable)
}

// Clone is a copy in memory of its own.
func (t Tables) Clone() Tables {
	return Tables{slices.Clone(t.Addrs), slices.Clone(t.Defaults), slices.Clone(t.Unreachable)}
}

// Copy makes t a copy of o in t's own memory, which it uses again.
func (t *Tables) Copy(o Tables) {
	t.Addrs = append(t.Addrs[:0], o.Addrs...)
	t.Defaults = append(t.Defaults[:0], o.Defaults...)
	t.Unreachable = append(t.Unreachable[:0], o.Unreachable...)
}

// Addr is one address of one device of this machine.
type Addr struct {
	Dev       string
	Addr      netip.Addr // ours; on a point-to-point link not the peer's
	Bits      int        // length of the prefix it was assigned with
	Global    bool       // scope global, as against link or host
	Flags     AddrFlags
	Preferred uint32 // seconds it stays preferred, 0 if deprecated, or Forever
}

// AddrFlags are the kernel's IFA_F_ flags that decide about an IPv6 address.
type AddrFlags uint8

const (
	Temporary  AddrFlags = 1 << iota // privacy address, RFC 8981
	Deprecated                       // preferred lifetime over, RFC 4862
	Failed                           // duplicate address detection found another owner
	Tentative                        // duplicate address detection under way; counts as usable
)

// Route is one default route.
type Route struct {
	Dev    string
	IPv6   bool
	Metric uint32       // the lower the better
	Src    netip.Addr   // preferred source, may be invalid
	From   netip.Prefix // only packets from here (source-filtered), may be invalid
	Tunnel bool         // Dev is a tunnel by its kind: WireGuard's or tun

	nexthop uint32 // id of the object that names the device, 0 once it is looked up
}

// Devices names the devices to look at. "" and "auto" choose by the rules of View.
type Devices struct{ WAN, WAN6, LAN string }

// State is one complete view of the line. What is not there is invalid or "".
type State struct {
	IPv4      netip.Addr     `json:"ipv4,omitzero"`
	WAN       string         `json:"wan,omitempty"`
	IPv6      netip.Addr     `json:"ipv6,omitzero"`
	WAN6      string         `json:"wan6,omitempty"`
	Delegated []netip.Prefix `json:"delegated,omitempty"` // sorted
	Prefix    netip.Prefix   `json:"prefix,omitzero"`     // the LAN's /64
	LAN       string         `json:"lan,omitempty"`

	// The devices that lan = auto chose from, the LAN first, where there were
	// several.
	LANs []string `json:"lans,omitempty"`
	// There are several WANs, and by which of them Prefix came cannot be told:
	// no default route names it as its source.
	UnknownWAN bool `json:"prefix_wan_unknown,omitempty"`

	// Why there is none; zero where there is one.
	NoIPv4, NoIPv6, NoPrefix Missing `json:"-"`
}

// Equal tells whether an owner would see the same line in both, the reasons
// included.
func (s State) Equal(o State) bool {
	return s.IPv4 == o.IPv4 && s.WAN == o.WAN &&
		s.IPv6 == o.IPv6 && s.WAN6 == o.WAN6 &&
		slices.Equal(s.Delegated, o.Delegated) &&
		s.Prefix == o.Prefix && s.LAN == o.LAN && slices.Equal(s.LANs, o.LANs) && s.UnknownWAN == o.UnknownWAN &&
		s.NoIPv4 == o.NoIPv4 && s.NoIPv6 == o.NoIPv6 && s.NoPrefix == o.NoPrefix
}

// NoteLAN says, in words for the owner, that there was a choice which device
// is the LAN, "" if there was none.
func (s State) NoteLAN() string {
	if len(s.LANs) < 2 {
		return ""
	}
	return s.LAN + " counts as the LAN, and " + strings.Join(s.LANs[1:], ", ") + " could: if your hosts are there, set lan to that device"
}

// NoteWAN says likewise that Prefix may have come by another WAN than WAN6.
func (s State) NoteWAN() string {
	if !s.UnknownWAN {
		return ""
	}
	return "there are several WANs, and which of them " + s.Prefix.String() + " came by cannot be told: let their IPv6 interfaces filter by source (sourcefilter 1)"
}
