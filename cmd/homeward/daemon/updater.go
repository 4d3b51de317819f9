package daemon

import (
	"context"
	"net/netip"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/checkip"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
)

// updater sends what the kernel shows to the services, for the worker and for
// `once`. It belongs to one goroutine, which calls the functions from the inbox,
// and decide after each event.
type updater struct {
	cfg       *settings.Config
	parts     loop.Parts
	store     *state.Store
	scheduler *update.Scheduler
	prober    *checkip.Prober
	views     *Views
	tables    *netwatch.Tables // nil: not read yet
	line      netwatch.State
}

// newUpdater returns an updater for a configuration. saved comes from the last
// worker; nil: there was none. Exchanges are given up when ctx ends.
func newUpdater(ctx context.Context, cfg *settings.Config, store *state.Store, parts loop.Parts, saved *saved) *updater {
	parts.Inbox = loop.NewInbox()
	u := &updater{cfg: cfg, parts: parts, store: store}
	u.scheduler = update.NewScheduler(ctx, store, parts)
	u.prober = checkip.NewProber(ctx, cfg.RunDir, parts, netwatch.Public)
	if saved != nil {
		store.Restore(parts.Now(), saved.Scheduler.Store)
	}
	store.Read(parts.Now())
	u.scheduler.SetAccounts(cfg.Updates())
	u.views = NewViews(cfg, u.accepted, nil)
	if saved != nil {
		u.scheduler.Restore(saved.Scheduler)
		u.prober.Restore(saved.Probes)
		u.views.found, _ = u.prober.Results()
		u.views.restore(saved.Published, saved.Known)
	}
	u.prober.Set(probesOf(cfg.Active()))
	return u
}

// accepted returns what the service has accepted of an account, as last read.
func (u *updater) accepted(a *service.Account) service.Values {
	return u.store.Cached(u.parts.Now()).Accepted(a)
}

// configure replaces the configuration.
func (u *updater) configure(cfg *settings.Config) {
	u.cfg = cfg
	u.store.Read(u.parts.Now())
	u.scheduler.SetAccounts(cfg.Updates())
	u.views = NewViews(cfg, u.accepted, u.views)
	u.scheduler.Prune()
	u.prober.Set(probesOf(cfg.Active()))
	if u.tables != nil {
		u.observe(*u.tables, true)
	}
}

// observe handles the kernel's tables. event tells that a message came for them.
func (u *updater) observe(t netwatch.Tables, event bool) {
	u.tables = &t
	u.line = u.views.Line(t)
	if event {
		u.prober.OnEvent(t.Has)
	}
	u.views.found, _ = u.prober.Results()
	u.scheduler.Observe(u.views.Observe(t), event)
}

// stateChanged reads the state, and reports whether another process has written it.
// observe must follow then, before a decision: once may have found another address,
// which this must not undo.
func (u *updater) stateChanged() bool {
	changed := u.scheduler.StateChanged()
	if changed {
		u.prober.OnEvent(func(netip.Addr) bool { return true }) // a query under way goes on
	}
	return changed
}

// clockSet handles a wall clock that was set.
func (u *updater) clockSet() {
	u.scheduler.ClockSet()
	u.prober.Retry()
}

// decide starts what is due. It returns each account's status, and when to call
// it again at the latest, in time since boot.
func (u *updater) decide() (status map[string]update.Status, wake time.Duration) {
	asked := u.prober.Decide()
	if found, changed := u.prober.Results(); changed {
		u.views.found = found
		u.scheduler.Observe(u.views.Observe(*u.tables), false)
	}
	status, wake = u.scheduler.Decide()
	return status, min(wake, asked)
}

// busy reports whether something is under way.
func (u *updater) busy() bool {
	return u.scheduler.Sending() || u.prober.Probing() || len(u.parts.Inbox) > 0
}
