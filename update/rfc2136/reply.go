package rfc2136

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Reply is a verified answer.
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

// The answers that are none of the server's, or that nothing proves.
var (
	errNoReply   = errors.New("not an answer to the message")
	errUnsigned  = errors.New("the answer is not signed")
	errSignature = errors.New("the signature of the answer is wrong")
)

// Parse parses and verifies the answer to r. Of an answer that is not signed,
// nothing is believed but that the server does not accept the key (BADKEY, BADSIG),
// which no server can sign.
func (r Request) Parse(msg []byte, now time.Time) (Reply, error) {
	h, records, err := r.parse(msg)
	if err != nil {
		return Reply{}, err
	}
	if records.tsig == nil {
		return Reply{}, errUnsigned
	}
	t, ok := parseTSIG(records.tsig)
	if !ok || !strings.EqualFold(absolute(records.key), absolute(r.key.Name)) || !bytes.EqualFold(t.algorithm, algorithmName(r.key)) {
		return Reply{}, errSignature
	}
	code := Code(h.RCode)
	if t.code != 0 {
		code = Code(t.code)
	}
	if len(t.mac) == 0 && code != Code(h.RCode) && (code == BadKey || code == BadSig) {
		return Reply{Code: code}, nil
	}
	if len(t.mac) == 0 {
		return Reply{}, errUnsigned
	}
	mac, err := t.digest(r.key, r.mac, unsigned(msg, t.id))
	if err != nil || !hmac.Equal(mac, t.mac) {
		return Reply{}, errSignature
	}
	if err := t.inTime(now); err != nil {
		return Reply{}, err
	}
	return Reply{Code: code, Zone: r.zone(h, records.soa)}, nil
}

// inTime returns a ClockError if this machine's clock is not the server's.
func (t tsig) inTime(now time.Time) error {
	off := int64(t.time) - now.Unix()
	switch {
	case Code(t.code) == BadTime && len(t.other) == 6:
		return ClockError{time.Unix(int64(unpack48(t.other)), 0)}
	case Code(t.code) == BadTime:
		return ClockError{}
	case off > fudge, off < -fudge:
		return ClockError{time.Unix(int64(t.time), 0)}
	}
	return nil
}

// zone returns the zone of the question's name by an authoritative answer.
func (r Request) zone(h dnsmessage.Header, soa []string) string {
	if !h.Authoritative || h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError {
		return ""
	}
	for _, zone := range soa {
		if r.name != "" && Inside(r.name, zone) {
			return zone
		}
	}
	return ""
}

// Inside reports whether a name is a zone's, or one below it.
func Inside(name, zone string) bool {
	name, zone = strings.ToLower(absolute(name)), strings.ToLower(absolute(zone))
	return name == zone || zone == "." || strings.HasSuffix(name, "."+zone)
}

// records are what is used of an answer's records.
type records struct {
	soa  []string // the names of SOA records
	key  string   // the name of the TSIG record
	tsig []byte   // its data, nil if there is none
}

// parse reads the sections of an answer to r.
func (r Request) parse(msg []byte) (h dnsmessage.Header, out records, err error) {
	var p dnsmessage.Parser
	h, err = p.Start(msg)
	if err != nil || h.ID != r.id || !h.Response || p.SkipAllQuestions() != nil {
		return h, out, errNoReply
	}
	for _, section := range [...]struct {
		header func() (dnsmessage.ResourceHeader, error)
		skip   func() error
	}{{p.AnswerHeader, p.SkipAnswer}, {p.AuthorityHeader, p.SkipAuthority}} {
		for {
			rec, err := section.header()
			if err == dnsmessage.ErrSectionDone {
				break
			}
			if err != nil || section.skip() != nil {
				return h, out, errNoReply
			}
			if rec.Type == dnsmessage.TypeSOA && rec.Class == dnsmessage.ClassINET {
				out.soa = append(out.soa, rec.Name.String())
			}
		}
	}
	for {
		rec, err := p.AdditionalHeader()
		if err == dnsmessage.ErrSectionDone {
			return h, out, nil
		}
		if err != nil || out.tsig != nil { // a TSIG record is the last
			return h, out, errNoReply
		}
		data, err := p.UnknownResource()
		if err != nil {
			return h, out, errNoReply
		}
		if rec.Type == typeTSIG && rec.Class == dnsmessage.ClassANY {
			out.key, out.tsig = rec.Name.String(), append([]byte{}, data.Data...)
		}
	}
}

// unsigned returns a message, which parse has read, as it was before it was signed:
// with its first id, and without its last record.
func unsigned(msg []byte, id uint16) []byte {
	off, last := 12, 12
	questions := int(binary.BigEndian.Uint16(msg[4:]))
	count := questions
	for _, at := range [...]int{6, 8, 10} {
		count += int(binary.BigEndian.Uint16(msg[at:]))
	}
	for i := range count {
		last = off
		if off = nameEnd(msg, off) + 4; i >= questions {
			off += 6 + int(binary.BigEndian.Uint16(msg[off+4:]))
		}
	}
	out := append([]byte{}, msg[:last]...)
	binary.BigEndian.PutUint16(out, id)
	binary.BigEndian.PutUint16(out[10:], binary.BigEndian.Uint16(out[10:])-1)
	return out
}

// nameEnd returns where a name ends that begins at off, or -1.
func nameEnd(msg []byte, off int) int {
	for off < len(msg) {
		switch n := int(msg[off]); {
		case n == 0:
			return off + 1
		case n >= 0xc0 && off+1 < len(msg):
			return off + 2
		case n > 63:
			return -1
		default:
			off += 1 + n
		}
	}
	return -1
}
