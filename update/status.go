package update

import (
	"fmt"
	"strings"
	"time"
)

// Status is what anybody may know of one account.
type Status struct {
	Service  string    `json:"service"`
	Domains  []string  `json:"domains"`
	State    string    `json:"state"` // current, due, retrying, limited, stopped, waiting
	Accepted *Held     `json:"accepted,omitempty"`
	Want     *Values   `json:"want,omitempty"`
	Error    string    `json:"error,omitempty"` // why it is not current
	Next     time.Time `json:"next,omitzero"`   // when it is tried again
	Note     string    `json:"note,omitempty"`  // what is not published, and why
	Used     int       `json:"used_24h"`
	Limit    int       `json:"limit_24h,omitempty"`
}

// Held is what the service took last.
type Held struct {
	Values
	At time.Time `json:"at"`
}

// accepted returns what all hosts that are not stopped have had accepted, nil if
// there is nothing.
func (m Memory) accepted(now Now, a *Account, s Service) *Held {
	var all *Held
	for _, name := range hostsOf(a, s) {
		h := m.Hosts[name]
		if h.Stop != nil && h.Values == (Values{}) {
			continue
		}
		if all == nil {
			all = &Held{h.Values, h.At}
			continue
		}
		all.Values = all.common(h.Values)
		if h.At.After(all.At) {
			all.At = h.At
		}
	}
	if all == nil || all.Values == (Values{}) {
		return nil
	}
	all.At = all.At.Truncate(time.Second)
	return all
}

// common returns the members in which v and o agree.
func (v Values) common(o Values) Values {
	if v.IPv4 != o.IPv4 {
		v.IPv4 = Values{}.IPv4
	}
	if v.IPv6 != o.IPv6 {
		v.IPv6 = Values{}.IPv6
	}
	if v.Prefix != o.Prefix {
		v.Prefix = Values{}.Prefix
	}
	return v
}

// status tells how an account stands.
func (a *account) status(now Now, m Memory, k Key, l Limits, d Decision) Status {
	s := Status{Service: a.Service, Domains: a.Domains, State: d.State, Error: d.Error, Note: a.note,
		Accepted: m.accepted(now, a.Account, a.service), Used: k.used(now), Limit: l.Day}
	if a.plan.Want != (Values{}) {
		w := a.plan.Want
		s.Want = &w
	}
	if d.Call != nil && !a.sending && d.At > now.Up {
		s.Next = now.wall(d.At)
	}
	return s
}

// report says what is wrong with an account, each thing once.
func (s *Scheduler) report(now Now, a *account, dec Decision) {
	why := a.plan.Error // and not which limit holds the next attempt: that changes with every attempt
	if why == "" {
		why = dec.Error
	}
	switch {
	case dec.State == StateCurrent:
		a.said = ""
	case a.sending || why == "" || why == a.said || dec.State == StateWaiting:
	case dec.State == StateStopped:
		a.said = why
		s.log(Error, a.Name+": "+why+". Nothing more is sent until the configuration changes, or `homeward once --force`")
	default:
		a.said = why
		s.log(Warn, a.Name+": "+why+". "+next(dec.At-now.Up))
	}
}

// next says when something is tried again.
func next(in time.Duration) string {
	if in <= 0 {
		return "Trying again now"
	}
	return "Trying again in " + spell(in)
}

// tellAccepted says what a service took.
func (s *Scheduler) tellAccepted(t *attempt, now Now, r Result) {
	if !anyAccepted(r) || r.Verdict != Accepted && r.Hosts == nil {
		return
	}
	var what []string
	for _, v := range []interface{ IsValid() bool }{t.call.Values.IPv4, t.call.Values.IPv6, t.call.Values.Prefix} {
		if v.IsValid() {
			what = append(what, fmt.Sprint(v))
		}
	}
	if s.store.Known(now).Accounts[t.Name].stopped(t.Account) == nil { // a host that is stopped was told of
		t.said = ""
	}
	s.log(Info, fmt.Sprintf("%s: %s has accepted %s for %s (%s)", t.Name, t.Service, strings.Join(what, ", "),
		strings.Join(t.call.Hosts, ", "), spell(now.Up-t.start)))
}

// spell writes a duration for people: no more digits than they need.
func spell(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}
