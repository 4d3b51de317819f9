package updatetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Zones is a stand-in for the services whose interface is that of a zone's records:
// it answers each host as its documentation says. Its methods may be called while it
// serves.
type Zones struct {
	mu      sync.Mutex
	user    string
	key     string
	zones   []string
	records []*ZoneRecord
	last    int
	log     []ZoneRequest
	refuse  int // a status for the next request, 0 for none
}

// ZoneRecord is one record of a zone.
type ZoneRecord struct {
	ID, Zone, Name, Type, Content string // Name is the whole one
	TTL                           int
	Proxied                       bool
}

// ZoneRequest is one request as it arrived.
type ZoneRequest struct {
	At                       time.Time
	Host, Method, Path, Body string
	Status                   int
}

// NewZones returns a stand-in with zones of an owner.
func NewZones(user, key string, zones ...string) *Zones {
	return &Zones{user: user, key: key, zones: zones, last: 100}
}

// Add makes a record by hand, as its owner does on the service's page, and returns
// its identifier.
func (s *Zones) Add(r ZoneRecord) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(r).ID
}

// Forget removes all records, as their owner may: identifiers change.
func (s *Zones) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
}

// Anew makes all records anew, as their owner may: with other identifiers.
func (s *Zones) Anew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.records
	s.records = nil
	for _, r := range old {
		again := *r
		again.ID = ""
		s.add(again)
	}
}

// Refuse answers the next request with a status.
func (s *Zones) Refuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = status
}

// Records returns the records as they are.
func (s *Zones) Records() (out []ZoneRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		out = append(out, *r)
	}
	return out
}

// Requests returns what was asked so far.
func (s *Zones) Requests() []ZoneRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// ServeHTTP answers as the service does that the request's host names.
func (s *Zones) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := zoneCall{Zones: s, Request: r, path: strings.Split(strings.Trim(r.URL.Path, "/"), "/"), text: text}
	c.form, _ = url.ParseQuery(string(text))
	json.Unmarshal(text, &c.body)
	status, body := http.StatusNotFound, any("no such host")
	if answer := zoneServices()[r.Host]; s.refuse != 0 {
		status, s.refuse = s.refuse, 0
	} else if answer != nil {
		status, body = answer(c)
	}
	s.log = append(s.log, ZoneRequest{time.Now(), r.Host, r.Method, r.URL.RequestURI(), string(text), status})
	out, plain := body.(string)
	if !plain && body != nil {
		b, _ := json.Marshal(body)
		out = string(b)
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	io.WriteString(w, out)
}

// zoneCall is one request on its way to a service's answer.
type zoneCall struct {
	*Zones
	*http.Request
	path []string
	text []byte
	form url.Values
	body any
}

// obj is a JSON object.
type obj = map[string]any

// is reports whether the request is of a method and a path, in which * stands for
// one part.
func (c zoneCall) is(method, path string) bool {
	want := strings.Split(path, "/")
	if c.Method != method || len(want) != len(c.path) {
		return false
	}
	for i, part := range want {
		if part != "*" && part != c.path[i] {
			return false
		}
	}
	return true
}

// field returns a text in the JSON body, by its path.
func (c zoneCall) field(path ...any) string {
	v := c.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(obj)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return ""
			}
			v = l[p]
		}
	}
	text, _ := v.(string)
	return text
}

func (s *Zones) holds(zone string) bool { return slices.Contains(s.zones, zone) }

func (s *Zones) add(r ZoneRecord) *ZoneRecord {
	s.last++
	if r.ID == "" {
		r.ID = fmt.Sprint(s.last)
	}
	s.records = append(s.records, &r)
	return &r
}

func (s *Zones) find(zone, name, kind string) *ZoneRecord {
	return s.byFunc(func(r *ZoneRecord) bool { return r.Zone == zone && r.Name == name && r.Type == kind })
}

func (s *Zones) byID(zone, id string) *ZoneRecord {
	return s.byFunc(func(r *ZoneRecord) bool { return r.Zone == zone && r.ID == id })
}

func (s *Zones) byFunc(is func(*ZoneRecord) bool) *ZoneRecord {
	if i := slices.IndexFunc(s.records, is); i >= 0 {
		return s.records[i]
	}
	return nil
}

// whole returns the whole name of a label below a zone; "" and @ are the zone.
func whole(label, zone string) string {
	if label == "" || label == "@" {
		return zone
	}
	return label + "." + zone
}

// fits reports whether an address is of a record's type.
func fits(kind, content string) bool {
	a, err := netip.ParseAddr(content)
	return err == nil && (kind == "A" && a.Is4() || kind == "AAAA" && a.Is6())
}

// set changes a record, or makes it, as a service that replaces a record set does.
func (s *Zones) set(zone, name, kind, content string) bool {
	if !s.holds(zone) || !fits(kind, content) {
		return false
	}
	r := s.find(zone, name, kind)
	if r == nil {
		r = s.add(ZoneRecord{Zone: zone, Name: name, Type: kind, TTL: 300})
	}
	r.Content = content
	return true
}

// number is an identifier that JSON writes as a number.
type number string

func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// zoneID returns the identifier of a service's i-th zone.
func zoneID(i int) string { return fmt.Sprint(4000 + i) }

func parseJSON(text string) (v any) {
	json.Unmarshal([]byte(text), &v)
	return v
}
