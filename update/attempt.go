package update

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"homeward/update/clock"
	"homeward/update/retry"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// inFlight is an attempt under way.
type inFlight struct {
	account     *account
	attempt     Attempt
	id          uint64
	usageID     state.UsageID
	destination state.Destination
	local       netip.Addr
	sent        bool // its Reservation is on disk
	start       time.Duration
	gone        bool // given up: its source address is gone, or, before it was connected, a value has changed
	stop        context.CancelCauseFunc
}

var errGone = errors.New("the address it left from is gone")

// startAttempt starts one exchange.
func (s *Scheduler) startAttempt(now clock.Now, p *pending) {
	s.lastID++
	ctx, stop := context.WithCancelCause(s.ctx)
	t := &inFlight{account: p.account, attempt: *p.decision.Attempt, id: uint64(now.Up)<<8 | s.lastID&255, usageID: p.usageID, start: now.Up, stop: stop}
	s.attempts[t.id] = t
	p.account.sending = true
	req := p.account.service.Request(p.account.config, t.attempt.Update)
	t.destination = s.store.Cached(now).Destination(req)
	req.CAHint, req.Known = p.usage.ValidCAHint(), p.usage.Addresses(now, t.destination)
	go func() {
		defer stop(nil)
		out := s.exchange(ctx, req, func(local netip.Addr) bool { return s.beforeSend(ctx, t, local) })
		s.inbox.Post(s.ctx, func() { s.complete(t, out) })
	}()
}

// beforeSend asks the owner, from the exchange's goroutine, whether to send the
// request. Its Reservation is on disk when it returns true.
func (s *Scheduler) beforeSend(ctx context.Context, t *inFlight, local netip.Addr) bool {
	answer := make(chan bool, 1)
	ask := func() {
		t.local = local
		answer <- ctx.Err() == nil && s.reserve(t)
	}
	if !s.inbox.Post(ctx, ask) {
		return false
	}
	select {
	case ok := <-answer:
		return ok
	case <-s.ctx.Done():
		return false
	}
}

// reserve writes the Reservation of a request to disk, unless its account was replaced,
// or another process has used the limit, or sends for the account.
func (s *Scheduler) reserve(t *inFlight) bool {
	now := s.now()
	s.store.Update(now, func(b *state.Data) {
		a := t.account
		name := a.config.Name
		if _, known := b.Accounts[name]; !known || !slices.Contains(s.accounts, a) {
			return
		}
		b.SyncConfig(a.config) // another process may have read other settings since
		k, m := b.Usage(t.usageID), b.Accounts[name]
		if a.clearStops {
			m = m.ClearStops()
		}
		if m.Stop != nil || k.InFlightElsewhere(now, name, s.pid, state.Alive) || k.Blocked(now) || hostLocked(now, m, a.service, t.attempt.Update) ||
			k.NextFree(now, s.limits(b)[t.usageID.Quota]) > now.Up {
			return
		}
		as := AccountState{Account: a.config, Service: a.service, Record: m, Usage: k}
		as, t.attempt = as.Reserve(now, t.attempt, t.id, s.pid)
		b.Accounts[name] = as.Record
		b.Overwrite(a.config, t.attempt.Update, s.has)
		b.SetUsage(t.usageID, as.Usage)
		t.sent, a.clearStops = true, false
	})
	return t.sent
}

// complete handles the outcome of an exchange.
func (s *Scheduler) complete(t *inFlight, out transport.Outcome) {
	delete(s.attempts, t.id)
	now := s.now()
	jitter := s.jitter()
	// The answer for an account that was replaced meanwhile counts for its Usage, not
	// for its Plan, and for its record if no setting of that has changed.
	current := slices.Contains(s.accounts, t.account)
	replaced := false
	for _, a := range s.accounts {
		if a.config.Name == t.account.config.Name {
			a.sending, replaced = false, !current
		}
	}
	if out.Fault != nil {
		s.fail(t, now, out, current, jitter)
		return
	}
	a, kept := t.account, current
	res := a.service.Parse(a.config, t.attempt.Update, *out.Answer)
	s.store.Update(now, func(b *state.Data) {
		if current { // the answer is none to what another process has read since
			b.SyncConfig(a.config)
		}
		as := AccountState{Account: a.config, Service: a.service, Record: b.Accounts[a.config.Name], Usage: b.Usage(t.usageID).Complete(now, t.id, true), Plan: a.plan}
		as = as.After(now, t.attempt, res, jitter)
		as.Usage.CAHint = out.Answer.CAHint
		b.SetUsage(t.usageID, as.Usage.Remember(now, t.destination, out.Answer.Known))
		kept = kept || replaced && as.Record.Config == b.ConfigID(a.config)
		if kept {
			b.Accounts[a.config.Name] = as.Record
		}
		if current {
			a.plan = as.Plan
		}
	})
	s.resolved()
	if current && res.Verdict != service.Learned {
		a.count(a.plan.Reason)
	}
	if kept {
		s.logAccepted(t, now, res)
	}
}

// fail handles an exchange without an answer.
func (s *Scheduler) fail(t *inFlight, now clock.Now, out transport.Outcome, current bool, jitter float64) {
	fault := *out.Fault
	if len(out.Forget) > 0 {
		s.store.Update(now, func(b *state.Data) { b.SetUsage(t.usageID, b.Usage(t.usageID).Forget(t.destination, out.Forget)) })
	}
	if t.sent {
		s.store.Update(now, func(b *state.Data) {
			b.SetUsage(t.usageID, b.Usage(t.usageID).Complete(now, t.id, fault.Sent))
			name := t.account.config.Name
			m, ok := b.Accounts[name]
			switch {
			case ok && !fault.Sent:
				b.Accounts[name] = revert(m, t.account.service, t.attempt)
			case ok && fault.Kind == transport.FaultClock: // so said the answer
				b.Accounts[name] = answerArrived(m, t.account.service, t.attempt.Update)
			}
		})
	}
	if fault.Kind != transport.FaultResolve && fault.Kind != transport.FaultCanceled {
		s.resolved()
	}
	if current {
		t.account.plan = t.account.plan.afterFault(now, t.attempt, fault, jitter)
		if why := faultReason(fault.Kind); why != "" {
			t.account.count(why)
		}
	}
	if t.gone { // nothing failed
		t.account.plan.NotBefore = max(now.Up, t.start+retry.EventGap)
	}
}

// resolved makes accounts that wait for the resolver due: it has answered.
func (s *Scheduler) resolved() {
	now := s.now()
	for _, a := range s.accounts {
		if a.plan.Fault == transport.FaultResolve && !a.sending {
			a.plan.NotBefore = min(a.plan.NotBefore, now.Up)
		}
	}
}
