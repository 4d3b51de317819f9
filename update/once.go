package update

import (
	"context"
	"slices"
)

// Once sends what is due now for the accounts that chosen accepts, each request
// once, and returns how all accounts stand then. force lifts their stops and
// sends though nothing has changed; it overrides no limit. It is called in
// place of Run.
func (r *Runner) Once(ctx context.Context, accounts []*Account, sight Sight, chosen func(name string) bool, force bool) map[string]Status {
	defer close(r.ended)
	defer context.AfterFunc(ctx, r.Store.Leave)()
	d := r.newDesk(ctx)
	defer d.timer.Stop()
	d.adopt(accounts)
	for _, j := range d.accounts {
		j.idle = !chosen(j.Name)
		if force && !j.idle {
			j.lift, j.plan = true, j.plan.Again(d.Now())
		}
	}
	d.observe(sight)
	for _, j := range d.accounts {
		j.plan.Changed = 0 // how long the line has been still is not known: it is as still as it will be
	}
	var last map[string]Status
	d.Publish = func(s map[string]Status) { last = s }
	for {
		d.look()
		held := slices.ContainsFunc(d.accounts, func(j *job) bool { return j.held })
		if len(d.flights) == 0 && (!held || ctx.Err() != nil) {
			d.lift()
			return last
		}
		select {
		case f := <-r.inbox:
			f(d)
		case <-d.timer.C:
			d.Store.Read(d.Now())
		}
	}
}

// lift takes the stops off the books of what could not be sent. Of the others
// they went with the request, so that no daemon is told to send it, too.
func (d *desk) lift() {
	d.Store.Do(d.Now(), func(b *Book) {
		for _, j := range d.accounts {
			if j.lift {
				b.Accounts[j.Name] = b.Accounts[j.Name].release()
			}
		}
	})
}

// Preview returns the requests that Once would send if each were accepted,
// in the accounts' order, without sending or writing anything.
func (r *Runner) Preview(accounts []*Account, sight Sight, chosen func(name string) bool, force bool) []Request {
	now := r.Now()
	book := r.Store.Read(now)
	var out []Request
	for _, a := range accounts {
		s, ok := ServiceOf(a)
		if !ok || !chosen(a.Name) {
			continue
		}
		book.enrol(a)
		m := book.Accounts[a.Name]
		p := Plan{}.See(now, sight.Wants[a.Name].Values)
		if force {
			m, p = m.release(), p.Again(now)
		}
		if at := m.stale(now, a, s); at != 0 && at <= now.Up {
			p = p.Again(now)
		}
		for {
			call, _ := nextCall(now, a, s, m, p)
			if call == nil || m.Stop != nil {
				break
			}
			out = append(out, s.Request(a, *call))
			m, p = accept(now, s, m.answered(s, *call), p, *call, Result{}, 0)
		}
	}
	return out
}
