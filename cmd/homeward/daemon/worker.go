package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/checkip"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
)

// worker is the process that reads, decides, sends and writes. It belongs to
// one goroutine.
type worker struct {
	Program
	link    link
	slots   slots
	pid     int // the daemon's
	parts   loop.Parts
	read    func() (netwatch.Tables, error)
	open    func(stateDir, runDir string, say func(string)) *state.Store
	write   func(path string, data []byte) error // status.json
	collect func()                               // its garbage
	hook    func(ctx context.Context, path string, e event) (why, words string)

	gen, seq      uint32 // of the worker, of the last order that was carried out
	slot          int8   // the current one; the next save writes the other
	cfg           *settings.Config
	saved         *saved   // nil: this is the daemon's first worker
	updater       *updater // nil: run_dir is not locked yet
	begun         time.Time
	loggedUplink  []byte        // the uplink as last logged
	written       []byte        // status.json as it is
	statusTrouble string        // why it could not be written, as said
	active        time.Duration // time of the last event
	tried         time.Duration // time of the last failed read of the tables; 0: none failed
	littered      bool          // something happened since the garbage was collected
	offered       bool
	stopping      bool
	resend        bool // SIGUSR1 came, and not everything was sent since
	notifier      notifier
	endHook       context.CancelFunc // kills the program on_change; nil: it does not run
}

// link is the worker's end of the socket to the watcher.
type link interface {
	orders() <-chan order // closed: the watcher is gone
	report(report) error
}

// saved is what a worker passes to the next one, besides the state on disk.
type saved struct {
	File          string                    `json:"file"`
	Sources       []source                  `json:"sources"` // of the configuration
	Begun         time.Time                 `json:"begun"`
	Prepared      bool                      `json:"prepared"` // the state was opened
	LoggedUplink  []byte                    `json:"said"`     // the uplink as last logged
	StatusTrouble string                    `json:"unsaid,omitempty"`
	Published     map[string]service.Values `json:"published"`
	Known         map[string]service.Values `json:"known,omitempty"` // Views.known
	Scheduler     update.Snapshot           `json:"scheduler"`
	Probes        []checkip.ProbeSnapshot   `json:"probes,omitempty"`
	Notifier      notifier                  `json:"tellings,omitzero"`
}

// source is one file. Its path may not be UTF-8.
type source struct {
	Path []byte `json:"path"`
	settings.Source
}

const (
	// linger is how long an idle worker stays: one change is often followed by
	// another.
	linger = 300 * time.Millisecond

	// dueSoon is the longest pause that a worker waits out itself.
	dueSoon = 3 * time.Second

	// lookGap is the pause between two reads of the tables by one worker, after
	// the first failed, and lookRest that between the reads of two workers.
	lookGap  = time.Second
	lookRest = 30 * time.Second
)

// run works until the watcher accepts the worker's offer to end, and returns the
// exit code.
func (w *worker) run(ctx context.Context) int {
	begin, ok := <-w.link.orders()
	if !ok || begin.kind != orderBegin {
		return 1
	}
	w.gen, w.slot = begin.gen, begin.slot
	if err := w.begin(begin.fresh); err != nil {
		w.Complain(err)
		w.link.report(report{gen: w.gen, kind: reportRefused, code: 2})
		return 2
	}
	if w.saved != nil {
		w.prepare(ctx)
	} else {
		// The watcher is about to take the same identity, and could not kill a
		// worker that is still root; it says what is wrong.
		w.Enter(w.cfg.StateDir, w.cfg.RunDir)
		if err := w.save(report{kind: reportSaved}, never); err != nil {
			return w.lost(err)
		}
	}
	timer := time.NewTimer(0)
	for {
		wait, err := w.step(ctx)
		if err != nil {
			return w.lost(err)
		}
		if w.stopping && w.endHook == nil && (w.updater == nil || !w.updater.scheduler.Sending()) {
			return 0
		}
		timer.Reset(wait)
		select {
		case f := <-w.inbox():
			f()
			w.drain()
			w.markActive()
		case o, ok := <-w.link.orders():
			if !ok {
				return 1 // the watcher is gone
			}
			if o.kind == orderLeave {
				return 0
			}
			w.offered = false // the order crossed it
			if err := w.obey(ctx, o); err != nil {
				return w.lost(err)
			}
		case <-timer.C:
		}
	}
}

// lost logs why the worker cannot go on; the watcher starts another.
func (w *worker) lost(err error) int {
	w.Log(log.Error, "the worker cannot go on: "+err.Error())
	return 1
}

