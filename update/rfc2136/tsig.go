package rfc2136

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/secret"
)

// typeTSIG is the type of a TSIG record, of class ANY (RFC 8945, section 4.2).
const typeTSIG = 250

// fudge is how far the clocks of both sides may differ, in seconds, as recommended
// (RFC 8945, section 10).
const fudge = 300

// Key is a TSIG key: what this machine and a name server share.
type Key struct {
	Name      string        // a name of the DNS, with or without a dot at the end
	Algorithm string        // one of Algorithms
	Secret    secret.Secret // in base64
}

// Algorithms returns the names of the algorithms of a Key.
func Algorithms() []string { return []string{"hmac-sha256", "hmac-sha512"} }

var errSecret = errors.New("not base64")

// DecodeSecret returns the bytes of a Key's secret.
func DecodeSecret(s secret.Secret) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s.Reveal())
	if err != nil || len(b) == 0 {
		return nil, errSecret // the decoder's own error would show a character of it
	}
	return b, nil
}

// Request is a signed message, and what its answer is verified with.
type Request struct {
	key  Key
	id   uint16
	mac  []byte
	name string // of a question for a zone
	wire []byte // behind its length
}

// Message returns the message without its length.
func (r Request) Message() []byte { return r.wire[2:] }

// sign ends a message with its TSIG record.
func (b *builder) sign(k Key, now time.Time) (Request, error) {
	signed := b.Builder // of the same buffer
	plain, err := b.Finish()
	b.note(err)
	if b.err != nil {
		return Request{}, b.err
	}
	t := tsig{algorithm: algorithmName(k), time: uint64(now.Unix()), fudge: fudge, id: binary.BigEndian.Uint16(plain[2:])}
	if t.mac, err = t.digest(k, nil, plain[2:]); err != nil {
		return Request{}, err
	}
	h := dnsmessage.ResourceHeader{Name: b.name(k.Name), Class: dnsmessage.ClassANY}
	b.Builder = signed
	b.note(b.StartAdditionals())
	b.note(b.UnknownResource(h, dnsmessage.UnknownResource{Type: typeTSIG, Data: t.pack()}))
	wire, err := b.Finish()
	b.note(err)
	if b.err == nil && len(wire)-2 > 0xffff {
		b.err = errors.New("too many hosts for one message")
	}
	if b.err != nil {
		return Request{}, b.err
	}
	binary.BigEndian.PutUint16(wire, uint16(len(wire)-2))
	return Request{key: k, id: t.id, mac: t.mac, wire: wire}, nil
}

// tsig is the data of a TSIG record (RFC 8945, section 4.2).
type tsig struct {
	algorithm []byte // a name, as on the wire
	time      uint64 // seconds since 1970, 48 bits
	fudge     uint16
	mac       []byte
	id        uint16 // of the message before any server has changed it
	code      uint16 // error
	other     []byte // with BADTIME the server's time
}

func (t tsig) pack() []byte {
	b := append(append([]byte(nil), t.algorithm...), pack48(t.time)...)
	b = binary.BigEndian.AppendUint16(b, t.fudge)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(t.mac))), t.mac...)
	b = binary.BigEndian.AppendUint16(b, t.id)
	b = binary.BigEndian.AppendUint16(b, t.code)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(t.other))), t.other...)
}

// parseTSIG parses the data of a TSIG record; ok is false if it is not well-formed.
func parseTSIG(b []byte) (t tsig, ok bool) {
	end := nameEnd(b, 0)
	if end < 0 || len(b) < end+10 {
		return t, false
	}
	t.algorithm, b = b[:end], b[end:]
	t.time, t.fudge = unpack48(b), binary.BigEndian.Uint16(b[6:])
	n := int(binary.BigEndian.Uint16(b[8:]))
	if b = b[10:]; len(b) < n+6 {
		return t, false
	}
	t.mac, b = b[:n], b[n:]
	t.id, t.code = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	n = int(binary.BigEndian.Uint16(b[4:]))
	t.other = b[6:]
	return t, len(t.other) == n
}

// digest returns the MAC of a message without its TSIG record. request is the MAC
// of the request that the message answers, nil for a request (RFC 8945, section
// 4.3).
func (t tsig) digest(k Key, request, message []byte) ([]byte, error) {
	key, err := DecodeSecret(k.Secret)
	if err != nil {
		return nil, err
	}
	h := hmac.New(k.hash(), key)
	if request != nil {
		h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(request))))
		h.Write(request)
	}
	h.Write(message)
	v := wireName(k.Name)
	v = binary.BigEndian.AppendUint16(v, uint16(dnsmessage.ClassANY))
	v = binary.BigEndian.AppendUint32(v, 0) // TTL
	v = append(append(v, algorithmName(k)...), pack48(t.time)...)
	v = binary.BigEndian.AppendUint16(v, t.fudge)
	v = binary.BigEndian.AppendUint16(v, t.code)
	v = append(binary.BigEndian.AppendUint16(v, uint16(len(t.other))), t.other...)
	h.Write(v)
	return h.Sum(nil), nil
}

func (k Key) hash() func() hash.Hash {
	if k.Algorithm == "hmac-sha512" {
		return sha512.New
	}
	return sha256.New
}

func algorithmName(k Key) []byte { return wireName(k.Algorithm) }

// wireName returns a name in lower case as on the wire.
func wireName(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(strings.ToLower(strings.TrimSuffix(name, ".")), ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

func pack48(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n)[2:] }

func unpack48(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}
