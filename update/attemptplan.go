package update

import (
	"slices"
	"time"

	"homeward/update/clock"
	"homeward/update/service"
	"homeward/update/state"
)

// Attempt is one attempt to send the desired values: the Update, and what its end
// needs.
type Attempt struct {
	Update service.Update
	before map[string]state.Host // the hosts before it was sent
	sent   time.Duration         // when it was sent
	line   service.Values        // the desired values when it was composed
}

// ready is when a host's request may be sent. why is the lock that it waits for,
// "" for an answer that was lost.
type ready struct {
	at  time.Duration
	why string
}

// nextAttempt returns the next Attempt, or nil, and when it may be sent. Hosts that
// need the same request at the same time share it.
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

// hostAttempts returns the requests that the hosts need, now or later.
func (s AccountState) hostAttempts(now clock.Now) []hostAttempt {
	var out []hostAttempt
	for _, name := range s.Service.HostsOf(s.Account) {
		h := s.Record.Hosts[name]
		diff := missing(s.Plan.Want, s.Plan.known(name, h))
		if h.Stop != nil || diff == (service.Values{}) || s.needsAddress() || s.needsIPv4(h) {
			continue
		}
		c := Attempt{Update: s.compose(h, diff), line: s.Plan.Want}
		if c.Update.Hosts = []string{name}; s.Service.MaxHosts == 0 {
			c.Update.Hosts = s.Account.Domains
		}
		c.Update.Found = h.Found
		c.Update.Lookup = s.Account.IsLookup(c.Update)
		out = append(out, hostAttempt{c, hostReady(now, h, c.Update)})
	}
	return out
}

// hostReady returns when a host's request may be sent: after its lock, and after
// resendGap for values whose answer was lost. So do look-ups: the service may be
// making the record that they look for.
func hostReady(now clock.Now, h state.Host, c service.Update) ready {
	r := ready{at: now.Up}
	if h.Lost != (service.Values{}) && (c.Lookup || missing(c.Values, state.Host{Values: h.Lost}) == (service.Values{})) {
		r.at = max(r.at, h.LostAt+resendGap)
	}
	if h.Lock != nil && h.Lock.Until > r.at {
		r = ready{h.Lock.Until, h.Lock.Why}
	}
	return r
}

// needsAddress reports whether the prefix has to wait for an address: the service
// refuses the prefix alone, and would take the connection's address from an update
// without one.
func (s AccountState) needsAddress() bool {
	return s.Service.PrefixOnly && (s.Record.PrefixOnlyRefused || s.Plan.Full) && s.Plan.Want == (service.Values{Prefix: s.Plan.Want.Prefix})
}

// needsIPv4 reports whether a host's values have to wait for an IPv4 address: none
// is known, and the service would publish the connection's.
func (s AccountState) needsIPv4(h state.Host) bool {
	return s.Service.ConnectionIPv4 && s.Account.Publish.IPv4 && !s.Plan.Want.IPv4.IsValid() && !h.Values.IPv4.IsValid()
}

// waitsFor tells which address the values wait for, "" if they do not.
func (s AccountState) waitsFor() string {
	for _, name := range s.Service.HostsOf(s.Account) {
		h := s.Record.Hosts[name]
		switch {
		case missing(s.Plan.Want, h) == service.Values{}:
		case s.needsAddress():
			return "the service does not take the prefix alone: it goes with the next address that the line shows"
		case s.needsIPv4(h):
			return "the service would publish the connection's IPv4 address: the rest goes with the first one that the line shows"
		}
	}
	return ""
}

// missing returns the valid values of want that the service is not known to hold.
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

// compose returns the Update that a host needs, without Hosts: the prefix alone if
// only that is missing, else all desired values. For a service that deletes values
// which are not named, it repeats the accepted ones.
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
	case diff.IPv6.IsValid():
		return service.Update{Values: service.Values{IPv6: diff.IPv6}}
	default:
		return service.Update{Values: service.Values{Prefix: diff.Prefix}}
	}
}

// eachHost returns m with the hosts of an Update changed by f.
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

// withFound returns m with what look-ups have found for the host of an Update.
func withFound(m state.AccountRecord, s service.Service, call service.Update, found map[string]string) state.AccountRecord {
	return eachHost(m, s, call, func(_ string, h state.Host) state.Host {
		h.Found = found
		return h
	})
}

// revert returns m with Unconfirmed as before an Attempt that has changed nothing
// at the service.
func revert(m state.AccountRecord, s service.Service, c Attempt) state.AccountRecord {
	return eachHost(m, s, c.Update, func(name string, h state.Host) state.Host {
		b := c.before[name]
		h.Unconfirmed, h.Lost, h.LostAt = b.Unconfirmed, b.Lost, b.LostAt
		return h
	})
}

// answerArrived returns m without Lost, for an Update that was answered.
func answerArrived(m state.AccountRecord, s service.Service, call service.Update) state.AccountRecord {
	return eachHost(m, s, call, func(_ string, h state.Host) state.Host {
		h.Lost, h.LostAt = service.Values{}, 0
		return h
	})
}

// hostLocked reports whether a host of the Update is locked now.
func hostLocked(now clock.Now, m state.AccountRecord, s service.Service, call service.Update) bool {
	return slices.ContainsFunc(s.Judged(call), func(name string) bool { return m.Hosts[name].Lock.End() > now.Up })
}
