package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

// runName is the command that is the daemon.
const runName = "run"

func runCommand() command {
	return command{
		name:  runName,
		about: "is the daemon: it watches the line and keeps the services told; logs to stderr",
		long: `
SIGHUP reads the configuration again, SIGUSR1 sends everything anew, SIGTERM
ends it.`,
		flags: []flag{configFlag, syslogFlag},
		run:   runDaemon,
	}
}

// daemon is what the goroutine of runDaemon owns. It rests as long as nothing
// happens (rest.go), begins to work when something does, and makes room for an
// image of the program that rests (afresh.go).
type daemon struct {
	*logger
	place
	signals signals
	heard   heard
	lock    *os.File          // of run_dir, held as long as the process lives
	rested  *rested           // what the image before has left; nil: there was none
	looks   int               // at rest, that showed nothing new
	files   map[string]string // stamps of those that the configuration was read from, when last looked at

	// While it works.
	cfg      *Config
	sender   *update.Sender
	runner   *update.Runner
	asker    *update.Asker
	views    *views
	found    chan map[update.Question]update.Found
	statuses chan map[string]update.Status
	tables   *netwatch.Tables // nil: not read yet
	seen     *netwatch.Tables // the last that it saw at rest
	line     netwatch.State
	resend   bool // everything, once there are tables
	blind    bool // the kernel does not show the line
	accounts map[string]update.Status
	written  []byte // status.json as it is
	unsaid   string // why it could not be written, as said
}

// place is where a daemon is at home. It stays as long as the process does.
type place struct {
	File     string // the configuration
	StateDir string
	RunDir   string
	Begun    time.Time
}

// heard is what the parts that watch tell the daemon: each channel has one slot.
type heard struct {
	tables chan netwatch.Tables // of the kernel
	early  chan netwatch.Tables // likewise, in the middle of a change
	blind  chan error           // the kernel does not show them; nil: it does again
	clock  chan struct{}        // was set
	state  chan struct{}        // on disk was replaced
}

// gcPercent has the collector begin at 1 MB of heap in place of 4: the daemon
// lives in a third of one, and what an update leaves would lie about for as
// long as a service is in trouble.
const gcPercent = 25

func runDaemon(ctx context.Context, c call) int {
	signals := newSignals()
	signals.notify() // first of all: until then they end us
	forgoPrivileges()
	defer signals.stop()
	d := &daemon{signals: signals, rested: inherit(), sender: &update.Sender{}, heard: heard{
		tables: make(chan netwatch.Tables, 1), early: make(chan netwatch.Tables, 1),
		blind: make(chan error, 1), clock: make(chan struct{}, 1), state: make(chan struct{}, 1)}}
	if d.rested != nil {
		d.resume(c)
	} else if code := d.open(c); code != exitOK {
		return code
	}
	if d.lock == nil {
		var err error
		if d.lock, err = lockRunDir(ctx, d.signals.end, d.RunDir, func(s string) { d.log(update.Warn, s) }); err == errTold {
			return exitOK
		} else if err != nil {
			d.log(update.Error, err.Error())
			return exitFault
		}
		carryState(d.StateDir, d.RunDir, d.log)
		rememberStateDir(d.StateDir, d.RunDir)
	}
	d.serve(ctx)
	return exitOK
}

// open reads the configuration that the command names.
func (d *daemon) open(c call) (code int) {
	d.logger = c.logTo()
	cfg, warnings, err := load(c.value("-c"))
	if err != nil {
		d.fail(err)
		return exitUsage
	}
	d.cfg = cfg
	d.setLevel(cfg.LogLevel)
	d.place = place{File: cfg.File, StateDir: cfg.StateDir, RunDir: cfg.RunDir, Begun: time.Now()}
	for _, w := range warnings {
		d.log(update.Warn, w)
	}
	d.files = cfg.sources.stamps()
	if err := d.takeIdentity(); err != nil {
		d.log(update.Error, err.Error())
		return exitFault
	}
	return exitOK
}

// serve works, or rests, until a signal ends it, or ctx.
func (d *daemon) serve(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	if err := os.MkdirAll(d.StateDir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		d.log(update.Debug, "state_dir: "+err.Error()) // the Store says what follows
	}
	d.watch(ctx, &parts)
	defer os.Remove(filepath.Join(d.RunDir, statusFile))
	defer parts.Wait()
	defer stop()
	if d.rested != nil && !d.rest(ctx) {
		return
	}
	d.begin(ctx, &parts)
	d.work(ctx)
}

// watch starts what the daemon hears with.
func (d *daemon) watch(ctx context.Context, parts *sync.WaitGroup) {
	h, state, run := d.heard, d.StateDir, d.RunDir
	told := func(c chan struct{}) func() { return func() { replaceLatest(c, struct{}{}) } }
	var kept netwatch.Tables // what the Watcher shows is the Watcher's
	keep := func(t netwatch.Tables) netwatch.Tables {
		if !t.Equal(kept) {
			kept = t.Clone()
		}
		return kept
	}
	watcher := &netwatch.Watcher{
		Trouble: func(err error) { replaceLatest(h.blind, err) },
		Early:   func(t netwatch.Tables) { replaceLatest(h.early, keep(t)) },
	}
	parts.Go(func() { watcher.Run(ctx, func(t netwatch.Tables) { replaceLatest(h.tables, keep(t)) }) })
	parts.Go(func() { d.part("the clock", update.WatchClock(ctx, told(h.clock))) })
	parts.Go(func() { d.part("state_dir", update.WatchState(ctx, told(h.state), state, run)) })
}

// begin starts what decides and sends.
func (d *daemon) begin(ctx context.Context, parts *sync.WaitGroup) {
	debug.SetGCPercent(gcPercent)
	clock := update.SystemClock()
	store := update.OpenStore(d.StateDir, d.RunDir, func(s string) { d.log(update.Warn, s) })
	exchange := d.sender.Exchange
	d.statuses = make(chan map[string]update.Status, 1)
	d.runner = update.NewRunner(store, exchange, clock, d.log, func(s map[string]update.Status) { replaceLatest(d.statuses, s) })
	d.runner.Warm = d.sender.Warm
	d.found = make(chan map[update.Question]update.Found, 1)
	d.asker = update.NewAsker(d.RunDir, exchange, clock, d.log, netwatch.Public, func(f map[update.Question]update.Found) { replaceLatest(d.found, f) })
	if d.rested != nil {
		d.goOn(store, clock())
	}
	d.views = newViews(d.cfg, store.Read(clock()).Held, nil)
	if d.rested != nil {
		d.views.resume(d.rested.Glance)
	}
	parts.Go(func() { d.runner.Run(ctx) })
	parts.Go(func() { d.asker.Run(ctx) })
	if d.rested == nil {
		d.log(update.Info, fmt.Sprintf("homeward %s watches the line for %s", version, counted(len(d.cfg.Active()), "account")))
	}
}

// replaceLatest puts v into a channel of one slot, in place of what nobody has
// taken. It has one sender.
func replaceLatest[T any](c chan T, v T) {
	select {
	case <-c:
	default:
	}
	c <- v
}

// part says why a part that the daemon can do without has ended.
func (d *daemon) part(what string, err error) {
	level := update.Warn
	if d.rested != nil {
		level = update.Debug // the image before has said it
	}
	if err != nil {
		d.log(level, what+" cannot be watched: "+err.Error())
	}
}
