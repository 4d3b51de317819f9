package update

import (
	"slices"
	"time"
)

// ready is when a host's request may leave, and what asks for that; why is ""
// where it is an answer that was lost.
type ready struct {
	at  time.Duration
	why string
}

// nextCall returns the next request that brings the service to what the line
// shows, or nil, and when it may leave. Hosts that need the same request share
// it, those that wait for longer excepted.
func nextCall(now Now, a *Account, s Service, m Memory, p Plan) (*Call, ready) {
	var call *Call
	var first ready
	for _, next := range hostCalls(now, a, s, m, p) {
		switch {
		case call == nil || next.at < first.at:
			call, first = &next.Call, next.ready
		case next.at == first.at && call.alike(next.Call) && len(call.Hosts) < s.MaxHosts:
			call.Hosts = append(call.Hosts, next.Hosts...)
		}
	}
	return call, first
}

// hostCall is the request that one host needs.
type hostCall struct {
	Call
	ready
}

// hostCalls returns what each host needs, now or at a later time.
func hostCalls(now Now, a *Account, s Service, m Memory, p Plan) []hostCall {
	var out []hostCall
	for _, name := range hostsOf(a, s) {
		h := m.Hosts[name]
		diff := missing(p.Want, p.known(name, h))
		if h.Stop != nil || diff == (Values{}) || needsAddress(s, m, p) {
			continue
		}
		c := compose(a, s, m, h, p, diff)
		c.line = p.Want
		if c.Hosts = []string{name}; s.MaxHosts == 0 {
			c.Hosts = a.Domains
		}
		out = append(out, hostCall{c, h.ready(now, c)})
	}
	return out
}

// ready tells when the host's next request may leave: a lock is waited for, and
// values whose answer was lost are not sent again at once.
func (h Host) ready(now Now, c Call) ready {
	r := ready{at: now.Up}
	if h.Lost != (Values{}) && missing(c.Values, Host{Values: h.Lost}) == (Values{}) {
		r.at = max(r.at, h.LostAt+lostGap)
	}
	if h.Lock != nil && h.Lock.Until > r.at {
		r = ready{h.Lock.Until, h.Lock.Why}
	}
	return r
}

// needsAddress tells whether nothing can be sent for want of an address: the
// service refuses the prefix alone, and from an update without any it may take
// the address of the connection.
func needsAddress(s Service, m Memory, p Plan) bool {
	return s.OnlyPrefix && (m.NoOnly || p.Full) && p.Want == (Values{Prefix: p.Want.Prefix})
}

// known returns what counts as known of a host: all that it has accepted, or,
// where everything is sent anew, what it has accepted since.
func (p Plan) known(name string, h Host) Host {
	if p.Redo != nil {
		h.Values = p.Redo[name]
	}
	return h
}

// alike tells whether two calls differ in their hosts alone.
func (c Call) alike(o Call) bool {
	return c.Values == o.Values && c.Held == o.Held && c.OnlyPrefix == o.OnlyPrefix && c.Auto == o.Auto
}

// hostsOf returns the hosts that are judged one by one: the account's domains,
// or "" where they have one verdict.
func hostsOf(a *Account, s Service) []string {
	if s.MaxHosts == 0 {
		return []string{""}
	}
	return a.Domains
}

// missing returns what of want the service is not known to hold. Of what the
// line does not show it is not told.
func missing(want Values, h Host) Values {
	var d Values
	if want.IPv4.IsValid() && (want.IPv4 != h.IPv4 || h.Doubt.IPv4) {
		d.IPv4 = want.IPv4
	}
	if want.IPv6.IsValid() && (want.IPv6 != h.IPv6 || h.Doubt.IPv6) {
		d.IPv6 = want.IPv6
	}
	if want.Prefix.IsValid() && (want.Prefix != h.Prefix || h.Doubt.Prefix) {
		d.Prefix = want.Prefix
	}
	return d
}

// compose makes one request for a host, its hosts left open: the prefix alone
// where it alone is missing, else every value that the line shows. A service
// that deletes what is not named is told what the line does not show as it was
// accepted last.
func compose(a *Account, s Service, m Memory, h Host, p Plan, diff Values) Call {
	want := p.Want
	auto := a.PrefixAuto && want.Prefix.IsValid()
	switch {
	case s.OnlyPrefix && !m.NoOnly && !p.Full && diff == (Values{Prefix: diff.Prefix}):
		return Call{Values: diff, OnlyPrefix: true, Auto: auto}
	case auto && p.Apart && diff != (Values{Prefix: diff.Prefix}):
		return Call{Values: want.without(Publish{Prefix: true})}
	case auto:
		return Call{Values: want, Auto: true}
	case s.NamesAll:
		held := h.Values.only(a.Publish.without(want.publish()))
		return Call{Values: want.with(held), Held: held.publish()}
	case !s.OneAddress:
		return Call{Values: want}
	case diff.IPv4.IsValid():
		return Call{Values: Values{IPv4: diff.IPv4}}
	default:
		return Call{Values: Values{IPv6: diff.IPv6, Prefix: diff.Prefix}}
	}
}

// with returns v with the valid members of o in place of its own.
func (v Values) with(o Values) Values {
	if o.IPv4.IsValid() {
		v.IPv4 = o.IPv4
	}
	if o.IPv6.IsValid() {
		v.IPv6 = o.IPv6
	}
	if o.Prefix.IsValid() {
		v.Prefix = o.Prefix
	}
	return v
}

// hosts returns the names under which the Memory keeps the hosts of a call.
func (c Call) hosts(s Service) []string {
	if s.MaxHosts == 0 {
		return []string{""}
	}
	return c.Hosts
}

// each returns the Memory with the hosts of a call changed by f.
func (m Memory) each(s Service, call Call, f func(string, Host) Host) Memory {
	next := make(map[string]Host, len(m.Hosts)+1)
	for name, h := range m.Hosts {
		next[name] = h
	}
	for _, name := range call.hosts(s) {
		next[name] = f(name, next[name])
	}
	m.Hosts = next
	return m
}

// unchanged takes back the doubt that a call brought: it has changed nothing at
// the service. What was in doubt before it still is.
func (m Memory) unchanged(s Service, call Call) Memory {
	return m.each(s, call, func(name string, h Host) Host {
		b := call.before[name]
		h.Doubt, h.Lost, h.LostAt = b.Doubt, b.Lost, b.LostAt
		return h
	})
}

// silent tells whether a host of the call is locked now.
func (m Memory) silent(now Now, s Service, call Call) bool {
	return slices.ContainsFunc(call.hosts(s), func(name string) bool { return m.Hosts[name].Lock.until() > now.Up })
}

// answered notes that the answer to a call was not lost.
func (m Memory) answered(s Service, call Call) Memory {
	return m.each(s, call, func(_ string, h Host) Host {
		h.Lost, h.LostAt = Values{}, 0
		return h
	})
}

func (p Publish) or(o Publish) Publish {
	return Publish{p.IPv4 || o.IPv4, p.IPv6 || o.IPv6, p.Prefix || o.Prefix}
}

func (p Publish) without(o Publish) Publish {
	return Publish{p.IPv4 && !o.IPv4, p.IPv6 && !o.IPv6, p.Prefix && !o.Prefix}
}
