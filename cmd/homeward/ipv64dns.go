package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"homeward/update"
)

// nameServers asks the name servers of domains themselves, past every cache.
// What they say is for people: no update is decided by it.
type nameServers struct {
	within  time.Duration // for all of it
	patient time.Duration // for one answer; the question is asked twice
	atOnce  int
	find    func(ctx context.Context, zone string) ([]*net.NS, error)
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	port    uint16
}

func newNameServers() *nameServers {
	r := &net.Resolver{PreferGo: true}
	return &nameServers{
		within: 10 * time.Second, patient: 1500 * time.Millisecond, atOnce: 8, find: r.LookupNS, port: 53,
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) { return r.LookupNetIP(ctx, "ip", host) },
	}
}

// dnsName names one question.
func dnsName(domain, label, typ string) string {
	if label != "" {
		domain = label + "." + domain
	}
	return strings.ToLower(typ + " " + domain)
}

// all returns, by dnsName, what the name servers answer for every A and AAAA
// record of the domains. It is back within s.within.
func (s *nameServers) all(ctx context.Context, domains []update.APIDomain) map[string]string {
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

// question is what is asked once, however many records a name has.
type question struct {
	key, name string
	typ       uint16
}

func questions(d update.APIDomain) []question {
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

// of returns the addresses of a domain's name servers: those of the next zone
// above it that has some.
func (s *nameServers) of(ctx context.Context, domain string) ([]netip.Addr, error) {
	var list []*net.NS
	var err error
	for zone := domain; strings.Contains(zone, ".") && ctx.Err() == nil; _, zone, _ = strings.Cut(zone, ".") {
		if list, err = s.find(ctx, zone+"."); err == nil && len(list) > 0 {
			break
		}
	}
	var out []netip.Addr
	for _, ns := range list {
		addrs, rerr := s.resolve(ctx, ns.Host)
		if rerr != nil {
			err = rerr
		}
		out = append(out, addrs...)
	}
	if len(out) == 0 {
		text := "no answer"
		var de *net.DNSError
		if errors.As(err, &de) && de.IsNotFound {
			text = "no such name"
		}
		return nil, fmt.Errorf("its name servers are not found (%s)", text)
	}
	return out, nil
}

// ask asks one server after the other until one answers, and says what.
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
				break // no way there, over IPv6 perhaps: the next one
			}
		}
	}
	return said
}

func timeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// once asks one server once. What is no answer to the question is passed over:
// anybody can send it.
func (s *nameServers) once(ctx context.Context, server netip.AddrPort, q question) (dnsReply, error) {
	msg, err := dnsQuestion(uint16(rand.Uint32()), q.name, q.typ)
	if err != nil {
		return dnsReply{}, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "udp", server.String())
	if err != nil {
		return dnsReply{}, err
	}
	defer conn.Close()
	until := time.Now().Add(s.patient)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	conn.SetDeadline(until)
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(msg); err != nil {
		return dnsReply{}, err
	}
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return dnsReply{}, err
		}
		if r, err := parseDNS(msg, b[:n]); err == nil {
			return r, nil
		}
	}
}

// words says what a name server answered.
func (r dnsReply) words() string {
	switch {
	case r.code == 3:
		return "says there is no such name"
	case r.code == 5:
		return "refuses to answer"
	case r.code != 0:
		return fmt.Sprintf("answers with error %d", r.code)
	case len(r.addrs) == 0 && r.alias:
		return "says it is an alias"
	case len(r.addrs) == 0:
		return "has no such record"
	}
	text := strings.Join(r.addrs, ", ")
	if r.cut {
		text += ", …"
	}
	return text
}
