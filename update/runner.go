package update

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// Sight is what the line shows: for each account by name, and whether this
// machine has an address.
type Sight struct {
	Wants map[string]Want
	Has   func(netip.Addr) bool
}

// Want is what the line shows of what one account publishes, and for the owner
// what it does not show and why.
type Want struct {
	Values
	Note string
}

// Runner keeps the services told. Its Run goroutine owns all state; the other
// methods may be called from any goroutine, once Run was called or before.
type Runner struct {
	Store    *Store
	Exchange func(context.Context, Request, Ready) Outcome
	Now      func() Now
	Log      func(Level, string)
	Publish  func(map[string]Status) // called from Run's goroutine when a status may have changed

	jitter func() float64 // in [0,1): spreads the retries of many routers
	inbox  chan func(*desk)
	ended  chan struct{} // closed when Run has ended
}

// Level is how much a message matters to the owner.
type Level int

const (
	Debug Level = iota
	Info        // what an owner wants to know tomorrow
	Warn        // it passes by itself
	Error       // a person is needed
)

// NewRunner returns a Runner for these parts; publish may be nil.
func NewRunner(store *Store, exchange func(context.Context, Request, Ready) Outcome, now func() Now, log func(Level, string), publish func(map[string]Status)) *Runner {
	return &Runner{Store: store, Exchange: exchange, Now: now, Log: log, Publish: publish,
		jitter: rand.Float64, inbox: make(chan func(*desk), 16), ended: make(chan struct{})}
}

// How many exchanges run at once, each a process of some megabytes: in all, and
// with one server, so that one that hangs does not hold up the others.
const (
	sendersMost   = 8
	sendersServer = 2
)

// heldGap is between looks at a request of another process, which may die
// without a word; its answer on the books is seen at once.
const heldGap = 250 * time.Millisecond

// parting is how long Run lets exchanges end that are under way when it is to
// stop: an answer that is not read leaves a doubt, which costs a request.
const parting = 1500 * time.Millisecond

// desk is what Run's goroutine owns.
type desk struct {
	*Runner
	accounts []*job
	flights  map[uint64]*flight
	lastID   uint64
	seq      uint64 // of the Book that the last look saw
	salt     string // and its Salt
	keys     map[string]Key
	timer    *time.Timer
	ctx      context.Context // of the exchanges
	leaving  bool
}

// job is one account at work.
type job struct {
	*Account
	service Service
	plan    Plan
	note    string
	flying  bool
	idle    bool   // nothing is sent for it: `once` was asked for others
	lift    bool   // its stops do not hold: `once --force`; on the books with its next request
	held    bool   // another process has a request of it under way
	said    string // the last message about trouble, so that it is said once
	salt    string // of the Book in which key names its Key
	key     string
}

// keyIn names the account's Key in a Book. Books have the same salt unless one
// was lost.
func (j *job) keyIn(b *Book) string {
	if j.salt != b.Salt {
		j.salt, j.key = b.Salt, b.keyID(j.Account)
	}
	return j.key
}

// flight is one exchange under way.
type flight struct {
	*job
	id    uint64
	key   string
	call  Call
	local netip.Addr
	sent  bool // its slot is on the books
	start time.Duration
	gone  bool // given up: the address it left from is gone, or one that it carries before it was connected
	stop  context.CancelCauseFunc
}

// outdated tells whether the line does not show any more what the request
// carries. What it shows besides can wait for the next one.
func (f *flight) outdated() bool {
	return missing(f.call.Values, Host{Values: f.plan.Want}) != Values{}
}

// Run works until ctx ends; exchanges under way then get a moment to end.
func (r *Runner) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer close(r.ended)
	d := r.newDesk(work)
	defer d.timer.Stop()
	for done := ctx.Done(); ; {
		select {
		case f := <-r.inbox:
			f(d)
		case <-d.timer.C:
		case <-done:
			done, d.leaving = nil, true
			time.AfterFunc(parting, stop)
		case <-work.Done():
			return
		}
		for len(r.inbox) > 0 { // a burst is looked at once
			(<-r.inbox)(d)
		}
		if d.leaving && len(d.flights) == 0 {
			return
		}
		d.look()
	}
}

func (r *Runner) newDesk(ctx context.Context) *desk {
	return &desk{Runner: r, flights: map[uint64]*flight{}, timer: time.NewTimer(day), ctx: ctx}
}

// tell hands Run's goroutine something to do.
func (r *Runner) tell(f func(*desk)) {
	select {
	case r.inbox <- f:
	case <-r.ended:
	}
}

