// Package rfc2136 updates records at a name server by DNS UPDATE (RFC 2136), with
// messages that are signed by TSIG (RFC 8945), over TCP. A signature proves each
// message, and the secret never leaves; what is sent is not encrypted.
//
// It packs and parses messages itself: package dnsmessage passes names of 255 bytes
// by value, which costs 27 KiB, and does not tell where a signature begins. Names
// are those of a configuration, which has checked them.
package rfc2136

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"homeward/update/secret"
)

// TTL is how long resolvers may keep a record, in seconds. A new address is seen
// everywhere a minute after it was accepted.
const TTL = 60

// Update is one update of a name server: the hosts' A records are replaced by
// IPv4, their AAAA records by IPv6. A family without a valid address, and all other
// records, are not touched.
type Update struct {
	Key   Key
	Zone  string   // of all hosts; "": the server is asked for the zone of each
	Hosts []string // absolute names, with or without a dot at the end
	IPv4  netip.Addr
	IPv6  netip.Addr
}

// Sign returns the UPDATE message for hosts of one zone, with this message id,
// signed now. The error is one of the key's secret.
//
// A host that is an alias is a prerequisite that fails (YXRRSET): servers silently
// ignore an address beside a CNAME record (RFC 2136, section 3.4.2.2).
func (u *Update) Sign(id uint16, now time.Time) (*Request, error) {
	b := newMessage(id, opUpdate, u.Zone)
	for _, host := range u.Hosts {
		b = appendRecord(b, prerequisites, host, typeCNAME, classNone, nil)
	}
	for _, host := range u.Hosts {
		b = appendReplace(b, host, typeA, u.IPv4)
		b = appendReplace(b, host, typeAAAA, u.IPv6)
	}
	return u.Key.sign(b, now)
}

// appendReplace deletes the record set of a type, and adds an address (RFC 2136,
// sections 2.5.2 and 2.5.1).
func appendReplace(b []byte, host string, typ uint16, addr netip.Addr) []byte {
	if !addr.IsValid() {
		return b
	}
	b = appendRecord(b, updates, host, typ, classAny, nil)
	return appendRecord(b, updates, host, typ, classIN, addr.AsSlice())
}

// question returns a signed question for the SOA record of a name.
func (k *Key) question(name string, id uint16, now time.Time) (*Request, error) {
	r, err := k.sign(newMessage(id, opQuery, name), now)
	if err == nil {
		r.name = name
	}
	return r, err
}

// String describes the update for people, a line for each record. It does not show
// the secret.
func (u *Update) String() string {
	zone, key := u.Zone, u.Key.Name
	if zone == "" {
		zone = "the server's"
	}
	if secret.MayHold(key) { // written in the wrong place
		key = secret.Mask
	}
	text := "zone " + zone + ", key " + key + " (" + u.Key.Algorithm + ")"
	for _, host := range u.Hosts {
		for _, addr := range [...]netip.Addr{u.IPv4, u.IPv6} {
			typ := " AAAA "
			if addr.Is4() {
				typ = " A "
			}
			if addr.IsValid() {
				text += "\n" + host + " " + strconv.Itoa(TTL) + typ + addr.String()
			}
		}
	}
	return text
}

// Inside reports whether a name is a zone's, or one below it.
func Inside(name, zone string) bool {
	zone = canonical(zone)
	return zone == "" || strings.HasSuffix("."+canonical(name), "."+zone)
}

// canonical returns a name in lower case, without a dot at its end.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
