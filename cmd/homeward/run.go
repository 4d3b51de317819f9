package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

func runCommand() command {
	return command{
		name:  "run",
		about: "is the daemon: it watches the line and keeps the services told; logs to stderr",
		long: `
SIGHUP reads the configuration again, SIGUSR1 sends everything anew, SIGTERM
ends it.`,
		flags: []flag{configFlag},
		run:   runDaemon,
	}
}

// daemon is what the goroutine of runDaemon owns.
type daemon struct {
	*logger
	cfg    *Config
	lock   *os.File // of run_dir, held as long as the process lives
	runner *update.Runner
	asker  *update.Asker
	views  *views
	tables *netwatch.Tables // nil: not read yet
	line   netwatch.State

	begun    time.Time
	accounts map[string]update.Status
	written  []byte // status.json as it is
	unsaid   string // why it could not be written, as said
}

// gcPercent has the collector begin at 1 MB of heap in place of 4: the daemon
// lives in a third of one, and what an update leaves would lie about for months.
const gcPercent = 25

func runDaemon(ctx context.Context, c call) int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR1) // first of all: a default SIGHUP would end us
	defer signal.Stop(signals)
	cfg, warnings, err := load(c.value("-c"))
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitUsage
	}
	d := &daemon{logger: newLogger(c.stderr, cfg.LogLevel), cfg: cfg, begun: time.Now()}
	for _, w := range warnings {
		d.log(update.Warn, w)
	}
	if d.lock, err = lockRunDir(ctx, cfg.RunDir, func(s string) { d.log(update.Warn, s) }); err != nil {
		if ctx.Err() != nil {
			return exitOK
		}
		d.log(update.Error, err.Error())
		return exitFault
	}
	debug.SetGCPercent(gcPercent)
	d.serve(ctx, signals)
	return exitOK
}

// serve starts the parts and works until ctx ends.
func (d *daemon) serve(ctx context.Context, signals <-chan os.Signal) {
	clock := update.SystemClock()
	if err := os.MkdirAll(d.cfg.StateDir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		d.log(update.Debug, "state_dir: "+err.Error()) // the Store says what follows
	}
	store := update.OpenStore(d.cfg.StateDir, d.cfg.RunDir, func(s string) { d.log(update.Warn, s) })
	statuses := make(chan map[string]update.Status, 1)
	sender := &update.Sender{}
	d.runner = update.NewRunner(store, sender.Exchange, clock, d.log, func(s map[string]update.Status) { replaceLatest(statuses, s) })
	d.runner.Warm = sender.Warm
	d.views = newViews(d.cfg, store.Read(clock()).Held, nil)
	tables := make(chan netwatch.Tables, 1)
	found := make(chan map[update.Question]update.Found, 1)
	d.asker = update.NewAsker(d.cfg.RunDir, sender.Exchange, clock, d.log, netwatch.Public, func(f map[update.Question]update.Found) { replaceLatest(found, f) })
	early := make(chan netwatch.Tables, 1)
	watcher := &netwatch.Watcher{Trouble: d.kernelTrouble, Early: func(t netwatch.Tables) { replaceLatest(early, t) }}

	stateDir, runDir := d.cfg.StateDir, d.cfg.RunDir // d's fields are this goroutine's alone
	var parts sync.WaitGroup
	parts.Go(func() { d.runner.Run(ctx) })
	parts.Go(func() { d.asker.Run(ctx) })
	parts.Go(func() { watcher.Run(ctx, func(t netwatch.Tables) { replaceLatest(tables, t) }) })
	parts.Go(func() { d.part("the clock", update.WatchClock(ctx, d.clockSet)) })
	parts.Go(func() { d.part("state_dir", update.WatchState(ctx, d.runner.StateChanged, stateDir, runDir)) })
	defer os.Remove(filepath.Join(d.cfg.RunDir, statusFile))
	defer parts.Wait()

	d.log(update.Info, fmt.Sprintf("homeward %s watches the line for %s", version, counted(len(d.cfg.Active()), "account")))
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-tables:
			d.see(t)
		case t := <-early:
			d.runner.Expect(d.views.glimpse(t))
			continue // nothing to say yet
		case d.views.found = <-found:
			d.runner.Observe(d.views.sight(*d.tables)) // nobody asks before the tables are there
		case d.accounts = <-statuses:
		case s := <-signals:
			d.signal(s)
		}
		d.publish()
	}
}

// clockSet is called from the goroutine that watches the clock.
func (d *daemon) clockSet() {
	d.runner.ClockSet()
	d.asker.Retry()
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
	if err != nil {
		d.log(update.Warn, what+" cannot be watched: "+err.Error())
	}
}

func (d *daemon) kernelTrouble(err error) {
	if err != nil {
		d.log(update.Error, "the kernel does not show the line: "+err.Error()+". Trying again until it does")
		return
	}
	d.log(update.Info, "the kernel shows the line again")
}

// see takes what the kernel shows to the accounts.
func (d *daemon) see(t netwatch.Tables) {
	first := d.tables == nil
	d.tables = &t
	line := d.views.line(t)
	old := d.line
	d.line = line
	if first {
		d.runner.Accounts(active(d.cfg), d.views.sight(t))
	} else {
		d.runner.Observe(d.views.sight(t))
	}
	d.asker.Ask(inquiries(d.cfg.Active()), t.Has)
	if first || lineWords(line, false) != lineWords(old, false) {
		d.log(update.Info, "the line: "+lineWords(line, false))
	}
}

func (d *daemon) signal(s os.Signal) {
	if s == syscall.SIGUSR1 {
		d.log(update.Info, "sending everything anew, as asked (SIGUSR1)")
		d.runner.Resend()
		return
	}
	cfg, warnings, err := load(d.cfg.File)
	if err != nil {
		d.log(update.Error, "the configuration stays as it was: "+err.Error())
		return
	}
	for _, w := range warnings {
		d.log(update.Warn, w)
	}
	if cfg.StateDir != d.cfg.StateDir || cfg.RunDir != d.cfg.RunDir {
		d.log(update.Warn, "another state_dir or run_dir takes effect when homeward is started again")
		cfg.StateDir, cfg.RunDir = d.cfg.StateDir, d.cfg.RunDir
	}
	d.cfg = cfg
	d.setLevel(cfg.LogLevel)
	// The Runner's Store is its own by now: this is another look at the same files.
	held := update.OpenStore(cfg.StateDir, cfg.RunDir, func(string) {}).Read(update.SystemClock()()).Held
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
	text := statusJSON(status{Version: version, PID: os.Getpid(), Started: d.begun.UTC().Truncate(time.Second), Line: d.line, Accounts: d.accounts})
	if slices.Equal(text, d.written) {
		return
	}
	err := writePublic(filepath.Join(d.cfg.RunDir, statusFile), text)
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
