package netwatch

import (
	"context"
	"time"
)

// Watcher tells what the kernel's tables hold, at once and after each change
// that can matter. The zero Watcher is ready to use.
type Watcher struct {
	// A burst of messages ends with Settle of silence, MaxSettle after its
	// first one at the latest. 0 is 5 ms and 50 ms: one DHCPv6 reply makes its
	// messages within 0.3 ms, and a line that never falls silent must not
	// keep its new address to itself.
	Settle, MaxSettle time.Duration

	// Trouble, if set, is called with the reason when the kernel cannot be
	// watched, and with nil when it can be again: once each, whatever the
	// number of attempts. It is called from Run's goroutine.
	Trouble func(error)

	// Early, if set, is called from Run's goroutine 0.5 ms after a burst has
	// begun, with what the tables hold by then: to make something ready for
	// what comes next. If the burst has said it all by then, these tables are
	// emitted at its end. It is left out where to read them takes long.
	Early func(Tables)

	took    time.Duration // the last reading of the tables
	kernel  kernel        // nil: this machine's
	trouble bool          // said, and not over yet
}

// kernel is all that a Watcher asks of rtnetlink.
type kernel interface {
	// Subscribe returns hints that something that can matter may have
	// changed, and when the last one came: the channel has one slot. It
	// closes when the subscription has failed or ctx has ended.
	Subscribe(ctx context.Context) (<-chan time.Time, error)
	// Tables reads everything.
	Tables() (Tables, error)
	// Pause sleeps for d, a few milliseconds at the most, and no longer.
	Pause(d time.Duration)
}

// The waits after what failed: a kernel is out of memory for moments, but
// lacks a permission for as long as somebody needs to grant it.
const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Run calls emit with the tables as they are now, and after every burst of
// messages that can matter with what they are then, equal ones included: such
// a burst may be what a receiver waits for. What cannot be read is not
// emitted, and tried again. Run calls emit from its own goroutine, and blocks
// until ctx ends; it returns nil then. A Watcher runs once at a time.
//
// The Tables that emit and Early are called with may be read until they
// return. (They are overwritten once seven more that differ have been read.)
// A receiver that keeps them, or hands them to another goroutine, takes a
// Clone, or a Copy in memory of its own.
func (w *Watcher) Run(ctx context.Context, emit func(Tables)) error {
	if w.kernel == nil {
		w.kernel = newKernel()
	}
	retry := firstRetry
	for ctx.Err() == nil {
		began := time.Now()
		w.watch(ctx, emit)
		// One that lived for long failed by chance: no reason to wait.
		if time.Since(began) > lastRetry {
			retry = firstRetry
		}
		sleep(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
	return nil
}

// watch is Run as long as one subscription lives. It subscribes before it
// reads, so that no change is between the two.
func (w *Watcher) watch(ctx context.Context, emit func(Tables)) {
	// A child, so that the subscription never outlives this call.
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

// unsubscribe returns when the sender of the hints has ended.
func unsubscribe(cancel context.CancelFunc, hints <-chan time.Time) {
	cancel()
	for range hints {
	}
}

// read reads the tables, and takes note of how long that takes.
func (w *Watcher) read() (Tables, error) {
	began := time.Now()
	t, err := w.kernel.Tables()
	w.took = time.Since(began)
	return t, err
}

// settle waits until the burst is over. ok is false when the subscription or
// ctx has ended.
//
// If no hint came after an early reading had begun, there is nothing that it
// does not show: early holds, and need not be read again. The kernel tells of
// a change after making it, or makes all of it under the lock (rtnl) that the
// dump of the links, which is the first, waits for. A hint that is late, on
// its way while the burst ends, begins another burst.
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

// waitForHint waits for a hint until then, and tells when one came, zero if none did.
// open is false when the subscription or ctx has ended.
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

// coarse is how late the runtime's timers may be: it waits for them in
// epoll_pwait(2), by the millisecond.
const coarse = time.Millisecond

// earlyAfter is when most bursts have said it all, and earlyMost how long a
// reading of the tables may take to be made then: it is to be over, on a slow
// router, before the silence is.
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

// report tells of trouble when it begins, and when it is over (err is nil).
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
