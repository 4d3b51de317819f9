package daemon

import (
	"testing"
	"time"
)

// done does what control asks for, as a watcher whose workers are well.
func (c *control) done(t *testing.T, now time.Duration, want action) order {
	t.Helper()
	got := c.next(now)
	if got.do != want {
		t.Fatalf("at %v it does %v, want %v", now, got.do, want)
	}
	switch want {
	case doStart:
		c.started(now)
	case doSend:
		c.sent(now, got.order)
	case doKill:
		c.killed = true
	}
	return got.order
}

// working is a control whose first worker has run_dir, at time 0.
func working(t *testing.T) *control {
	t.Helper()
	c := newControl()
	c.done(t, 0, doStart)
	c.report(0, report{gen: c.gen, kind: reportSaved, slot: 0})
	c.locked = true
	return &c
}

// leaving has the worker go, with its work in slot 1, and another due at a time.
func (c *control) leaving(t *testing.T, now, until time.Duration) {
	t.Helper()
	if !c.report(now, report{gen: c.gen, seq: c.seq, kind: reportOffer, slot: 1}) {
		t.Fatal("the offer is not accepted")
	}
	c.until = until
	c.ended(now)
	c.done(t, now, doNothing)
}

func TestNobodyIsToldBeforeRunDirIsOurs(t *testing.T) {
	c := newControl()
	first := c.done(t, 0, doStart)
	if first.slot != -1 || first.fresh {
		t.Errorf("the first worker is given %+v", first)
	}
	c.request(taskReload)
	c.done(t, 0, doNothing)
	c.report(0, report{gen: c.gen, kind: reportSaved, slot: 0})
	c.locked = true
	if o := c.done(t, 0, doSend); o.tasks != taskReload {
		t.Errorf("told %v", o.tasks)
	}
}

func TestAnOfferThatAnOrderHasCrossedDoesNotCount(t *testing.T) {
	c := working(t)
	c.request(taskObserve)
	c.done(t, 0, doSend)
	if c.report(0, report{gen: c.gen, seq: c.seq - 1, kind: reportOffer, slot: 1}) {
		t.Error("it counts though an order is on its way")
	}
	c.request(taskResend)
	if c.report(0, report{gen: c.gen, seq: c.seq, kind: reportOffer, slot: 1}) {
		t.Error("it counts though there is more to tell")
	}
	if c.current != 1 {
		t.Errorf("slot %d counts, and it is the next to be written", c.current)
	}
	if c.report(0, report{gen: c.gen - 1, seq: c.seq, kind: reportOffer}) {
		t.Error("an offer of a worker that is gone counts")
	}
}

func TestWhatADeadWorkerWasToldIsToldToTheNext(t *testing.T) {
	c := working(t)
	c.request(taskReload)
	c.request(taskResend)
	c.done(t, 0, doSend)
	c.report(0, report{gen: c.gen, seq: c.seq, kind: reportSaved, slot: 1, tasks: taskReload})
	c.ended(time.Second)
	c.done(t, time.Second, doNothing)
	if wake := c.wake(); wake != time.Second+crashPauses[0] {
		t.Errorf("wakes at %v", wake)
	}
	if o := c.done(t, time.Second+crashPauses[0], doStart); o.slot != 1 || o.gen != 2 {
		t.Errorf("the next worker is given %+v", o)
	}
	if o := c.done(t, time.Second+crashPauses[0], doSend); o.tasks != taskResend {
		t.Errorf("told %v, want what was not saved", o.tasks)
	}
}

// The pauses between workers that do not end well grow, and the next ones are
// given the configuration alone; one that ends well makes all that good.
func TestPausesBetweenWorkersGrow(t *testing.T) {
	c := working(t)
	now := time.Duration(0)
	for i := range 8 {
		c.ended(now)
		pause := c.wake() - now
		if want := crashPauses[min(i, len(crashPauses)-1)]; pause != want {
			t.Errorf("pause %d is %v, want %v", i, pause, want)
		}
		c.done(t, now+pause-1, doNothing)
		now += pause
		if o := c.done(t, now, doStart); o.fresh != (i+1 >= crashesFresh) {
			t.Errorf("worker %d: fresh %v", i, o.fresh)
		}
	}
	c.leaving(t, now, never)
	c.request(taskObserve)
	if o := c.done(t, now, doStart); o.fresh {
		t.Error("after one that ended well another is fresh")
	}
}

