package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update/updatetest"
)

// The limits, in kB: of a watcher that is idle, and of a sender's peak.
const (
	mostRSS    = 6000
	mostDirty  = 1000
	mostSender = 10 << 10
	mostFlood  = 14 << 10
)

// memories measures what homeward holds, idle and at its peaks.
func (b *bencher) memories() error {
	b.head("Memory of the idle daemon, kB", "", "updates", "RSS", "", "Private_Dirty", "")
	for _, env := range [][]string{{"GOMAXPROCS=1"}, nil} {
		d, err := b.begin(1, env...)
		if err != nil {
			return err
		}
		done := 1
		for _, n := range []int{5, b.rounds(1000, 100)} {
			if err := b.update(n - done); err != nil {
				return err
			}
			done = n
			m, err := idleMemory(d.Pid)
			if err != nil {
				return err
			}
			b.row(fmt.Sprintf("homeward%v", env), n, m.rss, b.mark(m.rss, mostRSS), m.dirty, b.mark(m.dirty, mostDirty))
		}
		b.out.Flush()
		if env != nil {
			err = errors.Join(b.idle(d), b.senderPeak(d))
		}
		if err := errors.Join(err, d.stop()); err != nil {
			return err
		}
		b.out.Flush()
	}
	return nil
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

// idleMemory reads the memory of a process that has nothing to do: pages of a
// freshly written binary count as dirty until they are on disk. homeward gives
// its garbage back after a second.
func idleMemory(pid int) (memory, error) {
	time.Sleep(2 * time.Second)
	unix.Sync()
	return readMemory(pid)
}

// idle counts wake-ups.
func (b *bencher) idle(d *daemon) error {
	span := time.Duration(b.rounds(60, 10)) * time.Second
	before, err := wakeups(d.Pid)
	if err != nil {
		return err
	}
	time.Sleep(span)
	after, err := wakeups(d.Pid)
	b.head("Idle", "", "wake-ups", "")
	b.row(fmt.Sprintf("in %v", span), after-before, b.mark(after-before, 0))
	return err
}

// senderPeak measures the process that homeward starts for a request: its
// answer drips, so that it is there to be looked at until it has read it all.
func (b *bencher) senderPeak(d *daemon) error {
	peak := 0
	for range 5 {
		b.service.Next(updatetest.Answer{Process: true, Drip: 2 * time.Millisecond})
		if err := b.changeIPv4(); err != nil {
			return err
		}
		got := make(chan error, 1)
		go func() {
			_, err := b.await(1)
			got <- err
		}()
		for done := false; !done; time.Sleep(200 * time.Microsecond) {
			for _, pid := range senders(d.Pid) {
				if kB, err := readStatus(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:"); err == nil {
					peak = max(peak, kB)
				}
			}
			select {
			case err := <-got:
				if err != nil {
					return err
				}
				done = true
			default:
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if peak == 0 {
		return errors.New("no sender process was seen")
	}
	b.head("The process that sends", "", "peak RSS, kB", "")
	b.row("of 5 requests, with the system's roots", peak, b.mark(peak, mostSender))
	return nil
}

// flood has the routes of a whole Internet table come and go, and the address
// change in the midst of it.
func (b *bencher) flood() error {
	const routes = 100_000
	d, err := b.begin(1, "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	flooded := make(chan error, 1)
	go func() {
		flooded <- errors.Join(b.router.FloodRoutes("br-lan", routes), b.router.DrainRoutes("br-lan", routes))
	}()
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	if err := b.changeIPv4(); err != nil {
		return err
	}
	got, err := b.await(1)
	took := time.Since(began)
	if err := errors.Join(err, <-flooded); err != nil {
		return err
	}
	floodTook := time.Since(began)
	time.Sleep(300 * time.Millisecond)
	peak, err := readStatus(fmt.Sprintf("/proc/%d/status", d.Pid), "VmHWM:")
	if err := errors.Join(err, d.stop()); err != nil {
		return err
	}
	if ip := got[0].Query.Get("ip"); ip != leases[b.lease].Addr().String() {
		return fmt.Errorf("%s was sent in the flood, and %v is the address", ip, leases[b.lease].Addr())
	}
	b.head(fmt.Sprintf("A flood: %d routes in and out, in %.1f s", routes, floodTook.Seconds()), "", "", "")
	b.row("the daemon's peak RSS, kB", peak, b.mark(peak, mostFlood))
	b.row("the new address is at the service after", took, "")
	return nil
}
