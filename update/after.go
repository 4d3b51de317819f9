package update

import (
	"maps"
	"slices"
	"time"
)

// Reserve notes a request before it leaves: its slot, and the doubt about what
// it carries until the answer is there. pid is the process that waits for the
// answer. The call that it returns knows how its hosts were before.
func Reserve(now Now, a *Account, s Service, m Memory, k Key, call Call, id uint64, pid int) (Memory, Key, Call) {
	k.Slots = append(k.Slots[:len(k.Slots):len(k.Slots)], Slot{Moment: now.Moment(), Open: true, ID: id, Account: a.Name, PID: pid})
	call.before, call.sent = map[string]Host{}, now.Up
	for _, name := range call.hosts(s) {
		call.before[name] = m.Hosts[name]
	}
	return m.each(s, call, func(name string, h Host) Host {
		h.Doubt = h.Doubt.or(call.shown().publish()) // the others it holds either way
		h.Lost, h.LostAt = call.Values, now.Up
		return h
	}), k, call
}

// Release closes a request's slot: answered tells whether the service may have
// counted it at all.
func (k Key) Release(now Now, id uint64, counted bool) Key {
	slots := make([]Slot, 0, len(k.Slots))
	for _, s := range k.Slots {
		switch {
		case !s.Open || s.ID != id:
			slots = append(slots, s)
		case counted:
			slots = append(slots, Slot{Moment: now.Moment()})
		}
	}
	k.Slots = slots
	return k
}

// carries tells whether a call has in it what the line shows now. If it has not,
// the line has changed meanwhile, and how the call ended says nothing of the
// change: that was not tried yet.
func (p Plan) carries(call Call) bool {
	return missing(call.shown(), Host{Values: p.Want}) == Values{}
}

// outdated tells whether a call that has not connected yet is to be given up:
// the line does not show any more what it carries, or shows an address that would
// wait for an IPv6 which may never connect. Else what is new can wait for the
// next one.
func (p Plan) outdated(call Call) bool {
	addresses := missing(p.Want, Host{Values: call.line}).without(Publish{Prefix: true})
	return !p.carries(call) || call.Auto && addresses != Values{}
}

// AfterFault tells what an exchange without an answer means. jitter, in [0,1),
// spreads the retries of many routers.
func AfterFault(now Now, p Plan, call Call, f Fault, jitter float64) Plan {
	p.Attempt = now.Up
	if f.Sent {
		p.Counted = now.Up
	}
	p.Apart = p.Apart || call.Auto && !f.Sent
	if !p.carries(call) {
		p.NotAgain = now.Up + eventGap
		if f.Kind == FaultResolve {
			p.Fault, p.NotAgain = f.Kind, now.Up+resolverGap
		}
		return p
	}
	if f.Kind == FaultGiven {
		p.NotAgain, p.Tried = now.Up+eventGap, p.Tried || f.Sent
		return p
	}
	p.Fault, p.Error, p.Tried = f.Kind, f.Detail, p.Tried || f.Sent
	switch {
	case f.Kind == FaultRefused:
		return p.pauseAtRandom(now, jitter)
	case f.Sent:
		p = p.pauseAtRandom(now, jitter)
		p.NotAgain += max(0, call.sent+lostGap-now.Up)
		return p
	}
	return p.pause(now, jitter)
}

// After tells what an answer means for the account, its key and its plan.
func After(now Now, a *Account, s Service, m Memory, k Key, p Plan, call Call, r Result, jitter float64) (Memory, Key, Plan) {
	p.Apart = p.Apart && !call.Auto
	fresh := !p.carries(call)
	before := p
	m, k, p = judge(now, a, s, m, k, p, call, r, jitter)
	if fresh {
		p.Tried, p.Fails, p.NotAgain, p.Error, p.Fault = before.Tried, before.Fails, before.NotAgain, before.Error, before.Fault
	}
	return m, k, p
}

// judge is After of a call that carries what the line shows now.
func judge(now Now, a *Account, s Service, m Memory, k Key, p Plan, call Call, r Result, jitter float64) (Memory, Key, Plan) {
	p.Attempt, p.Counted, p.Fault, p.Tried = now.Up, now.Up, 0, true
	if r.Hosts != nil && r.Verdict != Busy {
		r.Verdict = Accepted // and host by host what it says
	}
	if r.Verdict == Locked && !k.Good {
		r.Verdict = r.Else
	}
	if r.Wait > 0 && r.Verdict != Accepted && r.Verdict != Limited {
		k.Quota = k.wait(now, r.Wait, "the service says: "+r.Detail)
	}
	switch r.Verdict {
	case Refused, Unauthorized, Locked:
		return refuse(now, a, s, m, k, p, call, r)
	}
	m = m.answered(s, call)
	switch r.Verdict {
	case Accepted:
		m, p = accept(now, s, m, p, call, r, jitter)
	case Limited:
		k.Quota = k.limited(now, r, jitter)
		p.Error = k.Why
	case Busy:
		if r.Hosts != nil {
			m, p = accept(now, s, m, p, call, r, jitter)
		}
		k.Quota = k.wait(now, busyTime, "the service says: "+r.Detail+" (no sooner than 30 minutes)")
		p.Error = k.Why
	case Unknown:
		p.Error = advised("this is no answer of the service, but a hotspot's, say: "+r.Detail, r.Do)
		p = p.pause(now, jitter)
	case Passing:
		if p.Error = advised(r.Detail, r.Do); r.Overload {
			p = p.pauseAtRandom(now, jitter)
		} else {
			p = p.pause(now, jitter)
		}
	}
	if anyAccepted(r) {
		m, k, p = m.proven(k, p, call), k.accepted(now), p.proven(call)
	}
	return m, k, p
}

