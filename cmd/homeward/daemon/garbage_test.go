package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/log"

	"golang.org/x/sys/unix"
)

// quick are workers that do their work at once: each is a goroutine's answer to
// the first order, and costs what a real one's reports do.
type quick struct {
	slots slots
	h     head
	next  int8
	came  chan report
	died  chan os.Signal
	dead  bool
	left  chan struct{} // one has left
}

func (q *quick) start(begin order) error {
	q.next = 1 - max(begin.slot, 0)
	q.dead = false
	if begin.slot < 0 {
		q.came <- report{gen: begin.gen, kind: reportSaved, slot: q.next}
	}
	return nil
}

func (q *quick) send(o order) error {
	if o.kind == orderLeave {
		q.dead = true
		offer(q.died)
		return nil
	}
	q.came <- report{gen: o.gen, seq: o.seq, kind: reportOffer, slot: q.next}
	return nil
}

func (q *quick) gone() (ending, bool) {
	if q.dead {
		select {
		case q.left <- struct{}{}:
		default:
		}
	}
	return ending{}, q.dead
}

func (q *quick) kill()                      {}
func (q *quick) reports() <-chan report     { return q.came }
func (q *quick) children() <-chan os.Signal { return q.died }

// carrierNAT is a line whose reason has an address in it: it is compared, not
// spelled.
func carrierNAT(preferred uint32) netwatch.Tables {
	return netwatch.Tables{
		Addrs: []netwatch.Addr{
			{Dev: "wwan0", Addr: netip.MustParseAddr("100.64.3.4"), Bits: 24, Global: true, Preferred: netwatch.Forever},
			{Dev: "wwan0", Addr: netip.MustParseAddr("2001:db8::7"), Bits: 128, Global: true, Preferred: preferred},
		},
		Defaults: []netwatch.Route{{Dev: "wwan0"}, {Dev: "wwan0", IPv6: true}},
	}
}

// newQuick starts a watcher with quick workers, and returns what tells that one
// has left, what shows it a line, and what ends it.
func newQuick(t *testing.T) (left <-chan struct{}, show func(netwatch.Tables), stop func()) {
	t.Helper()
	s, err := newSlots()
	if err != nil {
		t.Fatal(err)
	}
	v := NewViews(&settings.Config{}, none, nil)
	v.Line(carrierNAT(1800))
	q := &quick{slots: s, came: make(chan report, 16), died: make(chan os.Signal, 1), left: make(chan struct{}, 1)}
	q.h = head{logLevel: "info", until: never, watched: v.watched()}
	for i := range s {
		if err := s.write(int8(i), q.h, nil); err != nil {
			t.Fatal(err)
		}
	}
	w := &watcher{Program: Program{Log: func(log.Level, string) {}, SetLevel: func(string) {}}, control: newControl(), worker: q, slots: s, clock: upTime,
		lock: func(context.Context, string) error { return nil }, watch: func(context.Context, string, string) {}, release: func() {},
		signals: signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)}, events: newEvents()}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.run(ctx) }()
	return q.left, func(t netwatch.Tables) { w.events.show(ctx, w.events.tables, t) }, func() { cancel(); <-ended }
}

// A look that shows nothing new, behind carrier NAT and at a renewal, too,
// leaves nothing behind.
func TestALookWithoutNewsLeavesNoGarbage(t *testing.T) {
	left, show, stop := newQuick(t)
	defer stop()
	lines := [...]netwatch.Tables{carrierNAT(1800), carrierNAT(900)}
	show(lines[0])
	select {
	case <-left: // what comes now is seen by a watcher without a worker
	case <-time.After(time.Minute):
		t.Fatal("the first worker does not leave")
	}
	n := 0
	if allocs := testing.AllocsPerRun(1000, func() {
		n++
		show(lines[n%2])
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// manyWorkers, in the environment, makes the test binary a watcher that starts
// so many real processes, which end at once, and says what that has cost.
const manyWorkers = "TEST_MANY_WORKERS"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(manyWorkers)); err == nil {
		os.Exit(startMany(n))
	}
	os.Exit(m.Run())
}

func startMany(n int) int {
	debug.SetGCPercent(-1)
	// A huge page counts 2 MB where one byte was written.
	if unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0) != nil {
		return 1
	}
	s, err := newSlots()
	if err != nil {
		return 1
	}
	p, err := newProcess(nil, s)
	if err != nil {
		return 1
	}
	p.exe = "/bin/true"
	var g garbage
	for i := range n {
		if i == n/10 {
			fmt.Println(anonymous())
		}
		if p.start(order{kind: orderBegin}) != nil {
			return 1
		}
		for gone := false; !gone; _, gone = p.gone() {
			<-p.died
		}
		g.workers++
		g.collect(upTime(), never)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println(anonymous(), m.NumGC, m.TotalAlloc)
	return 0
}

// anonymous is the memory of this process that no file is behind, in kB. Pages of
// the program itself do not count: they are dirty until the linker's output has
// reached the disk.
func anonymous() (kB int) {
	text, _ := os.ReadFile("/proc/self/smaps_rollup")
	_, rest, _ := strings.Cut(string(text), "Anonymous:")
	fmt.Sscan(rest, &kB)
	return kB
}

// The memory of a watcher is bounded for ever: this one starts so many workers
// that it has to collect what they have left.
func TestTheWatchersMemoryIsBounded(t *testing.T) {
	workers, want := 6000, 2
	if raceDetector() { // which has memory of its own, and takes its time
		workers, want = workersMost+100, 1
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"GOMAXPROCS=1", fmt.Sprint(manyWorkers, "=", workers)}
	out, err := cmd.Output()
	var early, late, collections, allocated int
	if _, serr := fmt.Sscan(string(out), &early, &late, &collections, &allocated); err != nil || serr != nil {
		t.Fatalf("%q, %v, %v", out, err, serr)
	}
	t.Logf("%d kB of its own after %d workers, %d after %d; %d collections, %d bytes allocated in all", early, workers/10, late, workers, collections, allocated)
	if collections != want {
		t.Error("what the workers leave is not collected")
	}
	if late > early+1100 && !raceDetector() {
		t.Error("what the workers leave is not bounded")
	}
}

// raceDetector tells whether this test runs with it.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return !ok || slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// The garbage is collected by hand when there may be much, and not before.
func TestGarbageIsCollectedWhenThereMayBeMuch(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()
	collections := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumGC
	}
	g := garbage{collected: time.Hour}
	for _, step := range []struct {
		name    string
		workers int
		now     time.Duration
		period  time.Duration
		want    uint32
	}{
		{"few workers", workersMost - 1, time.Hour, never, 0},
		{"one more", 1, time.Hour, never, 1},
		{"none after it", 0, 1000 * time.Hour, never, 0},
		{"the period is over", 0, 1001 * time.Hour, time.Hour, 1},
		{"it is not over", 10, 1001*time.Hour + 59*time.Minute, time.Hour, 0},
	} {
		before := collections()
		g.workers += step.workers
		g.collect(step.now, step.period)
		if n := collections() - before; n != step.want {
			t.Errorf("%s: %d collections, want %d", step.name, n, step.want)
		}
	}
}