// Accounts replaces the accounts, with what the line shows for them. What is
// under way for one that is gone or changed is let end, and counts.
func (r *Runner) Accounts(accounts []*Account, sight Sight) {
	r.tell(func(d *desk) {
		d.adopt(accounts)
		d.observe(sight)
	})
}

// adopt takes over accounts; one that has not changed goes on as it was.
func (d *desk) adopt(accounts []*Account) {
	old := d.accounts
	d.accounts = nil
	for _, a := range accounts {
		s, ok := ServiceOf(a)
		if !ok {
			panic("update: account of an unknown service " + a.Service) // the configuration has checked it
		}
		j := &job{Account: a, service: s}
		if i := slices.IndexFunc(old, func(o *job) bool { return o.Name == a.Name }); i >= 0 {
			j.flying = old[i].flying
			if reflect.DeepEqual(old[i].Account, a) {
				j = old[i]
			}
		}
		d.accounts = append(d.accounts, j)
	}
	d.Store.Do(d.Now(), func(b *Book) {
		for _, a := range accounts {
			b.enrol(a)
		}
	})
}

// Observe tells what the line shows, after every event that can matter.
func (r *Runner) Observe(s Sight) {
	r.tell(func(d *desk) { d.observe(s) })
}

func (d *desk) observe(s Sight) {
	now := d.Now()
	for _, j := range d.accounts {
		w := s.Wants[j.Name]
		j.note = w.Note
		j.plan = j.plan.See(now, w.Values).Event(now)
	}
	for _, f := range d.flights {
		if f.local.IsValid() && s.Has != nil && !s.Has(f.local) || !f.local.IsValid() && f.outdated() {
			f.gone = true
			f.stop(errGone)
		}
	}
}

var errGone = fmt.Errorf("the address it left from is gone")

// Resend sends everything anew; stopped accounts stay stopped.
func (r *Runner) Resend() {
	r.tell(func(d *desk) {
		now := d.Now()
		for _, j := range d.accounts {
			j.plan = j.plan.Again(now)
		}
	})
}

// ClockSet tells that somebody set the wall clock.
func (r *Runner) ClockSet() {
	r.tell(func(d *desk) {
		now := d.Now()
		d.Store.Do(now, func(*Book) {}) // what a wrong clock wrote is put right
		for _, j := range d.accounts {
			j.plan = j.plan.Event(now)
		}
	})
}

// StateChanged tells that the state on disk may have been written, by this
// process or by another one: a person may have lifted a stop.
func (r *Runner) StateChanged() {
	r.tell(func(d *desk) {
		now := d.Now()
		if d.Store.Read(now).Seq == d.seq {
			return
		}
		for _, j := range d.accounts {
			j.plan = j.plan.Event(now)
		}
	})
}

// look decides for every account, starts what is due, and sets the timer.
func (d *desk) look() {
	now := d.Now()
	book := d.Store.Known(now)
	if d.salt != "" && d.salt != book.Salt {
		book = d.carry(now, book)
	}
	d.seq, d.salt, d.keys = book.Seq, book.Salt, book.Keys
	limits := d.limits(book)
	var due []*pending
	wake := now.Up + day
	status := make(map[string]Status, len(d.accounts))
	for _, j := range d.accounts {
		m, id := book.Accounts[j.Name], j.keyIn(book)
		k := book.Keys[id]
		if j.lift {
			m = m.release()
		}
		if at := m.stale(now, j.Account, j.service); at > now.Up {
			wake = min(wake, at)
		} else if at != 0 && j.plan.Redo == nil { // else it is on its way, and waits as everything does
			j.plan = j.plan.Again(now)
		}
		dec := Next(now, j.Account, j.service, m, k, limits[id], j.plan)
		if dec.Call == nil && !j.flying {
			j.plan = j.plan.Quiet()
		}
		j.held = dec.Call != nil && !j.flying && !j.idle && k.elsewhere(now, j.Name)
		if j.held {
			wake = min(wake, now.Up+heldGap)
		} else if dec.Call != nil && !j.flying && !j.idle && !d.leaving {
			if dec.At <= now.Up {
				due = append(due, &pending{j, dec, id, k, limits[id]})
			} else {
				wake = min(wake, dec.At)
			}
		}
		wake = min(wake, k.nextChange(now))
		d.report(now, j, dec)
		status[j.Name] = j.status(now, m, k, limits[id], dec)
	}
	d.start(now, due)
	if d.Publish != nil {
		d.Publish(status)
	}
	d.timer.Reset(max(wake-now.Up, 0))
}

