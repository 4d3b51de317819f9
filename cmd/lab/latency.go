package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"homeward/update/updatetest"
)

// rest is how long homeward is left alone before a change, so that it is met
// as it nearly always is: a third of a second after its work the worker is gone.
const rest = time.Second

// pause is as long as it takes to read an answer and write it down.
const pause = 30 * time.Millisecond

// asProcd is the environment that procd gives homeward.
const asProcd = "GOMAXPROCS=1"

// latencies measures one account: what homeward takes, beside the least that
// any program would.
func (b *bencher) latencies() error {
	n := b.rounds(50, 12)
	b.head(fmt.Sprintf("From a change in the kernel to hearing of it, or to the request at the service; %d times each", n), "", "median", "worst", "beside the floor")
	floor, err := b.floors(n)
	if err != nil {
		return err
	}
	start, err := b.starts(n)
	if err != nil {
		return err
	}
	for _, series := range []struct {
		name string
		gap  time.Duration
		env  []string
	}{
		{"alone before", rest, []string{asProcd}},
		{"in a row", pause, []string{asProcd}},
		{"in a row, without GOMAXPROCS=1", pause, nil},
	} {
		ipv4, prefix, err := b.homewards(n, series.gap, series.env)
		if err != nil {
			return err
		}
		b.compare("homeward, IPv4, "+series.name, ipv4, floor)
		b.compare("homeward, prefix, "+series.name, prefix, floor)
		switch {
		case series.gap == rest:
			b.own.Delays = ipv4
			b.holdLatency(aloneBudget(floor, start), "alone before", ipv4, prefix)
		case series.env != nil:
			b.holdLatency(rowBudget(floor), "in a row", ipv4, prefix)
		}
	}
	return b.firstRequests(floor)
}

// compare prints a row of times beside the floor.
func (b *bencher) compare(name string, t times, floor time.Duration) {
	b.row(name, t.median(), t.worst(), fmt.Sprintf("%.1f", float64(t.median())/float64(floor)))
}

func (b *bencher) holdLatency(most budget, how string, ipv4, prefix times) {
	b.hold(most, "IPv4, "+how, ms(ipv4.median()))
	b.hold(most, "prefix, "+how, ms(prefix.median()))
}

// starts measures one start of the program, to its end, as a worker's is in
// the latency of a change that meets none.
func (b *bencher) starts(n int) (time.Duration, error) {
	var took times
	for range n {
		cmd := exec.Command(b.binary, "--version")
		cmd.Env = []string{asProcd}
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	b.row("one start of the program", took.median(), took.worst(), "")
	return took.median(), nil
}

// homewards measures a daemon with one account.
func (b *bencher) homewards(n int, gap time.Duration, env []string) (ipv4, prefix times, err error) {
	d, err := b.begin(1, env...)
	if err != nil {
		return nil, nil, err
	}
	ipv4, _, err = b.timed(n, 1, gap, b.prepareNothing, b.changeIPv4)
	if err != nil {
		return nil, nil, err
	}
	prefix, _, err = b.timed(n, 1, gap, b.prepare, b.changePrefix)
	return ipv4, prefix, errors.Join(err, d.stop())
}

// firstRequests measures requests for which homeward does not know yet which
// root will verify the service.
func (b *bencher) firstRequests(floor time.Duration) error {
	d, err := b.begin(1, asProcd)
	if err != nil {
		return err
	}
	n := b.rounds(20, 5)
	var took times
	for range n {
		if d, err = b.forget(d); err != nil {
			return err
		}
		one, _, err := b.timed(1, 1, rest, b.prepareNothing, b.changeIPv4)
		if err != nil {
			return err
		}
		took = append(took, one...)
		time.Sleep(pause)
	}
	b.compare(fmt.Sprintf("homeward, IPv4, alone before, first request: reads every root (%d times)", n), took, floor)
	return d.stop()
}

// forget starts the daemon anew, without what it knew of roots. It has nothing
// to send then.
func (b *bencher) forget(d *daemon) (*daemon, error) {
	time.Sleep(pause)
	if err := d.stop(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(b.path("state/state.json"))
	if err != nil {
		return nil, err
	}
	if text, err = forgetRoots(text); err != nil {
		return nil, err
	}
	if err := os.WriteFile(b.path("state/state.json"), text, 0o600); err != nil {
		return nil, err
	}
	return b.resume(asProcd)
}

// timed makes n changes, each of which leads to that many requests, and
// returns the times from the change to the first and the last of them. Before
// each change it waits for gap.
func (b *bencher) timed(n, requests int, gap time.Duration, prepare, change func() error) (first, last times, err error) {
	for range n {
		if err := prepare(); err != nil {
			return nil, nil, err
		}
		time.Sleep(gap)
		began := time.Now()
		if err := change(); err != nil {
			return nil, nil, err
		}
		got, err := b.await(requests)
		if err != nil {
			return nil, nil, err
		}
		b.count(got)
		first = append(first, got[0].At.Sub(began))
		end := got[0].At
		for _, r := range got {
			if r.At.After(end) {
				end = r.At
			}
		}
		last = append(last, end.Sub(began))
	}
	return first, last, nil
}

// count looks for the prefix in requests, as is done with those of others.
func (b *bencher) count(got []updatetest.Request) {
	b.own.Requests += len(got)
	for _, r := range got {
		if r.Query.Has("ipv6prefix") {
			b.own.Prefixed++
		}
	}
}

// growth measures what more accounts and more routes cost.
func (b *bencher) growth() error {
	n := b.rounds(10, 3)
	b.head(fmt.Sprintf("As it grows, an IPv4 change, %d times in a row each", n), "accounts", "routes", "first request, median", "worst", "last request, median", "worst")
	for _, size := range []struct{ accounts, routes int }{{1, 10}, {10, 10}, {100, 10}, {1, 1000}, {1, 100_000}} {
		if err := b.router.FloodRoutes("br-lan", size.routes); err != nil {
			return err
		}
		d, err := b.begin(size.accounts, asProcd)
		if err != nil {
			return err
		}
		first, last, err := b.timed(n, size.accounts, pause, b.prepareNothing, b.changeIPv4)
		if err := errors.Join(err, d.stop(), b.router.DrainRoutes("br-lan", size.routes)); err != nil {
			return err
		}
		b.row(size.accounts, size.routes, first.median(), first.worst(), last.median(), last.worst())
	}
	return nil
}
