package main

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// hostileResolver is a name server at the ISP that does as it is told: by type,
// A or AAAA, it answers with addresses, or is "silent", says "refused",
// "servfail", "nxdomain" or "formerr", or cuts its answer: "cut ADDRESSES" is
// whole over TCP, "part ADDRESSES" has its first address and no TCP.
type hostileResolver struct {
	mu    sync.Mutex
	says  map[string]string
	asked []string // "A udp", in their order
	odd   []string // what a resolver should not be asked
	once  func()   // called at the first question
}

// serveDNS has a name server at an address of the ISP.
func (h *house) serveDNS(at string, says map[string]string) *hostileResolver {
	h.t.Helper()
	s := &hostileResolver{says: says}
	addr := netip.MustParseAddr(at)
	h.must(h.router.ISP.AddAddr("lo", netip.PrefixFrom(addr, addr.BitLen())))
	udp, err := h.router.ISP.ListenPacket("udp", net.JoinHostPort(at, "53"))
	h.must(err)
	tcp, err := h.router.ISP.Listen("tcp", net.JoinHostPort(at, "53"))
	h.must(err)
	h.t.Cleanup(func() { udp.Close(); tcp.Close() })
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := udp.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := s.answer(h.t, b[:n], "udp"); answer != nil {
				udp.WriteTo(answer, from)
			}
		}
	}()
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			go s.overTCP(h.t, c)
		}
	}()
	return s
}

func (s *hostileResolver) overTCP(t *testing.T, c net.Conn) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		return
	}
	if answer := s.answer(t, b, "tcp"); answer != nil {
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	}
}

// become changes what the server says.
func (s *hostileResolver) become(says map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says, s.asked = says, nil
}

func (s *hostileResolver) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *hostileResolver) answer(t *testing.T, question []byte, over string) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(question)
	q, err2 := p.Question()
	if err != nil || err2 != nil {
		return nil
	}
	typ := strings.TrimPrefix(q.Type.String(), "Type")
	s.mu.Lock()
	says := s.says[typ]
	first := len(s.asked) == 0
	s.asked = append(s.asked, typ+" "+over)
	once := s.once
	p.SkipAllQuestions()
	p.SkipAllAnswers()
	p.SkipAllAuthorities()
	if _, err := p.AdditionalHeader(); q.Name.String() != "svc.example." || !h.RecursionDesired || err != dnsmessage.ErrSectionDone {
		s.odd = append(s.odd, q.Name.String())
	}
	s.mu.Unlock()
	if first && once != nil {
		once()
	}
	return spell(t, h.ID, q, says, over)
}

func spell(t *testing.T, id uint16, q dnsmessage.Question, says, over string) []byte {
	words := strings.Fields(says)
	head := dnsmessage.Header{ID: id, Response: true, RecursionDesired: true, RecursionAvailable: true}
	if len(words) > 0 {
		codes := map[string]dnsmessage.RCode{"refused": dnsmessage.RCodeRefused, "servfail": dnsmessage.RCodeServerFailure,
			"nxdomain": dnsmessage.RCodeNameError, "formerr": dnsmessage.RCodeFormatError}
		head.RCode = codes[words[0]]
		switch {
		case words[0] == "silent", words[0] == "part" && over == "tcp":
			return nil
		case words[0] == "part":
			head.Truncated, words = true, words[1:2]
		case words[0] == "cut" && over == "udp":
			head.Truncated, words = true, nil
		case words[0] == "cut":
			words = words[1:]
		case head.RCode != 0:
			words = nil
		}
	}
	b := dnsmessage.NewBuilder(nil, head)
	b.StartQuestions()
	b.Question(q)
	b.StartAnswers()
	for _, w := range words {
		res := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60}
		if a := netip.MustParseAddr(w); a.Is4() {
			b.AResource(res, dnsmessage.AResource{A: a.As4()})
		} else {
			b.AAAAResource(res, dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
	msg, err := b.Finish()
	if err != nil {
		t.Error(err)
	}
	return msg
}
