package update

import (
	"maps"
	"slices"

	"homeward/update/clock"
	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Reserve records a request before it is sent: a Reservation named id, of the
// process pid, and its values as unconfirmed until the answer. The returned
// Attempt has the hosts as they were before.
func (s AccountState) Reserve(now clock.Now, c Attempt, id uint64, pid int) (AccountState, Attempt) {
	k := s.Usage
	k.Reservations = append(k.Reservations[:len(k.Reservations):len(k.Reservations)], state.Reservation{Timestamp: now.Timestamp(), Open: true, ID: id, Account: s.Account.Name, PID: pid})
	c.before, c.sent = map[string]state.Host{}, now.Up
	for _, name := range s.Service.Judged(c.Update) {
		c.before[name] = s.Record.Hosts[name]
	}
	s.Usage = k
	if c.Update.Lookup {
		return s, c
	}
	s.Record = eachHost(s.Record, s.Service, c.Update, func(name string, h state.Host) state.Host {
		h.Unconfirmed = h.Unconfirmed.Or(c.Update.ShownValues().Valid()) // a repeated value changes nothing
		h.Lost, h.LostAt = c.Update.Values, now.Up
		if h.Found != nil {
			h.Found = c.Update.FoundOnceSent()
		}
		return h
	})
	return s, c
}

// AfterFault returns the state after an exchange without an answer. jitter, in
// [0,1), spreads the retries of many routers.
func (s AccountState) AfterFault(now clock.Now, c Attempt, f transport.Fault, jitter float64) AccountState {
	s.Plan = s.Plan.afterFault(now, c, f, jitter)
	return s
}

func (p Plan) afterFault(now clock.Now, c Attempt, f transport.Fault, jitter float64) Plan {
	p.Attempt = now.Up
	if f.Sent {
		p.Counted = now.Up
	}
	p.AddressesFirst = p.AddressesFirst || c.Update.Auto && !f.Sent
	if !p.carries(c) {
		p.NotBefore = now.Up + retry.EventGap
		if f.Kind == transport.FaultResolve {
			p.Fault, p.NotBefore = f.Kind, now.Up+retry.ResolverGap
		}
		return p
	}
	if f.Kind == transport.FaultCanceled {
		p.NotBefore, p.Tried = now.Up+retry.EventGap, p.Tried || f.Sent
		return p
	}
	p.Fault, p.Error, p.Reason, p.Tried = f.Kind, f.Detail, faultReason(f.Kind), p.Tried || f.Sent
	switch {
	case f.Kind == transport.FaultRefused, f.Kind == transport.FaultSilent:
		return p.pauseAtRandom(now, jitter)
	case f.Sent && f.Kind != transport.FaultClock:
		p = p.pauseAtRandom(now, jitter)
		p.NotBefore += max(0, c.sent+resendGap-now.Up)
		return p
	}
	return p.pause(now, jitter)
}

// After returns the state after an answer. jitter, in [0,1), spreads the retries of
// many routers.
func (s AccountState) After(now clock.Now, c Attempt, r service.Result, jitter float64) AccountState {
	s.Plan.AddressesFirst = s.Plan.AddressesFirst && !c.Update.Auto
	fresh := !s.Plan.carries(c)
	before := s.Plan
	s = s.judge(now, c, r, jitter)
	if stop, _ := s.Record.Stopped(s.Account); stop != nil {
		s.Record.WasStopped = true
	}
	if fresh {
		p := &s.Plan
		p.Tried, p.Fails, p.Overloads, p.NotBefore, p.Fault = before.Tried, before.Fails, before.Overloads, before.NotBefore, before.Fault
		p.Error, p.Reason = before.Error, before.Reason
	}
	return s
}

// judge is After for an attempt that has the desired values.
func (s AccountState) judge(now clock.Now, c Attempt, r service.Result, jitter float64) AccountState {
	if r.Found != nil {
		s.Record = withFound(s.Record, s.Service, c.Update, r.Found)
	}
	if r.Verdict == service.Learned {
		return s.learned(now, c)
	}
	s.Plan.Attempt, s.Plan.Counted, s.Plan.Fault, s.Plan.Tried = now.Up, now.Up, 0, true
	if r.Hosts != nil && r.Verdict != service.Busy {
		r.Verdict = service.Accepted // accept reads the verdict of each host
	}
	if r.Verdict == service.Locked && !s.Usage.Good {
		r.Verdict = r.Fallback
	}
	if r.Wait > 0 && r.Verdict != service.Accepted && r.Verdict != service.Limited {
		s.Usage.Quota = s.Usage.Limited(now, r, answerReason(r), jitter)
	}
	switch r.Verdict {
	case service.Refused, service.Unauthorized, service.Locked:
		return s.refuse(now, c, r)
	}
	s.Plan.Reason = answerReason(r)
	s.Record = answerArrived(s.Record, s.Service, c.Update)
	switch r.Verdict {
	case service.Accepted:
		s = s.accept(now, c, r, jitter)
	case service.Limited:
		s.Usage.Quota = s.Usage.Limited(now, r, ReasonServiceLimit, jitter)
		s.Plan.Error = s.Usage.Why
	case service.Busy:
		if r.Hosts != nil {
			s = s.accept(now, c, r, jitter)
		}
		s.Usage.Quota = s.Usage.Wait(now, busyWait, ReasonBusy, "the service says: "+r.Detail+" (no sooner than 30 minutes)")
		s.Plan.Error = s.Usage.Why
	case service.Unknown:
		why := "this is no answer of the service, but a hotspot's, say: "
		if r.Understood {
			why = "the answer is not used: "
		}
		s.Plan.Error = advised(why+r.Detail, r.Hint)
		s.Plan = s.Plan.pause(now, jitter)
	case service.Temporary:
		if s.Plan.Error = advised(r.Detail, r.Hint); r.Overload {
			s.Plan = s.Plan.pauseAtRandom(now, jitter)
		} else {
			s.Plan = s.Plan.pause(now, jitter)
		}
	}
	if anyAccepted(r) {
		s = s.confirm(now, c.Update)
	}
	return s
}

// learned returns the state after a look-up was answered, or after the service has
// said that it does not know what was found before: the next request of the update
// is due at once.
func (s AccountState) learned(now clock.Now, c Attempt) AccountState {
	s.Record = revert(s.Record, s.Service, c)
	p := &s.Plan
	p.Attempt, p.Counted, p.Fault, p.NotBefore, p.Error, p.Reason = now.Up, now.Up, 0, 0, "", "" // Fails goes on: what follows may fail each time
	return s
}

// refuse returns the state after the service has refused a whole request: the
// account waits for a lock to end, or stops.
func (s AccountState) refuse(now clock.Now, c Attempt, r service.Result) AccountState {
	s.Record = revert(s.Record, s.Service, c)
	p := &s.Plan
	switch {
	case c.Update.PrefixOnly && r.Verdict != service.Unauthorized && p.Want != (service.Values{Prefix: p.Want.Prefix}):
		// One full update is tried before the account stops.
		p.Full, p.Tried, p.NotBefore, p.Error, p.Reason = true, false, 0, "", ""
	case r.Verdict != service.Refused && s.Usage.Good && s.Usage.Lock == nil && !s.Record.Locked:
		why := "the service refuses the key it has accepted before (" + r.Detail + "): it may be locked, so 10 minutes of silence, then one try"
		s.Usage.Lock, s.Record.Locked = &state.Lock{Until: now.Up + lockDuration, Why: why}, true
		p.Error, p.Reason, p.Tried = why, ReasonLocked, false
	default:
		s.Record.Stop = &state.Stop{Detail: r.Detail, Hint: r.Hint, Reason: answerReason(r)}
		p.Error, p.Reason, p.Full = s.Record.Stop.String(), s.Record.Stop.Reason, false
	}
	return s
}

// confirm returns the state after an accepted update: the account is not locked.
// If a full update was accepted after the prefix alone was refused, that is
// remembered, unless a lock may have caused the refusal.
func (s AccountState) confirm(now clock.Now, call service.Update) AccountState {
	if s.Plan.Full && !call.PrefixOnly && s.Usage.Lock == nil && !s.Record.Locked {
		s.Record.PrefixOnlyRefused = true
	}
	s.Record.Locked = false
	s.Usage, s.Plan = s.Usage.Accepted(now), s.Plan.accepted(call)
	return s
}

// anyAccepted reports whether the service accepted the update of any host.
func anyAccepted(r service.Result) bool {
	if r.Hosts == nil {
		return r.Verdict == service.Accepted
	}
	return slices.ContainsFunc(r.Hosts, func(h service.HostResult) bool { return h.Verdict == service.Accepted })
}

// accept records the accepted values, host by host where the answer names hosts.
func (s AccountState) accept(now clock.Now, c Attempt, r service.Result, jitter float64) AccountState {
	verdict := map[string]service.HostResult{}
	for _, h := range r.Hosts {
		verdict[h.Host] = h
	}
	p := s.Plan
	fails := p.Fails
	p.Error, p.Reason, p.Fails, p.Overloads, p.NotBefore, p.Tried = "", "", 0, 0, 0, false
	progress := false
	s.Record = eachHost(s.Record, s.Service, c.Update, func(name string, h state.Host) state.Host {
		v, judged := verdict[name]
		if !judged {
			v = service.HostResult{Host: name, Verdict: service.Accepted}
		}
		h, known := afterHost(now, h, c, v)
		progress = progress || known
		switch {
		case !known:
			p.Error, p.Reason, p.Tried = name+": "+v.Detail, ReasonNotTheService, true
		case v.Verdict == service.Accepted && p.ForceResend != nil:
			p.ForceResend = maps.Clone(p.ForceResend)
			p.ForceResend[name] = p.ForceResend[name].With(c.Update.Values)
		}
		return h
	})
	if p.Error != "" {
		if !progress {
			p.Fails = fails
		}
		p = p.pause(now, jitter)
	}
	s.Plan = p
	return s
}

// afterHost returns a host after its verdict. known is false for an unknown verdict.
func afterHost(now clock.Now, h state.Host, c Attempt, v service.HostResult) (next state.Host, known bool) {
	switch {
	case v.Verdict == service.Accepted:
		h.Values, h.Timestamp = h.Values.With(c.Update.Values), now.Timestamp()
		h.Unconfirmed, h.Lock, h.Stop = h.Unconfirmed.Without(c.Update.Values.Valid()), nil, nil
	case v.Verdict == service.Locked && h.Lock == nil:
		h.Unconfirmed = c.before[v.Host].Unconfirmed
		h.Lock = &state.Lock{Until: now.Up + lockDuration, Why: v.Host + ": " + v.Detail + ": 10 minutes of silence, then one try"}
	case v.Verdict == service.Refused, v.Verdict == service.Locked:
		h.Unconfirmed = c.before[v.Host].Unconfirmed
		h.Stop = &state.Stop{Detail: v.Host + ": " + v.Detail, Hint: v.Hint, Reason: ReasonRefused}
	default:
		return h, false
	}
	return h, true
}

// advised joins what went wrong and what the owner can do, if anything.
func advised(what, do string) string {
	if do == "" {
		return what
	}
	return what + ": " + do
}
