package update

import (
	"cmp"
	"context"
	"os"
	"reflect"
	"slices"
	"time"
)

// How many exchanges run at once, each a process of some megabytes: in all, and
// with one server, so that one that hangs does not hold up the others.
const (
	sendersMost   = 8
	sendersServer = 2
)

// desk is what Run's goroutine owns.
type desk struct {
	*Runner
	accounts []*job
	flights  map[uint64]*flight
	lastID   uint64
	seq      uint64 // of the Book that the last look saw
	salt     string // and its Salt
	known    Book   // its counts and credentials
	timer    *time.Timer
	wake     time.Duration   // when it fires
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
	key     keyID
}

// keyIn names the account's Key in a Book. Books have the same salt unless one
// was lost.
func (j *job) keyIn(b *Book) keyID {
	if j.salt != b.Salt {
		j.salt, j.key = b.Salt, b.keyID(j.Account)
	}
	return j.key
}

func (r *Runner) newDesk(ctx context.Context) *desk {
	return &desk{Runner: r, flights: map[uint64]*flight{}, timer: time.NewTimer(day), ctx: ctx}
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
	if d.Resumed && old == nil {
		d.resume()
	}
	d.Store.Do(d.Now(), func(b *Book) {
		for _, a := range accounts {
			b.enrol(a)
		}
	})
}

// resume goes on, with the first accounts, where the daemon was before it
// rested: it has said which are stopped, and what limits ask for is carried on
// from its Book if that was lost meanwhile.
func (d *desk) resume() {
	for _, j := range d.accounts {
		if s := d.Store.Known(d.Now()).Accounts[j.Name].stopped(j.Account); s != nil {
			j.said = s.String()
		}
	}
	if b := d.Store.rested; b != nil {
		d.salt, d.known = b.Salt, *b
		for _, j := range d.accounts {
			j.keyIn(b)
		}
	}
}

func (d *desk) observe(s Sight) {
	now := d.Now()
	for _, j := range d.accounts {
		w := s.Wants[j.Name]
		j.note = w.Note
		j.plan = j.plan.See(now, w.Values).Event(now)
	}
	for _, f := range d.flights {
		if f.local.IsValid() && s.Has != nil && !s.Has(f.local) || !f.local.IsValid() && f.plan.outdated(f.call) {
			f.gone = true
			f.stop(errGone)
		}
	}
}

// wouldSend tells whether what the line shows differs from what it did, and
// from what the service holds.
func (j *job) wouldSend(now Now, b *Book, s Sight) bool {
	p, m := j.plan, b.Accounts[j.Name]
	p.Want = s.Wants[j.Name].Values
	if p.Want == j.plan.Want || m.Stop != nil {
		return false
	}
	call, _ := nextCall(now, j.Account, j.service, m, p)
	return call != nil
}

// look decides for every account, starts what is due, and sets the timer.
func (d *desk) look() {
	now := d.Now()
	book := d.Store.Known(now)
	if d.salt != "" && d.salt != book.Salt {
		book = d.carry(now, book)
	}
	d.seq, d.salt, d.known = book.Seq, book.Salt, *book
	limits := d.limits(book)
	var due []*pending
	wake := now.Up + day
	status := make(map[string]Status, len(d.accounts))
	for _, j := range d.accounts {
		m, id := book.Accounts[j.Name], j.keyIn(book)
		k, l := book.key(id), limits[id.quota]
		if j.lift {
			m = m.release()
		}
		if at := m.stale(now, j.Account, j.service); at > now.Up {
			wake = min(wake, at)
		} else if at != 0 && j.plan.Redo == nil { // else it is on its way, and waits as everything does
			j.plan = j.plan.Again(now)
		}
		dec := Next(now, j.Account, j.service, m, k, l, j.plan)
		if dec.Call == nil && !j.flying {
			j.plan = j.plan.Quiet()
		}
		j.held = dec.Call != nil && !j.flying && !j.idle && k.elsewhere(now, j.Name, os.Getpid(), alive)
		if j.held {
			wake = min(wake, now.Up+heldGap)
		} else if dec.Call != nil && !j.flying && !j.idle && !d.leaving {
			if dec.At <= now.Up {
				due = append(due, &pending{j, dec, id, k, l})
			} else {
				wake = min(wake, dec.At)
			}
		}
		wake = min(wake, k.nextChange(now))
		d.report(now, j, dec)
		status[j.Name] = j.status(now, m, k, l, dec)
	}
	d.start(now, due)
	if d.Publish != nil {
		d.Publish(status)
	}
	d.wake = wake
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
			id := b.keyID(j.Account)
			b.setKey(id, b.key(id).unite(d.known.key(j.key)))
		}
	})
	return d.Store.Known(now)
}

// pending is a decision to send now.
type pending struct {
	*job
	Decision
	key    keyID
	known  Key
	limits Limits
}

// start launches what is due, the one due longest first, and no more than the
// limits and this machine have room for.
func (d *desk) start(now Now, due []*pending) {
	slices.SortStableFunc(due, func(a, b *pending) int { return cmp.Compare(a.Since, b.Since) })
	waiting := map[string]Quota{} // with those that fly but are not yet on the books
	for _, f := range d.flights {
		if !f.sent {
			waiting[f.key.quota] = waiting[f.key.quota].claim(now)
		}
	}
	for _, p := range due {
		k := p.known
		k.Slots = append(slices.Clone(k.Slots), waiting[p.key.quota].Slots...)
		if len(d.flights) >= sendersMost || d.with(p.Account) >= sendersServer || k.room(now, p.limits) > now.Up {
			continue // the end of a flight looks again
		}
		waiting[p.key.quota] = waiting[p.key.quota].claim(now)
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
func (q Quota) claim(now Now) Quota {
	q.Slots = append(q.Slots, Slot{Moment: now.Moment(), Open: true})
	return q
}

// limits returns those of each quota: the lowest of the accounts that use it.
func (d *desk) limits(b *Book) map[string]Limits {
	l := make(map[string]Limits, len(d.accounts))
	for _, j := range d.accounts {
		id := j.keyIn(b).quota
		l[id] = l[id].stricter(Limits{j.Limit10s, j.Limit24h})
	}
	return l
}

// nextChange tells when the count of used requests next falls.
func (q Quota) nextChange(now Now) time.Duration {
	at := now.Up + day
	for _, s := range q.Slots {
		if t := s.end(now) + day + dayMargin; t > now.Up {
			at = min(at, t)
		}
	}
	return at
}
