package updatetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// IPv64API is a stand-in for the API of ipv64.net (https://ipv64.net/dyndns_api).
// What the service does not document is marked so. The exported fields are not
// changed once it serves; everything else may be used at any time.
type IPv64API struct {
	Limit10s    int // calls in 10 s, 0: none
	Limit24h    int
	DomainLimit int
	Now         func() time.Time // the service's clock

	traffic
	key      string
	domains  map[string]*apiDomain
	taken    []string // domains of others
	logs     []APILog
	lastID   int
	calls    int // today
	arrivals []time.Time
}

// The secrets in the stand-in's answers, beside the API key.
const (
	APIUpdateHash = "UPDATEHASHupdatehashUPDATEHASH"
	APIDomainHash = "DOMAINHASHdomainhashDOMAINHASH"
	APIRecordKey  = "RECORDKEYrecordkeyRECORDKEY"
	APINewSecret  = "NEWSECRETnewsecretNEWSECRET" // of members that came later
)

type apiDomain struct {
	prefix  string
	updates int
	records []APIRecord
}

// APIRecord is a record as the API tells it.
type APIRecord struct {
	ID                          int
	Praefix, Type, Content, Set string
}

// APILog is a line of the service's log.
type APILog struct {
	Subdomain string `json:"subdomain"`
	Time      string `json:"time"`
	Header    string `json:"header"`
	Content   string `json:"content"`
}

// NewIPv64API returns a stand-in with the service's default limits and one
// account with this API key.
func NewIPv64API(key string) *IPv64API {
	return &IPv64API{Limit10s: 5, Limit24h: 64, DomainLimit: 3, Now: time.Now, key: key, domains: map[string]*apiDomain{}, lastID: 4710}
}

// AddDomain makes a domain of the account, with the prefix that updates set.
func (s *IPv64API) AddDomain(name, prefix string, records ...APIRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &apiDomain{prefix: prefix, updates: 12}
	for _, r := range records {
		s.lastID++
		r.ID, r.Set = s.lastID, "2026-07-21 22:00:01"
		d.records = append(d.records, r)
	}
	s.domains[name] = d
}

// Take makes a name somebody else's.
func (s *IPv64API) Take(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, name)
}

// Log adds lines to the log.
func (s *IPv64API) Log(lines ...APILog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, lines...)
}

// ServeHTTP answers one call.
func (s *IPv64API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone()}
	req.From, _ = netip.ParseAddrPort(r.RemoteAddr)
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		req.Form, _ = url.ParseQuery(string(body))
	}
	req.By, req.Key = apiKey(r, req.Form)

	s.mu.Lock()
	req.At = s.Now()
	var next Answer
	scripted := len(s.next) > 0
	if scripted {
		next, s.next = s.next[0], s.next[1:]
	}
	status, text := next.Status, next.Body
	if !scripted || next.Process {
		status, text = s.answer(&req)
	}
	if status == 0 {
		status = http.StatusOK
	}
	req.Status = status
	s.requests = append(s.requests, req)
	s.mu.Unlock()

	next.write(w, r, status, text)
}

// apiKey returns how the key came, and the key.
func apiKey(r *http.Request, form url.Values) (by, key string) {
	if k, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return "bearer", k
	}
	if _, password, ok := r.BasicAuth(); ok {
		return "basic", password
	}
	for _, name := range []string{"apikey", "token"} {
		if k := r.URL.Query().Get(name); k != "" {
			return "query", k
		}
		if k := form.Get(name); k != "" {
			return "form", k
		}
	}
	return "", ""
}

// answer does what the call asks, and says so as the service would.
func (s *IPv64API) answer(r *Request) (status int, body string) {
	if r.Path != "/api" && r.Path != "/api.php" {
		return http.StatusNotFound, "404 page not found"
	}
	call, target := apiCall(r)
	members := map[string]any{}
	said := ""
	switch {
	case r.Key == "" || r.Key != s.key:
		status, said = http.StatusUnauthorized, "Unauthorized"
	case s.over(r):
		status, said = http.StatusTooManyRequests, "Updateintervall overcommited"
	default:
		s.calls++
		status, said = s.do(r, call, target, members)
	}
	if call == "get_domains" {
		call = "add_domain" // so it is in the service's own example
	}
	if call != "" {
		members[call] = said
	}
	members["status"], members["info"] = statusLine(status), "success"
	if status >= 400 {
		members["info"] = "error"
	}
	text, _ := json.Marshal(members)
	return status, string(text)
}

// apiCall returns the call's name and what it is about.
func apiCall(r *Request) (call, target string) {
	for name, in := range map[string]url.Values{"get_account_info": r.Query, "get_logs": r.Query, "get_domains": r.Query,
		"add_domain": r.Form, "del_domain": r.Form, "add_record": r.Form, "del_record": r.Form} {
		if in.Has(name) && r.Method == map[string]string{"get": "GET", "add": "POST", "del": "DELETE"}[name[:3]] {
			return name, in.Get(name)
		}
	}
	return "", ""
}

// over counts a call and reports whether it is beyond a limit.
func (s *IPv64API) over(r *Request) bool {
	s.arrivals = r.within(s.arrivals, s.Limit10s, s.Limit24h)
	return r.Over
}
