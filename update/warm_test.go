package update

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/updatetest"
)

func TestWarmIsTheNextExchangesProcess(t *testing.T) {
	_, srv, ca := standIn(t, updatetest.Options{})
	s := new(Sender)
	s.Warm()
	s.Warm()
	warm := children(t, "self")
	if len(warm) != 1 {
		t.Fatalf("started ahead: %v", warm)
	}
	for i, same := range []bool{true, false} {
		o := s.Exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool {
			if got := children(t, "self"); len(got) != 1 || slices.Equal(got, warm) != same {
				t.Errorf("exchange %d is made by %v, started ahead was %v", i, got, warm)
			}
			return true
		})
		if o.Answer == nil || o.Answer.Status != 200 {
			t.Errorf("exchange %d: %+v", i, o.Fault)
		}
	}
}

func TestCoolEndsTheProcessThatWaits(t *testing.T) {
	s := new(Sender)
	s.Cool() // of none
	s.Warm()
	s.Cool()
	if left := children(t, "self"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestCoolWaitsForWhatEndsByItself cools when a process that was not used has
// been given up already.
func TestCoolWaitsForWhatEndsByItself(t *testing.T) {
	for range 20 {
		s := new(Sender)
		s.Warm()
		s.tired.Reset(0)
		for waits := true; waits; {
			s.mu.Lock()
			waits = s.spare != nil
			s.mu.Unlock()
		}
		s.Cool()
		if left := children(t, "self"); len(left) > 0 {
			t.Fatalf("left: %v", left)
		}
	}
}

func TestWarmEndsUnused(t *testing.T) {
	fds := openFiles(t)
	s := new(Sender)
	s.Warm()
	for end := time.Now().Add(spareWithin + 5*time.Second); len(children(t, "self")) > 0 || openFiles(t) > fds; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v lives on; %d files open, %d before", children(t, "self"), openFiles(t), fds)
		}
	}
	_, srv, ca := standIn(t, updatetest.Options{})
	if o := s.Exchange(t.Context(), updateRequest(srv.URL, ca), nil); o.Answer == nil {
		t.Errorf("after one that was not used: %+v", o.Fault)
	}
	(&Sender{Exe: "/nonexistent"}).Warm() // is no trouble yet
}

// TestSenderWaitsInThePoller looks at what a process waits for that has been
// asked for nothing yet, and at one that waits to be told to send.
func TestSenderWaitsInThePoller(t *testing.T) {
	polls := func() bool {
		text, err := os.ReadFile("/proc/" + children(t, "self")[0] + "/fdinfo/0")
		if err != nil {
			t.Fatal(err)
		}
		_, flags, _ := strings.Cut(string(text), "flags:")
		n, err := strconv.ParseInt(strings.Fields(flags)[0], 8, 64)
		return err == nil && n&syscall.O_NONBLOCK != 0
	}
	_, srv, ca := standIn(t, updatetest.Options{})
	s := new(Sender)
	s.Warm()
	for end := time.Now().Add(spareWithin / 2); !polls(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it sleeps in read")
		}
	}
	o := s.Exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool { return polls() })
	if o.Answer == nil {
		t.Errorf("%+v", o.Fault)
	}
}

// TestExpectWarmsWhatWouldBeSent tells what the line may show while it shows
// 203.0.113.7, which the service has accepted.
func TestExpectWarmsWhatWouldBeSent(t *testing.T) {
	v4, next := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	for _, tt := range []struct {
		name   string
		may    Values
		answer string
		want   int
	}{
		{"another address", Values{IPv4: next}, "good", 1},
		{"the same: a renewal", Values{IPv4: v4}, "good", 0},
		{"none", Values{}, "good", 0},
		{"another, but the account has stopped", Values{IPv4: next}, "badauth", 0},
		{"the same, and it was not accepted", Values{IPv4: v4}, "911", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			exchange := func(_ context.Context, r Request, ready Ready) Outcome {
				ready(v4)
				return Outcome{Answer: &Answer{Status: 200, Body: []byte(tt.answer)}}
			}
			begin := time.Now()
			now := func() Now { return Now{Boot: "b", Up: time.Hour + time.Since(begin), Wall: time.Now()} }
			r := NewRunner(OpenStore("", "", func(string) {}), exchange, now, func(Level, string) {}, nil)
			var warmed atomic.Int32
			r.Warm = func() { warmed.Add(1) }
			ended := make(chan bool)
			go func() { r.Run(ctx); close(ended) }()
			sight := func(v Values) Sight { return Sight{Wants: map[string]Want{"a": {Values: v}}} }
			a := &Account{Name: "a", Service: "dyndns2", Server: "https://a.example", Domains: []string{"a.example"}, Username: "me", Secret: NewSecret("hunter2")}
			r.Accounts([]*Account{a}, sight(Values{IPv4: v4}))
			time.Sleep(time.Second)
			r.Expect(sight(tt.may))
			time.Sleep(time.Second)
			if got := int(warmed.Load()); got != tt.want {
				t.Errorf("%s: warmed %d times, want %d", tt.name, got, tt.want)
			}
			cancel()
			<-ended
		})
	}
}

func TestWarmThatDiesIsAFault(t *testing.T) {
	s := &Sender{Args: []string{"misbehave", "exit"}}
	s.Warm()
	time.Sleep(100 * time.Millisecond)
	want := Fault{FaultSender, "the process that sends crashed: exit status 3", false}
	if o := s.Exchange(t.Context(), Request{}, nil); o.Fault == nil || *o.Fault != want {
		t.Errorf("%+v, want %+v", o.Fault, want)
	}
}
