package resolver

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Question is a DNS question. The name is absolute, with or without a dot at its
// end.
type Question struct {
	Name    string
	Type    dnsmessage.Type // A, AAAA or NS
	Recurse bool            // recursion desired (RD)
}

// Reply is a name server's answer.
type Reply struct {
	Code  dnsmessage.RCode
	Addrs []netip.Addr // of the question's type, in the answer's order; aliases are followed
	Names []string     // of name servers, with a dot at the end
	Alias bool         // the name is an alias (CNAME)
	Cut   bool         // truncated (TC)
	lame  bool         // neither authoritative nor recursive, and empty
}

// aliasesMost bounds a chain of CNAME records, against loops.
const aliasesMost = 8

var (
	errNoName  = errors.New("not a name of the DNS")
	errNoReply = errors.New("not an answer to the question")
)

// pack encodes the question, two bytes into its buffer, which overTCP uses for
// the length. It has no EDNS0: some servers refuse that, and an answer over 512
// bytes comes over TCP.
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

// parse parses the answer to the question with this id. For any other message the
// error is errNoReply.
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

// record is an address, an alias or a name server.
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

// follow sets r from the records of the question's name, or of the target if that
// is an alias.
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
			case rec.addr.Is4In6(): // not an IPv6 address
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
