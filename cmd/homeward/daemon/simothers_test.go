package daemon

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/update"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
)

// simOther is an account beside that of IPv64, and its service: one of another
// protocol, which keeps a record for each host.
type simOther struct {
	account   settings.Account
	deletes   bool // the service deletes what a request does not name
	arrivals  []time.Duration
	held      map[string]service.Values
	confirmed service.Publish // the status has named it as accepted
}

// newOthers returns accounts of dyndns2, SPDYN and a template. A host behind the
// router has the IPv6 address of the first two.
func newOthers() []*simOther {
	both, four := service.Publish{IPv4: true, IPv6: true}, service.Publish{IPv4: true}
	other := func(deletes bool, p service.Publish, a service.Account, domains ...string) *simOther {
		a.Domains, a.Secret, a.Publish, a.Limit10s, a.Limit24h = domains, secret.New("hunter2"), p, 3, 48
		o := &simOther{account: settings.Account{Account: a, Enabled: true, Detect: "line"}, deletes: deletes, held: map[string]service.Values{}}
		if p.IPv6 {
			o.account.Host = netip.MustParseAddr("::1:2:3:4")
		}
		return o
	}
	return []*simOther{
		other(true, both, service.Account{Name: "dyn", Service: "dyndns2", Server: "https://dyn.example", Username: "u"}, "a.dyn.example", "b.dyn.example"),
		other(false, both, service.Account{Name: "spdyn", Service: "spdyn", Server: "https://update.spdyn.de", Token: true}, "a.spdns.org"),
		other(false, four, service.Account{Name: "template", Service: "template",
			Template: &service.Template{URL4: "https://t.example/nic/update?hostname=[DOMAIN]&myip=[IP]&key=[PASSWORD]", Answer4: "^good|^nochg"}}, "a.t.example", "b.t.example"),
	}
}

// other returns the account that a request is for, nil for that of IPv64.
func (w *world) other(req transport.Request) *simOther {
	u, err := url.Parse(req.URL.Reveal())
	if err != nil {
		w.fail("a request to no URL: %v", err)
		return nil
	}
	for _, o := range w.others {
		hosts := append([]string{strings.TrimPrefix(o.account.Server, "https://")}, o.account.Domains...)
		for _, h := range hosts {
			if u.Host == h || o.account.Template != nil && strings.HasSuffix(h, u.Host) {
				return o
			}
		}
	}
	return nil
}

// shows returns what an account publishes of a line.
func (o *simOther) shows(line service.Values) (v service.Values) {
	v.IPv4 = line.IPv4
	if o.account.Publish.IPv6 && line.Prefix.IsValid() {
		v.IPv6 = compose(line.Prefix, o.account.Host)
	}
	return v
}

// holds tells whether all hosts have the valid values of want.
func (o *simOther) holds(want service.Values) bool {
	for _, name := range o.account.Domains {
		h := o.held[name]
		if want.IPv4.IsValid() && h.IPv4 != want.IPv4 || want.IPv6.IsValid() && h.IPv6 != want.IPv6 {
			return false
		}
	}
	return true
}

// arriveOther is another service: it counts, answers, keeps. What it has confirmed
// is not to be deleted.
func (w *world) arriveOther(o *simOther, req transport.Request, weather string) transport.Answer {
	w.countOther(o)
	switch weather {
	case "503":
		return transport.Answer{Status: 503, RetryAfter: []string{"", "", "60"}[w.roll(3)]}
	case "hotspot":
		return transport.Answer{Status: 200, Body: []byte("<html>good morning, please log in</html>")}
	case "429":
		if o.account.Service == "dyndns2" && w.roll(2) == 0 {
			return transport.Answer{Status: 200, Body: []byte("911")}
		}
		return transport.Answer{Status: 429}
	}
	q := queryOf(req)
	var v service.Values
	for ip := range strings.SplitSeq(q.Get("myip"), ",") {
		if a, err := netip.ParseAddr(ip); err != nil {
			w.fail("%s: an address that is none: %s", o.account.Name, req.URL)
		} else if a.Is4() {
			v.IPv4 = a
		} else {
			v.IPv6 = a
		}
	}
	var answer strings.Builder
	for name := range strings.SplitSeq(q.Get("hostname"), ",") {
		w.mu.Lock()
		had := o.held[name]
		next := had.With(v)
		if o.deletes {
			next = v
		}
		o.held[name] = next
		lost := had.Valid().Without(next.Valid())
		confirmed := o.confirmed
		w.mu.Unlock()
		if lost.IPv4 && confirmed.IPv4 || lost.IPv6 && confirmed.IPv6 {
			w.fail("%s: the record of %s is deleted: %s", o.account.Name, name, req.URL)
		}
		answer.WriteString("good " + v.IPv4.String() + "\n")
		if !v.IPv4.IsValid() {
			answer.Reset()
			answer.WriteString(strings.Repeat("good\n", strings.Count(q.Get("hostname"), ",")+1))
		}
	}
	return transport.Answer{Status: 200, Body: []byte(answer.String())}
}

// countOther fails if a request is beyond a limit.
func (w *world) countOther(o *simOther) {
	w.mu.Lock()
	now := w.now()
	w.svc.requests++
	o.arrivals = append(o.arrivals, now)
	soon, today := within(o.arrivals, now, 10*time.Second), within(o.arrivals, now, day)
	w.mu.Unlock()
	if soon > o.account.Limit10s || today > o.account.Limit24h {
		w.fail("%s: %d requests in 10 s, %d in 24 h", o.account.Name, soon, today)
	}
}

// within returns how many arrivals were less than d ago.
func within(arrivals []time.Duration, now, d time.Duration) (n int) {
	for _, a := range arrivals {
		if now-a < d {
			n++
		}
	}
	return n
}

// believeOthers fails where the status says that another service holds what it does
// not.
func (w *world) believeOthers(all map[string]update.Status) {
	for _, o := range w.others {
		s := all[o.account.Name]
		w.mu.Lock()
		if s.Accepted != nil {
			o.confirmed = o.confirmed.Or(s.Accepted.Values.Valid())
		}
		wrong := s.State == update.StateCurrent && s.Want != nil && !o.holds(*s.Want)
		w.mu.Unlock()
		if wrong {
			w.fail("%s: current, with %v; the service holds %v", o.account.Name, *s.Want, o.held)
		}
		if s.State == update.StateStopped {
			w.fail("%s: stopped: %s", o.account.Name, s.Error)
		}
	}
}

// calmOthers fails unless every other service holds what the line shows.
func (w *world) calmOthers() {
	for _, o := range w.others {
		w.mu.Lock()
		want := o.shows(w.line)
		ok := o.holds(want)
		w.mu.Unlock()
		if !ok {
			w.fail("%s: the service holds %v, the line shows %v", o.account.Name, o.held, want)
		}
	}
}
