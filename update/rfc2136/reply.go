package rfc2136

import (
	"crypto/hmac"
	"encoding/binary"
	"time"
)

// Reply is what an answer says.
type Reply struct {
	Code Code
	Zone string // to a question for a zone: the zone that the server answers for, "" if it does for none
}

// ClockError is an answer of a name server whose clock differs from this machine's
// by more than five minutes: nothing was changed.
type ClockError struct {
	Server time.Time // the server's time, zero if it is not known
}

func (ClockError) Error() string { return "the clocks of router and name server differ (BADTIME)" }

// Parse parses and verifies the answer to r. Of an answer that is not signed,
// nothing is believed but that the server does not accept the key (BadKey, BadSig),
// which no server can sign. The error is a ClockError.
func (r *Request) Parse(msg []byte, now time.Time) (Reply, error) {
	a := answer{reader: reader{msg: msg}}
	switch a.read(); {
	case a.bad || a.id != int(r.id) || a.flags&flagResponse == 0:
		return Reply{Code: NoReply}, nil
	case a.tsig == nil:
		return Reply{Code: Unsigned}, nil
	case a.key != canonical(r.key.Name) || a.algorithm != r.key.Algorithm:
		return Reply{Code: BadSignature}, nil
	}
	code := Code(a.flags & 15)
	if len(a.mac) == 0 {
		if code == NotAuth && (a.code == BadKey || a.code == BadSig) {
			return Reply{Code: a.code}, nil
		}
		return Reply{Code: Unsigned}, nil
	}
	mac, err := r.key.digest(r.mac, a.unsigned(), a.tsig)
	if err != nil || !hmac.Equal(mac, a.mac) {
		return Reply{Code: BadSignature}, nil
	}
	if a.code != 0 {
		code = a.code
	}
	return Reply{code, r.zone(&a)}, a.inTime(now)
}

// inTime returns a ClockError if this machine's clock is not the server's.
func (t *tsig) inTime(now time.Time) error {
	off := int64(t.time) - now.Unix()
	switch {
	case t.code == BadTime && len(t.other) == 6:
		r := reader{msg: t.other}
		return ClockError{time.Unix(int64(r.number48()), 0)}
	case t.code == BadTime:
		return ClockError{}
	case off > fudge, off < -fudge:
		return ClockError{time.Unix(int64(t.time), 0)}
	}
	return nil
}

// zone returns the zone of the question's name by an authoritative answer.
func (r *Request) zone(a *answer) string {
	if code := Code(a.flags & 15); a.flags&flagAuthoritative == 0 || code != NoError && code != nxDomain || r.name == "" {
		return ""
	}
	for _, zone := range a.soa {
		if Inside(r.name, zone) {
			return zone
		}
	}
	return ""
}

const (
	flagResponse      = 0x8000
	flagAuthoritative = 0x0400
)

// answer is a message as it is read.
type answer struct {
	reader
	id, flags int
	soa       []string // the names of SOA records
	*tsig              // nil if there is none
	signed    int      // where its record begins
}

// read reads the whole message. A TSIG record is the last.
func (a *answer) read() {
	a.id, a.flags = a.number(), a.number()
	questions, records := a.number(), a.number()+a.number()+a.number()
	for range questions {
		a.name()
		a.take(4)
	}
	for i := range records {
		a.signed = a.off
		name, typ, class := a.name(), a.number(), a.number()
		a.take(4)
		data := a.take(a.number())
		switch {
		case a.bad:
			return
		case typ == typeSOA && class == classIN:
			a.soa = append(a.soa, name)
		case typ == typeTSIG:
			a.tsig = parseTSIG(name, data)
			a.bad = a.tsig == nil || i != records-1
		}
	}
	a.bad = a.bad || a.off != len(a.msg)
}

// unsigned returns the message as it was before it was signed.
func (a *answer) unsigned() []byte {
	b := append([]byte{}, a.msg[:a.signed]...)
	binary.BigEndian.PutUint16(b, a.tsig.id)
	binary.BigEndian.PutUint16(b[additional:], binary.BigEndian.Uint16(b[additional:])-1)
	return b
}

// parseTSIG parses a TSIG record; nil if it is not well-formed.
func parseTSIG(name string, data []byte) *tsig {
	r := reader{msg: data}
	t := &tsig{key: name, algorithm: r.name(), time: r.number48(), fudge: uint16(r.number())}
	t.mac = r.take(r.number())
	t.id, t.code = uint16(r.number()), Code(r.number())
	if t.other = r.take(r.number()); r.bad || r.off != len(data) {
		return nil
	}
	return t
}

func (r *reader) number48() uint64 {
	return uint64(r.number())<<32 | uint64(r.number())<<16 | uint64(r.number())
}
