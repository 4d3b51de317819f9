package update

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// What passes between the watcher and its sender process: frames of strings,
// each led by a byte that no text begins with, so that the last words of a
// crash cannot be taken for one. Both ends are the same binary, so there is
// no version.
const frameMark = 0x01

// Bounds of a frame, in bytes. A request is a URL and a form; an answer's
// headers are small beside its body.
const (
	maxRequestFrame = 256 << 10
	maxAnswerFrame  = 4 << 10 // and the body
	maxBodyFrame    = 16 << 20
)

// The first string of a frame says what it is.
const (
	frameRequest = "request" // to the sender: what to send
	frameReady   = "ready"   // from it: the connection stands, leaving from this address
	frameGo      = "go"      // to it: send
	frameAnswer  = "answer"  // from it
	frameFault   = "fault"   // from it
)

var errFrame = errors.New("not a frame")

// writeFrame writes the strings as one frame, with one Write.
func writeFrame(w io.Writer, fields ...string) error {
	b := make([]byte, 5, 512)
	b[0] = frameMark
	for _, f := range fields {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-5))
	_, err := w.Write(b)
	return err
}

// readFrame reads a frame of at most max bytes. When it returns errFrame for
// want of the mark, it has read nothing.
func readFrame(r *bufio.Reader, max int) ([]string, error) {
	mark, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	if mark[0] != frameMark {
		return nil, errFrame
	}
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if int64(size) > int64(max) {
		return nil, errFrame
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	var fields []string
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errFrame
		}
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; int64(n) > int64(len(b)) {
			return nil, errFrame
		}
		fields = append(fields, string(b[:n]))
		b = b[n:]
	}
	return fields, nil
}

// fields spells a request for the pipe, secrets and all: there a Login is a User.
func (r Request) fields() []string {
	return []string{
		frameRequest, r.Method, r.URL.Reveal(), r.Form.Reveal(), r.Bearer.Reveal(), r.Login.Reveal() + r.User, r.Password.Reveal(),
		r.Device4, strconv.Itoa(r.Family), r.CAFile, strconv.Itoa(r.maxBody()), strconv.FormatBool(r.AllowHTTP), r.Root,
		r.Device6, joinAddrs(r.Known),
	}
}

// parseRequest is the inverse of fields. Where secrets stand in the URL and
// the form does not come along: these show as *** as a whole.
func parseRequest(f []string) (Request, error) {
	if len(f) != 15 || f[0] != frameRequest {
		return Request{}, errFrame
	}
	family, err1 := strconv.Atoi(f[8])
	max, err2 := strconv.Atoi(f[10])
	plain, err3 := strconv.ParseBool(f[11])
	if err1 != nil || err2 != nil || err3 != nil {
		return Request{}, errFrame
	}
	text := func(s string) Text { return Text{}.Secret(NewSecret(s), nil) }
	return Request{
		Method: f[1], URL: text(f[2]), Form: text(f[3]), Bearer: NewSecret(f[4]), User: f[5], Password: NewSecret(f[6]),
		Device4: f[7], Family: family, CAFile: f[9], MaxBody: max, AllowHTTP: plain, Root: f[12], Device6: f[13], Known: splitAddrs(f[14]),
	}, nil
}

// fields spells an outcome for the pipe.
func (o Outcome) fields() []string {
	if a := o.Answer; a != nil {
		return []string{frameAnswer, strconv.Itoa(a.Status), string(a.Body), strconv.FormatBool(a.Cut), a.RetryAfter, a.Date, a.Location, a.Root, joinAddrs(a.Known)}
	}
	return []string{frameFault, strconv.Itoa(int(o.Fault.Kind)), o.Fault.Detail, strconv.FormatBool(o.Fault.Sent), joinAddrs(o.Forget)}
}

// parseOutcome is the inverse of fields.
func parseOutcome(f []string) (Outcome, error) {
	switch {
	case len(f) == 9 && f[0] == frameAnswer:
		status, err := strconv.Atoi(f[1])
		cut, err2 := strconv.ParseBool(f[3])
		if err != nil || err2 != nil || status < 100 || status > 999 {
			return Outcome{}, errFrame
		}
		return Outcome{Answer: &Answer{Status: status, Body: []byte(f[2]), Cut: cut, RetryAfter: f[4], Date: f[5], Location: f[6], Root: f[7], Known: splitAddrs(f[8])}}, nil
	case len(f) == 5 && f[0] == frameFault:
		kind, err := strconv.Atoi(f[1])
		sent, err2 := strconv.ParseBool(f[3])
		if err != nil || err2 != nil || kind < int(FaultResolve) || kind > int(FaultGiven) {
			return Outcome{}, errFrame
		}
		out := failed(FaultKind(kind), sent, f[2])
		out.Forget = splitAddrs(f[4])
		return out, nil
	}
	return Outcome{}, errFrame
}

// parseReady returns the address of a ready frame, false of any other.
func parseReady(f []string) (netip.Addr, bool) {
	if len(f) != 2 || f[0] != frameReady {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(f[1])
	return a, err == nil
}

func joinAddrs(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

func splitAddrs(s string) []netip.Addr {
	var out []netip.Addr
	for _, f := range strings.Fields(s) {
		if a, err := netip.ParseAddr(f); err == nil {
			out = append(out, a)
		}
	}
	return out
}
