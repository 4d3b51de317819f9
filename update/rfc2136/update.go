// Package rfc2136 updates records at a name server by DNS UPDATE (RFC 2136), with
// messages that are signed by TSIG (RFC 8945), over TCP. A signature proves each
// message, and the secret never leaves; what is sent is not encrypted.
package rfc2136

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/secret"
)

// TTL is how long resolvers may keep a record, in seconds. A new address is seen
// everywhere a minute after it was accepted.
const TTL = 60

// opCodeUpdate and classNone are those of RFC 2136 that dnsmessage does not name.
const (
	opCodeUpdate = 5
	classNone    = 254
)

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
// signed now. The error is one of a name that the DNS cannot carry.
//
// A host that is an alias is a prerequisite that fails (YXRRSET): servers silently
// ignore an address beside a CNAME record (RFC 2136, section 3.4.2.2).
func (u Update) Sign(id uint16, now time.Time) (Request, error) {
	b := builder{Builder: dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: id, OpCode: opCodeUpdate})}
	b.note(b.StartQuestions())
	b.note(b.Question(dnsmessage.Question{Name: b.name(u.Zone), Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET}))
	b.note(b.StartAnswers()) // prerequisites
	for _, host := range u.Hosts {
		b.empty(host, dnsmessage.TypeCNAME, classNone)
	}
	b.note(b.StartAuthorities()) // updates
	for _, host := range u.Hosts {
		h := dnsmessage.ResourceHeader{Name: b.name(host), Class: dnsmessage.ClassINET, TTL: TTL}
		if u.IPv4.IsValid() {
			b.empty(host, dnsmessage.TypeA, dnsmessage.ClassANY)
			b.note(b.AResource(h, dnsmessage.AResource{A: u.IPv4.As4()}))
		}
		if u.IPv6.IsValid() {
			b.empty(host, dnsmessage.TypeAAAA, dnsmessage.ClassANY)
			b.note(b.AAAAResource(h, dnsmessage.AAAAResource{AAAA: u.IPv6.As16()}))
		}
	}
	return b.sign(u.Key, now)
}

// question returns a signed question for the SOA record of a name.
func (k Key) question(name string, id uint16, now time.Time) (Request, error) {
	b := builder{Builder: dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: id})}
	b.note(b.StartQuestions())
	b.note(b.Question(dnsmessage.Question{Name: b.name(name), Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET}))
	r, err := b.sign(k, now)
	r.name = name
	return r, err
}

// String describes the update for people, a line for each record. It does not show
// the secret.
func (u Update) String() string {
	zone := u.Zone
	if zone == "" {
		zone = "the server's"
	}
	key := u.Key.Name
	if secret.MayHold(key) { // written in the wrong place
		key = secret.Mask
	}
	lines := []string{"zone " + zone + ", key " + key + " (" + u.Key.Algorithm + ")"}
	for _, host := range u.Hosts {
		if u.IPv4.IsValid() {
			lines = append(lines, host+" "+strconv.Itoa(TTL)+" A "+u.IPv4.String())
		}
		if u.IPv6.IsValid() {
			lines = append(lines, host+" "+strconv.Itoa(TTL)+" AAAA "+u.IPv6.String())
		}
	}
	return strings.Join(lines, "\n")
}

// builder builds a message behind two bytes, which hold its length for TCP. It
// keeps its first error.
type builder struct {
	dnsmessage.Builder
	err error
}

func (b *builder) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) name(s string) dnsmessage.Name {
	n, err := dnsmessage.NewName(absolute(s))
	b.note(err)
	return n
}

// empty adds a record without data: of class ANY it deletes the record set, of
// class NONE it demands that there is none.
func (b *builder) empty(host string, typ dnsmessage.Type, class dnsmessage.Class) {
	b.note(b.UnknownResource(dnsmessage.ResourceHeader{Name: b.name(host), Class: class}, dnsmessage.UnknownResource{Type: typ}))
}

// absolute returns a name with a dot at its end.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }
