package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// within bounds the life of a machine. It needs some seconds of it, on a host
// that has nothing else to do.
const within = 5 * time.Minute

// tries is how often a machine is booted whose emulation fails. The interrupt
// of qemu's MIPS timer is lost now and then, on a busy host: nothing that waits
// for a time goes on then until the counter wraps, 40 s later.
const tries = 3

var errTimers = errors.New("the emulated machine's timers have stopped")

// result is what one machine showed.
type result struct {
	boot    time.Duration
	took    []time.Duration // from each change to its request
	memory  memory
	capMS   int
	capPeak int // kB
}

// runMachines boots each machine in turn and prints a table. All of them are
// tried; the error tells of those that did not do as they should.
func runMachines(ctx context.Context, cache, work string, ms []machine, w io.Writer) error {
	tools := []tool{{"mksquashfs", "squashfs-tools"}, {"dpkg", "dpkg"}, {"xz", "xz-utils"}}
	for _, m := range ms {
		tools = append(tools, m.qemu)
	}
	if err := need(ctx, tools); err != nil {
		return err
	}
	var errs []string
	head := fmt.Sprintf("%-15s %6s  %7s %7s %7s %7s  %7s %13s  %s", "machine, 64 MB", "boot", "IPv4", "prefix", "IPv4", "prefix", "RSS", "Private_Dirty", "under 8 MB: IPv4, peak")
	for i, m := range ms {
		dir := filepath.Join(work, strconv.Itoa(i))
		r, err := runMachine(ctx, cache, dir, m)
		for n := 1; n < tries && errors.Is(err, errTimers); n++ {
			fmt.Fprintf(w, "%s: %v; booting it again\n", m.name, errTimers)
			r, err = runMachine(ctx, cache, filepath.Join(dir, strconv.Itoa(n)), m)
		}
		if err != nil {
			errs = append(errs, fmt.Sprintf("%s: %v", m.name, err))
			continue
		}
		if head != "" {
			fmt.Fprintln(w, head)
			head = ""
		}
		fmt.Fprintln(w, r.row(m.name))
	}
	if len(errs) > 0 {
		return fmt.Errorf("%s", strings.Join(errs, "\n"))
	}
	fmt.Fprintln(w, "Times of IPv4 and prefix: from the start of the command (ip) that changes the line to the request at the stand-in, the command included.")
	return nil
}

func (r result) row(name string) string {
	s := fmt.Sprintf("%-15s %4.1f s ", name, r.boot.Seconds())
	for _, t := range r.took {
		s += fmt.Sprintf(" %4d ms", t.Milliseconds())
	}
	return s + fmt.Sprintf("  %4d kB %10d kB  %d ms, %d kB", r.memory.rss, r.memory.privateDirty, r.capMS, r.capPeak)
}

// runMachine boots one machine and takes it through everything.
func runMachine(ctx context.Context, cache, dir string, m machine) (r result, err error) {
	s, err := serve(serviceAddr)
	if err != nil {
		return r, err
	}
	defer s.Close()
	s.ipv64.Limit10s = 0 // more changes in 10 s than a line has
	commandLine, err := prepare(ctx, cache, dir, m, s)
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := time.Now()
	g, err := boot(ctx, commandLine)
	if err != nil {
		return r, err
	}
	defer g.kill()
	if _, _, err := g.until(ctx, "@ready"); err != nil {
		return r, err
	}
	r.boot = time.Since(began)
	if err := r.story(ctx, g, s); err != nil {
		if log, e := g.try(ctx, "cat /tmp/log; homeward status; ps | grep homeward; netstat -tn; ip neigh; ip addr"); e == nil {
			err = fmt.Errorf("%w\nthe daemon's log, and more:\n%s", err, strings.Join(log.out, "\n"))
		}
		return r, errors.Join(err, timers(ctx, g))
	}
	return r, g.off(ctx)
}

// timers returns errTimers if a short sleep in the guest does not end. The
// guest is of no more use then.
func timers(ctx context.Context, g *guest) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := g.try(ctx, "sleep 0.1"); err != nil {
		return fmt.Errorf("%w: %w", errTimers, err)
	}
	return nil
}

// prepare makes everything that m boots from, and returns how to start it.
func prepare(ctx context.Context, cache, dir string, m machine, s *standIn) ([]string, error) {
	p, err := fetch(ctx, cache, m.arch, m.kernel)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	conf := "limit_10s = 0\n"
	conf = config("https://"+net.JoinHostPort(serviceAddr, servicePort), "/etc/authority.pem", "/tmp") + conf
	err = build(ctx, file("homeward"), m.env)
	if err == nil {
		err = flashTree(file("flash"), p.busybox, file("homeward"), []byte(conf), s.CA)
	}
	if err == nil {
		err = squash(ctx, file("flash"), file("flash.squashfs"))
	}
	if err == nil {
		err = initramfs(dir, p, file("initrd"))
	}
	if err != nil {
		return nil, err
	}
	return m.commandLine(p.kernel, file("initrd"), file("flash.squashfs"), s.addr)
}

// story is what happens on the machine, and what is to come of it.
func (r *result) story(ctx context.Context, g *guest, s *standIn) error {
	if err := sameClock(ctx, g); err != nil {
		return err
	}
	if _, err := g.must(ctx, setUp); err != nil {
		return err
	}
	if err := start(ctx, g, ""); err != nil {
		return err
	}
	before, capped := changes()
	for _, c := range before {
		took, err := c.run(ctx, g, s)
		if err != nil {
			return err
		}
		r.took = append(r.took, took)
	}
	var err error
	if r.memory, err = measure(ctx, g); err != nil {
		return err
	}
	if err := r.memory.over(); err != nil {
		return err
	}
	if r.capMS, r.capPeak, err = underCap(ctx, g, s, capped); err != nil {
		return fmt.Errorf("under %d MB: %w", capBytes>>20, err)
	}
	if rest := s.fresh(); len(rest) > 0 {
		return fmt.Errorf("requests came that nothing had caused: %s", queries(rest))
	}
	return faults(ctx, g)
}

// sameClock makes sure that the guest's clock is the host's: certificates are
// only valid then.
func sameClock(ctx context.Context, g *guest) error {
	r, err := g.must(ctx, "date +%s")
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(strings.Join(r.out, ""), 10, 64)
	if err != nil {
		return err
	}
	if off := time.Unix(at, 0).Sub(r.begun).Abs(); off > 5*time.Second {
		return fmt.Errorf("the guest's clock is %v off", off)
	}
	return nil
}
