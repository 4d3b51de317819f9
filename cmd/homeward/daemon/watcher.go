// Package daemon runs homeward in two processes. The watcher, the process that
// was started, listens to the kernel, to signals and to the clock. It never
// reads the configuration, the state or a secret. The worker, its child, exists
// only while there is something to do: it reads, decides, sends and writes.
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

// RunName is the command that runs the daemon.
const RunName = "run"

// Program is what both processes need from the rest of the program.
type Program struct {
	Version string
	// Load reads the configuration; its error is for people.
	Load func() (*settings.Config, []string, error)
	// Again parses a configuration from the file contents that were kept.
	Again func(file string, s settings.Sources) (*settings.Config, error)
	// Enter becomes the owner of state_dir, before anything there or in run_dir
	// is opened.
	Enter func(stateDir, runDir string) error
	// Begin is called in the first worker, after run_dir is locked.
	Begin func(*settings.Config)
	// Log writes one message, from any goroutine. SetLevel sets the least level
	// that is written.
	Log      func(log.Level, string)
	SetLevel func(string)
	// Complain writes to the standard error of the command line.
	Complain func(error)
}

// watcher is the state of the watcher's goroutine. It must allocate nothing while
// nothing happens, and little when something does: garbage is collected once in
// months (garbage).
type watcher struct {
	Program
	control control
	worker  workers
	slots   slots
	head    head
	clock   func() time.Duration // since boot
	lock    func(ctx context.Context, dir string) error
	watch   func(ctx context.Context, stateDir, runDir string) // starts the goroutines that send to events.state and events.clock
	signals signals
	events  events
	release func() // drops the program's own pages from memory
	timer   *time.Timer
	garbage garbage

	blind    bool // the kernel does not show the line
	unwell   bool // the last worker crashed, and this was logged
	scratch  netwatch.State
	image    []byte
	released *time.Timer
}

// workers starts worker processes and talks to them.
type workers interface {
	start(begin order) error
	send(order) error
	kill()
	gone() (how ending, gone bool)
	reports() <-chan report
	children() <-chan os.Signal
}

// events are the channels from the goroutines that watch. Each holds one value,
// except those of the kernel's tables: the sender lends its tables until the
// watcher answers on seen.
type events struct {
	tables chan netwatch.Tables // of the kernel
	early  chan netwatch.Tables // likewise, before a change has settled
	seen   chan struct{}        // the watcher has read the tables
	blind  chan error           // the tables cannot be read; nil: they can again
	clock  chan struct{}        // the wall clock was set
	state  chan struct{}        // the state on disk was replaced
}

func newEvents() events {
	return events{tables: make(chan netwatch.Tables), early: make(chan netwatch.Tables), seen: make(chan struct{}, 1),
		blind: make(chan error, 1), clock: make(chan struct{}, 1), state: make(chan struct{}, 1)}
}

// show lends tables to the watcher until it has read them, or ctx ends.
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

// run returns the exit code after a signal, or after ctx ends. No worker is left
// then.
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

// garbagePeriod is the longest time between two collections of garbage.
func (w *watcher) garbagePeriod() time.Duration {
	if w.blind {
		return time.Hour // each failed read of the tables leaves some
	}
	return never
}

// wait handles the next event.
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

// releaseAfter is how long after the last event the program's pages are dropped:
// the next event is often near.
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
		w.control.full = true // sent after its next report, or it is killed
		return
	}
	w.control.sent(w.clock(), o)
}

// reap handles the end of a worker.
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

// drain handles the reports that a worker sent before it ended. What it saved
// counts; its offer does not.
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

// logTrouble logs that a worker crashed; only the first one in a row is a warning.
func (w *watcher) logTrouble(what string) {
	level := log.Warn
	if w.unwell {
		level = log.Debug
	}
	w.unwell = true
	w.Log(level, fmt.Sprintf("%s. Starting another in %v", what, (w.control.pause-w.clock()).Round(100*time.Millisecond)))
}

// report handles a report of the worker.
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

// lockRunDir locks run_dir, whose path the first worker has read.
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

// readHead reads the worker's head from the current slot.
func (w *watcher) readHead() {
	level := w.head.logLevel
	if err := w.slots.head(w.control.current, &w.head); err != nil {
		panic(fmt.Sprintf("daemon: the worker left what makes no sense: %v", err)) // the same binary wrote it
	}
	if w.head.logLevel != level {
		w.SetLevel(w.head.logLevel)
	}
}

// hasNews reports whether t differs from what the last worker saw.
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

// stateReplaced requests a worker to read the state, unless the last worker wrote
// it.
func (w *watcher) stateReplaced() {
	if w.control.phase == phaseNone && w.head.stamps == state.Stamps(w.head.stateDir, w.head.runDir) {
		return
	}
	w.control.request(taskState)
}

// KernelTrouble returns a function that logs why the kernel's tables cannot be
// read, or, given nil, that they can again.
func KernelTrouble(say func(log.Level, string)) func(error) {
	return func(err error) {
		if err != nil {
			say(log.Error, "the kernel does not show the line: "+err.Error()+". Trying again until it does")
			return
		}
		say(log.Info, "the kernel shows the line again")
	}
}

// removeStatus removes the status files of a daemon that has ended.
func removeStatus(runDir string) {
	if runDir != "" {
		os.Remove(filepath.Join(runDir, StatusFile))
		os.Remove(filepath.Join(runDir, MetricsFile))
	}
}
