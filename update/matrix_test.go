package update

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"homeward/update/updatetest/golden"
)

// TestFaultMatrix lets one thing at a time go wrong for a whole day, from the
// first update of a new address on, and writes down what an owner sees. The
// openwrt/TROUBLE.md shows the table; -rewrite writes it there.
func TestFaultMatrix(t *testing.T) {
	answer := func(a transport.Answer) func() transport.Outcome {
		return func() transport.Outcome { return transport.Outcome{Answer: &a} }
	}
	answers := func(code int, info string) func() transport.Outcome {
		return answer(transport.Answer{Status: code, Body: fmt.Appendf(nil, `{"info":%q}`, info)})
	}
	// A fault's words are those of package transport, whose tests write the file.
	words := map[string]transport.Fault{}
	text, err := os.ReadFile(filepath.Join("transport", "testdata", "faults.json"))
	if err == nil {
		err = json.Unmarshal(text, &words)
	}
	if err != nil {
		t.Fatal(err)
	}
	fault := func(name string) func() transport.Outcome {
		return func() transport.Outcome {
			f, ok := words[name]
			if !ok {
				t.Fatalf("no such fault: %s", name)
			}
			return transport.Outcome{Fault: &f}
		}
	}
	faults := []struct {
		name string
		out  func() transport.Outcome
	}{
		{"the resolver does not answer", fault("the resolver does not answer")},
		{"no route, no answer to the connection", fault("no route, no answer to the connection")},
		{"the service refuses connections, or resets them", fault("the service refuses connections, or resets them")},
		{"TLS fails, or half of it comes", fault("TLS fails, or half of it comes")},
		{"this router's clock is wrong", fault("this router's clock is wrong")},
		{"a name server's clock is another (`BADTIME`): it has got a message", fault("a name server's clock is another")},
		{"sent, and no answer: hangs, drips, resets", fault("sent, and no answer: hangs, drips, resets")},
		{"503", answer(transport.Answer{Status: 503})},
		{"503 with Retry-After: 3600", answer(transport.Answer{Status: 503, RetryAfter: "3600"})},
		{"a hotspot's page", answer(transport.Answer{Status: 200, Body: []byte("<html>good morning, please log in</html>")})},
		{"gigabytes: 4 KiB are read, and the connection closed", answer(transport.Answer{Status: 200, Body: []byte(strings.Repeat("x", 4096)), Cut: true})},
		{"half a JSON", answer(transport.Answer{Status: 200, Body: []byte(`{"info":"go`)})},
		{"a redirect", answer(transport.Answer{Status: 302, Location: "https://other.example/x?token=y"})},
		{"429, `Updateintervall overcommited`", answers(429, "Updateintervall overcommited")},
		{"401, the key was never accepted", answers(401, "Unauthorized")},
		{"401, the key was accepted before", answers(401, "Unauthorized")},
		{"403 with an unknown text, the key was accepted before", answers(403, "try again later")},
		{"nohost", answers(400, "nohost")},
	}
	var table strings.Builder
	table.WriteString("| what goes wrong, all day long | requests in 1 min, 1 h, 24 h | state | what `status` and the log say | over after half an hour: sent at the line's next event | over after a day: sent by itself after at most |\n|---|---|---|---|---|---|\n")
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := strings.Contains(f.name, "accepted before")
				soon := newIll(t, f.out(), before)
				soon.after(30 * time.Minute)
				event := soon.recoversAtAnEvent()
				long := newIll(t, f.out(), before)
				table.WriteString("| " + f.name + " | " + long.row(t) + " | " + event + " | " + long.recoversByItself(t) + " |\n")
			})
		})
	}
	inPage(t, trouble, "faults", table.String())
}

// Once the clock is set, an update that it has held up is sent at once, though the
// requests that are left for today are kept.
func TestASetClockEndsTheWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIll(t, transport.Failed(transport.FaultClock, true, "waiting for NTP"), false)
		defer i.stop()
		i.after(6 * time.Hour)
		if last, _, _ := i.tally(); last.Reason != ReasonReserve {
			t.Fatalf("%+v", last)
		}
		i.well()
		i.do((*Scheduler).ClockSet)
		i.after(time.Second)
		if last, _, _ := i.tally(); last.State != StateCurrent {
			t.Errorf("%+v", last)
		}
	})
}

// illness is an account whose every exchange ends in one fault, from the
// first update of a new address on.
type illness struct {
	mu sync.Mutex // over what the exchanges' goroutines see, too
	*owner
	from     time.Time
	ill      bool
	out      transport.Outcome
	attempts []time.Time
	counted  []time.Duration // since from
	last     Status
	line     netip.Addr
}

