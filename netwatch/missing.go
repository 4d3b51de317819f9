package netwatch

import (
	"cmp"
	"net/netip"
)

// Missing says why State has no value of a kind. It is comparable. Text makes
// a sentence of it. The zero Missing means that there is a value.
type Missing struct {
	Of     Value
	Reason Reason
	Dev    string       // may be ""
	Addr   netip.Addr   // the address of Dev that is not published, may be invalid
	Prefix netip.Prefix // the delegated prefix, may be invalid

	// The device to suggest in place of auto, may be "", with its publishable
	// address or the /64 of its hosts.
	Use       string
	UseAddr   netip.Addr
	UsePrefix netip.Prefix
	Tunnel    bool // auto chose Dev, and it is a tunnel, most likely a VPN
}

// Value is a kind of value in State.
type Value uint8

const (
	ValueIPv4 Value = iota + 1
	ValueIPv6
	ValuePrefix
)

// Reason is why a value is missing. String returns its word for programs.
type Reason uint8

const (
	ReasonNoRoute      Reason     = iota + 1 // no default route of the family
	ReasonNoAddress                          // no address of the family on the device
	ReasonPrivate                            // RFC 1918
	ReasonCarrierNAT                         // RFC 6598
	ReasonDSLite                             // address of a DS-Lite or 464XLAT tunnel, RFC 7335
	ReasonSharedPorts                        // MAP-E, lw4o6: an address shared by port ranges
	ReasonLinkLocal                          // RFC 3927, RFC 4291
	ReasonReserved                           // IANA's special-purpose registries
	ReasonNotGlobal                          // link or host scope, or outside of 2000::/3
	ReasonDeprecated                         // preferred lifetime over, RFC 4862
	ReasonTemporary                          // privacy address, RFC 8981
	ReasonULA                                // RFC 4193
	ReasonDuplicate                          // duplicate address detection failed, RFC 4862
	ReasonNotDelegated                       // no prefix was delegated
	ReasonOtherWAN                           // delegated by another WAN
	ReasonNoLANAddress                       // no LAN device has an address in the delegated prefix
	ReasonNotALAN                            // the configured device is never the LAN
	reasons            = iota + 1            // their number, with 0
)

var reasonWords = [reasons]string{
	ReasonNoRoute:      "no-route",
	ReasonNoAddress:    "no-address",
	ReasonPrivate:      "private",
	ReasonCarrierNAT:   "carrier-nat",
	ReasonDSLite:       "ds-lite",
	ReasonSharedPorts:  "shared-ports",
	ReasonLinkLocal:    "link-local",
	ReasonReserved:     "reserved",
	ReasonNotGlobal:    "not-global",
	ReasonDeprecated:   "deprecated",
	ReasonTemporary:    "temporary",
	ReasonULA:          "ula",
	ReasonDuplicate:    "duplicate",
	ReasonNotDelegated: "not-delegated",
	ReasonOtherWAN:     "other-wan",
	ReasonNoLANAddress: "no-lan-address",
	ReasonNotALAN:      "not-a-lan",
}

// Reasons returns all reasons.
func Reasons() []Reason {
	var all []Reason
	for r := Reason(1); int(r) < len(reasonWords); r++ {
		all = append(all, r)
	}
	return all
}

// String returns the reason's word, "" for 0.
func (r Reason) String() string {
	if int(r) < len(reasonWords) {
		return reasonWords[r]
	}
	return ""
}

// Text tells the owner what is missing and what to do, "" if nothing is
// missing.
func (m Missing) Text() string {
	switch {
	case m.Reason == 0:
		return ""
	case m.Of == ValuePrefix:
		return m.textPrefix()
	case m.Of == ValueIPv4 && m.Reason == ReasonPrivate:
		return m.Addr.String() + " on " + m.Dev + " is private (RFC 1918): " + cmp.Or(m.useWAN("wan"), anotherRouter)
	case m.Of == ValueIPv4:
		return after(m.text4(), m.useWAN("wan"))
	}
	return after(m.text6(), m.useWAN("wan6"))
}

func after(text, more string) string {
	if more == "" {
		return text
	}
	return text + "; " + more
}

// useWAN suggests another WAN device; key is the option to set.
func (m Missing) useWAN(key string) string {
	switch {
	case m.UseAddr.IsValid():
		return m.Use + " has " + m.UseAddr.String() + ": if your hosts are to be reached there, set " + key + " = \"" + m.Use + "\""
	case m.Use != "":
		return m.Dev + " is a tunnel, a VPN's most likely: to look at the line under it set " + key + " = \"" + m.Use + "\""
	case m.Tunnel:
		return m.Dev + " is a tunnel, a VPN's most likely: set " + key + " to the device of the line under it"
	}
	return ""
}