// refuse tells what it means that the service refuses a whole request: that its
// key may be locked, or that a person must change something.
func refuse(now Now, a *Account, s Service, m Memory, k Key, p Plan, call Call, r Result) (Memory, Key, Plan) {
	m = m.unchanged(s, call)
	switch {
	case call.OnlyPrefix && r.Verdict != Unauthorized && p.Want != (Values{Prefix: p.Want.Prefix}):
		// One full update is tried before the account stops.
		p.Full, p.Tried, p.NotAgain, p.Error = true, false, 0, ""
	case r.Verdict != Refused && k.Good && k.Lock == nil && !m.Locked:
		why := "the service refuses the key it has accepted before (" + r.Detail + "): it may be locked, so 10 minutes of silence, then one try"
		k.Lock, m.Locked = &Lock{now.Up + lockTime, why}, true
		p.Error, p.Tried = why, false
	default:
		m.Stop = &Stop{r.Detail, r.Do}
		p.Error, p.Full = m.Stop.String(), false
	}
	return m, k, p
}

// proven remembers, of a call that was accepted, that its account is not locked,
// and whether the service takes a full update where it has refused the prefix
// alone. If the account was locked meanwhile, the lock has refused that.
func (m Memory) proven(k Key, p Plan, call Call) Memory {
	if p.Full && !call.OnlyPrefix && k.Lock == nil && !m.Locked {
		m.NoOnly = true
	}
	m.Locked = false
	return m
}

// proven forgets that the prefix alone was refused, once a full update was
// accepted.
func (p Plan) proven(call Call) Plan {
	p.Full = p.Full && call.OnlyPrefix
	return p
}

// anyAccepted tells whether the service took anything of an answered call.
func anyAccepted(r Result) bool {
	if r.Hosts == nil {
		return r.Verdict == Accepted
	}
	return slices.ContainsFunc(r.Hosts, func(h HostResult) bool { return h.Verdict == Accepted })
}

// accept keeps what was accepted, host by host where the service says so.
func accept(now Now, s Service, m Memory, p Plan, call Call, r Result, jitter float64) (Memory, Plan) {
	verdict := map[string]HostResult{}
	for _, h := range r.Hosts {
		verdict[h.Host] = h
	}
	fails := p.Fails
	p.Error, p.Fails, p.NotAgain, p.Tried = "", 0, 0, false
	progress := false
	next := make(map[string]Host, len(m.Hosts)+1)
	for name, h := range m.Hosts {
		next[name] = h
	}
	for _, name := range call.hosts(s) {
		v, judged := verdict[name]
		if !judged {
			v = HostResult{Host: name, Verdict: Accepted}
		}
		h, known := next[name].after(now, call, v)
		next[name] = h
		progress = progress || known
		switch {
		case !known:
			p.Error, p.Tried = name+": "+v.Detail, true
		case v.Verdict == Accepted && p.Redo != nil:
			p.Redo = maps.Clone(p.Redo)
			p.Redo[name] = p.Redo[name].with(call.Values)
		}
	}
	m.Hosts = next
	if p.Error != "" {
		if !progress {
			p.Fails = fails
		}
		p = p.pause(now, jitter)
	}
	return m, p
}

// after tells what a verdict means for the host; known is false where it says
// nothing.
func (h Host) after(now Now, call Call, v HostResult) (next Host, known bool) {
	switch {
	case v.Verdict == Accepted:
		h.Values, h.Moment = h.Values.with(call.Values), now.Moment()
		h.Doubt, h.Lock, h.Stop = h.Doubt.without(call.Values.publish()), nil, nil
	case v.Verdict == Locked && h.Lock == nil:
		h.Doubt = call.before[v.Host].Doubt
		h.Lock = &Lock{now.Up + lockTime, v.Host + ": " + v.Detail + ": 10 minutes of silence, then one try"}
	case v.Verdict == Refused, v.Verdict == Locked:
		h.Doubt = call.before[v.Host].Doubt
		h.Stop = &Stop{v.Host + ": " + v.Detail, v.Do}
	default:
		return h, false
	}
	return h, true
}

// Quiet forgets the attempts of a change that is done with.
func (p Plan) Quiet() Plan {
	p.Unsent, p.Tried, p.Fails, p.Fault, p.NotAgain, p.Error = 0, false, 0, 0, 0, ""
	if p.Want != (Values{}) {
		p.Redo = nil
	}
	return p
}

// Stale tells whether the oldest of what was accepted is to be sent again, and
// when that will be; at is 0 where never.
func (m Memory) stale(now Now, a *Account, s Service) (at time.Duration) {
	if a.Refresh == 0 {
		return 0
	}
	for _, name := range hostsOf(a, s) {
		h := m.Hosts[name]
		if h.Values == (Values{}) || h.Stop != nil {
			continue
		}
		if t := now.Up - now.Since(h.Moment) + a.Refresh; at == 0 || t < at {
			at = max(t, 1)
		}
	}
	return at
}

// advised is what went wrong, and what the owner can do, if there is anything.
func advised(what, do string) string {
	if do == "" {
		return what
	}
	return what + ": " + do
}
