package daemon

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"homeward/update"
	"homeward/update/service"
)

// The events of an account, as on_change receives them.
const (
	eventAccepted  = "accepted"  // the service holds another value than before
	eventStopped   = "stopped"   // a person is needed
	eventFailing   = "failing"   // it has not been current for failingAfter
	eventRecovered = "recovered" // it is current again, after one of those two
)

// failingAfter is longer than a reconnect, or a restart of a service.
const failingAfter = 30 * time.Minute

// eventState is what the next event of one account follows from.
type eventState struct {
	Values  service.Values `json:"values"`            // accepted last
	Stopped string         `json:"stopped,omitempty"` // why it is stopped; "": it is not
	Since   time.Duration  `json:"since,omitempty"`   // since boot: when it was seen not to be current; 0: it is; never: it is failing
	Bad     bool           `json:"bad,omitempty"`     // stopped or failing was the last event of the three
}

// next returns the events that follow from an account's status, in order.
func (t eventState) next(now time.Duration, s update.Status) (eventState, []string) {
	var events []string
	if s.Accepted == nil {
		t.Values = service.Values{} // the account updates something else now
	} else if v := t.Values.With(s.Accepted.Values); v != t.Values {
		t.Values, events = v, append(events, eventAccepted)
	}
	switch s.State {
	case update.StateCurrent:
		if t.Bad {
			events = append(events, eventRecovered)
		}
		t.Stopped, t.Since, t.Bad = "", 0, false
	case update.StateStopped:
		why := cmp.Or(s.Error, s.State)
		if why != t.Stopped {
			events = append(events, eventStopped)
		}
		t.Stopped, t.Since, t.Bad = why, 0, true
	default:
		t.Stopped = ""
		switch {
		case t.Since == 0:
			t.Since = max(1, now)
		case t.Since != never && now >= t.Since+failingAfter:
			t.Since, t.Bad = never, true
			events = append(events, eventFailing)
		}
	}
	return t, events
}

// wake returns when to call next again though nothing changes.
func (t eventState) wake() time.Duration {
	if t.Since == 0 || t.Since == never {
		return never
	}
	return t.Since + failingAfter
}

// event is one event for on_change.
type event struct {
	Name    string        `json:"event"`
	Account string        `json:"account"`
	Status  update.Status `json:"status"`
}

// env returns the program's environment. Names and words are foreign: they keep
// only printable characters.
func (e event) env() []string {
	var v service.Values
	if e.Status.Accepted != nil {
		v = e.Status.Accepted.Values
	}
	env := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, kv := range [][2]string{
		{"EVENT", e.Name},
		{"ACCOUNT", e.Account},
		{"SERVICE", e.Status.Service},
		{"DOMAINS", strings.Join(e.Status.Domains, " ")},
		{"IPV4", spelled(v.IPv4)},
		{"IPV6", spelled(v.IPv6)},
		{"PREFIX", spelled(v.Prefix)},
		{"ERROR", cmp.Or(e.Status.Error, e.Status.Note)},
	} {
		env = append(env, "HOMEWARD_"+kv[0]+"="+service.Clean([]byte(kv[1])))
	}
	return env
}

// spelled writes an address or a prefix, "" where there is none.
func spelled(v interface {
	IsValid() bool
	String() string
}) string {
	if !v.IsValid() {
		return ""
	}
	return v.String()
}

// stdin returns the account's status, as in status.json.
func (e event) stdin() []byte {
	text, _ := json.Marshal(e.Status) // plain data
	return append(text, '\n')
}

// queueMost bounds the events that wait for on_change: a hundred accounts may
// have one at the same moment.
const queueMost = 128

// notifier is what on_change has been told, and what waits for it. It is passed on
// from worker to worker.
type notifier struct {
	Accounts map[string]eventState `json:"accounts,omitempty"`
	Queue    []event               `json:"queue,omitempty"`
	Failed   string                `json:"failed,omitempty"` // how the program has failed, as said; "" it has not
	Full     bool                  `json:"full,omitempty"`   // it was said that events were left out
}

// decide queues the events that follow from the statuses. A new account has none.
// news reports whether the next worker must know of a change, and wake when to call
// decide again at the latest.
func (t *notifier) decide(now time.Duration, status map[string]update.Status) (news bool, wake time.Duration) {
	wake = never
	accounts := make(map[string]eventState, len(status))
	for _, name := range slices.Sorted(maps.Keys(status)) {
		was, known := t.Accounts[name]
		if !known {
			was.Bad = status[name].Stopped // a daemon before this one has told of it
		}
		is, events := was.next(now, status[name])
		for _, e := range events {
			if known || e == eventRecovered {
				t.Queue = append(t.Queue, event{e, name, status[name]})
			}
		}
		news = news || !known || len(events) > 0
		wake = min(wake, is.wake())
		accounts[name] = is
	}
	t.Accounts = accounts
	return news, wake
}

// dropOldest leaves the oldest events out where too many wait. It reports whether that
// is to be said.
func (t *notifier) dropOldest() (say bool) {
	over := len(t.Queue) - queueMost
	if over <= 0 {
		t.Full = t.Full && len(t.Queue) > 0
		return false
	}
	t.Queue = slices.Clone(t.Queue[over:])
	say = !t.Full
	t.Full = true
	return say
}

// programEnded tells what to say of the end of the program: why it failed, "" where it
// did not.
func (t *notifier) programEnded(why string) (failed, again bool) {
	failed, again = why != "" && why != t.Failed, why == "" && t.Failed != ""
	t.Failed = why
	return failed, again
}
