package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"homeward/netwatch"
	"homeward/update"
)

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
			if d.edited() {
				quiet.Reset(restAfter)
			} else {
				d.afresh()
			}
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
	d.cfg, d.files = cfg, cfg.sources.stamps()
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
