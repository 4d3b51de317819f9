package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// flood has the routes of a whole Internet table come and go, and the address
// change in the midst of it.
func (b *bencher) flood() error {
	const routes = 100_000
	d, err := b.begin(1, asProcd)
	if err != nil {
		return err
	}
	time.Sleep(rest)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	peak := watchPeak(ctx, d.Pid)
	flooded := make(chan error, 1)
	began := time.Now()
	go func() {
		flooded <- errors.Join(b.router.FloodRoutes("br-lan", routes), b.router.DrainRoutes("br-lan", routes))
	}()
	time.Sleep(50 * time.Millisecond)
	changed := time.Now()
	if err := b.changeIPv4(); err != nil {
		return err
	}
	got, err := b.await(1)
	took := time.Since(changed)
	if err := errors.Join(err, <-flooded); err != nil {
		return err
	}
	floodTook := time.Since(began)
	time.Sleep(300 * time.Millisecond)
	cancel()
	b.hold(floodBudget, fmt.Sprintf("%d in and out", routes), float64(<-peak))
	if err := d.stop(); err != nil {
		return err
	}
	if ip := got[0].Query.Get("ip"); ip != leases[b.lease].Addr().String() {
		return fmt.Errorf("%s was sent in the flood, and %v is the address", ip, leases[b.lease].Addr())
	}
	b.head(fmt.Sprintf("A flood: %d routes in and out, in %.1f s", routes, floodTook.Seconds()))
	b.row("the new address is at the service after", took)
	return nil
}

// watchPeak returns where the peak RSS of a process, in kB, is to be had when
// ctx has ended. The kernel's own mark begins anew when the process replaces
// itself.
func watchPeak(ctx context.Context, pid int) <-chan int {
	result := make(chan int, 1)
	go func() {
		peak := 0
		for {
			if kB, err := readStatus(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:"); err == nil {
				peak = max(peak, kB)
			}
			select {
			case <-ctx.Done():
				result <- peak
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return result
}
