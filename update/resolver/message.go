package resolver

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Question is what a name server is asked. The name is absolute, with or
// without a dot at its end.
type Question struct {
	Name    string
	Type    dnsmessage.Type // A, AAAA or NS
	Recurse bool            // ask others for it: what a resolver does
}

// Reply is what a name server has answered.
type Reply struct {
	Code  dnsmessage.RCode
	Addrs []netip.Addr // of the type asked for, in the answer's order, those of an alias's target included
	Names []string     // of name servers, with a dot at their ends
	Alias bool         // the name is another one's alias
	Cut   bool         // there is more (TC)
	lame  bool         // it neither knows, nor would ask others
}

// aliasesMost bounds a chain of CNAME records: more are a loop, or a mistake.
const aliasesMost = 8

var (
	errNoName  = errors.New("not a name of the DNS")
	errNoReply = errors.New("not an answer to the question")
)

// pack spells the question. There is no EDNS0 in it: some servers refuse that,
// and what is longer than 512 bytes goes over TCP.
func (q Question) pack(id uint16) ([]byte, error) {
	name, err := dnsmessage.NewName(strings.TrimSuffix(q.Name, ".") + ".")
	if err != nil {
		return nil, errNoName
	}
	b := dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: id, RecursionDesired: q.Recurse})
	if b.StartQuestions() != nil || b.Question(dnsmessage.Question{Name: name, Type: q.Type, Class: dnsmessage.ClassINET}) != nil {
		return nil, errNoName
	}
	msg, err := b.Finish() // behind two bytes, which hold its length for TCP
	if err != nil {
		return nil, errNoName
	}
	return msg, nil
}

// parse reads an answer to the question that was asked under an id; errNoReply
// of any other message.
func (q Question) parse(id uint16, msg []byte) (Reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.ID != id || !h.Response {
		return Reply{}, errNoReply
	}
	asked, err := p.Question()
	if err != nil || asked.Type != q.Type || asked.Class != dnsmessage.ClassINET || !sameName(asked.Name.String(), q.Name) {
		return Reply{}, errNoReply
	}
	if _, err := p.Question(); err != dnsmessage.ErrSectionDone {
		return Reply{}, errNoReply
	}
	r := Reply{Code: h.RCode, Cut: h.Truncated}
	var all []record
	for {
		rec, err := nextRecord(&p)
		if err == dnsmessage.ErrSectionDone {
			r.lame = len(all) == 0 && !h.Authoritative && !h.RecursionAvailable
			break
		}
		if err != nil {
			if r.Cut {
				break // in the middle of a record
			}
			return Reply{}, errNoReply
		}
		all = append(all, rec)
	}
	r.follow(q, all)
	return r, nil
}

// record is one that matters: an address, an alias or a name server.
type record struct {
	name   string
	typ    dnsmessage.Type
	addr   netip.Addr
	target string
}

func nextRecord(p *dnsmessage.Parser) (record, error) {
	h, err := p.AnswerHeader()
	if err != nil {
		return record{}, err
	}
	rec := record{name: h.Name.String(), typ: h.Type}
	if h.Class != dnsmessage.ClassINET {
		rec.typ = 0
	}
	switch rec.typ {
	case dnsmessage.TypeA:
		body, err := p.AResource()
		rec.addr = netip.AddrFrom4(body.A)
		return rec, err
	case dnsmessage.TypeAAAA:
		body, err := p.AAAAResource()
		rec.addr = netip.AddrFrom16(body.AAAA)
		return rec, err
	case dnsmessage.TypeCNAME:
		body, err := p.CNAMEResource()
		rec.target = body.CNAME.String()
		return rec, err
	case dnsmessage.TypeNS:
		body, err := p.NSResource()
		rec.target = body.NS.String()
		return rec, err
	}
	return rec, p.SkipAnswer()
}

// follow takes the records of the name asked for, or, where that is an alias,
// of what it stands for.
func (r *Reply) follow(q Question, all []record) {
	name := q.Name
	for range aliasesMost + 1 {
		alias := ""
		for _, rec := range all {
			switch {
			case !sameName(rec.name, name):
			case rec.typ == dnsmessage.TypeCNAME:
				alias, r.Alias = rec.target, true
			case rec.typ != q.Type:
			case rec.addr.Is4In6(): // none of IPv6
			case rec.addr.IsValid():
				r.Addrs = append(r.Addrs, rec.addr)
			default:
				r.Names = append(r.Names, rec.target)
			}
		}
		if alias == "" || r.Addrs != nil || r.Names != nil {
			return
		}
		name = alias
	}
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}
