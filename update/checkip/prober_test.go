package checkip

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
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
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// asking is a Prober with a service of its own: what it says, and what was
// asked and found when.
type asking struct {
	*Prober
	inbox loop.Inbox
	dir   string
	begin time.Time
	clock func() clock.Now

	mu     sync.Mutex
	answer func(transport.Request) transport.Outcome
	delay  time.Duration
	asked  []string // "0s https://…", in the order of leaving
	times  []time.Duration
	said   []string
	found  map[Query]Result
	news   int
}

func newAsking(dir string) *asking {
	w := &asking{dir: dir, inbox: loop.NewInbox(), begin: time.Now(), delay: 50 * time.Millisecond}
	w.answer = func(transport.Request) transport.Outcome { return gotAnswer("203.0.113.7") }
	w.clock = func() clock.Now { return clock.Now{Boot: "b", Up: time.Hour + time.Since(w.begin)} }
	return w
}

// open makes the Prober.
func (w *asking) open(ctx context.Context) {
	public := func(a netip.Addr) bool { return !a.IsPrivate() }
	parts := loop.Parts{Exchange: w.exchange, Now: w.clock, Inbox: w.inbox, Log: func(_ log.Level, s string) { w.said = append(w.said, s) }}
	w.Prober = NewProber(ctx, w.dir, parts, public)
}

// work is the goroutine that the Prober belongs to.
func (w *asking) work(ctx context.Context) {
	for {
		wake := w.Decide()
		if found, changed := w.Results(); changed {
			if !maps.EqualFunc(w.found, found, func(a, b Result) bool { return a.Addr == b.Addr && a.Note == b.Note }) {
				w.news++
			}
			w.found = found
		}
		select {
		case f := <-w.inbox:
			f()
		case <-time.After(wake - w.clock().Up):
		case <-ctx.Done():
			return
		}
	}
}

// ask has these questions asked, and no others.
func (w *asking) ask(in []Probe, has func(netip.Addr) bool) {
	w.inbox <- func() {
		w.Set(in)
		w.OnEvent(has)
	}
}

// askOnce asks each of these once.
func (w *asking) askOnce(ctx context.Context, in []Probe) map[Query]Result {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w.open(ctx)
	w.ProbeOnce()
	w.Set(in)
	for {
		wake := w.Decide()
		if !w.Probing() {
			found, _ := w.Results()
			return found
		}
		select {
		case f := <-w.inbox:
			f()
		case <-time.After(wake - w.clock().Up):
		}
	}
}

func gotAnswer(body string) transport.Outcome {
	return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(body)}}
}

func (w *asking) exchange(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
	w.mu.Lock()
	at := time.Since(w.begin)
	w.asked, w.times = append(w.asked, fmt.Sprint(at.Round(100*time.Millisecond), " ", r.URL, " ", r.Family)), append(w.times, at)
	answer, delay := w.answer, w.delay
	w.mu.Unlock()
	if !ready(netip.MustParseAddr("192.168.1.2")) {
		return transport.Failed(transport.FaultCanceled, false, "given up")
	}
	select {
	case <-time.After(delay):
		w.mu.Lock()
		defer w.mu.Unlock()
		return answer(r)
	case <-ctx.Done():
		return transport.Failed(transport.FaultCanceled, true, "given up")
	}
}

