package daemon

import (
	"os"
	"slices"
	"strings"
	"testing"
)

type plantedFault struct{ name, file, old, new string }

// plantedFaults are what somebody may break in scheduler, watcher and worker; make planted shows
// that the simulation finds each.
func plantedFaults() []plantedFault {
	return []plantedFault{
		{"the window is one slot too wide", "../../../update/state/window.go", "if len(ends) < n {", "if len(ends) <= n {"},
		{"the day's window is two hours short", "../../../update/state/window.go", "DayMargin   = time.Minute", "DayMargin   = -2 * time.Hour"},
		{"the request is counted only when it is answered", "../../../update/after.go", "k.Reservations = append(k.Reservations[:len(k.Reservations):len(k.Reservations)], state.Reservation{Timestamp: now.Timestamp(), Open: true, ID: id, Account: s.Account.Name, PID: pid})", "_ = pid"},
		{"a slot counts from when it left, not from its answer", "../../../update/state/quota.go", "reservations = append(reservations, Reservation{Timestamp: now.Timestamp()})", "s.Open = false\n\t\t\treservations = append(reservations, s)"},
		{"a refusal is not kept on disk", "../../../update/state/data.go", "json:\"stop,omitempty\"`        // the service refused", "json:\"-\"`        // the service refused"},
		{"a change within a change is lost", "../../../update/after.go", "afterHost(now, h, c, v)", "afterHost(now, h, Attempt{Update: service.Update{Values: p.Want}, before: c.before}, v)"},
		{"a family that is gone is not named", "../../../update/attemptplan.go", "held := h.Values.Only(s.Account.Publish.Without(want.Valid()))", "held := service.Values{}"},
		{"a lost answer is taken for no change", "../../../update/after.go", "h.Unconfirmed = h.Unconfirmed.Or(c.Update.ShownValues().Valid())", "h.Unconfirmed = h.Unconfirmed.Or(service.Publish{})"},
		{"the state of before the restart is believed, not what is on disk", "../../../update/state/store.go", "if b := s.load(i); b != nil {", "if b := s.load(i); b != nil && s.data == nil {"},
		{"what run_dir remembers of a full disk is not read", "../../../update/state/store.go", "\tfor i := range s.dirs {\n\t\tif b := s.load(i)", "\tfor i := range s.dirs[:1] {\n\t\tif b := s.load(i)"},
		{"an unsynchronised clock ages the slots", "../../../update/clock/clock.go", "if m.earlier() && m.Sure && n.Synced {", "if !m.At.IsZero() {"},
		{"a reboot makes the slots a day old", "../../../update/state/data.go", "shift = -clampUptime(b.Up)", "shift = -clampUptime(b.Up) - clock.Day"},
		{"the limits do not hold `once`", "../../../update/attempt.go", "m.Stop != nil || k.InFlightElsewhere(now, name, s.pid, state.Alive) || k.Blocked(now) || hostLocked(now, m, a.service, t.attempt.Update) ||\n\t\t\tk.NextFree(now, s.limits(b)[t.usageID.Quota]) > now.Up", "m.Stop != nil"},

		{"once beside the daemon is undone", "web.go", "if f.Doubtful && newer.IsValid() {", "if false {"},
		{"what once has written is decided upon before it is looked at", "worker.go", "if w.updater.stateChanged() || w.tried", "if w.tried"},
		{"what a killed worker was told is forgotten", "control.go", "c.pending, c.sentTasks = c.pending|c.sentTasks, 0", "c.sentTasks = 0"},
		{"after a worker was killed none is started", "control.go", "c.phase, c.killed = phaseNone, false", "c.phase = phaseNone"},
		{"an offer counts though an order has crossed it", "control.go", "if r.seq == c.seq && c.pending == 0", "if c.pending == 0"},
		{"an offer that is refused is written over", "control.go", "c.current = r.slot // accepted or not, the other one is written next", ""},
		{"a worker that hangs is not killed", "control.go", "hungAfter  = 45 * time.Second", "hungAfter  = 1000 * time.Hour"},
		{"each worker reads the configuration from disk", "worker.go", "if w.slot < 0 {", "if w.saved == nil {"},
		{"SIGHUP moves the state for the next worker", "worker.go", "w.cfg.StateDir, w.cfg.RunDir = h.stateDir, h.runDir", ""},
		{"the watcher is not told when something is due", "worker.go", "w.save(report{kind: reportOffer}, wake)", "w.save(report{kind: reportOffer}, never)"},
		{"the watcher sees no news", "watcher.go", "if string(w.image) != string(seen.shown) {", "if string(w.image) != string(seen.shown) && false {"},
		{"a signal is done with when it is told", "control.go", "c.seq, c.sentTasks, c.pending, c.probed = o.seq, c.sentTasks|o.tasks, 0, true", "c.seq, c.pending, c.probed = o.seq, 0, true"},
	}
}

