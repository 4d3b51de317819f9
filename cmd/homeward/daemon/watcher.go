// Package daemon is homeward run: two processes with one job each. The watcher
// is the process that was started; it listens to the kernel, to signals and to
// the clock for as long as it lives, and has read neither configuration, state
// nor a secret. The worker is its child, there only while there is something to
// do: it reads, decides, sends and writes.
package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/log"
	"homeward/update/state"
)

// RunName is the command that is the daemon.
const RunName = "run"

// Program is what the daemon's processes need of the rest of the program.
type Program struct {
	Version string
	// Load reads the configuration; its error is for people.
	Load func() (*settings.Config, []string, error)
	// Again reads a configuration once more from what was kept of its files.
	Again func(file string, s settings.Sources) (*settings.Config, error)
	// Enter takes the identity of state_dir's owner, before anything there or
	// in run_dir is opened.
	Enter func(stateDir, runDir string) error
	// Begin is called, in the first worker, once run_dir is this daemon's.
	Begin func(*settings.Config)
	// Log writes one message, from any goroutine; SetLevel says which count.
	Log      func(log.Level, string)
	SetLevel func(string)
	// Complain writes to whoever started the program.
	Complain func(error)
}

// watcher is what the daemon's goroutine owns. It must make no garbage while
// nothing happens, and little when something does: it never collects any but
// once in years (garbage).
type watcher struct {
	Program
	control control
	worker  workers
	slots   slots
	head    head
	clock   func() time.Duration // since boot
	lock    func(ctx context.Context, dir string) error
	watch   func(ctx context.Context, stateDir, runDir string) // starts what fills the channels of state and clock
	signals signals
	events  events
	release func() // gives back the pages of the program that a look has needed
	timer   *time.Timer
	garbage garbage

	blind    bool // the kernel does not show the line
	unwell   bool // it was said that workers do not end well
	scratch  netwatch.State
	image    []byte
	released *time.Timer
}

// workers is all that the watcher asks of processes.
type workers interface {
	start(begin order) error
	send(order) error
	kill()
	gone() (how ending, gone bool)
	reports() <-chan report
	children() <-chan os.Signal
}

// events are what the parts that watch tell the watcher: each channel has one
// slot, but for those of the kernel's tables, which are lent to it: it says
// when it has seen them.
type events struct {
	tables chan netwatch.Tables // of the kernel
	early  chan netwatch.Tables // likewise, in the middle of a change
	seen   chan struct{}        // the tables, by the watcher
	blind  chan error           // the kernel does not show them; nil: it does again
	clock  chan struct{}        // was set
	state  chan struct{}        // on disk was replaced
}

func newEvents() events {
	return events{tables: make(chan netwatch.Tables), early: make(chan netwatch.Tables), seen: make(chan struct{}, 1),
		blind: make(chan error, 1), clock: make(chan struct{}, 1), state: make(chan struct{}, 1)}
}

// show lends tables to the watcher until it has seen them, or ctx ends.
func (e events) show(ctx context.Context, to chan netwatch.Tables, t netwatch.Tables) {
	select {
	case to <- t:
	case <-ctx.Done():
		return
	}
	select {
	case <-e.seen:
	case <-ctx.Done():
	}
}

// run works until a signal ends it, or ctx, and returns the exit code. No
// worker is left when it returns.
func (w *watcher) run(ctx context.Context) int {
	w.timer, w.released = time.NewTimer(0), time.NewTimer(releaseAfter)
	defer w.timer.Stop()
	defer w.released.Stop()
	ended := ctx.Done()
	for {
		for done := false; !done; {
			switch c := w.control.next(w.clock()); c.do {
			case doNothing:
				done = true
			case doStart:
				w.start(c.order)
			case doSend:
				w.send(c.order)
			case doKill:
				w.control.killed = true
				w.worker.kill()
			case doEnd:
				return int(w.control.refused)
			}
		}
		now := w.clock()
		period := w.garbagePeriod()
		w.garbage.collect(now, period)
		w.timer.Reset(max(0, min(w.control.wake()-now, period)))
		w.wait(ctx, ended)
		if w.control.ending {
			ended = nil
		}
	}
}

// garbagePeriod is how long the watcher may sleep without a look at its garbage.
func (w *watcher) garbagePeriod() time.Duration {
	if w.blind {
		return time.Hour // each attempt to see the kernel leaves some
	}
	return never // sleep leaves none
}

// wait takes the next event, and what it means.
func (w *watcher) wait(ctx context.Context, ended <-chan struct{}) {
	c := &w.control
	select {
	case <-ended:
		c.end(w.clock())
	case <-w.signals.end:
		c.end(w.clock())
	case <-w.signals.hup:
		c.request(taskReload)
	case <-w.signals.usr1:
		c.request(taskResend)
	case <-w.events.clock:
		c.request(taskClock)
	case <-w.events.state:
		w.stateReplaced()
	case err := <-w.events.blind:
		w.blind = err != nil
		KernelTrouble(w.Log)(err)
	case t := <-w.events.early:
		if c.phase == phaseNone && c.locked && w.hasNews(t) {
			c.early = true
		}
		w.events.seen <- struct{}{}
	case t := <-w.events.tables:
		w.released.Reset(releaseAfter)
		if c.phase != phaseNone || w.head.onEvent || w.hasNews(t) {
			c.request(taskObserve)
		}
		w.events.seen <- struct{}{}
	case r := <-w.worker.reports():
		w.report(ctx, r)
	case <-w.worker.children():
		w.reap(ctx)
	case <-w.timer.C:
	case <-w.released.C:
		w.release()
	}
}

