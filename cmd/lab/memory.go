package main

import (
	"errors"
	"fmt"
	"time"

	"homeward/update/updatetest"
)

// memories measures what homeward holds, idle and at its peaks. Only what is
// as procd starts it has a budget.
func (b *bencher) memories() error {
	b.head("Memory of the idle daemon, kB", "", "updates", "RSS", "Private_Dirty")
	if b.mode != onlyBudgets {
		if err := b.withoutProcd(); err != nil {
			return err
		}
	}
	row, err := b.begin(1, asProcd)
	if err != nil {
		return err
	}
	n := b.rounds(1000, 300)
	if err := b.holdMemory(row, fmt.Sprintf("%d in a row", n), laterBudget, func() error { return b.update(n - 1) }); err != nil {
		return err
	}
	if err := row.stop(); err != nil {
		return err
	}
	d, err := b.beginLight()
	if err != nil {
		return err
	}
	done := 5
	for _, step := range []struct {
		n    int
		most budget
	}{{100, laterBudget}, {b.rounds(1000, 100), separateBudget}} {
		more := step.n - done
		if more == 0 {
			continue
		}
		of := fmt.Sprintf(separate, step.n)
		if err := b.holdMemory(d, of, step.most, func() error { return b.separately(d, more) }); err != nil {
			return err
		}
		done = step.n
	}
	b.out.Flush()
	return errors.Join(b.idle(d), b.workerPeaks(d))
}

const separate = "%d, each with a worker of its own"

// beginLight starts a daemon, makes four more changes, and holds its memory. Go puts
// the heap in a random place. One start in five it lies across a border of 4 MB:
// the table of its spans takes a second page, and the kernel gives the rest of 64 KiB
// with it. So there are up to five starts: each has a limit, and the least has the
// one that is meant.
func (b *bencher) beginLight() (*daemon, error) {
	var least memory
	most := 0
	for starts := 1; ; starts++ {
		d, err := b.begin(1, asProcd)
		if err != nil {
			return nil, err
		}
		if err := b.separately(d, 4); err != nil {
			return nil, err
		}
		m, err := idleMemory(d.Pid)
		if err != nil {
			return nil, err
		}
		b.row("homeward", fmt.Sprintf(separate, 5), m.RSS, m.Dirty)
		if starts == 1 || m.Dirty < least.Dirty {
			least = m
		}
		most = max(most, m.Dirty)
		if m.Dirty <= int(dirtyBudget.limit) || starts == 5 {
			of := fmt.Sprintf("idle, after "+separate, 5)
			b.hold(dirtyBudget, of, float64(least.Dirty))
			b.hold(anyDirtyBudget, of+", in any start", float64(most))
			b.hold(rssBudget, of, float64(m.RSS))
			b.own.Updates, b.own.memory = 5, least
			return d, nil
		}
		if err := d.stop(); err != nil {
			return nil, err
		}
	}
}

// holdMemory holds what the idle daemon has in memory after updates.
func (b *bencher) holdMemory(d *daemon, of string, most budget, updates func() error) error {
	if err := updates(); err != nil {
		return err
	}
	m, err := idleMemory(d.Pid)
	b.row("homeward", of, m.RSS, m.Dirty)
	b.hold(most, "idle, after "+of, float64(m.Dirty))
	b.hold(rssBudget, "idle, after "+of, float64(m.RSS))
	return err
}

// separately makes n changes, each when the worker of the one before is gone.
func (b *bencher) separately(d *daemon, n int) error {
	for range n {
		if err := awaitNoWorker(d.Pid); err != nil {
			return err
		}
		if err := b.update(1); err != nil {
			return err
		}
	}
	return nil
}

// awaitNoWorker waits until a daemon's worker is gone. It writes before it ends,
// which may take seconds on a disk that others write to.
func awaitNoWorker(watcher int) error {
	for begun := time.Now(); len(workers(watcher)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			return errors.New("a worker does not end")
		}
	}
	return nil
}

