package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

// A daemon at rest watches the line and compares: it has not read the
// configuration, the state or a single secret. Something new wakes it.

// looksMost is how often a daemon at rest looks at a line that shows nothing
// new before another image takes its place: each look leaves some garbage, and
// to collect it would cost more memory than it gives back.
const looksMost = 100

// stillAfter is how long after a look the pages of the program are given back
// that it needed: the next look is often near.
const stillAfter = 200 * time.Millisecond

// rested is what an image of the daemon leaves to the next.
type rested struct {
	place
	PID    int
	Lock   int               // file descriptor of run_dir's lock
	Level  string            // of the log
	Until  time.Duration     // when something is to be looked at, in time since boot
	State  string            // stamp of state_dir
	Files  map[string]string // stamps of those that the configuration was read from
	Glance map[string]glance // of [line], as "", and of each account

	file handover       // where the rest of it is
	view netwatch.State // memory for news
}

// glance is what one account's devices, or those of [line], have shown.
type glance struct {
	Devices  netwatch.Devices
	Last     netwatch.State
	Shown    netwatch.State
	NoIPv4   netwatch.Missing
	NoIPv6   netwatch.Missing
	NoPrefix netwatch.Missing
}

// glances returns all of them.
func (v *views) glances() map[string]glance {
	all := make(map[string]glance, len(v.shown))
	for name, s := range v.shown {
		all[name] = glance{v.devices(name), v.last[name], s, s.NoIPv4, s.NoIPv6, s.NoPrefix}
	}
	return all
}

func (v *views) devices(name string) netwatch.Devices {
	for _, a := range v.cfg.Accounts {
		if a.Name == name {
			return a.Devices
		}
	}
	return v.cfg.Line
}

// resume goes on from what was shown.
func (v *views) resume(from map[string]glance) {
	for name, g := range from {
		v.last[name] = g.Last
	}
}

// state returns what was shown.
func (g glance) state() netwatch.State {
	s := g.Shown
	s.NoIPv4, s.NoIPv6, s.NoPrefix = g.NoIPv4, g.NoIPv6, g.NoPrefix
	return s
}

// news tells whether t shows anything else than before.
func (r *rested) news(t netwatch.Tables) bool {
	for _, g := range r.Glance {
		if netwatch.ViewInto(&r.view, t, g.Devices, g.Last); !r.view.Equal(g.state()) {
			return true
		}
	}
	return false
}

// resume takes over from the image before.
func (d *daemon) resume(c call) {
	d.place, d.logger = d.rested.place, c.logTo()
	d.setLevel(d.rested.Level)
	d.lock = d.rested.keepLock()
	d.files = d.rested.Files
	d.missedHUP()
}

// missedHUP has the configuration read if its files are others than when they
// were last looked at: SIGHUP, which was ignored since, may have come for that.
func (d *daemon) missedHUP() {
	if d.edited() {
		offer(d.signals.hup)
	}
}

// edited tells whether the files of the configuration are others than when they
// were last looked at. SIGHUP is likely on its way then, and is not to come
// between two images; if it never comes, the configuration stays unread.
func (d *daemon) edited() bool {
	was := d.files
	d.files = make(map[string]string, len(was))
	for path := range was {
		d.files[path] = update.FileStamp(path)
	}
	return !maps.Equal(d.files, was)
}

// rest waits until there is something to do. It is false when the daemon is to
// end.
func (d *daemon) rest(ctx context.Context) bool {
	until := time.NewTimer(d.rested.Until - update.SystemClock()().Up)
	defer until.Stop()
	still := time.NewTimer(stillAfter)
	defer still.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-d.signals.end:
			return false
		case <-d.signals.hup:
			offer(d.signals.hup)
			return true
		case <-d.signals.usr1:
			offer(d.signals.usr1)
			return true
		case <-until.C:
			return true
		case <-still.C:
			dropText()
		case <-d.heard.clock:
			offer(d.heard.clock)
			return true
		case <-d.heard.state:
			if update.StateStamp(d.StateDir) != d.rested.State {
				return true
			}
		case err := <-d.heard.blind:
			d.kernelTrouble(err)
		case t := <-d.heard.early:
			if d.rested.news(t) {
				d.sender.Warm()
				return true
			}
		case t := <-d.heard.tables:
			d.seen = &t
			if d.rested.news(t) {
				return true
			}
			still.Reset(stillAfter)
			if !d.looked() {
				return true
			}
		}
	}
}

// looked has another image take this one's place after looksMost looks. It is
// false when that has to wait, and to be told of files that were edited.
func (d *daemon) looked() bool {
	if d.looks++; d.looks <= looksMost || d.blind {
		return true
	}
	d.looks = 0
	if d.edited() {
		return false
	}
	d.replace(d.rested.file, int(d.lock.Fd()))
	return true
}

// goOn reads what the image before has left for a daemon that works.
func (d *daemon) goOn(store *update.Store, now update.Now) {
	left, err := d.rested.file.read()
	if err == nil {
		d.cfg, err = left.Sources.config(d.File)
	}
	if err != nil { // the same program read the same bytes before
		panic(fmt.Sprintf("what was left for the daemon to work with cannot be read: %v", err))
	}
	if update.StateStamp(d.StateDir) != d.rested.State {
		store.Remember(now, left.State)
	}
	d.runner.Resumed = true
	d.line = d.rested.Glance[""].state()
	d.written = left.Status
}
