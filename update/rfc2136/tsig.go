package rfc2136

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"homeward/update/secret"
)

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
	key  *Key
	id   uint16
	mac  []byte
	name string // of a question for a zone
	wire []byte // behind its length
}

// Message returns the message without its length.
func (r *Request) Message() []byte { return r.wire[2:] }

// sign ends a message that newMessage has begun.
func (k *Key) sign(b []byte, now time.Time) (*Request, error) {
	t := tsig{time: uint64(now.Unix()), fudge: fudge, id: binary.BigEndian.Uint16(b[2:])}
	mac, err := k.digest(nil, b[2:], &t)
	if err != nil {
		return nil, err
	}
	data := append48(appendName(nil, k.Algorithm), t.time)
	data = appendData(binary.BigEndian.AppendUint16(data, fudge), mac)
	data = binary.BigEndian.AppendUint16(data, t.id)
	data = append(data, 0, 0, 0, 0) // no error, no other data
	b = appendRecord(b, additional, k.Name, typeTSIG, classAny, data)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return &Request{key: k, id: t.id, mac: mac, wire: b}, nil
}

// tsig is what a TSIG record holds (RFC 8945, section 4.2).
type tsig struct {
	key       string
	algorithm string
	time      uint64 // seconds since 1970, 48 bits
	fudge     uint16
	mac       []byte
	id        uint16 // of the message, before a server has changed it
	code      Code   // error
	other     []byte // with BADTIME the server's time
}

// digest returns the MAC of a message without its TSIG record t. request is the MAC
// of the request that the message answers, nil for a request (RFC 8945, section
// 4.3).
func (k *Key) digest(request, message []byte, t *tsig) ([]byte, error) {
	key, err := DecodeSecret(k.Secret)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	if k.Algorithm == "hmac-sha512" {
		h = hmac.New(sha512.New, key)
	}
	var b []byte
	if request != nil {
		b = appendData(b, request)
	}
	b = appendName(append(b, message...), k.Name)
	b = append(b, 0, classAny, 0, 0, 0, 0) // TTL 0
	b = append48(appendName(b, k.Algorithm), t.time)
	b = binary.BigEndian.AppendUint16(b, t.fudge)
	b = binary.BigEndian.AppendUint16(b, uint16(t.code))
	h.Write(appendData(b, t.other))
	return h.Sum(nil), nil
}

func append48(b []byte, n uint64) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(n>>32))
	return binary.BigEndian.AppendUint32(b, uint32(n))
}