// plantedPauses are likewise for the pauses between retries, which the tests of many
// routers and of plans in package update must find.
func plantedPauses() []plantedFault {
	return []plantedFault{
		{"a full service is retried as an uplink that comes up", "../../../update/after.go", "if s.Plan.Error = advised(r.Detail, r.Hint); r.Overload {", "if s.Plan.Error = advised(r.Detail, r.Hint); false {"},
		{"so is one that refuses connections", "../../../update/after.go", "case f.Kind == transport.FaultRefused, f.Kind == transport.FaultSilent:", "case f.Kind == transport.FaultSilent:"},
		{"the third pause is as short as the second", "../../../update/wait.go", "{retry.EventGap, 10 * time.Minute},\n\t{retry.EventGap, 10 * time.Minute},", "{10 * time.Second, 15 * time.Second},"},
		{"overload and the uplink share one count", "../../../update/plan.go", "step := overloadPauses[min(p.Overloads,", "step := overloadPauses[min(p.Fails+p.Overloads,"},
		{"who was told the same comes back together", "../../../update/state/quota.go", "time.Duration(jitter*float64(namedSpread[step]))", "0*namedSpread[step]"},
		{"a new address goes on with the pauses of the old one", "../../../update/plan.go", "p.Want, p.Changed, p.Tried, p.Fails, p.Overloads = want, now.Up, false, 0, 0", "p.Want, p.Changed, p.Tried, p.Fails = want, now.Up, false, 0"},
	}
}

// plantedRecords are likewise for what is known of the hosts.
func plantedRecords() []plantedFault {
	return []plantedFault{
		{"a record is made twice", "../../../update/after.go", "h.Found = c.Update.FoundOnceSent()", "h.Found = c.Update.Found"},
		{"a record that is being made is not awaited", "../../../update/attemptplan.go", "(c.Lookup || missing(", "(missing("},
		{"an answer counts for another domain", "../../../update/service/protocol.go", "return []string{strings.Join(hosts, \",\")}", "return []string{strings.Join(nil, \",\")}"},
		{"another host makes all of them unknown", "../../../update/state/data.go", "what[2] = []string(nil)", ""},
		{"an account counts on what another has overwritten", "../../../update/state/data.go", "h.Unconfirmed = h.Unconfirmed.Or(v.Without(v.Common(u.Values).Valid()).Valid())", ""},
		{"an answer counts for what another process has read", "../../../update/attempt.go", "if current { // the answer", "if false { // the answer"},
		{"what was sent anew is believed for ever", "../../../update/plan.go", "h.Values = h.Values.Common(p.ForceResend[name])", "h.Values = p.ForceResend[name]"},
		{"look-ups are repeated once", "../../../update/service/lookup.go", "const againMost = 3", "const againMost = 1"},
	}
}

// TestFaultsCanBePlanted: each still has the one place it is planted in.
func TestFaultsCanBePlanted(t *testing.T) {
	for _, f := range slices.Concat(plantedFaults(), plantedPauses(), plantedRecords()) {
		src, err := os.ReadFile(f.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), f.old); n != 1 {
			t.Errorf("%s: %d places in %s, want 1", f.name, n, f.file)
		}
	}
}
