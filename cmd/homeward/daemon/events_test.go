package daemon

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/state"
)

var (
	v4a     = service.Values{IPv4: netip.MustParseAddr("203.0.113.7")}
	v4b     = service.Values{IPv4: netip.MustParseAddr("203.0.113.8")}
	aPrefix = service.Values{Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
)

// seen is an account's status at a time.
type seen struct {
	at       time.Duration
	state    string
	accepted service.Values
	why      string
	want     string // the events that it means
}

func (s seen) status() update.Status {
	st := update.Status{Service: "ipv64", Domains: []string{"home.ipv64.net"}, State: s.state, Error: s.why}
	if s.accepted != (service.Values{}) {
		st.Accepted = &state.AcceptedValues{Values: s.accepted}
	}
	return st
}

func TestWhatAChangeOfTheStatusMeans(t *testing.T) {
	const (
		cur, due, retry, limited, stopped, waiting = update.StateCurrent, update.StateDue, update.StateRetrying, update.StateLimited, update.StateStopped, update.StateWaiting
		m                                          = time.Minute
	)
	both := v4a.With(aPrefix)
	for name, story := range map[string][]seen{
		"a first update":                        {{0, due, service.Values{}, "", ""}, {1, cur, v4a, "", "accepted"}, {2, cur, v4a, "", ""}},
		"what was accepted before the start":    {{0, cur, v4a, "", ""}, {1, cur, v4a, "", ""}},
		"another address":                       {{0, cur, v4a, "", ""}, {1, due, v4a, "", ""}, {2, cur, v4b, "", "accepted"}},
		"the prefix alone":                      {{0, cur, v4a, "", ""}, {1, cur, both, "", "accepted"}},
		"the same values sent again":            {{0, cur, v4a, "", ""}, {1, due, v4a, "", ""}, {2, cur, v4a, "", ""}},
		"one host of two has another value":     {{0, cur, both, "", ""}, {1, due, aPrefix, "", ""}, {2, cur, both, "", ""}},
		"the account updates something else":    {{0, cur, v4a, "", ""}, {1, due, service.Values{}, "", ""}, {2, cur, v4a, "", "accepted"}},
		"refused":                               {{0, due, v4a, "", ""}, {1, stopped, v4a, "nohost", "stopped"}, {2, stopped, v4a, "nohost", ""}, {40 * m, stopped, v4a, "nohost", ""}},
		"stopped before the start":              {{0, stopped, v4a, "nohost", ""}, {1, cur, v4a, "", "recovered"}},
		"a second host is refused":              {{0, stopped, v4a, "a: nohost", ""}, {1, stopped, v4a, "a, b: nohost", "stopped"}},
		"lifted, and refused again":             {{0, stopped, v4a, "nohost", ""}, {1, due, v4a, "", ""}, {2, stopped, v4a, "nohost", "stopped"}},
		"lifted, and accepted":                  {{0, cur, v4a, "", ""}, {1, stopped, v4a, "nohost", "stopped"}, {2, due, v4a, "", ""}, {3, cur, v4b, "", "accepted recovered"}, {4, cur, v4b, "", ""}},
		"lifted, and then failing":              {{0, stopped, v4a, "nohost", ""}, {m, due, v4a, "", ""}, {31*m - 1, retry, v4a, "dns", ""}, {31 * m, retry, v4a, "dns", "failing"}},
		"half an hour of attempts":              {{0, cur, v4a, "", ""}, {m, due, v4a, "", ""}, {2 * m, retry, v4a, "dns", ""}, {31*m - 1, limited, v4a, "", ""}, {31 * m, retry, v4a, "dns", "failing"}, {90 * m, retry, v4a, "tls", ""}, {91 * m, cur, v4b, "", "accepted recovered"}},
		"two times a quarter":                   {{0, retry, v4a, "dns", ""}, {20 * m, cur, v4a, "", ""}, {21 * m, retry, v4a, "dns", ""}, {50 * m, retry, v4a, "dns", ""}, {51 * m, retry, v4a, "dns", "failing"}},
		"a fault that passes":                   {{0, cur, v4a, "", ""}, {1, retry, v4a, "dns", ""}, {m, cur, v4a, "", ""}, {40 * m, cur, v4a, "", ""}},
		"a line that is away":                   {{0, cur, v4a, "", ""}, {1, waiting, v4a, "", ""}, {30*m + 1, waiting, v4a, "", "failing"}, {40 * m, cur, v4a, "", "recovered"}},
		"failing, then refused, then well":      {{0, retry, v4a, "dns", ""}, {30 * m, retry, v4a, "dns", "failing"}, {31 * m, stopped, v4a, "nohost", "stopped"}, {32 * m, cur, v4a, "", "recovered"}},
		"failing since the first moment of all": {{0, retry, v4a, "dns", ""}, {0, retry, v4a, "dns", ""}, {30 * m, retry, v4a, "dns", ""}, {30*m + 1, retry, v4a, "dns", "failing"}},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "failing, then") {
				story[1].at++
			}
			var all notifier
			for i, s := range story {
				text, err := json.Marshal(all) // each step may be another worker's
				if err != nil {
					t.Fatal(err)
				}
				all = notifier{}
				if err := json.Unmarshal(text, &all); err != nil {
					t.Fatal(err)
				}
				news, wake := all.decide(s.at, map[string]update.Status{"home": s.status()})
				var got []string
				for _, e := range all.Queue {
					got = append(got, e.Name)
					if e.Account != "home" || e.Status.State != s.state {
						t.Errorf("step %d: %+v", i, e)
					}
				}
				all.Queue = nil
				if strings.Join(got, " ") != s.want || news != (i == 0 || s.want != "") {
					t.Errorf("step %d (%s at %v): %v, news %v; want %s", i, s.state, s.at, got, news, s.want)
				}
				if wake != never && wake <= s.at {
					t.Errorf("step %d: wakes at %v, at once and for ever", i, wake)
				}
				if i+1 < len(story) && story[i+1].want == eventFailing && wake != story[i+1].at {
					t.Errorf("step %d: wakes at %v, and is failing at %v", i, wake, story[i+1].at)
				}
			}
		})
	}
}