func (w *asking) says(answer func(transport.Request) transport.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func has(netip.Addr) bool { return true }

func inquiryOf(of string, family int, poll time.Duration) Probe {
	return Probe{Query{Of: of, URL: "https://" + of, Family: family}, poll}
}

// inBubble runs f with a Prober at work, in fake time.
func inBubble(t *testing.T, f func(w *asking)) {
	synctest.Test(t, func(t *testing.T) {
		w := newAsking("")
		ctx, stop := context.WithCancel(t.Context())
		w.open(ctx)
		var run sync.WaitGroup
		run.Go(func() { w.work(ctx) })
		defer run.Wait()
		defer stop()
		f(w)
		synctest.Wait()
	})
}

func (w *asking) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAskedOnEveryEventAndPollAndNoOftenerThanAllowed(t *testing.T) {
	inBubble(t, func(w *asking) {
		in := []Probe{inquiryOf("a.example", 4, 5*time.Minute)}
		w.ask(in, has)
		w.wait(time.Minute)
		w.ask(in, has)
		w.ask(in, has) // is under way: once more, when the service allows it
		doubtful := func() bool {
			answer := make(chan bool)
			w.inbox <- func() { answer <- w.found[in[0].Query].Doubtful }
			return <-answer
		}
		if w.wait(time.Second); !doubtful() {
			t.Error("an answer from before the last event is taken for sure")
		}
		if w.wait(10*time.Minute - time.Second); doubtful() {
			t.Error("an answer is doubtful though nothing has happened since")
		}
		want := []string{"0s https://a.example 4", "1m0s https://a.example 4", "1m10.3s https://a.example 4", "6m10.3s https://a.example 4"}
		if !slices.Equal(w.asked, want) {
			t.Errorf("asked %q, want %q", w.asked, want)
		}
		if w.news != 1 || !reflect.DeepEqual(w.said, []string{"a.example sees us at 203.0.113.7"}) {
			t.Errorf("%d news, said %q: want silence where nothing changes", w.news, w.said)
		}
		w.ask(nil, has)
		w.wait(24 * time.Hour)
		if len(w.asked) != len(want) {
			t.Errorf("nobody asks any more, and %q were sent", w.asked[len(want):])
		}
	})
}

// Events in a storm and faults of all kinds: never two requests that reached a
// service within its gap, whichever accounts and families ask.
func TestPaceOfAService(t *testing.T) {
	inBubble(t, func(w *asking) {
		in := []Probe{inquiryOf("a.example", 4, time.Minute), inquiryOf("a.example", 6, time.Minute), inquiryOf("b.example", 4, time.Minute)}
		in[1].URL = "https://a.example/6"
		n := 0
		w.says(func(r transport.Request) transport.Outcome {
			n++
			switch n % 4 {
			case 0:
				return transport.Failed(transport.FaultSent, true, "could not confirm")
			case 1:
				return gotAnswer("<html>")
			}
			return gotAnswer("203.0.113.7")
		})
		for range 3000 {
			w.ask(in, has)
			w.wait(37 * time.Millisecond)
		}
		last, six := map[string]time.Duration{}, 0
		for i, a := range w.asked {
			of := "b"
			if strings.Contains(a, "a.example") {
				of = "a"
			}
			if before, ok := last[of]; ok && w.times[i]-before < 10*time.Second {
				t.Errorf("%s, %v after the one before", a, w.times[i]-before)
			}
			last[of] = w.times[i]
			if strings.HasSuffix(a, "6") {
				six++
			}
		}
		if len(w.asked) < 18 || six < 4 {
			t.Errorf("asked %d times in 111 s, %d of them over IPv6: %q", len(w.asked), six, w.asked)
		}
	})
}

func TestFaultsAreRetriedAndSaidOnce(t *testing.T) {
	inBubble(t, func(w *asking) {
		w.delay = time.Millisecond
		q := inquiryOf("a.example", 4, 5*time.Minute)
		w.ask([]Probe{q}, has)
		w.wait(time.Minute)
		w.says(func(transport.Request) transport.Outcome {
			return transport.Failed(transport.FaultResolve, false, "cannot resolve a.example")
		})
		w.ask([]Probe{q}, has)
		w.wait(20 * time.Second)
		if n := len(w.asked) - 1; n < 4 || n > 8 {
			t.Errorf("asked %d times in 20 s without a resolver: %q", n, w.asked)
		}
		want := "which IPv4 address we come from is not known: cannot resolve a.example"
		f := w.found[q.Query]
		if f.Addr.String() != "203.0.113.7" || f.Note != want+"; 203.0.113.7, found last, stays" {
			t.Errorf("found %+v", f)
		}
		if len(w.said) != 2 || !strings.HasPrefix(w.said[1], want) || !strings.Contains(w.said[1], "Trying again in 2") {
			t.Errorf("said %q", w.said)
		}
		w.says(func(transport.Request) transport.Outcome { return gotAnswer("203.0.113.8") })
		before := len(w.asked)
		w.inbox <- w.Retry
		w.wait(2 * time.Second)
		if got := w.found[q.Query]; len(w.asked) != before+1 || got != (Result{Addr: netip.MustParseAddr("203.0.113.8")}) {
			t.Errorf("found %+v after %q", got, w.asked[before:])
		}
		w.inbox <- w.Retry // nothing has failed
		w.wait(time.Minute)
		if len(w.asked) != before+1 {
			t.Errorf("asked again: %q", w.asked)
		}
	})
}

func TestAPrivateAnswerIsNone(t *testing.T) {
	inBubble(t, func(w *asking) {
		q := inquiryOf("a.example", 4, time.Minute)
		w.ask([]Probe{q}, has)
		w.wait(time.Second)
		w.says(func(transport.Request) transport.Outcome { return gotAnswer("10.0.0.7") })
		w.wait(3 * time.Minute)
		f := w.found[q.Query]
		if f.Addr.String() != "203.0.113.7" || !strings.HasPrefix(f.Note, "a.example sees us at 10.0.0.7, which nobody can reach") {
			t.Errorf("found %+v", f)
		}
		if len(w.said) != 2 || w.news != 2 {
			t.Errorf("said %q, %d news", w.said, w.news)
		}
	})
}

func TestAQuestionIsGivenUpWithItsAddress(t *testing.T) {
	inBubble(t, func(w *asking) {
		w.delay = 14 * time.Second
		q := inquiryOf("a.example", 4, time.Minute)
		w.ask([]Probe{q}, has)
		w.wait(time.Second)
		w.ask([]Probe{q}, func(netip.Addr) bool { return false })
		w.wait(30 * time.Second)
		want := []string{"0s https://a.example 4", "11.2s https://a.example 4"} // it may have reached the service
		if !slices.Equal(w.asked, want) || len(w.said) != 1 {
			t.Errorf("asked %q, said %q, want %q and the answer", w.asked, w.said, want)
		}
	})
}

func TestOnceAsksEachQuestionOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newAsking("")
		w.answer = func(r transport.Request) transport.Outcome {
			if r.Family == 6 {
				return transport.Failed(transport.FaultConnect, false, "network is unreachable")
			}
			return gotAnswer("203.0.113.7")
		}
		four, six := inquiryOf("a.example", 4, time.Minute), inquiryOf("a.example", 6, time.Minute)
		got := w.askOnce(t.Context(), []Probe{four, six, inquiryOf("b.example", 4, time.Minute)})
		want := []string{"0s https://a.example 4", "0s https://b.example 4", "10.3s https://a.example 6"}
		slices.Sort(w.asked)
		slices.Sort(want)
		if !slices.Equal(w.asked, want) {
			t.Errorf("asked %q, want %q", w.asked, want)
		}
		if got[four.Query].Addr.String() != "203.0.113.7" || got[six.Query].Addr.IsValid() || got[six.Query].Note == "" || len(got) != 3 {
			t.Errorf("found %+v", got)
		}
	})
}

