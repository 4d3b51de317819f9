package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
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
		flags: []flag{configFlag},
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
	lock    *os.File // of run_dir, held as long as the process lives
	rested  *rested  // what the image before has left; nil: there was none

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
	stay     bool // this image cannot be replaced
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
	d := &daemon{signals: newSignals(), rested: inherit(), sender: &update.Sender{}, heard: heard{
		tables: make(chan netwatch.Tables, 1), early: make(chan netwatch.Tables, 1),
		blind: make(chan error, 1), clock: make(chan struct{}, 1), state: make(chan struct{}, 1)}}
	d.signals.notify() // first of all: a default SIGHUP would end us
	defer d.signals.stop()
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
	}
	d.serve(ctx)
	return exitOK
}

// open reads the configuration that the command names.
func (d *daemon) open(c call) (code int) {
	cfg, warnings, err := load(c.value("-c"))
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitUsage
	}
	d.cfg, d.logger = cfg, newLogger(c.stderr, cfg.LogLevel)
	d.place = place{File: cfg.File, StateDir: cfg.StateDir, RunDir: cfg.RunDir, Begun: time.Now()}
	for _, w := range warnings {
		d.log(update.Warn, w)
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
	watcher := &netwatch.Watcher{
		Trouble: func(err error) { replaceLatest(h.blind, err) },
		Early:   func(t netwatch.Tables) { replaceLatest(h.early, t) },
	}
	parts.Go(func() { watcher.Run(ctx, func(t netwatch.Tables) { replaceLatest(h.tables, t) }) })
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
	d.views = newViews(d.cfg, store.Read(clock()).Held, d.views)
	parts.Go(func() { d.runner.Run(ctx) })
	parts.Go(func() { d.asker.Run(ctx) })
	if d.rested == nil {
		d.log(update.Info, fmt.Sprintf("homeward %s watches the line for %s", version, counted(len(d.cfg.Active()), "account")))
	}
}

// work does what the parts, and the signals, ask for.
func (d *daemon) work(ctx context.Context) {
	quiet := time.NewTimer(restAfter)
	defer quiet.Stop()
	if d.seen != nil {
		d.see(*d.seen)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.signals.end:
			return
		case <-quiet.C:
			d.afresh()
			continue
		case t := <-d.heard.tables:
			d.see(t)
		case t := <-d.heard.early:
			d.runner.Expect(d.views.glimpse(t))
			continue // nothing to say yet
		case err := <-d.heard.blind:
			d.kernelTrouble(err)
		case <-d.heard.clock:
			d.runner.ClockSet()
			d.asker.Retry()
		case <-d.heard.state:
			d.runner.StateChanged()
		case d.views.found = <-d.found:
			d.runner.Observe(d.views.sight(*d.tables)) // nobody asks before the tables are there
		case d.accounts = <-d.statuses:
		case <-d.signals.hup:
			d.reload()
		case <-d.signals.usr1:
			d.log(update.Info, "sending everything anew, as asked (SIGUSR1)")
			d.resend = true
		}
		if d.resend && d.tables != nil {
			d.resend = false
			d.runner.Resend()
		}
		d.publish()
		quiet.Reset(restAfter)
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

func (d *daemon) kernelTrouble(err error) {
	if d.blind == (err != nil) {
		return
	}
	if d.blind = err != nil; d.blind {
		d.log(update.Error, "the kernel does not show the line: "+err.Error()+". Trying again until it does")
		return
	}
	d.log(update.Info, "the kernel shows the line again")
}

// see takes what the kernel shows to the accounts.
func (d *daemon) see(t netwatch.Tables) {
	first := d.tables == nil
	d.tables = &t
	old := d.line
	d.line = d.views.line(t)
	if first {
		d.runner.Accounts(active(d.cfg), d.views.sight(t))
	} else {
		d.runner.Observe(d.views.sight(t))
	}
	d.asker.Ask(inquiries(d.cfg.Active()), t.Has)
	if words := lineWords(d.line, false); first && d.rested == nil || words != lineWords(old, false) {
		d.log(update.Info, "the line: "+words)
	}
}

// reload takes another configuration (SIGHUP).
func (d *daemon) reload() {
	cfg, warnings, err := load(d.File)
	if err != nil {
		d.log(update.Error, "the configuration stays as it was: "+err.Error())
		return
	}
	for _, w := range warnings {
		d.log(update.Warn, w)
	}
	if cfg.StateDir != d.StateDir || cfg.RunDir != d.RunDir {
		d.log(update.Warn, "another state_dir or run_dir takes effect when homeward is started again")
	}
	d.cfg = cfg
	d.setLevel(cfg.LogLevel)
	// The Runner's Store is its own by now: this is another look at the same files.
	held := update.OpenStore(d.StateDir, d.RunDir, func(string) {}).Read(update.SystemClock()()).Held
	d.views = newViews(cfg, held, d.views)
	d.log(update.Info, fmt.Sprintf("read %s again: %s", cfg.File, counted(len(cfg.Active()), "account")))
	if d.tables != nil {
		d.line = d.views.line(*d.tables)
		d.runner.Accounts(active(cfg), d.views.sight(*d.tables))
		d.asker.Ask(inquiries(cfg.Active()), d.tables.Has)
	}
}

// active returns the accounts that are switched on, as the runner takes them.
func active(cfg *Config) []*update.Account {
	var out []*update.Account
	for _, a := range cfg.Active() {
		out = append(out, &a.Account)
	}
	return slices.Clip(out)
}

// publish writes status.json if it says something else than before.
func (d *daemon) publish() {
	if d.tables == nil || d.accounts == nil {
		return
	}
	text := statusJSON(status{Version: version, PID: os.Getpid(), Started: d.Begun.UTC().Truncate(time.Second), Line: d.line, Accounts: d.accounts})
	if slices.Equal(text, d.written) {
		return
	}
	err := writePublic(filepath.Join(d.RunDir, statusFile), text)
	why := ""
	if err == nil {
		d.written = text
	} else {
		why = err.Error()
	}
	if why != "" && why != d.unsaid {
		d.log(update.Warn, "status cannot be written: "+why+"; updates go on")
	}
	d.unsaid = why
}
