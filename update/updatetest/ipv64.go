// Package updatetest has stand-ins for dynamic DNS services, as
// net/http/httptest has for HTTP: they speak the services' protocols, keep
// their limits and records, and fail as they are told to.
package updatetest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// IPv64 is a stand-in for the updater of ipv64.net (https://ipv64.net/dyndns_updater_api).
// What the service does not document is marked so. The exported fields are
// not changed once it serves; everything else may be used at any time, by any
// goroutine.
type IPv64 struct {
	Limit10s    int              // requests in 10 s, 0: none
	Limit24h    int              // requests in 24 h, 0: none
	LimitStatus int              // of the answer beyond a limit: 429, seen is 403, too
	LockAfter   int              // failures of one key within a minute that lock it, 0: never (the number is not documented)
	LockFor     time.Duration    // how long
	Now         func() time.Time // the service's clock

	traffic
	key      string
	hashes   map[string]string // update hash of one domain: the domain
	domains  map[string]*domain
	arrivals map[string][]time.Time // of requests with a right key, by key
	failures map[string][]time.Time // by key, right or not
	locked   map[string]time.Time   // until when
	ticks    map[string]int         // of healthchecks
}

// NewIPv64 returns a stand-in with the service's default limits, one account
// with this update key, and its domains.
func NewIPv64(key string, domains ...string) *IPv64 {
	s := &IPv64{
		Limit10s: 3, Limit24h: 48, LimitStatus: http.StatusTooManyRequests, LockAfter: 10, LockFor: 10 * time.Minute,
		Now: time.Now, key: key, hashes: map[string]string{}, domains: map[string]*domain{},
		arrivals: map[string][]time.Time{}, failures: map[string][]time.Time{}, locked: map[string]time.Time{},
		ticks: map[string]int{},
	}
	for _, d := range domains {
		s.domains[d] = &domain{records: map[string]Record{}}
	}
	return s
}

// SetHash gives a domain an update hash: a key for that domain alone.
func (s *IPv64) SetHash(domain, hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashes[hash] = domain
}

// Healthchecks returns how often a healthcheck was ticked.
func (s *IPv64) Healthchecks(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ticks[token]
}

// ServeHTTP answers one request to the updater.
func (s *IPv64) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	r.ParseForm()
	req := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Form: r.PostForm, Header: r.Header.Clone()}
	req.From, _ = netip.ParseAddrPort(r.RemoteAddr)
	req.By, req.Key = key(r)

	s.mu.Lock()
	req.At = s.Now()
	next, scripted := s.pop(&req)
	var status int
	var body string
	if !scripted || next.Process {
		status, body = s.answer(&req)
	}
	if scripted && !next.Process {
		status, body = next.Status, next.Body
	}
	req.Status = status
	if next.Fault == Reset {
		req.Status = 0
	}
	s.requests = append(s.requests, req)
	s.mu.Unlock()

	next.write(w, r, status, body)
}

// key returns how the key came and the key itself. Of the two halves of Basic
// auth it is the longer one: the other may be anything.
func key(r *http.Request) (by, key string) {
	if k, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return "bearer", strings.TrimSpace(k)
	}
	if user, password, ok := r.BasicAuth(); ok {
		if len(user) > len(password) {
			return "basic", user
		}
		return "basic", password
	}
	for _, name := range []string{"key", "token", "user", "username"} {
		if k := r.URL.Query().Get(name); k != "" {
			return "query", k
		}
		if k := r.PostForm.Get(name); k != "" {
			return "form", k
		}
	}
	return "", ""
}

// first returns the first of the parameters that is there.
func first(v url.Values, names ...string) (string, bool) {
	for _, n := range names {
		if v.Has(n) {
			return v.Get(n), true
		}
	}
	return "", false
}

// answer does what the request asks, and says so as the service would.
func (s *IPv64) answer(r *Request) (status int, body string) {
	if !slices.Contains([]string{"/nic/update", "/update", "/update.php"}, r.Path) {
		return http.StatusNotFound, "404 page not found"
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return say(http.StatusBadRequest, "method not supported", update{})
	}
	p := url.Values{} // the body's parameters, and the query's
	for _, v := range []url.Values{r.Form, r.Query} {
		for name, values := range v {
			p[name] = values
		}
	}
	if p.Has("howismyip") {
		b, _ := json.Marshal(map[string]string{"ip": r.From.Addr().Unmap().String()})
		return http.StatusOK, string(b)
	}
	status, info, u := s.admit(r, p)
	if status != http.StatusOK {
		s.fail(r)
	}
	switch p.Get("output") {
	case "none":
		return status, ""
	case "min":
		if status != http.StatusOK {
			info = "fail"
		}
		return status, info
	}
	return say(status, info, u)
}

// admit checks the request's key and the limits, and carries it out.
func (s *IPv64) admit(r *Request, p url.Values) (status int, info string, u update) {
	own, ok := s.hashes[r.Key]
	if r.Key == "" || !ok && r.Key != s.key {
		return http.StatusUnauthorized, "Unauthorized", u
	}
	if r.At.Before(s.locked[r.Key]) { // what it says then was never seen
		return http.StatusUnauthorized, "Unauthorized", u
	}
	if s.over(r) {
		return s.LimitStatus, "Updateintervall overcommited", u
	}
	u, info = s.parse(r, p, own)
	if info != "" {
		return http.StatusBadRequest, info, update{}
	}
	if t := p.Get("healthcheck"); t != "" {
		s.ticks[t]++
	}
	if s.apply(u) {
		return http.StatusOK, "good", u
	}
	return http.StatusOK, "nochg", u
}

// say spells an answer as JSON.
func say(status int, info string, u update) (int, string) {
	type ip struct {
		IPv4 netip.Addr `json:"ipv4,omitzero"`
		IPv6 netip.Addr `json:"ipv6,omitzero"`
	}
	b, _ := json.Marshal(struct {
		Info   string `json:"info"`
		Status string `json:"status"`
		IP     ip     `json:"ip,omitzero"`
	}{info, statusLine(status), ip{u.ipv4, u.ipv6}})
	return status, string(b)
}
