package netwatch

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowKernel is a fakeKernel that takes long to read.
type slowKernel struct {
	*fakeKernel
	delay time.Duration
}

func (k slowKernel) Tables() (Tables, error) {
	time.Sleep(k.delay)
	return k.fakeKernel.Tables()
}

func TestEarlyComesOnceInABurst(t *testing.T) {
	for _, tt := range []struct {
		delay time.Duration
		want  []emitted
	}{
		{0, []emitted{{100*ms + ms/2, "203.0.113.2"}}},
		{2 * ms, []emitted{{104*ms + ms/2, "203.0.113.2"}}}, // with the time that it is read in
		{3 * ms, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			began := time.Now()
			k := newFake()
			var early []emitted
			w := Watcher{kernel: slowKernel{k, tt.delay}, Early: func(t Tables) {
				early = append(early, emitted{time.Since(began), t.Addrs[0].Addr.String()})
			}}
			go w.Run(ctx, func(Tables) {})
			synctest.Wait()
			time.Sleep(100*ms + tt.delay)
			k.change("203.0.113.2/32")
			for range 5 {
				k.hint()
				time.Sleep(2 * ms)
			}
			time.Sleep(time.Second)
			if !slices.Equal(early, tt.want) {
				t.Errorf("tables that take %v to read: early %v, want %v", tt.delay, early, tt.want)
			}
		})
	}
}

func TestEarlyIsNotOfATroubledKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		k := newFake()
		var early atomic.Int32
		w := Watcher{kernel: k, Early: func(Tables) { early.Add(1) }}
		go w.Run(ctx, func(Tables) {})
		synctest.Wait()
		k.fail(context.DeadlineExceeded, nil)
		k.hint()
		time.Sleep(20 * ms)
		if got := early.Load(); got != 0 {
			t.Errorf("early %d times without tables", got)
		}
	})
}

// withEarly runs test beside a Watcher of k that reads early, in a bubble. seen
// and reads leave out the first tables.
func withEarly(t *testing.T, k *fakeKernel, early func(), test func(seen func() []emitted, reads func() int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		var got []emitted
		w := Watcher{kernel: k, Early: func(Tables) { early() }}
		go w.Run(ctx, func(t Tables) {
			k.mu.Lock()
			defer k.mu.Unlock()
			got = append(got, emitted{time.Since(began), t.Addrs[0].Addr.String()})
		})
		synctest.Wait()
		_, before := k.count()
		test(func() []emitted {
			synctest.Wait()
			k.mu.Lock()
			defer k.mu.Unlock()
			return got[1:]
		}, func() int {
			_, n := k.count()
			return n - before
		})
	})
}

func TestAnEarlyReadingThatHoldsIsTheOnlyOne(t *testing.T) {
	for _, tt := range []struct {
		name  string
		burst func(k *fakeKernel)
		want  []emitted
		reads int
	}{
		{"one message", func(k *fakeKernel) {
			k.hint()
		}, []emitted{{5 * ms, "203.0.113.2"}}, 1},
		{"several before the early reading", func(k *fakeKernel) {
			k.hint()
			time.Sleep(ms / 4)
			k.hint()
		}, []emitted{{5*ms + ms/4, "203.0.113.2"}}, 1},
		{"one after the early reading", func(k *fakeKernel) {
			k.hint()
			time.Sleep(ms)
			k.change("203.0.113.3/32")
			k.hint()
		}, []emitted{{6 * ms, "203.0.113.3"}}, 2},
		{"the early reading fails", func(k *fakeKernel) {
			k.fail(context.DeadlineExceeded, nil)
			k.hint()
			time.Sleep(ms)
			k.fail(nil, nil)
		}, []emitted{{5 * ms, "203.0.113.2"}}, 2},
		{"it works after a failure", func(k *fakeKernel) {
			k.fail(context.DeadlineExceeded, nil)
			k.hint()
			time.Sleep(6 * ms) // read at 0.5 and 5 ms, in vain; again at 15 ms
			k.fail(nil, nil)
			k.hint()
		}, []emitted{{11 * ms, "203.0.113.2"}}, 3},
		{"a storm", func(k *fakeKernel) {
			for range 19 { // until 54 ms: never 5 ms of silence
				k.hint()
				time.Sleep(3 * ms)
			}
		}, []emitted{{50 * ms, "203.0.113.2"}, {59 * ms, "203.0.113.2"}}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFake()
			withEarly(t, k, func() {}, func(seen func() []emitted, reads func() int) {
				k.change("203.0.113.2/32")
				tt.burst(k)
				time.Sleep(time.Second)
				expect(t, tt.name, seen(), tt.want)
				if n := reads(); n != tt.reads {
					t.Errorf("%d readings, want %d", n, tt.reads)
				}
			})
		})
	}
}

// A message while the early reading is under way may be of what it did not
// see any more.
func TestAMessageDuringTheEarlyReadingHasItReadAgain(t *testing.T) {
	k := newFake()
	withEarly(t, k, func() {}, func(seen func() []emitted, reads func() int) {
		k.during = func() {
			k.during = nil
			k.change("203.0.113.3/32")
			k.hint()
		}
		k.change("203.0.113.2/32")
		k.hint()
		time.Sleep(time.Second)
		expect(t, "half announced", seen(), []emitted{{5*ms + ms/2, "203.0.113.3"}})
		if n := reads(); n != 2 {
			t.Errorf("%d readings, want 2", n)
		}
	})
}

// The silence may be over when a message has come that nobody took yet: which
// of the two is seen first is left to chance.
func TestAMessageAtTheEndOfTheSilenceIsNotOverlooked(t *testing.T) {
	for range 20 {
		k := newFake()
		busy := func() {
			k.change("203.0.113.2/32")
			k.hint()
			time.Sleep(10 * ms)
		}
		withEarly(t, k, busy, func(seen func() []emitted, reads func() int) {
			k.hint()
			time.Sleep(time.Second)
			for _, e := range seen() {
				if e.a != "203.0.113.2" {
					t.Fatalf("emitted %v after the message of another", seen())
				}
			}
		})
	}
}

// The reading that was slow is not made early; one that is quick again is.
func TestASlowEarlyReadingIsTheLastForNow(t *testing.T) {
	k := newFake()
	withEarly(t, k, func() {}, func(seen func() []emitted, reads func() int) {
		slow := func() { time.Sleep(3 * ms) }
		for _, c := range []struct {
			name   string
			during func()
			reads  int
		}{
			{"quick", nil, 1}, {"turns slow", slow, 1}, {"slow", slow, 1}, {"quick again, at the end", nil, 1},
		} {
			k.during = c.during
			before := reads()
			k.hint()
			time.Sleep(time.Second)
			if n := reads() - before; n != c.reads {
				t.Errorf("%s: %d readings, want %d", c.name, n, c.reads)
			}
		}
		want := []emitted{{5 * ms, "203.0.113.1"}, {1005 * ms, "203.0.113.1"}, {2008 * ms, "203.0.113.1"}, {3005 * ms, "203.0.113.1"}}
		expect(t, "emitted", seen(), want)
	})
}
