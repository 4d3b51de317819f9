package daemon

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/update/rfc2136"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"homeward/update/updatetest/direct"
)

// simServer is the server of accounts that share a key: one of the stand-ins of
// updatetest, and what it is to be sent at the most.
type simServer struct {
	http     http.Handler           // nil: a name server
	dns      *updatetest.NameServer // nil: HTTP
	zones    *updatetest.Zones      // the handler, where records have identifiers; else nil
	record   func(domain string) service.Values
	twice    bool // it has two records of a name and type
	accounts []*simAccount
	weather  string
	refused  time.Duration   // when it has turned a key away last
	arrivals []time.Duration // of a day
	gap      time.Duration   // between two questions for an address
	probed   time.Duration   // when the last one came
}

// newServer returns the server of an account, with its hosts.
func newServer(a settings.Account) *simServer {
	s := &simServer{weather: "fine", gap: 10 * time.Second}
	names := a.Domains
	switch a.Service {
	case "dyndns2", "template":
		h := &deleting{held: map[string]service.Values{}}
		s.http, s.record = h, func(name string) service.Values { return h.held[name] }
	case "ipv64":
		h := updatetest.NewIPv64("hunter2", "one.shared.example", "two.shared.example", "home.seen.example")
		h.Limit10s, h.Limit24h = 0, 0 // countAt counts
		s.http, s.record = h, func(name string) service.Values {
			r := h.Record(name, "")
			return service.Values{IPv4: r.A, IPv6: r.AAAA, Prefix: h.Prefix(name)}
		}
	case "spdyn":
		h := updatetest.NewSpdyn()
		for _, name := range names {
			h.AddHost("u", name, true)
			h.SetToken(name, "abcd-efgh-ijkl")
		}
		s.http, s.record = h, func(name string) service.Values {
			v4, v6 := h.Records(name)
			return service.Values{IPv4: v4, IPv6: v6}
		}
	case "rfc2136":
		s.dns = updatetest.NewNameServer("homeward", "aHVudGVyMg==", "example.org", "sub.example.org")
		s.record = func(name string) service.Values {
			first := func(typ string) netip.Addr {
				for _, r := range s.dns.Records(name, typ) {
					text, _, _ := strings.Cut(r, " ")
					return valid(text)
				}
				return netip.Addr{}
			}
			return service.Values{IPv4: first("A"), IPv6: first("AAAA")}
		}
	case "desec", "dynv6", "duckdns", "no-ip":
		h := updatetest.NewDynHosts("u", "hunter2", names...)
		if !a.Publish.IPv6 {
			h.SetRecord(names[0], updatetest.DynRecord{AAAA: valid("2001:db8:ffff::1")})
		}
		s.http, s.record = h, func(name string) service.Values {
			r := h.Record(name)
			return service.Values{IPv4: r.A, IPv6: r.AAAA, Prefix: r.Prefix}
		}
	default:
		s.zones = updatetest.NewZones("u", "hunter2", "example.org")
		if !a.Publish.IPv6 {
			s.zones.Add(updatetest.ZoneRecord{Zone: "example.org", Name: names[0], Type: "AAAA", Content: "2001:db8:ffff::1"})
		}
		s.http, s.record = s.zones, func(name string) (v service.Values) {
			for _, r := range s.zones.Records() {
				if r.Name != name {
					continue
				}
				to := &v.IPv4
				if r.Type == "AAAA" {
					to = &v.IPv6
				}
				s.twice = s.twice || to.IsValid()
				*to = valid(r.Content)
			}
			return v
		}
	}
	return s
}

// deleting is a dyndns2 server that deletes what a request does not name.
type deleting struct{ held map[string]service.Values }

func (d *deleting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var v service.Values
	for ip := range strings.SplitSeq(r.URL.Query().Get("myip"), ",") {
		if a := valid(ip); a.Is4() {
			v.IPv4 = a
		} else {
			v.IPv6 = a
		}
	}
	for name := range strings.SplitSeq(r.URL.Query().Get("hostname"), ",") {
		d.held[name] = v
		io.WriteString(w, "good "+r.URL.Query().Get("myip")+"\n")
	}
}

// newCheckIP returns a page that tells which address asks.
func newCheckIP() *simServer {
	return &simServer{weather: "fine", gap: 10 * time.Minute, http: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		io.WriteString(w, "Current IP Address: "+from.Addr().String()+"<br>")
	})}
}

// serverOf returns the server that a request is for, nil for that of home.
func (w *world) serverOf(req transport.Request) *simServer {
	u, err := url.Parse(req.URL.Reveal())
	if err != nil {
		w.fail("a request to no URL: %v", err)
		return nil
	}
	return w.servers[u.Hostname()]
}

// probe tells whether a request asks for an address, and updates nothing.
func probe(req transport.Request) bool {
	return strings.HasSuffix(req.URL.Reveal(), "howismyip") || strings.HasPrefix(req.URL.Reveal(), "https://checkip.example")
}