// begin reads the configuration: from disk for the first worker, else as it was
// accepted.
func (w *worker) begin(fresh bool) error {
	if w.slot < 0 {
		cfg, warnings, err := w.Load()
		if err != nil {
			return err
		}
		w.cfg, w.begun = cfg, time.Now()
		w.SetLevel(cfg.LogLevel)
		w.warn(warnings)
		return nil
	}
	var h head
	text, err := w.slots.rest(w.slot)
	if err = errors.Join(err, w.slots.head(w.slot, &h)); err == nil {
		w.saved = new(saved)
		err = json.Unmarshal(text, w.saved)
	}
	if err != nil {
		panic(fmt.Sprintf("daemon: what the last worker left cannot be read: %v", err)) // the same program wrote it
	}
	sources := settings.Sources{}
	for _, s := range w.saved.Sources {
		sources[string(s.Path)] = s.Source
	}
	if w.cfg, err = w.Again(w.saved.File, sources); err != nil {
		panic(fmt.Sprintf("daemon: the configuration cannot be read once more: %v", err)) // the same program read the same bytes
	}
	w.cfg.StateDir, w.cfg.RunDir = h.stateDir, h.runDir // SIGHUP may have brought others
	w.begun, w.loggedUplink, w.statusTrouble, w.notifier = w.saved.Begun, w.saved.LoggedUplink, w.saved.StatusTrouble, w.saved.Notifier
	w.SetLevel(w.cfg.LogLevel)
	if fresh {
		w.resend = w.saved.Scheduler.Resends()
		w.saved = &saved{Prepared: w.saved.Prepared, Published: w.saved.Published}
	}
	return nil
}

func (w *worker) warn(warnings []string) {
	for _, s := range warnings {
		w.Log(log.Warn, s)
	}
}

// prepare opens the state, after run_dir was locked.
func (w *worker) prepare(ctx context.Context) {
	if w.updater != nil {
		return
	}
	first := w.saved == nil || !w.saved.Prepared
	if err := w.Enter(w.cfg.StateDir, w.cfg.RunDir); err != nil {
		w.Log(log.Error, err.Error())
	}
	if first {
		w.Begin(w.cfg)
	}
	w.written, _ = os.ReadFile(filepath.Join(w.cfg.RunDir, StatusFile))
	store := w.open(w.cfg.StateDir, w.cfg.RunDir, func(s string) { w.Log(log.Warn, s) })
	w.updater = newUpdater(ctx, w.cfg, store, w.parts, w.saved)
	if w.resend {
		w.updater.scheduler.Resend()
	}
	w.markActive()
	if first {
		w.updater.scheduler.Prune()
		w.Log(log.Info, fmt.Sprintf("homeward %s watches the line for %s", w.Version, counted(len(w.cfg.Active()), "account")))
	}
}

// markActive restarts linger.
func (w *worker) markActive() { w.active, w.offered, w.littered = w.parts.Now().Up, false, true }

func (w *worker) inbox() loop.Inbox {
	if w.updater == nil {
		return nil
	}
	return w.updater.parts.Inbox
}

// drain calls everything in the inbox, so that one decision follows it all.
func (w *worker) drain() {
	for len(w.inbox()) > 0 {
		(<-w.inbox())()
	}
}

// obey carries out an order.
func (w *worker) obey(ctx context.Context, o order) error {
	t := o.tasks
	if t&taskStop != 0 {
		w.stopping = true
		if w.updater != nil {
			w.updater.scheduler.Leave()
		}
		if w.endHook != nil {
			time.AfterFunc(hookParting, w.endHook)
		}
		return nil
	}
	w.prepare(ctx)
	changed := w.updater.stateChanged()
	if t != 0 {
		w.markActive()
	}
	if t&taskReload != 0 {
		w.reload()
	}
	if t&taskResend != 0 {
		w.Log(log.Info, "sending everything anew, as asked (SIGUSR1)")
		w.updater.scheduler.Resend()
	}
	if t&taskClock != 0 {
		w.updater.clockSet()
	}
	if t != 0 || changed {
		w.observe(t&taskObserve != 0)
	}
	w.seq = o.seq
	if done := t & (taskReload | taskResend | taskClock); done != 0 {
		return w.save(report{kind: reportSaved, tasks: done}, never)
	}
	return w.link.report(report{gen: w.gen, seq: w.seq, kind: reportAlive})
}

// observe reads the kernel's tables. event tells that a message came for them.
func (w *worker) observe(event bool) {
	t, err := w.read()
	if err != nil { // the watcher logs it
		w.tried = w.parts.Now().Up
		w.Log(log.Debug, err.Error())
		return
	}
	w.tried = 0
	w.updater.observe(t, event)
	words := []byte(LineWords(w.updater.line, false))
	if !bytes.Equal(words, w.loggedUplink) {
		w.loggedUplink = words
		w.Log(log.Info, "the line: "+string(words))
	}
}