func TestAccountsComeAndGo(t *testing.T) {
	var all notifier
	home, away := seen{state: update.StateCurrent, accepted: v4a}.status(), seen{state: update.StateStopped, why: "nohost"}.status()
	all.decide(0, map[string]update.Status{"home": home})
	if news, _ := all.decide(1, map[string]update.Status{"home": home, "away": away}); !news || len(all.Queue) != 0 {
		t.Errorf("an account that came stopped: news %v, %v", news, all.Queue)
	}
	all.decide(2, map[string]update.Status{"away": away})
	if len(all.Accounts) != 1 {
		t.Errorf("remembers %v", all.Accounts)
	}
	other := seen{state: update.StateCurrent, accepted: v4b}.status()
	all.decide(3, map[string]update.Status{"a": home, "b": home})
	all.decide(4, map[string]update.Status{"b": other, "a": other})
	if len(all.Queue) != 2 || all.Queue[0].Account != "a" || all.Queue[1].Account != "b" {
		t.Errorf("queued %v", all.Queue)
	}
}

// What a daemon before has told of as stopped recovers, be it at once.
func TestAnAccountThatWasStoppedRecovers(t *testing.T) {
	was := seen{state: update.StateCurrent, accepted: v4a}.status()
	was.Stopped = true
	for _, first := range []string{update.StateCurrent, update.StateDue} {
		var all notifier
		begins := was
		begins.State = first
		all.decide(0, map[string]update.Status{"home": begins})
		was.Stopped = false
		all.decide(1, map[string]update.Status{"home": was})
		was.Stopped = true
		if len(all.Queue) != 1 || all.Queue[0].Name != eventRecovered {
			t.Errorf("%s at first: %+v", first, all.Queue)
		}
	}
}

func TestTheOldestEventsAreLeftOutAndItIsSaidOnce(t *testing.T) {
	var all notifier
	said := 0
	for i := range 3 * queueMost {
		all.Queue = append(all.Queue, event{Name: fmt.Sprint(i)})
		if all.dropOldest() {
			said++
		}
	}
	if n := len(all.Queue); n != queueMost || said != 1 || all.Queue[n-1].Name != fmt.Sprint(3*queueMost-1) {
		t.Errorf("%d wait, said %d times, the last is %s", n, said, all.Queue[n-1].Name)
	}
	all.Queue = nil
	all.dropOldest()
	all.Queue = make([]event, queueMost+1)
	if !all.dropOldest() {
		t.Error("it is not said the next time")
	}
}

// The environment has the eight variables and PATH; what comes from elsewhere
// stays on one line.
func TestTheProgramsEnvironment(t *testing.T) {
	s := seen{state: update.StateStopped, accepted: v4a.With(aPrefix), why: "no\x00such\n\"host\"\x1b[2J $(reboot)"}.status()
	s.Domains = []string{"home.ipv64.net", "srv.any64.de"}
	want := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOMEWARD_EVENT=stopped", "HOMEWARD_ACCOUNT=ho me", "HOMEWARD_SERVICE=ipv64",
		"HOMEWARD_DOMAINS=home.ipv64.net srv.any64.de", "HOMEWARD_IPV4=203.0.113.7", "HOMEWARD_IPV6=", "HOMEWARD_PREFIX=2001:db8:1200::/64",
		`HOMEWARD_ERROR=nosuch "host"[2J $(reboot)`}
	if got := (event{eventStopped, "ho\nme", s}).env(); !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	s.Error, s.Accepted, s.Note = "", nil, "carrier NAT"
	if got := (event{eventFailing, "home", s}).env(); !slices.Contains(got, "HOMEWARD_ERROR=carrier NAT") || !slices.Contains(got, "HOMEWARD_IPV4=") {
		t.Errorf("%q", got)
	}
	var back update.Status
	if err := json.Unmarshal((event{Status: s}).stdin(), &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("stdin says %+v, %v", back, err)
	}
}