func TestASilentWorkerIsAskedAndThenKilled(t *testing.T) {
	c := working(t)
	c.done(t, probeAfter-1, doNothing)
	if c.wake() != probeAfter {
		t.Errorf("wakes at %v", c.wake())
	}
	if o := c.done(t, probeAfter, doSend); o.tasks != 0 {
		t.Errorf("asked for %v", o.tasks)
	}
	c.done(t, hungAfter-1, doNothing)
	if c.wake() != hungAfter {
		t.Errorf("wakes at %v", c.wake())
	}
	c.done(t, hungAfter, doKill)
	c.done(t, hungAfter, doNothing)
	c.ended(hungAfter)
	c.done(t, c.wake(), doStart) // it does not wait for ever
}

// A worker that reads no more is not told, which would be tried for ever, but
// killed.
func TestAWorkerThatReadsNoMoreIsKilled(t *testing.T) {
	c := working(t)
	c.request(taskObserve)
	c.full = true
	c.done(t, probeAfter, doNothing)
	if c.wake() != hungAfter {
		t.Errorf("wakes at %v, want %v", c.wake(), hungAfter)
	}
	c.report(probeAfter, report{gen: c.gen, kind: reportAlive})
	c.done(t, probeAfter, doSend)
}

func TestTheEndIsBounded(t *testing.T) {
	c := working(t)
	c.end(time.Second)
	if o := c.done(t, time.Second, doSend); o.tasks != taskStop {
		t.Errorf("told %v", o.tasks)
	}
	if c.wake() != time.Second+parting {
		t.Errorf("wakes at %v", c.wake())
	}
	c.done(t, time.Second+parting, doKill)
	c.ended(time.Second + parting)
	c.done(t, time.Second+parting, doEnd)
}

func TestAWorkerIsStartedWhenSomethingIsDue(t *testing.T) {
	c := working(t)
	c.leaving(t, 0, time.Hour)
	c.done(t, time.Hour-1, doNothing)
	if c.wake() != time.Hour {
		t.Errorf("wakes at %v", c.wake())
	}
	c.done(t, time.Hour, doStart)
	if o := c.done(t, time.Hour, doSend); o.tasks != taskDue {
		t.Errorf("told %v", o.tasks)
	}
}

func TestAFirstConfigurationWithAFaultEndsTheDaemon(t *testing.T) {
	c := newControl()
	c.done(t, 0, doStart)
	c.report(0, report{gen: c.gen, kind: reportRefused, code: 2})
	c.ended(0)
	c.done(t, 0, doEnd)
	if c.refused != 2 {
		t.Errorf("exit code %d", c.refused)
	}
}

// A worker that had no chance to answer does not hang: the machine has slept,
// or the watcher was stopped.
func TestAWorkerIsAskedBeforeItIsKilled(t *testing.T) {
	c := newControl()
	c.started(0)
	c.report(0, report{gen: 1, kind: reportSaved})
	c.locked = true
	now := time.Hour
	ask := c.next(now)
	if ask.do != doSend {
		t.Fatalf("after an hour of sleep: %+v", ask)
	}
	c.sent(now, ask.order)
	if n := c.next(now); n.do != doNothing || c.wake() <= now {
		t.Fatalf("it was asked just now: %+v, asked again at %v", n, c.wake())
	}
	alive := c
	alive.report(now+time.Millisecond, report{gen: 1, seq: 1, kind: reportAlive})
	if n := alive.next(c.wake()); n.do == doKill {
		t.Error("it is killed though it has answered")
	}
	if n := c.next(c.wake()); n.do != doKill || c.wake() > now+hungAfter {
		t.Errorf("it does not answer: %+v at %v", n, c.wake())
	}
}
