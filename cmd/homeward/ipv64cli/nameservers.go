package ipv64cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/ipv64api"
	"homeward/update/resolver"
)

// nameServers asks the name servers of domains directly, past every cache. The
// answers are for people: they decide no update.
type nameServers struct {
	within  time.Duration // for all of it
	patient time.Duration // for an answer to one of the two tries
	atOnce  int
	lookup  func(ctx context.Context, name string, typ dnsmessage.Type) resolver.Lookup // at the system's name servers
	port    uint16
}

func newNameServers() *nameServers {
	return &nameServers{within: 10 * time.Second, patient: 1500 * time.Millisecond, atOnce: 8, lookup: lookup, port: 53}
}

// lookup asks each of the system's name servers once.
func lookup(ctx context.Context, name string, typ dnsmessage.Type) resolver.Lookup {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	var out resolver.Lookup
	resolver.Resolver{}.Lookup(ctx, name, typ, func(l resolver.Lookup) {
		out = l
		cancel() // another round would add nothing
	})
	return out
}

// dnsName is the key of a question in a map.
func dnsName(domain, label, typ string) string {
	if label != "" {
		domain = label + "." + domain
	}
	return strings.ToLower(typ + " " + domain)
}

// all returns, by dnsName, the answers for every A and AAAA record of the domains,
// within s.within.
func (s *nameServers) all(ctx context.Context, domains []ipv64api.Domain) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	out := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, s.atOnce)
	for _, d := range domains {
		servers, err := s.of(ctx, d.Name)
		for _, q := range questions(d) {
			if err != nil {
				out[q.key] = err.Error()
				continue
			}
			wg.Go(func() {
				slots <- struct{}{}
				said := s.ask(ctx, servers, q)
				<-slots
				mu.Lock()
				defer mu.Unlock()
				out[q.key] = said
			})
		}
		wg.Wait()
	}
	return out
}

// question is one question, which several records of a name may share.
type question struct {
	key, name string
	typ       dnsmessage.Type
}

var dnsTypes = [...]struct {
	name string
	code dnsmessage.Type
}{{"A", dnsmessage.TypeA}, {"AAAA", dnsmessage.TypeAAAA}}

func questions(d ipv64api.Domain) []question {
	var out []question
	seen := map[string]bool{}
	for _, r := range d.Records {
		key := dnsName(d.Name, r.Label, r.Type)
		for _, t := range dnsTypes {
			if r.Type == t.name && !seen[key] {
				seen[key] = true
				_, name, _ := strings.Cut(key, " ")
				out = append(out, question{key, name, t.code})
			}
		}
	}
	return out
}

// of returns the addresses of a domain's name servers: those of the nearest zone
// above it that has some.
func (s *nameServers) of(ctx context.Context, domain string) ([]netip.Addr, error) {
	var l resolver.Lookup
	for zone := domain; strings.Contains(zone, ".") && ctx.Err() == nil; _, zone, _ = strings.Cut(zone, ".") {
		if l = s.lookup(ctx, zone, dnsmessage.TypeNS); len(l.Names) > 0 {
			break
		}
	}
	var out []netip.Addr
	for _, ns := range l.Names {
		for _, t := range dnsTypes {
			out = append(out, s.lookup(ctx, ns, t.code).Addrs...)
		}
	}
	if len(out) == 0 {
		text := "no answer"
		if l.Code == dnsmessage.RCodeNameError {
			text = "no such name"
		}
		return nil, fmt.Errorf("its name servers are not found (%s)", text)
	}
	return out, nil
}

// ask asks the servers in turn until one answers, and describes the answer.
func (s *nameServers) ask(ctx context.Context, servers []netip.Addr, q question) string {
	said := "no answer"
	for _, server := range servers {
		for range 2 { // datagrams get lost
			if ctx.Err() != nil {
				return said
			}
			r, err := s.once(ctx, netip.AddrPortFrom(server, s.port), q)
			if err == nil {
				return r.words()
			}
			if !timeout(err) {
				break // no route, over IPv6 perhaps: try the next one
			}
		}
	}
	return said
}

func timeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// once asks a server once.
func (s *nameServers) once(ctx context.Context, server netip.AddrPort, q question) (dnsReply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.patient)
	defer cancel()
	r, err := resolver.Query(ctx, server, resolver.Question{Name: q.name, Type: q.typ})
	return dnsReply(r), err
}

// dnsReply is a name server's answer.
type dnsReply resolver.Reply

// words describes the answer.
func (r dnsReply) words() string {
	switch {
	case r.Code == 3:
		return "says there is no such name"
	case r.Code == 5:
		return "refuses to answer"
	case r.Code != 0:
		return fmt.Sprintf("answers with error %d", r.Code)
	case len(r.Addrs) == 0 && r.Alias:
		return "says it is an alias"
	case len(r.Addrs) == 0:
		return "has no such record"
	}
	var addrs []string
	for _, a := range r.Addrs {
		addrs = append(addrs, a.String())
	}
	slices.Sort(addrs)
	text := strings.Join(addrs, ", ")
	if r.Cut {
		text += ", …"
	}
	return text
}