// arriveAt is another server: it counts, answers, keeps. What it has confirmed is not
// to be deleted, and what it gets is what the line showed.
func (w *world) arriveAt(s *simServer, req transport.Request, from netip.Addr, composed time.Duration) transport.Outcome {
	if probe(req) {
		w.countProbe(s, req, from)
	} else {
		w.countAt(s, req)
	}
	w.mu.Lock()
	weather := s.weather
	w.mu.Unlock()
	if status := map[string]int{"503": 503, "429": 429, "401": 401}[weather]; status != 0 && s.dns == nil {
		w.mu.Lock()
		if status == 401 {
			s.refused = w.now()
		}
		w.mu.Unlock()
		if status == 429 && len(s.accounts) > 0 && s.accounts[0].Service == "dyndns2" && w.roll(2) == 0 {
			return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte("911")}}
		}
		return transport.Outcome{Answer: &transport.Answer{Status: status, RetryAfter: []string{"", "", "60"}[w.roll(3)]}}
	}
	if weather == "hotspot" {
		return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte("<html>good morning, please log in</html>")}}
	}
	w.mu.Lock()
	var before [][]service.Values
	for _, a := range s.accounts {
		before = append(before, a.records())
	}
	out := s.answer(req, from, w.begin.Add(w.now()), w.begin.Add(w.now()+w.wallOff))
	var wrong []string
	for i, a := range s.accounts {
		for n, had := range before[i] {
			if why := w.wrongly(a, had, a.records()[n], composed); why != "" {
				wrong = append(wrong, a.Domains[n]+": "+why)
			}
		}
	}
	if s.twice {
		wrong = append(wrong, s.accounts[0].Name+": two records of one name and type")
	}
	w.mu.Unlock()
	for _, why := range wrong {
		w.fail("%s, by %s", why, req.URL)
	}
	return out
}

// wrongly returns what is wrong about a record that a request has changed, "" for
// nothing. What the line does not show now may be named as it was accepted, lest it be
// deleted.
func (w *world) wrongly(a *simAccount, had, now service.Values, composed time.Duration) string {
	keeps := a.confirmed
	if _, ok := a.server.http.(*deleting); !ok {
		keeps.IPv6 = keeps.IPv6 || !a.Publish.IPv6 // not ours
	}
	if lost := had.Valid().Without(now.Valid()); lost.IPv4 && keeps.IPv4 || lost.IPv6 && keeps.IPv6 || lost.Prefix && keeps.Prefix {
		return "a record is deleted"
	}
	if now == had {
		return ""
	}
	for _, l := range w.shownSince(composed) {
		shown := a.shows(l)
		if (now.IPv4 == had.IPv4 || now.IPv4 == shown.IPv4 || now.IPv4 == a.accepted.IPv4 || a.Detect == "web" && w.answered[now.IPv4]) &&
			(now.IPv6 == had.IPv6 || now.IPv6 == shown.IPv6 || now.IPv6 == a.accepted.IPv6 || a.Publish.Prefix) &&
			(now.Prefix == had.Prefix || now.Prefix == shown.Prefix || now.Prefix == a.accepted.Prefix) {
			return ""
		}
	}
	return "the line does not show what is there now"
}

// answer is the server's, to a request from an address. Its clock is not the router's.
func (s *simServer) answer(req transport.Request, from netip.Addr, now, router time.Time) transport.Outcome {
	if s.dns != nil {
		s.dns.SetFault(updatetest.NameServerFault{})
		if s.weather == "503" {
			s.dns.SetFault(updatetest.NameServerFault{Code: int(rfc2136.ServFail)})
		}
		results, err := req.DNS.Exchange(&simConn{server: s.dns, now: now}, func() time.Time { return router })
		var clock rfc2136.ClockError
		if errors.As(err, &clock) {
			return transport.Failed(transport.FaultClock, true, "waiting for NTP")
		}
		if err != nil {
			panic(fmt.Sprint("daemon: the simulated name server: ", err))
		}
		return transport.Outcome{Answer: &transport.Answer{DNS: results}}
	}
	a := direct.Answer(s.http, req, from)
	return transport.Outcome{Answer: &a}
}

// simConn is a connection to a name server, which answers each message at once.
type simConn struct {
	server *updatetest.NameServer
	now    time.Time
	answer bytes.Buffer
}

func (c *simConn) Write(b []byte) (int, error) {
	reply := c.server.Reply(b[2:], c.now)
	c.answer.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
	return len(b), nil
}

func (c *simConn) Read(b []byte) (int, error) { return c.answer.Read(b) }

// countAt fails if a request is beyond a limit, or comes though every account there is
// stopped.
func (w *world) countAt(s *simServer, req transport.Request) {
	w.mu.Lock()
	now := w.now()
	w.svc.requests++
	s.arrivals = dayOf(append(s.arrivals, now), now)
	soon, today := within(s.arrivals, now, 10*time.Second), len(s.arrivals)
	a := s.accounts[0]
	stopped := !w.beside && !slices.ContainsFunc(s.accounts, func(a *simAccount) bool { return a.stopped == 0 })
	w.mu.Unlock()
	if a.Limit10s > 0 && soon > a.Limit10s || a.Limit24h > 0 && today > a.Limit24h {
		w.fail("%s: %d requests in 10 s, %d in 24 h", a.Name, soon, today)
	}
	if stopped {
		w.fail("%s: a request after the final refusal: %s", a.Name, req.URL)
	}
}

// countProbe fails if a page is asked for an address too often.
func (w *world) countProbe(s *simServer, req transport.Request, from netip.Addr) {
	w.mu.Lock()
	now, last := w.now(), s.probed
	s.probed, w.answered[from] = now, true
	w.mu.Unlock()
	if last != 0 && now-last < s.gap {
		w.fail("asked for an address again after %v: %s", now-last, req.URL)
	}
}

// dayOf returns the arrivals of the last day; all must be sorted.
func dayOf(all []time.Duration, now time.Duration) []time.Duration {
	for len(all) > 0 && now-all[0] >= day {
		all = all[1:]
	}
	return all
}

// within returns how many arrivals were less than d ago.
func within(arrivals []time.Duration, now, d time.Duration) (n int) {
	for i := len(arrivals) - 1; i >= 0 && now-arrivals[i] < d; i-- {
		n++
	}
	return n
}