func newIll(t *testing.T, out transport.Outcome, before bool) *illness {
	i := &illness{out: out, ill: !before, line: v4a}
	begin := time.Now()
	clock := func() clock.Now {
		return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(begin) + time.Hour}
	}
	parts := loop.Parts{Exchange: i.exchange, Now: clock, Log: func(log.Level, string) {}}
	longest := func() float64 { return 1 } // of the waits
	i.owner = own(state.Open(updatetest.RAMDir(t), "", func(s string) { t.Error(s) }), parts, longest, func(s map[string]Status) {
		i.mu.Lock()
		i.last = s["home"]
		i.mu.Unlock()
	})
	i.from = time.Now()
	i.set([]*service.Account{ipv64Account()}, i.seen())
	synctest.Wait()
	if before {
		i.after(time.Minute)
		i.mu.Lock()
		i.ill, i.line, i.counted, i.from = true, v4b, nil, time.Now()
		i.mu.Unlock()
		i.observe(i.seen())
	}
	return i
}

func (i *illness) seen() Observation {
	return Observation{Wants: map[string]Desired{"home": {Values: service.Values{IPv4: i.line}}}}
}

func (i *illness) exchange(_ context.Context, _ transport.Request, ready transport.BeforeSend) transport.Outcome {
	time.Sleep(10 * time.Millisecond)
	i.mu.Lock()
	i.attempts = append(i.attempts, time.Now())
	ill := i.ill
	i.mu.Unlock()
	if ill && i.out.Fault != nil && !i.out.Fault.Sent {
		return i.out
	}
	if !ready(netip.Addr{}) {
		return transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultCanceled}}
	}
	i.mu.Lock()
	i.counted = append(i.counted, time.Since(i.from))
	i.mu.Unlock()
	if ill {
		return i.out
	}
	return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
}

func (i *illness) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// tally returns the present status, and when requests were counted and
// attempts made.
func (i *illness) tally() (last Status, counted []time.Duration, attempts []time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last, slices.Clone(i.counted), slices.Clone(i.attempts)
}

// row lets a day pass.
func (i *illness) row(t *testing.T) string {
	i.after(time.Minute)
	early, _, _ := i.tally()
	i.after(clock.Day - time.Minute)
	last, counted, _ := i.tally()
	within := func(d time.Duration) (n int) {
		for _, c := range counted {
			if c <= d {
				n++
			}
		}
		return n
	}
	if within(clock.Day) > 36 {
		t.Errorf("%d requests in a day of faults: less than a quarter is left", within(clock.Day))
	}
	word := func(s Status) string { return "`" + s.State + "` (`" + s.Reason + "`)" }
	state := word(early)
	if last.State != early.State {
		state += ", then " + word(last)
	}
	return fmt.Sprintf("%d, %d, %d | %s | `` %s ``", within(time.Minute), within(time.Hour), within(clock.Day), state, last.Error)
}

func (i *illness) well() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ill = false
}

func (i *illness) recoversAtAnEvent() string {
	defer i.stop()
	i.well()
	_, before, _ := i.tally()
	i.observe(i.seen())
	i.after(time.Second)
	switch last, counted, _ := i.tally(); {
	case len(counted) > len(before):
		return "at once"
	case last.State == StateStopped:
		return "no"
	}
	return "when the wait is over"
}

func (i *illness) recoversByItself(t *testing.T) string {
	defer i.stop()
	_, _, attempts := i.tally()
	gap := attempts[len(attempts)-1].Sub(attempts[max(0, len(attempts)-2)])
	i.well()
	i.after(2 * clock.Day)
	last, _, _ := i.tally()
	if last.State == StateStopped {
		return "never: a person has to act"
	}
	if last.State != StateCurrent {
		t.Errorf("two days after it is over: %s, %s", last.State, last.Error)
	}
	return log.Duration(gap.Round(time.Second))
}

// trouble is the page that tells owners of faults.
const trouble = "../openwrt/TROUBLE.md"

// inPage compares what stands in a page between the marks of a name.
func inPage(t *testing.T, file, name, want string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	from, to := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	head, rest, ok := strings.Cut(string(text), from)
	body, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no %s … %s", file, from, to)
	}
	if golden.Rewrite() {
		if err := os.WriteFile(file, []byte(head+from+want+to+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if body != want {
		t.Errorf("%s shows\n%s\nit is (-rewrite writes it)\n%s", file, body, want)
	}
}
