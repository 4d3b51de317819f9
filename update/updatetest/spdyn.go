package updatetest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Spdyn is a stand-in for SPDYN: hosts of users, each with a token of its own.
// Its methods may be called while it serves.
type Spdyn struct {
	LineEach bool // answers a line for each address; set before serving

	nic
	reseller []string // users that can only use tokens
}

// NewSpdyn returns a service without users and hosts.
func NewSpdyn() *Spdyn {
	return &Spdyn{nic: newNIC()}
}

// AddUser adds a user. One that is linked to a reseller can only use tokens.
func (s *Spdyn) AddUser(name, password string, reseller bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[name] = password
	if reseller {
		s.reseller = append(s.reseller, name)
	}
}

// AddHost adds a host of a user, with or without an AAAA record, which must be
// there before an IPv6 address is taken.
func (s *Spdyn) AddHost(owner, host string, aaaa bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[host] = &nicHost{owner: owner, aaaa: aaaa}
}

// SetToken makes the host's token; the one before is not valid any more.
func (s *Spdyn) SetToken(host, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[host].token = token
}

// SwitchOff makes the service say fatal of the host; false ends that.
func (s *Spdyn) SwitchOff(host string, off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts[host].word = ""; off {
		s.hosts[host].word = "fatal"
	}
}

// ServeHTTP answers /nic/update. It takes credentials by Basic auth alone.
func (s *Spdyn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, s.answer, "\n")
}

func (s *Spdyn) answer(r *http.Request) string {
	user, password, _ := r.BasicAuth()
	host := s.hosts[user]
	byToken := host != nil && host.token != "" && host.token == password
	byUser := s.users[user] != "" && s.users[user] == password && !slices.Contains(s.reseller, user)
	names, ips, fault := nicQuery(r)
	switch {
	case genericAgent(r.UserAgent()):
		return "badagent"
	case !byToken && !byUser:
		return "badauth"
	case fault != "":
		return fault
	case byToken && len(names) > 1:
		return "numhost"
	case byToken && names[0] != user:
		return "badauth"
	}
	for i, ip := range ips {
		if ip.Is4() && ip.IsPrivate() {
			ips[i] = connection(r)
		}
	}
	var said []string
	for _, name := range names {
		said = append(said, s.judge(user, name, byToken, ips)...)
	}
	return strings.Join(said, "\n")
}

// judge says its lines of one host.
func (s *Spdyn) judge(user, name string, byToken bool, ips []netip.Addr) []string {
	h := s.hosts[name]
	switch {
	case !strings.Contains(name, "."):
		return []string{"notfqdn"}
	case h == nil:
		return []string{"nohost"}
	case !byToken && h.owner != user:
		return []string{"!yours"}
	case h.word != "":
		return []string{h.word}
	case !h.aaaa && slices.ContainsFunc(ips, netip.Addr.Is6):
		return []string{"nohost"}
	}
	word := h.update(time.Now(), ips)
	if !s.LineEach || word == "abuse" {
		return []string{withAddresses(word, joined(ips, ","))}
	}
	var said []string
	for _, ip := range ips {
		said = append(said, word+" "+ip.String())
	}
	return said
}
