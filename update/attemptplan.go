package update

import (
	"slices"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
)

// Attempt is one attempt to bring the service to what the line shows: the
// request, and what its end has to know.
type Attempt struct {
	Update service.Update
	before map[string]state.Host // the hosts as they were before it was sent
	sent   time.Duration         // when it was sent
	line   service.Values        // what the line showed when it was composed
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
		case next.at == first.at && c.Update.SameRequest(next.Update) && len(c.Update.Hosts) < s.Service.MaxHosts:
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
	for _, name := range s.Service.HostsOf(s.Account) {
		h := s.Record.Hosts[name]
		diff := missing(s.Plan.Want, s.Plan.known(name, h))
		if h.Stop != nil || diff == (service.Values{}) || s.needsAddress() {
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
func hostReady(now clock.Now, h state.Host, c service.Update) ready {
	r := ready{at: now.Up}
	if h.Lost != (service.Values{}) && missing(c.Values, state.Host{Values: h.Lost}) == (service.Values{}) {
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
	return s.Service.PrefixOnly && (s.Record.PrefixOnlyRefused || s.Plan.Full) && s.Plan.Want == (service.Values{Prefix: s.Plan.Want.Prefix})
}

// missing returns what of want the service is not known to hold. Of what the
// line does not show it is not told.
func missing(want service.Values, h state.Host) service.Values {
	var d service.Values
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
func (s AccountState) compose(h state.Host, diff service.Values) service.Update {
	want := s.Plan.Want
	auto := s.Account.PrefixAuto && want.Prefix.IsValid()
	switch {
	case s.Service.PrefixOnly && !s.Record.PrefixOnlyRefused && !s.Plan.Full && diff == (service.Values{Prefix: diff.Prefix}):
		return service.Update{Values: diff, PrefixOnly: true, Auto: auto}
	case auto && s.Plan.AddressesFirst && diff != (service.Values{Prefix: diff.Prefix}):
		return service.Update{Values: want.Without(service.Publish{Prefix: true})}
	case auto:
		return service.Update{Values: want, Auto: true}
	case s.Service.DeletesUnnamed:
		held := h.Values.Only(s.Account.Publish.Without(want.Valid()))
		return service.Update{Values: want.With(held), Repeated: held.Valid()}
	case !s.Service.OneAddress:
		return service.Update{Values: want}
	case diff.IPv4.IsValid():
		return service.Update{Values: service.Values{IPv4: diff.IPv4}}
	default:
		return service.Update{Values: service.Values{IPv6: diff.IPv6, Prefix: diff.Prefix}}
	}
}

// eachHost returns the Memory with the hosts of a call changed by f.
func eachHost(m state.AccountRecord, s service.Service, call service.Update, f func(string, state.Host) state.Host) state.AccountRecord {
	next := make(map[string]state.Host, len(m.Hosts)+1)
	for name, h := range m.Hosts {
		next[name] = h
	}
	for _, name := range s.Judged(call) {
		next[name] = f(name, next[name])
	}
	m.Hosts = next
	return m
}

// revert takes back the doubt that an attempt brought: it has changed nothing
// at the service. What was in doubt before it still is.
func revert(m state.AccountRecord, s service.Service, c Attempt) state.AccountRecord {
	return eachHost(m, s, c.Update, func(name string, h state.Host) state.Host {
		b := c.before[name]
		h.Unconfirmed, h.Lost, h.LostAt = b.Unconfirmed, b.Lost, b.LostAt
		return h
	})
}

// answerArrived notes that the answer to a call was not lost.
func answerArrived(m state.AccountRecord, s service.Service, call service.Update) state.AccountRecord {
	return eachHost(m, s, call, func(_ string, h state.Host) state.Host {
		h.Lost, h.LostAt = service.Values{}, 0
		return h
	})
}

// hostLocked tells whether a host of the call is locked now.
func hostLocked(now clock.Now, m state.AccountRecord, s service.Service, call service.Update) bool {
	return slices.ContainsFunc(s.Judged(call), func(name string) bool { return m.Hosts[name].Lock.End() > now.Up })
}
