package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// memory is what the idle daemon takes, in kB.
type memory struct{ rss, privateDirty int }

// The most that it may take, on any router.
const (
	mostRSS   = 6000
	mostDirty = 1000
)

// over is an error if that is too much.
func (m memory) over() error {
	if m.rss > mostRSS || m.privateDirty > mostDirty {
		return fmt.Errorf("the idle daemon takes %d kB, %d of it its own; it may take %d and %d", m.rss, m.privateDirty, mostRSS, mostDirty)
	}
	return nil
}

// rests waits until the daemon is without a worker: that ends a third of a
// second after its work, and the emulation is slow.
func rests(ctx context.Context, g *guest) error {
	const wait = "sleep 3; n=0; while [ $(pidof homeward | wc -w) != 1 ]; do " +
		"n=$((n+1)); [ $n -lt 50 ] || { false; break; }; sleep 0.1; done; [ $n -lt 50 ]"
	if _, err := g.must(ctx, wait); err != nil {
		return fmt.Errorf("the daemon does not rest: %w", err)
	}
	return nil
}

// measure reads the memory of the daemon at rest. Pages not written back yet
// would count as its own.
func measure(ctx context.Context, g *guest) (m memory, err error) {
	if err := rests(ctx, g); err != nil {
		return m, err
	}
	r, err := g.must(ctx, "sync; cat /proc/$(pidof homeward)/smaps_rollup")
	if err != nil {
		return m, err
	}
	text := strings.Join(r.out, "\n")
	if m.rss, err = kB(text, "Rss:"); err == nil {
		m.privateDirty, err = kB(text, "Private_Dirty:")
	}
	return m, err
}

// kB finds the line "name number kB".
func kB(text, name string) (int, error) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name {
			return strconv.Atoi(f[1])
		}
	}
	return 0, fmt.Errorf("no %s in %q", name, text)
}

// Of the daemon, its worker and the pages of the program on the cold flash
// together.
const capBytes = 8 << 20

// underCap starts the daemon again in a cgroup of 8 MB, makes a change, and
// returns how long the request took in ms, and the group's peak in kB.
func underCap(ctx context.Context, g *guest, s *standIn, c change) (ms, peak int, err error) {
	const group = "/sys/fs/cgroup/cap"
	prepare := fmt.Sprintf("kill $(pidof homeward) && while pidof homeward >/dev/null; do sleep 0.1; done; sync; "+
		"mount -t cgroup2 cgroup /sys/fs/cgroup && mkdir %[1]s && echo +memory >/sys/fs/cgroup/cgroup.subtree_control && "+
		"echo %[2]d >%[1]s/memory.max && echo 3 >/proc/sys/vm/drop_caches && [ ! -e /tmp/run/status.json ]", group, capBytes)
	if _, err := g.must(ctx, prepare); err != nil {
		return 0, 0, err
	}
	if err := start(ctx, g, "echo 0 >"+group+"/cgroup.procs &&"); err != nil {
		return 0, 0, err
	}
	if err := rests(ctx, g); err != nil {
		return 0, 0, err
	}
	took, err := c.run(ctx, g, s)
	if err != nil {
		return 0, 0, err
	}
	if err := rests(ctx, g); err != nil { // its worker is gone
		return 0, 0, err
	}
	r, err := g.must(ctx, "cat "+group+"/memory.max "+group+"/memory.peak && cat "+group+"/memory.events && grep -c . "+group+"/cgroup.procs")
	if err != nil {
		return 0, 0, err
	}
	if len(r.out) < 3 || r.out[0] != strconv.Itoa(capBytes) || r.out[len(r.out)-1] != "1" {
		return 0, 0, fmt.Errorf("the daemon does not run under the cap: %q", r.out)
	}
	for _, line := range r.out {
		if strings.HasPrefix(line, "oom_kill ") && line != "oom_kill 0" {
			return 0, 0, fmt.Errorf("the kernel killed a process under the cap: %q", r.out)
		}
	}
	bytes, err := strconv.Atoi(r.out[1])
	return int(took.Milliseconds()), bytes / 1024, err
}
