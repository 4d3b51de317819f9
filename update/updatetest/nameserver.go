package updatetest

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// NameServer is the primary name server of some zones, which takes DNS UPDATE
// (RFC 2136) signed by one key (RFC 8945), over TCP. It shares no code with what it
// tests.
type NameServer struct {
	TSIG
	Zones []string // without a dot at the end

	mu       sync.Mutex
	records  map[string][]string // by "NAME TYPE": data and TTL
	messages []string            // see Messages
	fault    NameServerFault
}

// NameServerFault is what a NameServer does wrong, or answers, in place of what it
// should. The zero fault is none.
type NameServerFault struct {
	Code       int           // answer an update with this response code, signed
	Ahead      time.Duration // its clock is ahead
	Unsigned   bool          // do not sign
	WrongMAC   bool          // sign with another secret
	Hang       bool          // do not answer
	Half       bool          // close the connection in the middle of the answer
	Raw        []byte        // answer with this message
	OtherID    bool          // answer with another id
	OtherKey   bool          // sign by the name of another key
	NoTimeGive bool          // BADTIME does not tell the server's time
}

// NewNameServer returns the server of zones for a key of hmac-sha256, whose secret
// is in base64.
func NewNameServer(key, secret string, zones ...string) *NameServer {
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		panic("updatetest: the secret is not base64")
	}
	return &NameServer{TSIG: TSIG{key, "hmac-sha256", raw}, Zones: zones}
}

// SetFault changes what the server does wrong from now on.
func (s *NameServer) SetFault(f NameServerFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Set sets the records of a name and type, "" removes them.
func (s *NameServer) Set(name, typ string, data ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records == nil {
		s.records = map[string][]string{}
	}
	s.records[name+" "+typ] = data
}

// Records returns the records of a name and type, as "DATA TTL" if they came by an
// update.
func (s *NameServer) Records(name, typ string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records[name+" "+typ])
}

// Messages returns "SOA NAME" and "UPDATE ZONE: NAME…" for each message that was
// signed well, in their order.
func (s *NameServer) Messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Serve answers on l until it is closed.
func (s *NameServer) Serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			for s.answer(conn) {
			}
		}()
	}
}

// answer answers one message of a connection. It returns false at its end.
func (s *NameServer) answer(conn net.Conn) bool {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return false
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, msg); err != nil {
		return false
	}
	answer := s.Reply(msg, time.Now())
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	if f.Hang {
		io.Copy(io.Discard, conn)
		return false
	}
	if answer == nil {
		return false
	}
	wire := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
	if f.Half {
		conn.Write(wire[:len(wire)/2])
		return false
	}
	_, err := conn.Write(wire)
	return err == nil
}

// Reply returns the answer to a message, nil to one that is none.
func (s *NameServer) Reply(msg []byte, now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault.Raw != nil {
		return s.fault.Raw
	}
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	now = now.Add(s.fault.Ahead)
	r, tsigError := s.verify(msg, now)
	out := dnsmessage.Header{ID: h.ID, Response: true, OpCode: h.OpCode}
	zone := ""
	switch {
	case tsigError != 0:
		out.RCode = 9
	case h.OpCode == 5:
		out.RCode = dnsmessage.RCode(s.update(&p, q.Name.String()))
	default:
		out.RCode, zone = s.zoneOf(q.Name.String())
		out.Authoritative = zone != ""
	}
	if s.fault.OtherID {
		out.ID++
	}
	b := dnsmessage.NewBuilder(nil, out)
	b.EnableCompression()
	b.StartQuestions()
	b.Question(q)
	b.StartAuthorities()
	if zone != "" {
		name := dnsmessage.MustNewName(zone + ".")
		b.SOAResource(dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}, dnsmessage.SOAResource{NS: name, MBox: name, Serial: 1})
	}
	answer, err := b.Finish()
	if err != nil {
		return nil
	}
	return s.signAnswer(answer, r, tsigError, now)
}

// signAnswer signs an answer, or does what its fault is.
func (s *NameServer) signAnswer(answer []byte, r request, tsigError uint16, now time.Time) []byte {
	t := r.TSIG
	if s.fault.WrongMAC {
		t.Secret = append([]byte("another"), t.Secret...)
	}
	if s.fault.OtherKey {
		t.Key = "another-key"
	}
	d := tsigData{time: uint64(now.Unix()), fudge: 300, id: binary.BigEndian.Uint16(answer), code: tsigError}
	switch {
	case s.fault.Unsigned:
		return answer
	case tsigError == 18: // the client's time, and the server's as other data
		d.time, d.other = r.time, appendTime(nil, uint64(now.Unix()))
		if s.fault.NoTimeGive {
			d.other = nil
		}
	case tsigError != 0:
		return t.appendUnproven(answer, d)
	}
	return t.append(answer, r.tsigData.mac, d)
}

// zoneOf returns the longest zone that a name is in. Of a name outside it returns
// REFUSED, else NXDOMAIN unless the name has records.
func (s *NameServer) zoneOf(name string) (dnsmessage.RCode, string) {
	s.messages = append(s.messages, "SOA "+strings.TrimSuffix(name, "."))
	zone := ""
	for _, z := range s.Zones {
		if within(name, z) && len(z) > len(zone) {
			zone = z
		}
	}
	switch {
	case zone == "":
		return dnsmessage.RCodeRefused, ""
	case within(zone, strings.TrimSuffix(name, ".")):
		return dnsmessage.RCodeSuccess, zone
	}
	return dnsmessage.RCodeNameError, zone
}

func within(name, zone string) bool {
	name = strings.TrimSuffix(name, ".")
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// update makes an update whole or not at all, and returns its response code.
func (s *NameServer) update(p *dnsmessage.Parser, zone string) int {
	zone = strings.TrimSuffix(zone, ".")
	next := map[string][]string{}
	for k, v := range s.records {
		next[k] = v
	}
	p.SkipAllQuestions()
	if code := s.prerequisites(p); code != 0 {
		return code
	}
	said := "UPDATE " + zone + ":"
	for {
		h, err := p.AuthorityHeader()
		if err != nil {
			break
		}
		name := strings.TrimSuffix(h.Name.String(), ".")
		if !within(name, zone) {
			return 10
		}
		typ := strings.TrimPrefix(h.Type.String(), "Type")
		said += " " + map[dnsmessage.Class]string{255: "-", 1: "+"}[h.Class] + name + "/" + typ
		rec, err := p.UnknownResource()
		switch addr, ok := netip.AddrFromSlice(rec.Data); {
		case err != nil:
			return 1
		case h.Class == 255 && len(rec.Data) == 0:
			delete(next, name+" "+typ)
		case h.Class == 1 && ok:
			next[name+" "+typ] = append(slices.Clone(next[name+" "+typ]), addr.String()+" "+(time.Duration(h.TTL)*time.Second).String())
		default:
			return 1
		}
	}
	s.messages = append(s.messages, said)
	switch {
	case !slices.Contains(s.Zones, zone):
		return 9
	case s.fault.Code != 0:
		return s.fault.Code
	}
	s.records = next
	return 0
}

// prerequisites checks that record sets do not exist (class NONE).
func (s *NameServer) prerequisites(p *dnsmessage.Parser) int {
	for {
		h, err := p.AnswerHeader()
		if err != nil {
			return 0
		}
		if p.SkipAnswer() != nil || h.Class != 254 {
			return 1
		}
		if len(s.records[strings.TrimSuffix(h.Name.String(), ".")+" "+strings.TrimPrefix(h.Type.String(), "Type")]) > 0 {
			return 7
		}
	}
}
