package update

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/service"
	"homeward/update/state"
)

// Status is the status of one account, which anybody may read.
type Status struct {
	Service  string                `json:"service"`
	Domains  []string              `json:"domains"`
	State    string                `json:"state"` // current, due, retrying, limited, stopped, waiting
	Accepted *state.AcceptedValues `json:"accepted,omitempty"`
	Want     *service.Values       `json:"want,omitempty"`
	Error    string                `json:"error,omitempty"`  // why it is not current
	Reason   Reason                `json:"reason,omitempty"` // likewise, in one word for programs (Reasons, netwatch.Reasons)
	Next     time.Time             `json:"next,omitzero"`    // when it is tried again
	Note     string                `json:"note,omitempty"`   // what is not published, and why
	Used     int                   `json:"used_24h"`
	Limit    int                   `json:"limit_24h,omitempty"`
	Stopped  bool                  `json:"-"` // once, and it was not current since
	Counts   map[string]uint64     `json:"-"` // attempts that have ended since the daemon was started: by Reason, accepted ones by ""
}

// status returns the account's Status.
func (a *account) status(now clock.Now, as AccountState, d Decision) Status {
	s := Status{Service: a.config.Service, Domains: a.config.Domains, State: d.State, Error: d.Error, Reason: d.Reason, Note: a.note,
		Accepted: as.Record.Accepted(now, a.config, a.service), Used: as.Usage.Used(now), Limit: as.Limits.Day, Stopped: as.Record.WasStopped, Counts: a.counts}
	if s.State == StateWaiting {
		s.Reason = a.missing
	}
	if a.plan.Want != (service.Values{}) {
		w := a.plan.Want
		s.Want = &w
	}
	if d.Attempt != nil && !a.sending && d.At > now.Up {
		s.Next = now.WallAt(d.At)
	}
	return s
}

// logTrouble logs what is wrong with an account, each thing once.
func (s *Scheduler) logTrouble(now clock.Now, a *account, dec Decision) {
	why := a.plan.Error // without the limit, which changes with every attempt
	if why == "" {
		why = dec.Error
	}
	switch {
	case dec.State == StateCurrent:
		a.lastLogged = ""
	case a.sending || why == "" || why == a.lastLogged || dec.State == StateWaiting:
	case dec.State == StateStopped:
		a.lastLogged = why
		what := "Nothing more is sent"
		if _, all := s.store.Cached(now).Accounts[a.config.Name].Stopped(a.config); !all {
			what += " for refused hosts"
		}
		s.log(log.Error, a.config.Name+": "+why+". "+what+" until the configuration changes, or `homeward once --force`")
	default:
		a.lastLogged = why
		s.log(log.Warn, a.config.Name+": "+why+". "+log.RetryIn(dec.At-now.Up))
	}
}

// logAccepted logs what a service has accepted.
func (s *Scheduler) logAccepted(t *inFlight, now clock.Now, r service.Result) {
	if !anyAccepted(r) || r.Verdict != service.Accepted && r.Hosts == nil {
		return
	}
	var what []string
	for _, v := range []interface{ IsValid() bool }{t.attempt.Update.Values.IPv4, t.attempt.Update.Values.IPv6, t.attempt.Update.Values.Prefix} {
		if v.IsValid() {
			what = append(what, fmt.Sprint(v))
		}
	}
	if stop, _ := s.store.Cached(now).Accounts[t.account.config.Name].Stopped(t.account.config); stop == nil { // the stop of a host was logged
		t.account.lastLogged = ""
	}
	s.log(log.Info, fmt.Sprintf("%s: %s has accepted %s for %s (%s)", t.account.config.Name, t.account.config.Service, strings.Join(what, ", "),
		strings.Join(acceptedHosts(t.attempt.Update, r), ", "), log.Duration(now.Up-t.start)))
}

// acceptedHosts returns the hosts of an Update that were accepted.
func acceptedHosts(u service.Update, r service.Result) []string {
	var out []string
	for _, host := range u.Hosts {
		if !slices.ContainsFunc(r.Hosts, func(h service.HostResult) bool { return h.Host == host && h.Verdict != service.Accepted }) {
			out = append(out, host)
		}
	}
	return out
}
