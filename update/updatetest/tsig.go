package updatetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// TSIG is a key that messages are signed with (RFC 8945).
type TSIG struct {
	Key       string // its name, in lower case, without a dot at the end
	Algorithm string // hmac-sha256 or hmac-sha512
	Secret    []byte
}

// tsigData is what a TSIG record holds besides the algorithm.
type tsigData struct {
	time  uint64
	fudge uint16
	mac   []byte
	id    uint16
	code  uint16
	other []byte
}

// request is what a request's TSIG record holds.
type request struct {
	TSIG // the key that it names; its secret is ours
	tsigData
}

// verify checks the TSIG record at the end of a request, whose names are not
// compressed, and returns it and its error: 16 BADSIG, 17 BADKEY, 18 BADTIME.
func (t TSIG) verify(msg []byte, now time.Time) (r request, code uint16) {
	r.TSIG = t
	var p dnsmessage.Parser
	p.Start(msg)
	p.SkipAllQuestions()
	p.SkipAllAnswers()
	p.SkipAllAuthorities()
	h, err := p.AdditionalHeader()
	if err != nil || h.Type != 250 {
		return r, 17
	}
	body, err := p.UnknownResource()
	if err != nil {
		return r, 17
	}
	r.Key = strings.TrimSuffix(h.Name.String(), ".")
	end := bytes.IndexByte(body.Data, 0)
	r.Algorithm = string(body.Data[1:end])
	data := body.Data[end+1:]
	r.time = uint64(binary.BigEndian.Uint16(data))<<32 | uint64(binary.BigEndian.Uint32(data[2:]))
	r.fudge = binary.BigEndian.Uint16(data[6:])
	r.tsigData.mac = data[10 : 10+int(binary.BigEndian.Uint16(data[8:]))]
	if r.Key != t.Key || r.Algorithm != t.Algorithm {
		return r, 17
	}
	plain := append([]byte(nil), msg[:len(msg)-len(dnsName(r.Key))-10-len(body.Data)]...)
	plain[11] = 0
	if !hmac.Equal(r.tsigData.mac, t.mac(nil, plain, r.tsigData)) {
		return r, 16
	}
	if off := now.Unix() - int64(r.time); off > int64(r.fudge) || -off > int64(r.fudge) {
		return r, 18
	}
	return r, 0
}

// mac returns the MAC of a message without its TSIG record, request being that of
// what it answers.
func (t TSIG) mac(request, msg []byte, d tsigData) []byte {
	newHash := func() hash.Hash { return sha256.New() }
	if t.Algorithm == "hmac-sha512" {
		newHash = func() hash.Hash { return sha512.New() }
	}
	h := hmac.New(newHash, t.Secret)
	if request != nil {
		h.Write([]byte{byte(len(request) >> 8), byte(len(request))})
		h.Write(request)
	}
	h.Write(msg)
	h.Write(dnsName(t.Key))
	h.Write([]byte{0, 255, 0, 0, 0, 0})
	h.Write(dnsName(t.Algorithm))
	h.Write(appendTime(nil, d.time))
	h.Write([]byte{byte(d.fudge >> 8), byte(d.fudge), byte(d.code >> 8), byte(d.code), byte(len(d.other) >> 8), byte(len(d.other))})
	h.Write(d.other)
	return h.Sum(nil)
}

// append signs an answer and appends the record.
func (t TSIG) append(msg, request []byte, d tsigData) []byte {
	d.mac = t.mac(request, msg, d)
	return t.appendUnproven(msg, d)
}

// appendUnproven appends the record with the MAC that d has.
func (t TSIG) appendUnproven(msg []byte, d tsigData) []byte {
	data := appendTime(dnsName(t.Algorithm), d.time)
	data = binary.BigEndian.AppendUint16(data, d.fudge)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.mac))), d.mac...)
	data = binary.BigEndian.AppendUint16(data, d.id)
	data = binary.BigEndian.AppendUint16(data, d.code)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.other))), d.other...)
	msg = append(append(msg, dnsName(t.Key)...), 0, 250, 0, 255, 0, 0, 0, 0)
	msg = append(binary.BigEndian.AppendUint16(msg, uint16(len(data))), data...)
	msg[11]++
	return msg
}

func appendTime(b []byte, t uint64) []byte {
	return append(b, byte(t>>40), byte(t>>32), byte(t>>24), byte(t>>16), byte(t>>8), byte(t))
}

// dnsName returns a name as on the wire.
func dnsName(name string) []byte {
	var b []byte
	for _, label := range strings.Split(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}