// Another process, after the first one or beside it, keeps the pace of both;
// one that asks once does not wait for the ten minutes of a checkip.
func TestProcessesKeepOnePace(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		quick, slow := inquiryOf("a.example", 4, time.Minute), inquiryOf("dyndns2 checkip c.example", 4, 10*time.Minute)
		slow.URL = "https://c.example"
		in := []Probe{quick, slow}
		newAsking(dir).askOnce(t.Context(), in)
		w := newAsking(dir)
		w.clock = func() clock.Now { return clock.Now{Boot: "b", Up: time.Hour + 2*time.Second + time.Since(w.begin)} }
		got := w.askOnce(t.Context(), in)
		if want := []string{"8.3s https://a.example 4"}; !slices.Equal(w.asked, want) {
			t.Errorf("asked %q, want %q", w.asked, want)
		}
		if note := got[slow.Query].Note; note != "c.example was asked just now: not again before 9m59s are over" {
			t.Errorf("noted %q", note)
		}
		rebooted := newAsking(dir)
		rebooted.clock = func() clock.Now { return clock.Now{Boot: "c", Up: time.Minute + time.Since(rebooted.begin)} }
		if rebooted.askOnce(t.Context(), in); len(rebooted.asked) != 2 {
			t.Errorf("after a reboot asked %q", rebooted.asked)
		}
	})
}