// reload reads the configuration again (SIGHUP); one with a fault changes nothing.
func (w *worker) reload() {
	cfg, warnings, err := w.Load()
	if err != nil {
		w.Log(log.Error, "the configuration stays as it was: "+err.Error())
		return
	}
	w.warn(warnings)
	if cfg.StateDir != w.cfg.StateDir || cfg.RunDir != w.cfg.RunDir {
		w.Log(log.Warn, "another state_dir or run_dir takes effect when homeward is started again")
		cfg.StateDir, cfg.RunDir = w.cfg.StateDir, w.cfg.RunDir
	}
	if cfg.OnChange != w.cfg.OnChange {
		w.notifier.Failed = "" // that was another program
	}
	w.cfg = cfg
	w.SetLevel(cfg.LogLevel)
	w.Log(log.Info, fmt.Sprintf("read %s again: %s", cfg.File, counted(len(cfg.Active()), "account")))
	w.updater.configure(cfg)
}

// step does what is due, and returns how long to wait for the next step.
func (w *worker) step(ctx context.Context) (wait time.Duration, err error) {
	if w.updater == nil {
		return time.Hour, nil // for the first order after run_dir was locked
	}
	now := w.parts.Now().Up
	if w.updater.stateChanged() || w.tried != 0 && now >= w.tried+lookGap {
		w.observe(false)
	}
	wake, stay, busy := never, linger, false
	if w.updater.tables != nil {
		var status map[string]update.Status
		status, wake = w.updater.decide()
		w.publish(status)
		later, err := w.notify(ctx, status)
		if err != nil {
			return 0, err
		}
		wake = min(wake, later)
		busy = w.updater.busy() || w.endHook != nil
	}
	if w.tried != 0 {
		wake, stay = min(wake, now+lookRest), dueSoon
	}
	wait = wake - now
	switch left := w.active + stay - now; {
	case w.offered || w.stopping || busy || wait <= dueSoon:
		return max(0, wait), nil
	case left > 0 && w.tried != 0:
		return min(wait, left, lookGap), nil
	case left > 0:
		if w.littered { // else several updates in a row would make it grow by 2 MB
			w.collect()
			w.littered = false
		}
		return min(wait, left), nil
	case w.updater.tables == nil && w.tried == 0: // nobody has asked for a look
		w.observe(false)
		return 0, nil
	}
	w.offered = true
	return wait, w.save(report{kind: reportOffer}, wake)
}

// publish writes status.json and metrics.prom, if the status has changed.
func (w *worker) publish(accounts map[string]update.Status) {
	status := Status{Version: w.Version, PID: w.pid, Started: w.begun.UTC().Truncate(time.Second), Line: w.updater.line, Accounts: accounts}
	text := status.JSON()
	if bytes.Equal(text, w.written) || w.stopping {
		return
	}
	err := w.write(filepath.Join(w.cfg.RunDir, StatusFile), text)
	if merr := w.write(filepath.Join(w.cfg.RunDir, MetricsFile), status.Metrics()); err == nil {
		err = merr
	}
	why := ""
	if err == nil {
		w.written = text
	} else {
		why = err.Error()
	}
	if why != "" && why != w.statusTrouble {
		w.Log(log.Warn, "status cannot be written: "+why+"; updates go on")
	}
	w.statusTrouble = why
}

// save writes what the next worker needs into the other slot, and reports it.
// until is when to start that worker.
func (w *worker) save(r report, until time.Duration) error {
	slot := int8(0)
	if w.slot == 0 {
		slot = 1
	}
	h := head{stateDir: w.cfg.StateDir, runDir: w.cfg.RunDir, logLevel: w.cfg.LogLevel, until: until}
	s := saved{File: w.cfg.File, Begun: w.begun, Prepared: w.updater != nil, LoggedUplink: w.loggedUplink, StatusTrouble: w.statusTrouble, Notifier: w.notifier}
	for path, src := range w.cfg.Sources {
		s.Sources = append(s.Sources, source{[]byte(path), src})
	}
	if u := w.updater; u != nil {
		h.stamps, h.watched = u.scheduler.Stamps(), u.views.watched()
		h.onEvent = u.scheduler.EventHelps() || u.prober.EventHelps()
		s.Published, s.Known, s.Scheduler, s.Probes = u.views.published(), u.views.known, u.scheduler.Snapshot(), u.prober.Snapshot()
	}
	text, err := json.Marshal(s)
	if err = errors.Join(err, w.slots.write(slot, h, text)); err != nil {
		return err
	}
	w.slot = slot
	r.gen, r.seq, r.slot = w.gen, w.seq, slot
	return w.link.report(r)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
