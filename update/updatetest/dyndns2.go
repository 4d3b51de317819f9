package updatetest

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// DynDNS2 is a stand-in for a server of the Remote Access API ("dyndns2"). Its
// methods may be called while it serves.
type DynDNS2 struct {
	OneAddress bool // turns away requests with two addresses; set before serving

	nic
	words string // said to everybody, "" for none
}

// NewDynDNS2 returns a server without users and hosts.
func NewDynDNS2() *DynDNS2 {
	return &DynDNS2{nic: newNIC()}
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

// ServeHTTP answers /nic/update.
func (s *DynDNS2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, s.answer, "\r\n")
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
