package updatetest

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
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

// DynDNS2 is a stand-in for a server of the Remote Access API ("dyndns2"). Its
// methods may be called while it serves.
type DynDNS2 struct {
	OneAddress bool // turns away requests with two addresses; set before serving

	mu    sync.Mutex
	users map[string]string // password by name
	hosts map[string]*nicHost
	words string // said to everybody, "" for none
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

// NewDynDNS2 returns a server without users and hosts.
func NewDynDNS2() *DynDNS2 {
	return &DynDNS2{users: map[string]string{}, hosts: map[string]*nicHost{}}
}

// AddUser adds a user, or changes the password.
func (s *DynDNS2) AddUser(name, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[name] = password
}

// AddHost adds a host of a user, without records.
func (s *DynDNS2) AddHost(owner, host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[host] = &nicHost{owner: owner, aaaa: true}
}

// Say makes every answer these words (911, dnserr, !donator …) from now on;
// "" ends that.
func (s *DynDNS2) Say(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words = words
}

// Records returns the addresses of a host; invalid where there is none.
func (s *DynDNS2) Records(host string) (v4, v6 netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hosts[host]; h != nil {
		v4, v6 = h.v4, h.v6
	}
	return v4, v6
}

// Requests returns what was asked so far.
func (s *DynDNS2) Requests() []NicRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]NicRequest(nil), s.log...)
}

// ServeHTTP answers /nic/update.
func (s *DynDNS2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !nicRequest(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := seenNow(r)
	seen.Answer = s.answer(r)
	s.log = append(s.log, seen)
	io.WriteString(w, seen.Answer+"\r\n")
}

func (s *DynDNS2) answer(r *http.Request) string {
	user, password, _ := r.BasicAuth()
	names, ips, fault := nicQuery(r)
	switch {
	case genericAgent(r.UserAgent()):
		return "badagent"
	case s.users[user] == "" || s.users[user] != password:
		return "badauth"
	case s.words != "":
		return s.words
	case fault != "":
		return fault
	case s.OneAddress && len(ips) > 1:
		return "badsys"
	}
	var said []string
	for _, name := range names {
		said = append(said, s.judge(user, name, ips))
	}
	return strings.Join(said, "\r\n")
}

func (s *DynDNS2) judge(user, name string, ips []netip.Addr) string {
	h := s.hosts[name]
	switch {
	case !strings.Contains(name, "."):
		return "notfqdn"
	case h == nil:
		return "nohost"
	case h.owner != user:
		return "!yours"
	}
	return withAddresses(h.update(time.Now(), ips), joined(ips, ","))
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

// nicRequest turns away what is no GET of /nic/update.
func nicRequest(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path != "/nic/update":
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "GET alone", http.StatusMethodNotAllowed)
	default:
		return true
	}
	return false
}

func seenNow(r *http.Request) NicRequest {
	user, _, _ := r.BasicAuth()
	return NicRequest{At: time.Now(), User: user, Agent: r.UserAgent(), Query: r.URL.RawQuery}
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

// genericAgent tells whether a User-Agent is none or a library's: it must name
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