// withoutProcd measures a daemon that somebody starts by hand.
func (b *bencher) withoutProcd() error {
	d, err := b.begin(1)
	if err != nil {
		return err
	}
	_, err = b.memoryAfter(d, "homeward, without GOMAXPROCS=1", 1, 5)
	return errors.Join(err, d.stop())
}

// memoryAfter brings the updates from done to n, and prints what the daemon
// holds when it is idle.
func (b *bencher) memoryAfter(d *daemon, name string, done, n int) (memory, error) {
	if err := b.update(n - done); err != nil {
		return memory{}, err
	}
	m, err := idleMemory(d.Pid)
	b.row(name, n, m.RSS, m.Dirty)
	return m, err
}

// update makes n changes, one after the other.
func (b *bencher) update(n int) error {
	for range n {
		if err := b.changeIPv4(); err != nil {
			return err
		}
		if _, err := b.await(1); err != nil {
			return err
		}
	}
	return nil
}

// idleMemory reads the memory of a process that has had nothing to do for three
// seconds, and has no worker either.
func idleMemory(pid int) (memory, error) {
	if err := awaitNoWorker(pid); err != nil {
		return memory{}, err
	}
	time.Sleep(3 * time.Second)
	return readMemory(pid)
}

// idle counts wake-ups while the kernel has nothing to say. A bridge that was
// just made has, a quarter of a minute later: then the count begins anew. Once
// in 60 s the runtime of any Go program has a look at itself (sysmon, half of
// its forcegcperiod), which no program can help: it falls into one of two spans
// in a row at the most, so where there were wake-ups in the first one the second
// counts.
func (b *bencher) idle(d *daemon) error {
	again := false
	for range 4 {
		for len(b.kernel) > 0 {
			<-b.kernel
		}
		before, err := wakeups(d.Pid)
		if err != nil {
			return err
		}
		select {
		case <-b.kernel:
			time.Sleep(rest)
			again = false
			continue
		case <-time.After(idleSpan):
		}
		after, err := wakeups(d.Pid)
		if err == nil && after > before && !again {
			again = true
			continue
		}
		b.hold(wakeBudget, fmt.Sprintf("in %v of nothing", idleSpan), float64(after-before))
		b.own.Wakeups, b.own.Span = after-before, idleSpan
		return err
	}
	return fmt.Errorf("the kernel was never quiet for %v", idleSpan)
}

// idleSpan is how long a program is watched while nothing happens: less than
// half of the runtime's minute.
const idleSpan = 25 * time.Second

// workerPeaks measures watcher and worker together during an update, and
// stops the daemon.
func (b *bencher) workerPeaks(d *daemon) error {
	usual := 0
	for range 5 {
		peak, err := b.workerPeak(d)
		if err != nil {
			return err
		}
		usual = max(usual, peak)
		time.Sleep(50 * time.Millisecond)
	}
	d, err := b.forget(d)
	if err != nil {
		return err
	}
	time.Sleep(rest)
	first, err := b.workerPeak(d)
	b.hold(peakBudget, "a first request, reads every root", float64(first))
	b.hold(peakBudget, "5 later ones", float64(usual))
	return errors.Join(err, d.stop())
}

// workerPeak returns the peak Pss in kB of watcher and worker together while one
// request is made: the answer drips, so that there is time to look.
func (b *bencher) workerPeak(d *daemon) (peak int, err error) {
	b.service.Next(updatetest.Answer{Process: true, Drip: 2 * time.Millisecond})
	if err := b.changeIPv4(); err != nil {
		return 0, err
	}
	got := make(chan error, 1)
	go func() {
		_, err := b.await(1)
		got <- err
	}()
	for {
		if pids := workers(d.Pid); len(pids) > 0 {
			peak = max(peak, pss(append(pids, d.Pid)))
		}
		select {
		case err := <-got:
			if err == nil && peak == 0 {
				err = errors.New("no worker was seen")
			}
			return peak, err
		case <-time.After(200 * time.Microsecond):
		}
	}
}
