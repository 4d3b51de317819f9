package update

import "time"

// What an account is about, in one word (status).
const (
	StateCurrent  = "current"  // the service holds what the line shows
	StateDue      = "due"      // something is to be sent
	StateRetrying = "retrying" // an attempt failed; it passes by itself
	StateLimited  = "limited"  // a limit or a lock is waited for
	StateStopped  = "stopped"  // a person is needed
	StateWaiting  = "waiting"  // the line shows nothing to publish
)

// Plan is what the running process knows of one account beside its Memory.
// The zero Plan is that of an account that was never looked at.
type Plan struct {
	Want     Values            // what the line shows of what the account publishes
	Changed  time.Duration     // when Want last changed
	Unsent   time.Duration     // when the oldest change that was not sent came; 0: none
	Tried    bool              // Want, as it is, was sent to the service before: the next attempt is a retry
	Attempt  time.Duration     // when the last attempt ended
	Counted  time.Duration     // when the last one ended that the service may have counted
	Fails    int               // attempts in a row that brought nothing, since Want changed
	Fault    FaultKind         // of the last attempt, 0 where it brought an answer
	NotAgain time.Duration     // no attempt before, unless an event comes
	Error    string            // what the last attempt brought, "" if it was accepted
	Redo     map[string]Values // send anew though nothing changed: what each host has accepted since; nil: no
	Full     bool              // the service has refused onlyprefix: a full update is tried in its place
	Apart    bool              // IPv6 did not connect: addresses do not wait for a prefix that is sent over it
}

