package rfc2136

import (
	"encoding/binary"
	"strings"
)

// What messages are made of (RFC 1035, RFC 2136, RFC 8945).
const (
	opQuery  = 0
	opUpdate = 5 << 3 // in the third byte of a header

	typeA     = 1
	typeCNAME = 5
	typeSOA   = 6
	typeAAAA  = 28
	typeTSIG  = 250

	classIN   = 1
	classNone = 254 // a prerequisite: there is no such record set
	classAny  = 255 // without data: the whole record set

	headerLen = 12

	// where a header counts the records of a section
	prerequisites = 6
	updates       = 8
	additional    = 10
)

// newMessage begins a message behind two bytes, which are for its length over TCP:
// the header, and the zone or a question for its SOA record.
func newMessage(id uint16, op byte, zone string) []byte {
	b := make([]byte, 2+headerLen, 512)
	binary.BigEndian.PutUint16(b[2:], id)
	b[4], b[7] = op, 1
	b = appendName(b, zone)
	return append(b, 0, typeSOA, 0, classIN)
}

// appendName appends a name, not compressed.
func appendName(b []byte, name string) []byte {
	for name = canonical(name); name != ""; {
		var label string
		label, name, _ = strings.Cut(name, ".")
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

// appendRecord appends a record to a section, and counts it. Its TTL is 0, but that
// of data of class IN.
func appendRecord(b []byte, section int, name string, typ, class uint16, data []byte) []byte {
	ttl := uint32(0)
	if class == classIN {
		ttl = TTL
	}
	b[2+section+1]++ // 200 records at most
	b = appendName(b, name)
	b = append(b, 0, byte(typ), 0, byte(class))
	b = binary.BigEndian.AppendUint32(b, ttl)
	return appendData(b, data)
}

// appendData appends bytes behind their length.
func appendData(b, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

// reader reads a message. After a fault it reads zeros, and bad is true.
type reader struct {
	msg []byte
	off int
	bad bool
}

// take returns the next n bytes.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.msg)-r.off {
		r.bad = true
		return nil
	}
	r.off += n
	return r.msg[r.off-n : r.off]
}

// number returns the next two bytes.
func (r *reader) number() int {
	b := r.take(2)
	if b == nil {
		return 0
	}
	return int(binary.BigEndian.Uint16(b))
}

// name returns the next name as canonical does.
func (r *reader) name() string {
	name, off, end := "", r.off, 0 // end is behind the first pointer
	for off < len(r.msg) && len(name) < 256 && !r.bad {
		n := int(r.msg[off])
		off++
		switch {
		case n == 0:
			if r.off = off; end != 0 {
				r.off = end
			}
			return strings.ToLower(strings.TrimPrefix(name, "."))
		case n < 64 && off+n <= len(r.msg):
			name += "." + string(r.msg[off:off+n])
			off += n
		case n >= 0xc0 && off < len(r.msg):
			to := n&0x3f<<8 | int(r.msg[off])
			if end == 0 {
				end = off + 1
			}
			r.bad = to >= off-1 // pointers lead back
			off = to
		default:
			r.bad = true
		}
	}
	r.bad = true
	return ""
}
