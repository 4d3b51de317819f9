package netwatch

import (
	"context"
	"time"
)

// Watcher reads the kernel's tables, at once and after each change that can
// matter. The zero Watcher is ready to use.
type Watcher struct {
	// A burst of messages ends after Settle without one, and at the latest
	// MaxSettle after its first. 0 is 5 ms and 50 ms: the messages of one
	// DHCPv6 reply come within 0.3 ms, and a kernel that never stops sending
	// must not delay the new address.
	Settle, MaxSettle time.Duration

	// Trouble, if set, is called with the error when the kernel cannot be
	// watched, and with nil when it can be again: once each, however many
	// attempts fail. It is called from Run's goroutine.
	Trouble func(error)

	// Early, if set, is called from Run's goroutine 0.5 ms after the start of
	// a burst, with the tables at that time, so that the caller can prepare.
	// If no message follows, the same tables are emitted at the end of the
	// burst. It is not called where reading the tables takes over 2 ms.
	Early func(Tables)

	took    time.Duration // by the last reading of the tables
	kernel  kernel        // nil: this machine's
	trouble bool          // reported, and not over yet
}

// kernel is what a Watcher needs of rtnetlink.
type kernel interface {
	// Subscribe sends a hint, the time of the last message, when something
	// that can matter may have changed. The channel has one slot. It closes
	// when the subscription fails or ctx ends.
	Subscribe(ctx context.Context) (<-chan time.Time, error)
	// Tables reads everything.
	Tables() (Tables, error)
	// Pause sleeps for d, at most a few milliseconds, without the delay of
	// the runtime's timers.
	Pause(d time.Duration)
}

// The waits after a failure: lack of memory passes in moments, lack of a
// permission lasts until somebody grants it.
const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Run calls emit with the present tables, and again after every burst of
// messages that can matter, even if the tables are equal: a receiver may wait
// for the burst. If the tables cannot be read, Run tries again and emits
// nothing. Run calls emit from its own goroutine. It blocks until ctx ends and
// then returns nil. A Watcher runs once at a time.
//
// The Tables passed to emit and Early are valid until these return. (They are
// overwritten once seven more that differ have been read.) A receiver that
// keeps them, or passes them to another goroutine, makes a Clone or a Copy.
func (w *Watcher) Run(ctx context.Context, emit func(Tables)) error {
	if w.kernel == nil {
		w.kernel = newKernel()
	}
	retry := firstRetry
	for ctx.Err() == nil {
		began := time.Now()
		w.watch(ctx, emit)
		// A subscription that lived long failed by chance: do not wait longer.
		if time.Since(began) > lastRetry {
			retry = firstRetry
		}
		sleep(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
	return nil
}

// watch is Run for the life of one subscription. It subscribes before it
// reads, so that no change is missed between the two.
func (w *Watcher) watch(ctx context.Context, emit func(Tables)) {
	// The subscription never outlives this call.
	ctx, cancel := context.WithCancel(ctx)
	hints, err := w.kernel.Subscribe(ctx)
	if err != nil {
		cancel()
		w.report(err)
		return
	}
	defer unsubscribe(cancel, hints)
	timer, retryTimer := stoppedTimer(), stoppedTimer() // made once: a daemon sees millions of bursts
	defer retryTimer.Stop()
	retry := firstRetry
	t, err := w.read()
	for {
		retryTimer.Stop()
		w.report(err)
		if err == nil {
			emit(t)
			retry = firstRetry
		} else {
			retryTimer.Reset(retry)
			retry = min(2*retry, lastRetry)
		}
		holds, ok := false, true
		select {
		case <-ctx.Done():
			return
		case <-retryTimer.C:
		case at, open := <-hints:
			if !open {
				return
			}
			if t, holds, ok = w.settle(ctx, timer, hints, at); !ok {
				return
			}
		}
		if err = nil; !holds {
			t, err = w.read()
		}
	}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// unsubscribe ends the sender of the hints and waits for it.
func unsubscribe(cancel context.CancelFunc, hints <-chan time.Time) {
	cancel()
	for range hints {
	}
}

// read reads the tables and records how long that took.
func (w *Watcher) read() (Tables, error) {
	began := time.Now()
	t, err := w.kernel.Tables()
	w.took = time.Since(began)
	return t, err
}

// settle waits for the end of the burst. ok is false when the subscription or
// ctx has ended.
//
// If no hint came after the early reading began, that reading is complete:
// holds is true, and the tables need not be read again. The kernel sends the
// message after the change, or makes the change under the rtnl lock, for which
// the first dump, of the links, waits. A hint that arrives while the burst ends
// begins another burst.
func (w *Watcher) settle(ctx context.Context, timer *time.Timer, hints <-chan time.Time, begun time.Time) (early Tables, holds, ok bool) {
	silence := orElse(w.Settle, 5*time.Millisecond)
	end, last := begun.Add(silence), begun.Add(orElse(w.MaxSettle, 50*time.Millisecond))
	if w.Early != nil && w.took <= earlyMost {
		at, open := w.waitForHint(ctx, timer, hints, begun.Add(earlyAfter))
		if !open {
			return Tables{}, false, false
		}
		if !at.IsZero() {
			end = at.Add(silence)
		}
		if t, err := w.read(); err == nil { // else the reading at the end says so
			early, holds = t, true
			w.Early(t)
		}
	}
	for {
		if last.Before(end) {
			end = last
		}
		at, open := w.waitForHint(ctx, timer, hints, end)
		if !open {
			return Tables{}, false, false
		}
		holds = holds && at.IsZero()
		if at.IsZero() || !time.Now().Before(last) {
			return early, holds, true
		}
		end = at.Add(silence)
	}
}

// waitForHint waits for a hint until then. It returns the hint's time, zero if
// none came. open is false when the subscription or ctx has ended.
func (w *Watcher) waitForHint(ctx context.Context, timer *time.Timer, hints <-chan time.Time, then time.Time) (at time.Time, open bool) {
	if left := time.Until(then); left > coarse {
		timer.Reset(left - coarse)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return at, false
		case at, open = <-hints:
			return at, open
		case <-timer.C:
		}
	}
	if left := time.Until(then); left > 0 {
		w.kernel.Pause(left)
	}
	select {
	case at, open = <-hints:
		return at, open
	default:
		return at, ctx.Err() == nil
	}
}

// coarse is how late the runtime's timers may fire: it waits for them in
// epoll_pwait(2), which counts milliseconds.
const coarse = time.Millisecond

// earlyAfter is the length of most bursts. earlyMost is the longest reading
// for which an early one is made: it must end before Settle does, on a slow
// router too.
const (
	earlyAfter = 500 * time.Microsecond
	earlyMost  = 2 * time.Millisecond
)

func orElse(d, none time.Duration) time.Duration {
	if d == 0 {
		return none
	}
	return d
}

// report calls Trouble when trouble begins, and when it ends (err is nil).
func (w *Watcher) report(err error) {
	if (err != nil) == w.trouble {
		return
	}
	w.trouble = err != nil
	if w.Trouble != nil {
		w.Trouble(err)
	}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
