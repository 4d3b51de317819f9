package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// bencher measures homeward on a line with two addresses and two prefixes,
// where one call to the kernel changes what is published.
type bencher struct {
	*scene
	mode
	ledger
	kernel   chan kernelEvent
	requests chan updatetest.Request
	out      *tabwriter.Writer
	lease    int     // which of the two is published
	prefix   int     // likewise
	roots    []byte  // the machine's, without our authority
	own      figures // of homeward, to stand beside others'
	failed   error   // what went wrong with others
}

// The two addresses and prefixes that take turns.
var (
	gateway  = netip.MustParseAddr("203.0.113.1")
	leases   = [2]netip.Prefix{netip.MustParsePrefix("203.0.113.10/24"), netip.MustParsePrefix("203.0.113.20/24")}
	prefixes = [2]netip.Prefix{netip.MustParsePrefix("2001:db8:1000::/56"), netip.MustParsePrefix("2001:db8:2000::/56")}
)

// bench measures and prints as it goes. It is an error if a figure is over its
// budget.
func bench(binary string) error {
	began := time.Now()
	m, err := parseMode(os.Getenv("BENCH"))
	if err != nil {
		return err
	}
	b := &bencher{mode: m, kernel: make(chan kernelEvent, 1024), requests: make(chan updatetest.Request, 4096),
		out: tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)}
	b.scene, err = newScene(binary, func(k kernelEvent) {
		select {
		case b.kernel <- k:
		default: // nobody measures now
		}
	}, func(r updatetest.Request) { b.requests <- r })
	if err != nil {
		return err
	}
	defer b.close()
	b.caFile = ""
	if b.roots, err = machineRoots(); err != nil {
		return err
	}
	if err := trust(b.roots, b.server.CA); err != nil {
		return err
	}
	for _, part := range b.parts() {
		if err := part(); err != nil {
			return err
		}
		b.out.Flush()
	}
	b.ledger.print(os.Stdout)
	fmt.Printf("\nAll of it took %v.\n", time.Since(began).Round(time.Second))
	return errors.Join(b.ledger.err(), b.failed)
}

// parts are what the mode asks for, in order.
func (b *bencher) parts() []func() error {
	if b.mode == onlyBudgets {
		return []func() error{b.makeLine, b.memories, b.flood}
	}
	return []func() error{b.makeLine, b.latencies, b.growth, b.besideOthers}
}

// makeLine gives the router both addresses and both prefixes.
func (b *bencher) makeLine() error {
	r := b.router
	err := b.router.ISP.AddAddr("isp0", netip.PrefixFrom(gateway, 24))
	for i := range 2 {
		err = errors.Join(err, r.AddAddr("eth0", leases[i], netip.Addr{}, ^uint32(0), ^uint32(0)),
			r.Delegate(prefixes[i]), r.LANAddr(lanAddr(prefixes[i]), 1800, 3600))
	}
	return errors.Join(err, b.changeIPv4(), r.LANAddr(lanAddr(prefixes[1]), 0, 3600))
}

// changeIPv4 makes the other address the published one, by one message.
func (b *bencher) changeIPv4() error {
	b.lease = 1 - b.lease
	return b.router.SetRoute(netwatchtest.Default4("eth0", gateway, leases[b.lease].Addr(), 0))
}

// changePrefix makes the other prefix the published one: its LAN address was
// made preferred before, and now the one of the old is deprecated.
func (b *bencher) changePrefix() error {
	b.prefix = 1 - b.prefix
	return b.router.LANAddr(lanAddr(prefixes[1-b.prefix]), 0, 3600)
}

// prepare makes ready for changePrefix, which homeward sees and has no use for.
func (b *bencher) prepare() error {
	return b.router.LANAddr(lanAddr(prefixes[1-b.prefix]), 1800, 3600)
}

func (b *bencher) prepareNothing() error { return nil }

// begin starts homeward with n accounts, and waits until all were sent.
func (b *bencher) begin(n int, env ...string) (*daemon, error) {
	domains, accounts := []string{domain}, []account(nil)
	for i := range n {
		a := account{fmt.Sprintf("a%d", i), fmt.Sprintf("a%d.ipv64.net", i), fmt.Sprintf("the-key-of-account-%d", i), true}
		accounts, domains = append(accounts, a), append(domains, a.domain)
	}
	service := updatetest.NewIPv64(token, domains...)
	service.Limit10s, service.Limit24h = 0, 0
	for _, a := range accounts {
		service.SetHash(a.domain, a.token)
	}
	b.serve(service)
	if err := b.configure(accounts...); err != nil {
		return nil, err
	}
	d, err := b.start(env...)
	if err != nil {
		return nil, err
	}
	if _, err := b.await(n); err != nil {
		return nil, errors.Join(err, d.stop(), fmt.Errorf("homeward said:\n%s", d.log))
	}
	time.Sleep(300 * time.Millisecond)
	return d, nil
}

// await waits for n requests.
func (b *bencher) await(n int) (got []updatetest.Request, err error) {
	late := time.After(30 * time.Second)
	for len(got) < n {
		select {
		case r := <-b.requests:
			if r.Status != 200 {
				return nil, fmt.Errorf("a request was answered %d", r.Status)
			}
			got = append(got, r)
		case <-late:
			return nil, fmt.Errorf("%d requests came in 30 s, and %d were to", len(got), n)
		}
	}
	return got, nil
}

// times are durations that are alike.
type times []time.Duration

func (t times) median() time.Duration { return slices.Sorted(slices.Values(t))[len(t)/2] }
func (t times) worst() time.Duration  { return slices.Max(t) }

// row prints a line of a table.
func (b *bencher) row(cells ...any) {
	for _, c := range cells {
		if d, ok := c.(time.Duration); ok {
			fmt.Fprintf(b.out, "%.2f ms\t", ms(d))
		} else {
			fmt.Fprintf(b.out, "%v\t", c)
		}
	}
	fmt.Fprintln(b.out)
}

// head begins a new table.
func (b *bencher) head(title string, cells ...any) {
	fmt.Fprintf(b.out, "\n%s\n", title)
	if cells != nil {
		b.row(cells...)
	}
}