// releaseAfter is how long after the last look at the kernel the pages of the
// program are given back that it needed: the next look is often near.
const releaseAfter = 200 * time.Millisecond

func (w *watcher) start(begin order) {
	w.garbage.workers++
	if err := w.worker.start(begin); err != nil {
		w.control.ended(w.clock())
		w.logTrouble("no worker can be started: " + err.Error())
		return
	}
	w.control.started(w.clock())
}

func (w *watcher) send(o order) {
	if err := w.worker.send(o); err != nil {
		w.control.full = true // it will hear of it after its next report, or is killed
		return
	}
	w.control.sent(w.clock(), o)
}

// reap takes leave of a worker that has ended.
func (w *watcher) reap(ctx context.Context) {
	how, gone := w.worker.gone()
	if !gone {
		return
	}
	w.drain(ctx)
	w.released.Reset(releaseAfter)
	if w.control.ended(w.clock()) {
		return
	}
	w.logTrouble("the worker process has ended (" + how.String() + ")")
}

// drain takes what a worker has said before it ended: what it saved counts, its
// offer does not.
func (w *watcher) drain(ctx context.Context) {
	for {
		select {
		case r := <-w.worker.reports():
			if r.kind == reportOffer {
				r.kind, r.tasks = reportSaved, 0
			}
			w.report(ctx, r)
		default:
			return
		}
	}
}

// logTrouble says, once in a row, that a worker did not do its work.
func (w *watcher) logTrouble(what string) {
	level := log.Warn
	if w.unwell {
		level = log.Debug
	}
	w.unwell = true
	w.Log(level, fmt.Sprintf("%s. Starting another in %v", what, (w.control.pause-w.clock()).Round(100*time.Millisecond)))
}

// report takes what a worker says.
func (w *watcher) report(ctx context.Context, r report) {
	c := &w.control
	leave := c.report(w.clock(), r)
	if r.kind == reportSaved && r.gen == c.gen && !c.locked && !c.ending {
		w.lockRunDir(ctx)
	}
	if !leave {
		return
	}
	w.readHead()
	c.until = w.head.until
	w.worker.send(order{gen: c.gen, seq: c.seq + 1, kind: orderLeave})
	if w.unwell {
		w.unwell = false
		w.Log(log.Info, "the worker process does its work again")
	}
}

// lockRunDir makes run_dir ours, now that the first worker has read where it is.
func (w *watcher) lockRunDir(ctx context.Context) {
	c := &w.control
	w.readHead()
	if err := w.lock(ctx, w.head.runDir); err != nil {
		c.end(w.clock())
		c.endBy = 0
		if err != errStopped {
			w.Log(log.Error, err.Error())
			c.refused = 1
		}
		return
	}
	c.locked, c.lastReport = true, w.clock()
	w.watch(ctx, w.head.stateDir, w.head.runDir)
}

// readHead reads what the worker has left for the watcher.
func (w *watcher) readHead() {
	level := w.head.logLevel
	if err := w.slots.head(w.control.current, &w.head); err != nil {
		panic(fmt.Sprintf("daemon: the worker left what makes no sense: %v", err)) // the same program wrote it
	}
	if w.head.logLevel != level {
		w.SetLevel(w.head.logLevel)
	}
}

// hasNews tells whether t shows anything else than what the worker saw last.
func (w *watcher) hasNews(t netwatch.Tables) bool {
	for i := range w.head.watched {
		seen := &w.head.watched[i]
		netwatch.ViewInto(&w.scratch, t, seen.devices, seen.last)
		w.image = w.scratch.Append(w.image[:0])
		if string(w.image) != string(seen.shown) {
			return true
		}
	}
	return false
}

// stateReplaced has a worker look at the state, unless the last one wrote it
// as it is.
func (w *watcher) stateReplaced() {
	if w.control.phase == phaseNone && w.head.stamps == state.Stamps(w.head.stateDir, w.head.runDir) {
		return
	}
	w.control.request(taskState)
}

// KernelTrouble returns what tells the owner that the kernel does not show the
// line, and why, or, of nil, that it does again.
func KernelTrouble(say func(log.Level, string)) func(error) {
	return func(err error) {
		if err != nil {
			say(log.Error, "the kernel does not show the line: "+err.Error()+". Trying again until it does")
			return
		}
		say(log.Info, "the kernel shows the line again")
	}
}

// removeStatus takes away what tells of a daemon that has ended.
func removeStatus(runDir string) {
	if runDir != "" {
		os.Remove(filepath.Join(runDir, StatusFile))
		os.Remove(filepath.Join(runDir, MetricsFile))
	}
}
