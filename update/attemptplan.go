package update

import (
	"homeward/update/clock"
	"slices"
	"time"
)

// Attempt is one attempt to bring the service to what the line shows: the
// request, and what its end has to know.
type Attempt struct {
	Update Update
	before map[string]Host // the hosts as they were before it was sent
	sent   time.Duration   // when it was sent
	line   Values          // what the line showed when it was composed
}

// ready is when a host's request may leave, and what asks for that; why is ""
// where it is an answer that was lost.
type ready struct {
	at  time.Duration
	why string
}

// nextAttempt returns the next request that brings the service to what the line
// shows, or nil, and when it may leave. Hosts that need the same request share
// it, those that wait for longer excepted.
func (s AccountState) nextAttempt(now clock.Now) (*Attempt, ready) {
	var c *Attempt
	var first ready
	for _, next := range s.hostAttempts(now) {
		switch {
		case c == nil || next.at < first.at:
			c, first = &next.Attempt, next.ready
		case next.at == first.at && c.Update.sameRequest(next.Update) && len(c.Update.Hosts) < s.Service.MaxHosts:
			c.Update.Hosts = append(c.Update.Hosts, next.Update.Hosts...)
		}
	}
	return c, first
}

// hostAttempt is the request that one host needs.
type hostAttempt struct {
	Attempt
	ready
}

// hostAttempts returns what each host needs, now or at a later time.
func (s AccountState) hostAttempts(now clock.Now) []hostAttempt {
	var out []hostAttempt
	for _, name := range s.Service.hostsOf(s.Account) {
		h := s.Record.Hosts[name]
		diff := missing(s.Plan.Want, s.Plan.known(name, h))
		if h.Stop != nil || diff == (Values{}) || s.needsAddress() {
			continue
		}
		c := Attempt{Update: s.compose(h, diff), line: s.Plan.Want}
		if c.Update.Hosts = []string{name}; s.Service.MaxHosts == 0 {
			c.Update.Hosts = s.Account.Domains
		}
		out = append(out, hostAttempt{c, hostReady(now, h, c.Update)})
	}
	return out
}

// hostReady tells when a host's next request may leave: a lock is waited for,
// and values whose answer was lost are not sent again at once.
func hostReady(now clock.Now, h Host, c Update) ready {
	r := ready{at: now.Up}
	if h.Lost != (Values{}) && missing(c.Values, Host{Values: h.Lost}) == (Values{}) {
		r.at = max(r.at, h.LostAt+resendGap)
	}
	if h.Lock != nil && h.Lock.Until > r.at {
		r = ready{h.Lock.Until, h.Lock.Why}
	}
	return r
}

// needsAddress tells whether nothing can be sent for want of an address: the
// service refuses the prefix alone, and from an update without any it may take
// the address of the connection.
func (s AccountState) needsAddress() bool {
	return s.Service.PrefixOnly && (s.Record.PrefixOnlyRefused || s.Plan.Full) && s.Plan.Want == (Values{Prefix: s.Plan.Want.Prefix})
}

// missing returns what of want the service is not known to hold. Of what the
// line does not show it is not told.
func missing(want Values, h Host) Values {
	var d Values
	if want.IPv4.IsValid() && (want.IPv4 != h.IPv4 || h.Unconfirmed.IPv4) {
		d.IPv4 = want.IPv4
	}
	if want.IPv6.IsValid() && (want.IPv6 != h.IPv6 || h.Unconfirmed.IPv6) {
		d.IPv6 = want.IPv6
	}
	if want.Prefix.IsValid() && (want.Prefix != h.Prefix || h.Unconfirmed.Prefix) {
		d.Prefix = want.Prefix
	}
	return d
}

// compose makes one request for a host, its hosts left open: the prefix alone
// where it alone is missing, else every value that the line shows. A service
// that deletes what is not named is told what the line does not show as it was
// accepted last.
func (s AccountState) compose(h Host, diff Values) Update {
	want := s.Plan.Want
	auto := s.Account.PrefixAuto && want.Prefix.IsValid()
	switch {
	case s.Service.PrefixOnly && !s.Record.PrefixOnlyRefused && !s.Plan.Full && diff == (Values{Prefix: diff.Prefix}):
		return Update{Values: diff, PrefixOnly: true, Auto: auto}
	case auto && s.Plan.AddressesFirst && diff != (Values{Prefix: diff.Prefix}):
		return Update{Values: want.without(Publish{Prefix: true})}
	case auto:
		return Update{Values: want, Auto: true}
	case s.Service.DeletesUnnamed:
		held := h.Values.only(s.Account.Publish.without(want.valid()))
		return Update{Values: want.with(held), Repeated: held.valid()}
	case !s.Service.OneAddress:
		return Update{Values: want}
	case diff.IPv4.IsValid():
		return Update{Values: Values{IPv4: diff.IPv4}}
	default:
		return Update{Values: Values{IPv6: diff.IPv6, Prefix: diff.Prefix}}
	}
}

// eachHost returns the Memory with the hosts of a call changed by f.
func eachHost(m AccountRecord, s Service, call Update, f func(string, Host) Host) AccountRecord {
	next := make(map[string]Host, len(m.Hosts)+1)
	for name, h := range m.Hosts {
		next[name] = h
	}
	for _, name := range s.judged(call) {
		next[name] = f(name, next[name])
	}
	m.Hosts = next
	return m
}

// revert takes back the doubt that an attempt brought: it has changed nothing
// at the service. What was in doubt before it still is.
func revert(m AccountRecord, s Service, c Attempt) AccountRecord {
	return eachHost(m, s, c.Update, func(name string, h Host) Host {
		b := c.before[name]
		h.Unconfirmed, h.Lost, h.LostAt = b.Unconfirmed, b.Lost, b.LostAt
		return h
	})
}

// answerArrived notes that the answer to a call was not lost.
func answerArrived(m AccountRecord, s Service, call Update) AccountRecord {
	return eachHost(m, s, call, func(_ string, h Host) Host {
		h.Lost, h.LostAt = Values{}, 0
		return h
	})
}

// hostLocked tells whether a host of the call is locked now.
func hostLocked(now clock.Now, m AccountRecord, s Service, call Update) bool {
	return slices.ContainsFunc(s.judged(call), func(name string) bool { return m.Hosts[name].Lock.until() > now.Up })
}
