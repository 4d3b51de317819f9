package main

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// A question to one name server and its answer (RFC 1035, section 4), for
// addresses alone. Package net asks only what the system is set to, and
// /etc/hosts before that.

var dnsTypes = [...]struct {
	name string
	code uint16
}{{"A", 1}, {"AAAA", 28}}

// dnsQuestion spells a question, without asking for recursion.
func dnsQuestion(id uint16, name string, typ uint16) ([]byte, error) {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	for _, l := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		if l == "" || len(l) > 63 {
			return nil, errors.New("no name for the DNS")
		}
		b = append(append(b, byte(len(l))), l...)
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, typ)
	return append(b, 0, 1), nil // class IN
}

// dnsReply is what a name server said.
type dnsReply struct {
	code  int // RFC 1035's RCODE: 0 fine, 3 no such name
	cut   bool
	addrs []string // sorted
	alias bool     // the name is another one's alias
}

var errNoReply = errors.New("not an answer to the question")

// parseDNS reads the answer to a question that was asked with the same id.
func parseDNS(question, msg []byte) (r dnsReply, err error) {
	if len(msg) < 12 || len(question) < 12 || msg[0] != question[0] || msg[1] != question[1] || msg[2]&0x80 == 0 {
		return r, errNoReply
	}
	r.code, r.cut = int(msg[3]&15), msg[2]&2 != 0
	asked := question[12:]
	count := int(binary.BigEndian.Uint16(msg[6:]))
	if binary.BigEndian.Uint16(msg[4:]) != 1 || len(msg) < 12+len(asked) ||
		!strings.EqualFold(string(msg[12:12+len(asked)]), string(asked)) {
		return r, errNoReply
	}
	typ := binary.BigEndian.Uint16(asked[len(asked)-4:])
	rest := msg[12+len(asked):]
	for range count {
		var t uint16
		var data []byte
		if t, data, rest = dnsRecord(rest); rest == nil {
			if r.cut {
				return r, nil
			}
			return r, errNoReply
		}
		addr, ok := netip.AddrFromSlice(data)
		switch {
		case t == 5:
			r.alias = true
		case t == typ && ok && addr.Is4() == (typ == 1):
			r.addrs = append(r.addrs, addr.String())
		}
	}
	slices.Sort(r.addrs)
	return r, nil
}

// dnsRecord reads one record of class IN; rest is nil where there is none.
func dnsRecord(b []byte) (typ uint16, data, rest []byte) {
	for { // its name, which needs no reading
		if len(b) == 0 {
			return 0, nil, nil
		}
		n := int(b[0])
		if n&0xc0 == 0xc0 { // a pointer ends it
			n = 1
		}
		last := n == 0 || b[0]&0xc0 == 0xc0
		if len(b) < n+1 {
			return 0, nil, nil
		}
		b = b[n+1:]
		if last {
			break
		}
	}
	if len(b) < 10 {
		return 0, nil, nil
	}
	size := int(binary.BigEndian.Uint16(b[8:]))
	if len(b) < 10+size {
		return 0, nil, nil
	}
	typ = binary.BigEndian.Uint16(b)
	if binary.BigEndian.Uint16(b[2:]) != 1 {
		typ = 0
	}
	return typ, b[10 : 10+size], b[10+size:]
}
