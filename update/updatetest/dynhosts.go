package updatetest

import (
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// DynHosts is a stand-in for the services that take an update as one URL: it answers
// each host as its documentation says. Its methods may be called while it serves.
type DynHosts struct {
	mu      sync.Mutex
	user    string
	key     string
	records map[string]DynRecord
	log     []ZoneRequest
}

// DynRecord is what a service holds for one host.
type DynRecord struct {
	A, AAAA netip.Addr
	Prefix  netip.Prefix
}

// NewDynHosts returns a stand-in with hosts of an owner, without records.
func NewDynHosts(user, key string, hosts ...string) *DynHosts {
	s := &DynHosts{user: user, key: key, records: map[string]DynRecord{}}
	for _, h := range hosts {
		s.records[h] = DynRecord{}
	}
	return s
}

// Record returns the records of a host.
func (s *DynHosts) Record(host string) DynRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[host]
}

// SetRecord makes records by hand.
func (s *DynHosts) SetRecord(host string, r DynRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[host] = r
}

// Requests returns what was asked so far.
func (s *DynHosts) Requests() []ZoneRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// ServeHTTP answers as the service does that the request's host names.
func (s *DynHosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := http.StatusNotFound, "no such host"
	if answer := dynServices()[r.Host]; answer != nil && r.Method == http.MethodGet {
		status, body = answer(s, r)
	}
	s.log = append(s.log, ZoneRequest{time.Now(), r.Host, r.Method, r.URL.RequestURI(), "", status})
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func dynServices() map[string]func(*DynHosts, *http.Request) (int, string) {
	return map[string]func(*DynHosts, *http.Request) (int, string){
		"update.dedyn.io":            (*DynHosts).desec,
		"dynv6.com":                  (*DynHosts).dynv6,
		"ipv4.nsupdate.info":         (*DynHosts).nsupdateInfo,
		"ipv6.nsupdate.info":         (*DynHosts).nsupdateInfo,
		"ddns.do.de":                 (*DynHosts).doDe,
		"www.duckdns.org":            (*DynHosts).duckdns,
		"ipv4.api.hosting.ionos.com": (*DynHosts).ionos,
		"dynupdate.no-ip.com":        (*DynHosts).noIP,
		"dynupdate6.noip.com":        (*DynHosts).noIP,
	}
}

// desec: https://desec.readthedocs.io/en/latest/dyndns/update-api.html. A family
// that is not named is deleted, unless the word is preserve; a prefix goes before
// the interface id of the AAAA record.
func (s *DynHosts) desec(r *http.Request) (int, string) {
	q := r.URL.Query()
	rec, ok := s.records[q.Get("hostname")]
	switch {
	case r.Header.Get("Authorization") != "Token "+s.key:
		return 401, "badauth"
	case !ok:
		return 404, "nohost"
	}
	v4, v6 := q.Get("myipv4"), q.Get("myipv6")
	if v4 != "preserve" {
		rec.A, _ = netip.ParseAddr(v4)
	}
	if p, err := netip.ParsePrefix(v6); err == nil {
		rec.Prefix, rec.AAAA = p, withPrefix(rec.AAAA, p)
	} else if v6 != "preserve" {
		rec.AAAA, _ = netip.ParseAddr(v6)
	}
	s.records[q.Get("hostname")] = rec
	return 200, "good"
}

// withPrefix puts a prefix before the interface id of an address.
func withPrefix(a netip.Addr, p netip.Prefix) netip.Addr {
	if !a.Is6() {
		return a
	}
	b, net := a.As16(), p.Addr().As16()
	copy(b[:8], net[:8])
	return netip.AddrFrom16(b)
}

// dynv6: https://dynv6.com/docs/apis. What is left out stays.
func (s *DynHosts) dynv6(r *http.Request) (int, string) {
	q := r.URL.Query()
	rec, ok := s.records[q.Get("zone")]
	switch {
	case r.URL.Path != "/api/update" || !ok:
		return 404, "zone not found"
	case q.Get("token") != s.key:
		return 401, "invalid authentication token"
	}
	before := rec
	if rec.take(q.Get("ipv4"), q.Get("ipv6"), q.Get("ipv6prefix")) != "" {
		return 400, "invalid parameter"
	}
	if s.records[q.Get("zone")] = rec; rec == before {
		return 200, "addresses unchanged"
	}
	return 200, "addresses updated"
}

// take sets what is named; it returns what is not valid.
func (rec *DynRecord) take(v4, v6, prefix string) (wrong string) {
	var err error
	if v4 != "" {
		if rec.A, err = netip.ParseAddr(v4); err != nil || !rec.A.Is4() {
			return v4
		}
	}
	if v6 != "" {
		if rec.AAAA, err = netip.ParseAddr(v6); err != nil || !rec.AAAA.Is6() {
			return v6
		}
	}
	if prefix != "" {
		if rec.Prefix, err = netip.ParsePrefix(prefix); err != nil || rec.Prefix.Bits() != 64 {
			return prefix
		}
		rec.AAAA = withPrefix(rec.AAAA, rec.Prefix)
	}
	return ""
}

// answer takes an update over the dyndns2 protocol.
func (s *DynHosts) answer(host, v4, v6, prefix string) (int, string) {
	rec, ok := s.records[host]
	if !ok {
		return 200, "nohost"
	}
	before := rec
	if rec.take(v4, v6, prefix) != "" {
		return 200, "notfqdn"
	}
	if s.records[host] = rec; rec == before {
		return 200, "nochg " + v4 + v6 + prefix
	}
	return 200, "good " + v4 + v6 + prefix
}

// split sorts an address or a prefix into its family.
func split(v string) (v4, v6, prefix string) {
	switch {
	case strings.Contains(v, "/"):
		return "", "", v
	case strings.Contains(v, ":"):
		return "", v, ""
	}
	return v, "", ""
}

// nsupdateInfo: https://nsupdateinfo.readthedocs.io. The user is the host; IPv6 goes
// to the host of that name.
func (s *DynHosts) nsupdateInfo(r *http.Request) (int, string) {
	user, key, _ := r.BasicAuth()
	v4, v6, prefix := split(r.URL.Query().Get("myip"))
	switch {
	case r.URL.Path != "/nic/update" || user != r.URL.Query().Get("hostname"):
		return 200, "notfqdn"
	case key != s.key:
		return 401, "badauth"
	case (v4 == "") == (r.Host == "ipv4.nsupdate.info"):
		return 200, "dnserr"
	}
	return s.answer(user, v4, v6, prefix)
}

// doDe: https://www.do.de/wiki/freie-ddns-entwicklung/
func (s *DynHosts) doDe(r *http.Request) (int, string) {
	user, key, _ := r.BasicAuth()
	if user != s.user || key != s.key {
		return 401, "badauth"
	}
	return s.answer(r.URL.Query().Get("hostname"), r.URL.Query().Get("myip"), "", r.URL.Query().Get("ip6lanprefix"))
}

// duckdns: https://www.duckdns.org/spec.jsp
func (s *DynHosts) duckdns(r *http.Request) (int, string) {
	q := r.URL.Query()
	rec, ok := s.records[q.Get("domains")+".duckdns.org"]
	if r.URL.Path != "/update" || q.Get("token") != s.key || !ok || strings.Contains(q.Get("domains"), ".") || rec.take(q.Get("ip"), q.Get("ipv6"), "") != "" {
		return 200, "KO"
	}
	s.records[q.Get("domains")+".duckdns.org"] = rec
	return 200, "OK"
}

// ionos: https://developer.hosting.ionos.com/docs/dns. The key stands for the hosts.
func (s *DynHosts) ionos(r *http.Request) (int, string) {
	if r.URL.Path != "/dns/v1/dyndns" || r.URL.Query().Get("q") != s.key {
		return 401, `[{"code":"UNAUTHORIZED","message":"The customer is not authorized to do this operation."}]`
	}
	for name, rec := range s.records {
		if rec.take(r.URL.Query().Get("ipv4"), r.URL.Query().Get("ipv6"), "") != "" {
			return 400, `[{"code":"BAD_REQUEST"}]`
		}
		s.records[name] = rec
	}
	return 200, ""
}

// noIP: https://www.noip.com/integrate/request
func (s *DynHosts) noIP(r *http.Request) (int, string) {
	user, key, _ := r.BasicAuth()
	if user != s.user || key != s.key {
		return 401, "badauth"
	}
	v4, v6, _ := split(r.URL.Query().Get("myip"))
	return s.answer(r.URL.Query().Get("hostname"), v4, v6, "")
}
