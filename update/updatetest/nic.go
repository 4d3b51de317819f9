package updatetest

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// The Remote Access API's most hosts a request, and when a stand-in takes
// updates without a change for abuse (the services name no number).
const (
	mostHosts  = 20
	lockNochg  = 5           // in a row,
	lockWithin = time.Minute // each so soon after the one before
	lockFor    = 10 * time.Minute
)

// nic is what the services of the Remote Access API have in common. Its
// exported methods may be called while it serves.
type nic struct {
	mu    sync.Mutex
	users map[string]string // password by name
	hosts map[string]*nicHost
	log   []NicRequest
}

// NicRequest is one request that a stand-in saw.
type NicRequest struct {
	At                 time.Time
	User, Agent, Query string // by Basic auth the user
	Answer             string
}

// nicHost is a host with its records.
type nicHost struct {
	owner, token string
	v4, v6       netip.Addr
	aaaa         bool   // takes IPv6 addresses
	word         string // said of it whatever is asked, "" for none
	nochg        int    // in a row
	last, locked time.Time
}

func newNIC() nic { return nic{users: map[string]string{}, hosts: map[string]*nicHost{}} }

// Records returns the addresses of a host; invalid where there is none.
func (s *nic) Records(host string) (v4, v6 netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hosts[host]; h != nil {
		v4, v6 = h.v4, h.v6
	}
	return v4, v6
}

// Requests returns what was asked so far.
func (s *nic) Requests() []NicRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// serve says what answer says of a GET of /nic/update, and a line's end.
func (s *nic) serve(w http.ResponseWriter, r *http.Request, answer func(*http.Request) string, end string) {
	switch {
	case r.URL.Path != "/nic/update":
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet:
		http.Error(w, "GET alone", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, _, _ := r.BasicAuth()
	said := answer(r)
	s.log = append(s.log, NicRequest{At: time.Now(), User: user, Agent: r.UserAgent(), Query: r.URL.RawQuery, Answer: said})
	io.WriteString(w, said+end)
}

// update changes the records; what it says lacks the addresses.
func (h *nicHost) update(now time.Time, ips []netip.Addr) string {
	if now.Before(h.locked) {
		return "abuse"
	}
	word := "nochg"
	for _, ip := range ips {
		record := &h.v4
		if ip.Is6() {
			record = &h.v6
		}
		if *record != ip {
			*record, word = ip, "good"
		}
	}
	if word == "good" || now.Sub(h.last) > lockWithin {
		h.nochg = 0
	}
	if word == "nochg" {
		h.nochg++
	}
	if h.last = now; h.nochg >= lockNochg {
		h.locked = now.Add(lockFor)
	}
	return word
}

// nicQuery reads hostname and myip: at most 20 hosts, at most one address of
// each family; without any, the connection's counts.
func nicQuery(r *http.Request) (names []string, ips []netip.Addr, fault string) {
	names = strings.Split(r.URL.Query().Get("hostname"), ",")
	switch {
	case names[0] == "":
		return nil, nil, "notfqdn"
	case len(names) > mostHosts:
		return nil, nil, "numhost"
	}
	for s := range strings.SplitSeq(r.URL.Query().Get("myip"), ",") {
		if s == "" {
			s = connection(r).String()
		}
		ip, err := netip.ParseAddr(s)
		if err != nil || len(ips) == 2 || len(ips) == 1 && ips[0].Is4() == ip.Is4() {
			return nil, nil, "badsys"
		}
		ips = append(ips, ip)
	}
	return names, ips, ""
}

// connection returns the address a request comes from.
func connection(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		panic(fmt.Sprintf("updatetest: remote address %q: %v", r.RemoteAddr, err))
	}
	return from.Addr().Unmap()
}

// genericAgent reports whether a User-Agent is none or a library's: it must name
// the program, its version and the platform.
func genericAgent(agent string) bool {
	program, _, _ := strings.Cut(agent, " ")
	name, version, ok := strings.Cut(program, "/")
	switch strings.ToLower(name) {
	case "go-http-client", "curl", "wget", "mozilla", "uclient-fetch":
		return true
	}
	return !ok || name == "" || version == "" || program == agent
}

func joined(ips []netip.Addr, by string) string {
	var out []string
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return strings.Join(out, by)
}

// withAddresses completes good and nochg; what is refused has no address.
func withAddresses(word, ips string) string {
	if word == "good" || word == "nochg" {
		return word + " " + ips
	}
	return word
}
