package daemon

import (
	"context"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Once sends the updates that are due by the kernel's tables t, for the accounts
// that chosen accepts, and returns the status of all accounts. force sends
// though nothing changed, and lifts stops.
func Once(ctx context.Context, cfg *settings.Config, t netwatch.Tables, parts loop.Parts, chosen func(name string) bool, force bool) map[string]update.Status {
	store := state.Open(cfg.StateDir, cfg.RunDir, func(s string) { parts.Log(log.Warn, s) })
	defer context.AfterFunc(ctx, store.Leave)() // wait for no lock any more
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	u := newUpdater(life, cfg, store, parts, nil)
	u.prober.ProbeOnce()
	u.prober.Set(probesOf(chosenOf(cfg, chosen)))
	u.ask(ctx)
	u.scheduler.Select(chosen, force)
	u.observe(t, false)
	u.scheduler.SkipSettling()
	for {
		status, wake := u.decide()
		if !u.busy() && (!u.scheduler.InFlightElsewhere() || ctx.Err() != nil) {
			u.scheduler.ClearStops()
			return status
		}
		u.wait(ctx, wake)
	}
}

// ask waits for the answers to all queries, before anything is sent.
func (u *updater) ask(ctx context.Context) {
	for ctx.Err() == nil {
		wake := u.prober.Decide()
		if !u.prober.Probing() {
			break
		}
		u.wait(ctx, wake)
	}
	u.views.found, _ = u.prober.Results()
}

// wait calls the next function from the inbox, or reads the state again at wake.
// It gives up all exchanges after ctx has ended.
func (u *updater) wait(ctx context.Context, wake time.Duration) {
	timer := time.NewTimer(max(0, wake-u.parts.Now().Up))
	defer timer.Stop()
	ended := ctx.Done()
	if ctx.Err() != nil {
		u.scheduler.GiveUp()
		u.prober.GiveUp()
		ended = nil
	}
	select {
	case f := <-u.parts.Inbox:
		f()
	case <-timer.C:
		u.scheduler.Reread()
	case <-ended:
	}
}

// chosenOf returns the accounts that are switched on and chosen.
func chosenOf(cfg *settings.Config, chosen func(name string) bool) []settings.Account {
	var out []settings.Account
	for _, a := range cfg.Active() {
		if chosen(a.Name) {
			out = append(out, a)
		}
	}
	return out
}

// Preview returns the queries and the requests that Once would send if each were
// accepted, and what the accounts wait for that have nothing to publish, by name. It
// sends and writes nothing.
func Preview(cfg *settings.Config, t netwatch.Tables, parts loop.Parts, chosen func(name string) bool, force bool) ([]PlannedQuery, []transport.Request, map[string]string) {
	data := state.Open(cfg.StateDir, cfg.RunDir, func(s string) { parts.Log(log.Warn, s) }).Read(parts.Now())
	accounts := chosenOf(cfg, chosen)
	var sent []*service.Account
	for _, a := range accounts {
		sent = append(sent, &a.Account)
		data.SyncConfig(&a.Account)
	}
	seen := NewViews(cfg, data.Accepted, nil).Observe(t)
	waits := map[string]string{}
	for _, a := range sent {
		if w := seen.Wants[a.Name]; w.Values == (service.Values{}) && w.Note != "" {
			waits[a.Name] = w.Note
		}
	}
	return plannedQueries(accounts), update.Preview(parts.Now(), data, sent, seen, force), waits
}
