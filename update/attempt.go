package update

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"time"
)

// attempt is one exchange under way.
type attempt struct {
	*account
	id    uint64
	key   keyID
	call  Call
	place place
	local netip.Addr
	sent  bool // its slot is on disk
	start time.Duration
	gone  bool // given up: the address it left from is gone, or one that it carries before it was connected
	stop  context.CancelCauseFunc
}

var errGone = errors.New("the address it left from is gone")

// attempt starts one exchange.
func (s *Scheduler) attempt(now Now, p *pending) {
	s.lastID++
	ctx, stop := context.WithCancelCause(s.ctx)
	t := &attempt{account: p.account, id: uint64(now.Up)<<8 | s.lastID&255, key: p.key, call: *p.Call, start: now.Up, stop: stop}
	s.attempts[t.id] = t
	p.sending = true
	req := p.service.Request(p.Account, t.call)
	t.place = s.store.Known(now).place(req)
	req.Root, req.Known = p.known.hint(), p.known.known(now, t.place)
	go func() {
		defer stop(nil)
		out := s.exchange(ctx, req, func(local netip.Addr) bool { return s.reserve(ctx, t, local) })
		s.inbox.post(s.ctx, func() { s.complete(t, out) })
	}()
}

// reserve asks, from the exchange's goroutine, whether a request may leave: its
// slot is on disk when the answer is yes.
func (s *Scheduler) reserve(ctx context.Context, t *attempt, local netip.Addr) bool {
	answer := make(chan bool, 1)
	ask := func() {
		t.local = local
		answer <- ctx.Err() == nil && s.mayLeave(t)
	}
	if !s.inbox.post(ctx, ask) {
		return false
	}
	select {
	case ok := <-answer:
		return ok
	case <-s.ctx.Done():
		return false
	}
}

// mayLeave puts the slot of a request on disk, unless another process was
// first.
func (s *Scheduler) mayLeave(t *attempt) bool {
	now := s.now()
	s.store.Do(now, func(b *Book) {
		k := b.key(t.key)
		m, known := b.Accounts[t.Name]
		if t.lift {
			m = m.release()
		}
		if !known || m.Stop != nil || k.elsewhere(now, t.Name, os.Getpid(), alive) || k.silent(now) || m.silent(now, t.service, t.call) ||
			k.room(now, s.limits(b)[t.key.quota]) > now.Up {
			return
		}
		b.Accounts[t.Name], k, t.call = Reserve(now, t.Account, t.service, m, k, t.call, t.id, os.Getpid())
		b.setKey(t.key, k)
		t.sent, t.lift = true, false
	})
	return t.sent
}

// complete takes an exchange's outcome to the account and to disk.
func (s *Scheduler) complete(t *attempt, out Outcome) {
	delete(s.attempts, t.id)
	now := s.now()
	jitter := s.jitter()
	// The account as configured now: the answer of one that was replaced meanwhile
	// counts for its key, not for its plan.
	current := slices.Contains(s.accounts, t.account)
	for _, a := range s.accounts {
		if a.Name == t.Name {
			a.sending = false
		}
	}
	if out.Fault != nil {
		s.fail(t, now, out, current, jitter)
		return
	}
	res := t.service.Parse(t.Account, t.call, *out.Answer)
	s.store.Do(now, func(b *Book) {
		m, k := b.Accounts[t.Name], b.key(t.key).Release(now, t.id, true)
		var p Plan
		m, k, p = After(now, t.Account, t.service, m, k, t.plan, t.call, res, jitter)
		k.Root = out.Answer.Root
		b.setKey(t.key, k.reach(now, t.place, out.Answer.Known))
		if current {
			b.Accounts[t.Name], t.plan = m, p
		}
	})
	s.resolved()
	if current {
		s.tellAccepted(t, now, res)
	}
}

// fail takes an exchange without an answer to the account and to disk.
func (s *Scheduler) fail(t *attempt, now Now, out Outcome, current bool, jitter float64) {
	fault := *out.Fault
	if len(out.Forget) > 0 {
		s.store.Do(now, func(b *Book) { b.setKey(t.key, b.key(t.key).forget(t.place, out.Forget)) })
	}
	if t.sent {
		s.store.Do(now, func(b *Book) {
			b.setKey(t.key, b.key(t.key).Release(now, t.id, fault.Sent))
			if m, ok := b.Accounts[t.Name]; ok && !fault.Sent {
				b.Accounts[t.Name] = m.unchanged(t.service, t.call)
			}
		})
	}
	if fault.Kind != FaultResolve && fault.Kind != FaultGiven {
		s.resolved()
	}
	if current {
		t.plan = AfterFault(now, t.plan, t.call, fault, jitter)
	}
	if t.gone { // there is no fault to wait for
		t.plan.NotAgain = max(now.Up, t.start+eventGap)
	}
}

// resolved wakes the accounts that wait for the resolver: it has answered.
func (s *Scheduler) resolved() {
	now := s.now()
	for _, a := range s.accounts {
		if a.plan.Fault == FaultResolve && !a.sending {
			a.plan.NotAgain = min(a.plan.NotAgain, now.Up)
		}
	}
}
