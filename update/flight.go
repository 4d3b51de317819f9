package update

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"
)

// flight is one exchange under way.
type flight struct {
	*job
	id    uint64
	key   keyID
	call  Call
	place place
	local netip.Addr
	sent  bool // its slot is on the books
	start time.Duration
	gone  bool // given up: the address it left from is gone, or one that it carries before it was connected
	stop  context.CancelCauseFunc
}

var errGone = fmt.Errorf("the address it left from is gone")

// launch starts one exchange.
func (d *desk) launch(now Now, p *pending) {
	d.lastID++
	ctx, stop := context.WithCancelCause(d.ctx)
	f := &flight{job: p.job, id: uint64(now.Up)<<8 | d.lastID&255, key: p.key, call: *p.Call, start: now.Up, stop: stop}
	d.flights[f.id] = f
	p.flying = true
	req := p.service.Request(p.Account, f.call)
	f.place = d.Store.Known(now).place(req)
	req.Root, req.Known = p.known.hint(), p.known.known(now, f.place)
	go func() {
		defer stop(nil)
		out := d.Exchange(ctx, req, func(local netip.Addr) bool { return d.clear(ctx, f, local) })
		d.tell(func(d *desk) { d.land(f, out) })
	}()
}

// clear asks, from the exchange's goroutine, whether a request may leave: its
// slot is on disk when the answer is yes.
func (r *Runner) clear(ctx context.Context, f *flight, local netip.Addr) bool {
	answer := make(chan bool, 1)
	ask := func(d *desk) {
		now := d.Now()
		f.local = local
		if ctx.Err() != nil {
			answer <- false
			return
		}
		d.Store.Do(now, func(b *Book) {
			k := b.key(f.key)
			m, known := b.Accounts[f.Name]
			if f.lift {
				m = m.release()
			}
			if !known || m.Stop != nil || k.elsewhere(now, f.Name, os.Getpid(), alive) || k.silent(now) || m.silent(now, f.service, f.call) || k.room(now, d.limits(b)[f.key.quota]) > now.Up {
				return // another process was first
			}
			b.Accounts[f.Name], k, f.call = Reserve(now, f.Account, f.service, m, k, f.call, f.id, os.Getpid())
			b.setKey(f.key, k)
			f.sent, f.lift = true, false
		})
		answer <- f.sent
	}
	select {
	case r.inbox <- ask:
	case <-ctx.Done():
		return false
	}
	select {
	case ok := <-answer:
		return ok
	case <-r.ended:
		return false
	}
}

// land puts an exchange's outcome on the books.
func (d *desk) land(f *flight, out Outcome) {
	delete(d.flights, f.id)
	now := d.Now()
	jitter := d.jitter()
	// The account as configured now: the answer of one that was replaced meanwhile
	// counts for its key, not for its plan.
	current := slices.Contains(d.accounts, f.job)
	for _, j := range d.accounts {
		if j.Name == f.Name {
			j.flying = false
		}
	}
	if out.Fault != nil {
		d.fell(f, now, out, current, jitter)
		return
	}
	res := f.service.Parse(f.Account, f.call, *out.Answer)
	d.Store.Do(now, func(b *Book) {
		m, k := b.Accounts[f.Name], b.key(f.key).Release(now, f.id, true)
		var p Plan
		m, k, p = After(now, f.Account, f.service, m, k, f.plan, f.call, res, jitter)
		k.Root = out.Answer.Root
		b.setKey(f.key, k.reach(now, f.place, out.Answer.Known))
		if current {
			b.Accounts[f.Name], f.plan = m, p
		}
	})
	d.resolved()
	if current {
		d.tellAccepted(f, now, res)
	}
}

// fell puts an exchange without an answer on the books.
func (d *desk) fell(f *flight, now Now, out Outcome, current bool, jitter float64) {
	fault := *out.Fault
	if len(out.Forget) > 0 {
		d.Store.Do(now, func(b *Book) { b.setKey(f.key, b.key(f.key).forget(f.place, out.Forget)) })
	}
	if f.sent {
		d.Store.Do(now, func(b *Book) {
			b.setKey(f.key, b.key(f.key).Release(now, f.id, fault.Sent))
			if m, ok := b.Accounts[f.Name]; ok && !fault.Sent {
				b.Accounts[f.Name] = m.unchanged(f.service, f.call)
			}
		})
	}
	if fault.Kind != FaultResolve && fault.Kind != FaultGiven && fault.Kind != FaultSender {
		d.resolved()
	}
	if current {
		f.plan = AfterFault(now, f.plan, f.call, fault, jitter)
	}
	if f.gone { // there is no fault to wait for
		f.plan.NotAgain = max(now.Up, f.start+eventGap)
	}
}

// resolved wakes the accounts that wait for the resolver: it has answered.
func (d *desk) resolved() {
	now := d.Now()
	for _, j := range d.accounts {
		if j.plan.Fault == FaultResolve && !j.flying {
			j.plan.NotAgain = min(j.plan.NotAgain, now.Up)
		}
	}
}
