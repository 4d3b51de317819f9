package netwatch

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func expect(t *testing.T, what string, got, want []emitted) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: emitted %v, want %v", what, got, want)
	}
}

const ms = time.Millisecond

func newFake() *fakeKernel {
	k := &fakeKernel{}
	k.change("203.0.113.1/32")
	return k
}

func TestFirstTablesComeAtOnceAndThenNothingUntilAMessage(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		expect(t, "start", seen(), []emitted{{0, "203.0.113.1"}})
		time.Sleep(24 * time.Hour)
		expect(t, "a day without a message", seen(), nil)
		if _, n := k.count(); n != 1 {
			t.Errorf("%d reads on a quiet line, want 1", n)
		}
	})
}

func TestABurstIsReadOnceAfterFiveMillisecondsOfSilence(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		seen()
		time.Sleep(100 * ms)
		for range 5 {
			k.hint()
			time.Sleep(2 * ms)
		}
		k.change("203.0.113.2/32")
		time.Sleep(time.Second)
		expect(t, "burst", seen(), []emitted{{113 * ms, "203.0.113.2"}})
	})
}

func TestAStormIsReadEveryFiftyMilliseconds(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		seen()
		for range 40 { // 3 ms apart: never 5 ms of silence
			time.Sleep(3 * ms)
			k.hint()
		}
		time.Sleep(time.Second)
		expect(t, "storm", seen(), []emitted{{53 * ms, "203.0.113.1"}, {104 * ms, "203.0.113.1"}, {125 * ms, "203.0.113.1"}})
	})
}

func TestEqualTablesAreEmittedToo(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		seen()
		k.hint()
		time.Sleep(time.Second)
		expect(t, "a renewal", seen(), []emitted{{5 * ms, "203.0.113.1"}})
	})
}

func TestLostSubscriptionIsFollowedByARead(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, said func() []error, _ func()) {
		seen()
		time.Sleep(time.Minute)
		k.change("203.0.113.2/32") // without a message
		k.drop()
		time.Sleep(time.Second)
		expect(t, "lost", seen(), []emitted{{time.Minute + 10*ms, "203.0.113.2"}})
		k.change("203.0.113.3/32")
		k.hint()
		time.Sleep(time.Second)
		expect(t, "the new subscription", seen(), []emitted{{time.Minute + 1005*ms, "203.0.113.3"}})
		if len(said()) != 0 {
			t.Errorf("said %v about what was mended at once", said())
		}
	})
}

func TestASubscriptionThatKeepsFailingIsTriedWithBackoff(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		seen()
		end := time.Now().Add(time.Minute)
		for time.Now().Before(end) {
			k.drop()
			time.Sleep(ms)
			synctest.Wait()
		}
		if n, _ := k.count(); n < 10 || n > 25 {
			t.Errorf("%d subscriptions in a minute of failures, want 10 to 25", n)
		}
	})
}

func TestAReadErrorIsNotADownLine(t *testing.T) {
	k := newFake()
	watching(t, k, func(seen func() []emitted, said func() []error, _ func()) {
		seen()
		k.fail(errors.New("no buffer space"), nil)
		k.hint()
		time.Sleep(100 * ms) // tried at 5, 15, 35, 75 ms
		expect(t, "unreadable", seen(), nil)
		if _, n := k.count(); n != 5 {
			t.Errorf("%d reads, want 5: the first and four with growing waits", n)
		}
		k.fail(nil, nil)
		k.change("203.0.113.2/32")
		time.Sleep(100 * ms)
		expect(t, "readable again", seen(), []emitted{{155 * ms, "203.0.113.2"}})
		if errs := said(); len(errs) != 2 || errs[0] == nil || errs[1] != nil {
			t.Errorf("said %v, want the error once and then its end", errs)
		}
		time.Sleep(time.Hour)
		expect(t, "afterwards", seen(), nil)
	})
}

func TestAMessageEndsTheWaitForTheNextTry(t *testing.T) {
	k := newFake()
	k.fail(errors.New("no buffer space"), nil)
	watching(t, k, func(seen func() []emitted, _ func() []error, _ func()) {
		time.Sleep(time.Minute) // the waits are 5 s now
		_, before := k.count()
		time.Sleep(time.Minute)
		if _, n := k.count(); n-before != 12 {
			t.Errorf("%d reads in a minute, want 12", n-before)
		}
		k.fail(nil, nil)
		began := time.Now()
		k.hint()
		time.Sleep(6 * ms)
		if got := seen(); len(got) != 1 {
			t.Errorf("emitted %v within %v of a message, want the tables", got, time.Since(began))
		}
	})
}

func TestNoPermissionIsSaidOnceAndWaitedFor(t *testing.T) {
	k := newFake()
	denied := errors.New("subscribe to rtnetlink: operation not permitted")
	k.fail(nil, denied)
	watching(t, k, func(seen func() []emitted, said func() []error, _ func()) {
		time.Sleep(time.Hour)
		expect(t, "no permission", seen(), nil)
		if errs := said(); len(errs) != 1 || errs[0] != denied {
			t.Errorf("said %v, want the reason once", errs)
		}
		if n, _ := k.count(); n < 700 || n > 740 {
			t.Errorf("%d tries in an hour, want one every 5 s", n)
		}
		k.fail(nil, nil)
		time.Sleep(5 * time.Second)
		if got := seen(); len(got) != 1 {
			t.Errorf("emitted %v, want the tables once", got)
		}
		if errs := said(); len(errs) != 2 || errs[1] != nil {
			t.Errorf("said %v, want its end", errs)
		}
	})
}

func TestRunEndsInEveryPhase(t *testing.T) {
	for name, prepare := range map[string]func(k *fakeKernel){
		"idle":                   func(*fakeKernel) {},
		"in the settling window": func(k *fakeKernel) { k.hint(); time.Sleep(ms) },
		"waiting for a read":     func(k *fakeKernel) { k.fail(errors.New("x"), nil); k.hint(); time.Sleep(time.Hour) },
		"waiting to subscribe":   func(k *fakeKernel) { k.fail(nil, errors.New("x")); k.drop(); time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newFake()
			watching(t, k, func(seen func() []emitted, _ func() []error, stop func()) {
				seen()
				prepare(k)
				before := time.Now()
				stop()
				if !time.Now().Equal(before) {
					t.Errorf("Run took %v to end", time.Since(before))
				}
			})
		})
	}
}