// Steps of waiting after an attempt that brought nothing. The first are for a
// line that is just coming up, the last for a service that is down.
var backoff = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// overload are the steps of waiting where the service itself shows that it is
// too much: a refused or reset connection, no answer, 5xx. The pauses are wholly
// random up to them: else all routers that a provider cuts off at once would come
// back at once, again and again (herd_test.go).
var overload = [...]time.Duration{2500 * time.Millisecond, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// namedLimit is how long a limit is waited for that the service names without
// a time: the documented 10 s window first.
var namedLimit = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// namedSpread is by how much longer at most, at random.
var namedSpread = [...]time.Duration{time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

const (
	lockTime         = 10 * time.Minute       // IPv64 locks a key for so long after too many failures
	lostGap          = 10 * time.Second       // before values are sent again whose answer was lost
	busyTime         = 30 * time.Minute       // dyndns2: after 911 and dnserr
	eventGap         = 200 * time.Millisecond // between attempts that events ask for
	resolverGap      = 2 * time.Second        // between questions to the resolver
	resolverPatience = 300                    // questions at that pace, ten minutes; then every resolverRest
	resolverRest     = 10 * time.Second

	// stable is how long the line must be still before a change is sent when
	// the last quarter of the day's requests has begun; it doubles with each
	// one of that quarter that is gone.
	stable     = 5 * time.Second
	stableMost = 30 * time.Minute
)

// See tells the Plan what the line shows now.
func (p Plan) See(now Now, want Values) Plan {
	if want == p.Want {
		return p
	}
	p.Want, p.Changed, p.Tried, p.Fails = want, now.Up, false, 0
	if p.Unsent == 0 {
		p.Unsent = now.Up
	}
	return p.Event(now)
}

// Event tells the Plan that something happened that may have mended what
// failed: an attempt need not wait for its timer.
func (p Plan) Event(now Now) Plan {
	gap := eventGap
	if p.Fault == FaultResolve {
		gap = resolverGap
	}
	if p.NotAgain != 0 {
		p.NotAgain = min(p.NotAgain, max(now.Up, p.Attempt+gap))
	}
	return p
}

// Again makes the Plan send everything anew.
func (p Plan) Again(now Now) Plan {
	if p.Redo == nil {
		p.Redo = map[string]Values{}
	}
	if p.Unsent == 0 {
		p.Unsent = now.Up
	}
	return p.Event(now)
}

// settled tells whether the Plan remembers nothing that a new one would not
// find in the Memory and on the line.
func (p Plan) settled() bool {
	return p.Unsent == 0 && !p.Tried && p.Fails == 0 && p.Fault == 0 && p.NotAgain == 0 && p.Error == "" && p.Redo == nil && !p.Full
}

// Decision is what to do for an account.
type Decision struct {
	State string
	Call  *Call         // what to send; nil: nothing
	At    time.Duration // when, in time since boot; 0 with no Call
	Since time.Duration // since when it is due
	Error string        // why it is not current, "" if it is or is just on its way
}

// Next decides what comes next for one account. l are the limits of its key.
func Next(now Now, a *Account, s Service, m Memory, k Key, l Limits, p Plan) Decision {
	stop := m.stopped(a)
	d := Decision{State: StateCurrent}
	if stop != nil {
		d.State, d.Error = StateStopped, stop.String()
	}
	if m.Stop != nil {
		return d
	}
	call, ready := nextCall(now, a, s, m, p)
	if call == nil {
		switch {
		case stop != nil:
		case p.Want == (Values{}):
			d.State = StateWaiting
		case needsAddress(s, m, p) && missing(p.Want, m.Hosts[""]) != (Values{}):
			d.State, d.Error = StateWaiting, "the service does not take the prefix alone: it goes with the next address that the line shows"
		}
		return d
	}
	d.Call, d.Since = call, max(p.Unsent, p.NotAgain)
	at, why := gate(now, k, l, p)
	if ready.at > at {
		at, why = ready.at, ready.why
	}
	d.At = at
	switch {
	case stop != nil:
	case why != "" && at > now.Up:
		d.State, d.Error = StateLimited, why
		if p.Error != "" && p.Error != why {
			d.Error = p.Error + "; " + why
		}
	case p.Error != "":
		d.State, d.Error = StateRetrying, p.Error
	default:
		d.State = StateDue
	}
	return d
}

// gate tells the earliest time for the next request, and which limit says so;
// "" where it is only the pause after a fault.
func gate(now Now, k Key, l Limits, p Plan) (at time.Duration, why string) {
	at = max(now.Up, p.NotAgain)
	later := func(t time.Duration, reason string) {
		if t > at {
			at, why = t, reason
		}
	}
	later(k.Until, k.Why)
	if k.Lock != nil {
		later(k.Lock.Until, k.Lock.Why)
	}
	later(k.free(now, l.Short, shortWindow+shortMargin), "as many requests as the service takes in 10 seconds")
	later(k.free(now, l.Day, day+dayMargin), "as many requests as the service takes in 24 hours")
	if p.Tried {
		later(thin(now, k, l, p), "requests left for today are kept for a change of the line")
	} else {
		later(merge(now, k, l, p), "few requests left for today: waiting until the line is still")
	}
	return at, why
}

// thin makes retries rarer as a day of faults goes on: half of three quarters
// of the day's requests as the pauses have it, the other half spread evenly
// over 24 hours, the last quarter never.
func thin(now Now, k Key, l Limits, p Plan) time.Duration {
	if l.Day == 0 {
		return 0
	}
	budget := max(1, l.Day-l.Day/4)
	used := k.used(now)
	at := time.Duration(0)
	if used >= budget/2 {
		at = p.Counted + day/time.Duration(max(1, budget-budget/2))
	}
	return max(at, k.free(now, budget, day+dayMargin))
}

// merge makes a change wait until the line is still, once the last quarter of
// the day's requests has begun, but not for ever: what is left is enough for
// one every 24 h / left.
func merge(now Now, k Key, l Limits, p Plan) time.Duration {
	quarter := l.Day / 4
	left := l.Day - k.used(now)
	if l.Day == 0 || left > quarter || left <= 0 || p.Changed == 0 {
		return 0
	}
	still := min(stable<<min(quarter-left, 10), stableMost)
	return min(p.Changed+still, p.Unsent+day/time.Duration(left))
}

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