// String returns Text.
func (m Missing) String() string { return m.Text() }

const (
	anotherRouter = `another router stands in front of this one; set detect = "web" in the account, and forward the ports there`
	askForIPv4    = "publish ipv6 or prefix, or ask the provider for a public IPv4 address"
)

func (m Missing) text4() string {
	addr := m.Addr.String() + " on " + m.Dev
	switch m.Reason {
	case ReasonNoRoute:
		return "no IPv4 default route: the line is down, or it has no IPv4; if it has, check the WAN interface"
	case ReasonNoAddress:
		return m.Dev + " has no IPv4 address: no such device, or it is down; check the WAN interface, or the wan set here"
	case ReasonCarrierNAT:
		return addr + " is behind the provider's carrier NAT (RFC 6598), nobody can connect to it: " + askForIPv4
	case ReasonDSLite:
		return addr + " is a DS-Lite or 464XLAT tunnel's own address (RFC 7335), nobody can connect to it: " + askForIPv4
	case ReasonSharedPorts:
		return m.Dev + " shares its IPv4 address with other customers by port ranges (MAP-E, lw4o6): publish ipv6 or prefix, or ask the provider for an IPv4 address of your own"
	case ReasonLinkLocal:
		return addr + " is link-local (RFC 3927): the device got no address from the provider; check the modem and the WAN interface's settings"
	case ReasonReserved:
		return addr + " " + reservedRange(m.Addr).why
	}
	return addr + " is valid on its link only (its scope is not global): check the WAN interface's settings"
}

func (m Missing) text6() string {
	addr := m.Addr.String() + " on " + m.Dev
	switch m.Reason {
	case ReasonNoRoute:
		return "no IPv6 default route: the line is down, or it has no IPv6; if it has, check the WAN's IPv6 interface (wan6)"
	case ReasonNoAddress:
		return m.Dev + " has no IPv6 address: no such device, or it is down, or it has no IPv6; check the WAN's IPv6 interface, or the wan6 set here"
	case ReasonLinkLocal:
		return addr + " is link-local, and there is no other: the provider gave no IPv6 address; publish prefix if one is delegated"
	case ReasonULA:
		return addr + " is a local address (ULA, RFC 4193): the provider gave no IPv6 address; publish prefix if one is delegated"
	case ReasonDuplicate:
		return addr + " is in use by another machine on the line (duplicate address detection failed): restart the WAN's IPv6 interface, or ask the provider"
	case ReasonTemporary:
		return addr + " is a privacy address, which changes daily: let the WAN have a stable one too (use_tempaddr = 0)"
	case ReasonDeprecated:
		return addr + " is deprecated: the provider withdrew it or did not renew it; a new one is awaited"
	case ReasonReserved:
		return addr + " " + reservedRange(m.Addr).why
	}
	if internet6.Contains(m.Addr) {
		return addr + " is valid on its link only (its scope is not global): check the WAN's IPv6 interface"
	}
	return addr + " is not an address of the internet (2000::/3): check the WAN's IPv6 interface"
}

func (m Missing) textPrefix() string {
	switch m.Reason {
	case ReasonNotALAN:
		return m.Dev + " is loopback, so it is never the LAN: set lan to the device your hosts are on"
	case ReasonNotDelegated:
		if m.Dev != "" {
			return m.Dev + " has no address of the internet, and the provider delegates no prefix: check the lan set here, and that the WAN's IPv6 interface asks for a prefix (reqprefix auto)"
		}
		return "the provider delegates no prefix: check that the WAN's IPv6 interface asks for one (reqprefix auto), or ask the provider" + m.useLAN()
	case ReasonOtherWAN:
		return m.Prefix.String() + " is not delegated by " + m.Dev + " but by another WAN: check the wan6 set here"
	case ReasonDuplicate:
		return m.Addr.String() + " on " + m.Dev + " is in use by another machine (duplicate address detection failed): find it, then restart the LAN interface"
	case ReasonDeprecated:
		return m.Addr.String() + " on " + m.Dev + " is deprecated: the provider withdrew its prefix or did not renew it; a new one is awaited"
	}
	if m.Dev != "" {
		return m.Dev + " has no address in " + m.Prefix.String() + ": give its interface a share of the prefix (ip6assign 60), or check the lan set here"
	}
	return "no LAN device has an address in " + m.Prefix.String() + ": give the LAN interface a share of it (ip6assign 60)" + m.useLAN()
}

// useLAN suggests a LAN device whose prefix was not delegated.
func (m Missing) useLAN() string {
	if m.Use == "" {
		return ""
	}
	return "; if your hosts have addresses in " + m.UsePrefix.String() + " (relay mode, or a network of your own), set lan = \"" + m.Use + "\""
}