// carry takes what limits ask for over into a Book that began anew: somebody has
// removed the state, and the service has not forgotten.
func (d *desk) carry(now Now, b *Book) *Book {
	d.Store.Do(now, func(b *Book) {
		for _, j := range d.accounts {
			if j.salt != d.salt {
				continue
			}
			b.enrol(j.Account)
			old, k := d.keys[j.key], b.Keys[b.keyID(j.Account)]
			if len(old.Slots) > 0 && !slices.Contains(k.Slots, old.Slots[0]) {
				k.Slots = append(slices.Clone(old.Slots), k.Slots...)
			}
			k.Good = k.Good || old.Good
			if old.Until > k.Until {
				k.Until, k.Why = old.Until, old.Why
			}
			b.Keys[b.keyID(j.Account)] = k
		}
	})
	return d.Store.Known(now)
}

// pending is a decision to send now.
type pending struct {
	*job
	Decision
	key    string
	known  Key
	limits Limits
}

// start launches what is due, the one due longest first, and no more than the
// limits and this machine have room for.
func (d *desk) start(now Now, due []*pending) {
	slices.SortStableFunc(due, func(a, b *pending) int { return cmp.Compare(a.Since, b.Since) })
	waiting := map[string]Key{} // with those that fly but are not yet on the books
	for _, f := range d.flights {
		if !f.sent {
			waiting[f.key] = waiting[f.key].claim(now)
		}
	}
	for _, p := range due {
		k := p.known
		k.Slots = append(slices.Clone(k.Slots), waiting[p.key].Slots...)
		if len(d.flights) >= sendersMost || d.with(p.Account) >= sendersServer || k.room(now, p.limits) > now.Up {
			continue // the end of a flight looks again
		}
		waiting[p.key] = waiting[p.key].claim(now)
		d.launch(now, p)
	}
}

// with counts the exchanges under way with an account's server.
func (d *desk) with(a *Account) int {
	n := 0
	for _, f := range d.flights {
		if f.Service == a.Service && f.Server == a.Server && f.Template.key() == a.Template.key() {
			n++
		}
	}
	return n
}

// claim adds a slot for a request that may leave at any moment.
func (k Key) claim(now Now) Key {
	k.Slots = append(k.Slots, Slot{Moment: now.Moment(), Open: true})
	return k
}

// launch starts one exchange.
func (d *desk) launch(now Now, p *pending) {
	d.lastID++
	ctx, stop := context.WithCancelCause(d.ctx)
	f := &flight{job: p.job, id: uint64(now.Up)<<8 | d.lastID&255, key: p.key, call: *p.Call, start: now.Up, stop: stop}
	d.flights[f.id] = f
	p.flying = true
	req := p.service.Request(p.Account, f.call)
	req.Root = p.known.hint()
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
			k := b.Keys[f.key]
			m, known := b.Accounts[f.Name]
			if f.lift {
				m = m.release()
			}
			if !known || m.Stop != nil || k.elsewhere(now, f.Name) || k.Until > now.Up || k.room(now, d.limits(b)[f.key]) > now.Up {
				return // another process was first
			}
			b.Accounts[f.Name], b.Keys[f.key] = Reserve(now, f.Account, f.service, m, k, &f.call, f.id)
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
		d.fell(f, now, *out.Fault, current, jitter)
		return
	}
	res := f.service.Parse(f.Account, f.call, *out.Answer)
	d.Store.Do(now, func(b *Book) {
		m, k := b.Accounts[f.Name], b.Keys[f.key].Release(now, f.id, true)
		var p Plan
		m, k, p = After(now, f.Account, f.service, m, k, f.plan, f.call, res, jitter)
		k.Root = out.Answer.Root
		b.Keys[f.key] = k
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
func (d *desk) fell(f *flight, now Now, fault Fault, current bool, jitter float64) {
	if f.sent {
		d.Store.Do(now, func(b *Book) {
			b.Keys[f.key] = b.Keys[f.key].Release(now, f.id, fault.Sent)
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

// limits returns those of each key: the lowest of the accounts that use it.
func (d *desk) limits(b *Book) map[string]Limits {
	l := make(map[string]Limits, len(d.accounts))
	for _, j := range d.accounts {
		id := j.keyIn(b)
		l[id] = l[id].stricter(Limits{j.Limit10s, j.Limit24h})
	}
	return l
}

// nextChange tells when the count of used requests next falls.
func (k Key) nextChange(now Now) time.Duration {
	at := now.Up + day
	for _, s := range k.Slots {
		if t := s.end(now) + day + dayMargin; t > now.Up {
			at = min(at, t)
		}
	}
	return at
}