// What never reached a service keeps nobody from asking it.
func TestUnsentQuestionsDoNotKeepOthersAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		in := []Probe{inquiryOf("a.example", 4, time.Minute)}
		w := newAsking(dir)
		w.says(func(transport.Request) transport.Outcome {
			return transport.Failed(transport.FaultConnect, false, "network is unreachable")
		})
		w.askOnce(t.Context(), in)
		next := newAsking(dir)
		if next.askOnce(t.Context(), in); len(next.asked) != 1 || next.times[0] != 0 {
			t.Errorf("asked %q", next.asked)
		}
	})
}

func TestPaceOfAForeignHand(t *testing.T) {
	now := clock.Now{Boot: "b", Up: time.Hour}
	for text, want := range map[string]time.Duration{
		formatThrottle(now, 2*time.Hour): 2 * time.Hour, formatThrottle(now, time.Minute): 0, formatThrottle(now, 100*time.Hour): 0,
		formatThrottle(clock.Now{Boot: "c"}, 2*time.Hour): 0, "": 0, "b": 0, "b x": 0, "b 7200000000000": 2 * time.Hour,
	} {
		if got := parseThrottle(now, text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// Another process asks where the one before has reached the service, by the
// same device and family, and forgets what does not hold any more.
func TestQuestionsRememberWhereTheServiceWasReached(t *testing.T) {
	dir := updatetest.RAMDir(t)
	q, ok := QueryOf(&service.Account{Service: "ipv64", Server: "https://ipv64.net"}, "", "", 4)
	if !ok {
		t.Fatal("no question")
	}
	by := q
	by.Device = "eth2"
	for i, step := range []struct {
		q    Query
		out  transport.Outcome
		want string
	}{
		{q, transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte("203.0.113.7"), Known: updatetest.Addrs(ip1 + " " + ip2)}}, ""},
		{by, transport.Failed(transport.FaultConnect, false, "refused"), ""},
		{q, transport.Outcome{Fault: &transport.Fault{Kind: transport.FaultConnect}, Forget: updatetest.Addrs(ip1)}, ip1 + " " + ip2},
		{q, transport.Failed(transport.FaultResolve, false, "no answer"), ip2},
		{q, transport.Failed(transport.FaultResolve, false, "no answer"), ip2},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Duration(i) * time.Minute) // the pace
			w := newAsking(dir)
			known := ""
			w.says(func(r transport.Request) transport.Outcome {
				known = joinAddrs(r.Known)
				return step.out
			})
			w.begin = w.begin.Add(-time.Duration(i) * time.Minute)
			w.askOnce(t.Context(), []Probe{{Query: step.q, Poll: time.Hour}})
			if known != step.want {
				t.Errorf("question %d: %q is known, want %q", i, known, step.want)
			}
		})
	}
}

// A process that was stopped while it held the pace holds nobody up for long.
func TestAPaceThatSomebodyHoldsIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		throttle{dir}.change("a.example", func(string) string {
			if free := (throttle{dir}).take(clock.Now{Boot: "b", Up: time.Hour}, "a.example", time.Minute); free != 0 {
				t.Errorf("may ask at %v", free)
			}
			return ""
		})
		if waited := time.Since(begun); waited > 2*time.Second {
			t.Errorf("it waited %v", waited)
		}
	})
}

const ip1, ip2 = "192.0.2.1", "192.0.2.2"
