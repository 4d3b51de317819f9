package updatetest

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Record is what the service's name servers answer for one name. What is not
// there is invalid.
type Record struct {
	A    netip.Addr
	AAAA netip.Addr
}

// domain is a domain's records by praefix, and the prefix kept with it.
type domain struct {
	records map[string]Record
	prefix  netip.Prefix
}

// Record returns the records of a domain, or of the praefix below it.
func (s *IPv64) Record(domain, praefix string) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.domains[domain]; d != nil {
		return d.records[praefix]
	}
	return Record{}
}

// SetRecord makes a record by hand, as its owner does on the service's page:
// a host behind the router, say.
func (s *IPv64) SetRecord(domain, praefix string, r Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.domains[domain].records[praefix] = r
}

// Prefix returns the prefix kept with a domain.
func (s *IPv64) Prefix(domain string) netip.Prefix {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.domains[domain]; d != nil {
		return d.prefix
	}
	return netip.Prefix{}
}

// update is one request's wish, checked.
type update struct {
	domains    []string
	praefix    string
	ipv4, ipv6 netip.Addr
	prefix     netip.Prefix
}

// parse reads the parameters of an update; own is the one domain of the key,
// if it is a domain's hash. problem is the error for the client, or "".
func (s *IPv64) parse(r *Request, p url.Values, own string) (u update, problem string) {
	names, _ := first(p, "domain", "host", "hostname")
	u.domains = strings.Split(strings.ToLower(names), ",")
	if own != "" {
		u.domains = []string{own}
	}
	for _, d := range u.domains {
		if s.domains[d] == nil {
			return u, "domain not found" // the service's own words were never seen
		}
	}
	u.praefix = strings.ToLower(p.Get("praefix"))
	u.ipv4, u.ipv6, problem = addresses(r, p)
	if problem != "" {
		return u, problem
	}
	// Documented for GET alone: a body's are not looked at.
	if text, ok := first(r.Query, "ipv6prefix", "ip6lanprefix"); ok {
		if u.prefix, ok = prefix(text, u.ipv6, r.From.Addr().Unmap()); !ok {
			return u, "ipv6prefix is not valid"
		}
	}
	if r.Query.Has("onlyprefix") {
		if !u.prefix.IsValid() {
			return u, "ipv6prefix is missing"
		}
		u.ipv4, u.ipv6 = netip.Addr{}, netip.Addr{}
	}
	return u, ""
}

// addresses returns those that the request names; of one that names none, the
// caller's own (not documented, but what such services do).
func addresses(r *Request, p url.Values) (v4, v6 netip.Addr, problem string) {
	t4, _ := first(p, "ip", "ipv4", "ip4", "myip")
	t6, _ := first(p, "ip6", "ipv6", "myip6", "myipv6")
	var err error
	if t4 != "" {
		if v4, err = netip.ParseAddr(t4); err != nil || !v4.Is4() {
			return v4, v6, "ip is not valid"
		}
	}
	if t6 != "" {
		if v6, err = netip.ParseAddr(t6); err != nil || !v6.Is6() || v6.Is4In6() {
			return v4, v6, "ip6 is not valid"
		}
	}
	if from := r.From.Addr().Unmap(); t4 == "" && t6 == "" && from.Is4() {
		v4 = from
	} else if t4 == "" && t6 == "" {
		v6 = from
	}
	return v4, v6, ""
}

// prefix reads an ipv6prefix: a /64, or auto for that of the address named or
// of the caller.
func prefix(text string, named, from netip.Addr) (netip.Prefix, bool) {
	if text == "auto" {
		for _, a := range []netip.Addr{named, from} {
			if a.Is6() {
				return netip.PrefixFrom(a, 64).Masked(), true
			}
		}
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil && p.Bits() == 64 && p.Addr().Is6()
}

// apply carries an update out and reports whether it changed anything.
func (s *IPv64) apply(u update) (changed bool) {
	for _, name := range u.domains {
		d := s.domains[name]
		before := d.records[u.praefix]
		after := before
		if u.ipv4.IsValid() {
			after.A = u.ipv4
		}
		if u.ipv6.IsValid() {
			after.AAAA = u.ipv6
		}
		if u.ipv4.IsValid() || u.ipv6.IsValid() {
			d.records[u.praefix] = after
		}
		renumbered := d.renumber(u.prefix)
		// The prefix may have put the address back to what it was.
		changed = changed || renumbered || d.records[u.praefix] != before
	}
	return changed
}

// renumber keeps the prefix and puts it before the interface id of every AAAA
// record of the domain, and reports whether the prefix is a new one.
func (d *domain) renumber(p netip.Prefix) bool {
	if !p.IsValid() {
		return false
	}
	for name, r := range d.records {
		if !r.AAAA.IsValid() {
			continue
		}
		a, net := r.AAAA.As16(), p.Addr().As16()
		copy(a[:8], net[:8])
		r.AAAA = netip.AddrFrom16(a)
		d.records[name] = r
	}
	changed := d.prefix != p
	d.prefix = p
	return changed
}

// over counts a request with a right key and reports whether it is beyond a
// limit, as of its arrival.
func (s *IPv64) over(r *Request) bool {
	s.arrivals[r.Key] = r.within(s.arrivals[r.Key], s.Limit10s, s.Limit24h)
	return r.Over
}

// fail counts a refused request and locks its key after too many.
func (s *IPv64) fail(r *Request) {
	recent := slices.DeleteFunc(s.failures[r.Key], func(t time.Time) bool { return r.At.Sub(t) >= time.Minute })
	recent = append(recent, r.At)
	s.failures[r.Key] = recent
	if s.LockAfter > 0 && len(recent) >= s.LockAfter && !r.At.Before(s.locked[r.Key]) {
		s.locked[r.Key] = r.At.Add(s.LockFor)
	}
}
