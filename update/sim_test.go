package update

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	simDays = flag.Int("sim.days", 120, "simulated days of TestSimulation")
	simSeed = flag.Uint64("sim.seed", 0, "run only this seed, and print its story")
)

// TestSimulation lets a seeded adversary loose on the whole updater: lines
// that change and flap, faults of every kind, lost answers, kills at every
// write, clocks that jump, reboots, restarts, other processes. The invariants
// are checked as the service sees them.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		simulate(t, *simSeed, true)
		return
	}
	var wait sync.WaitGroup
	lives := *simDays / simLength
	for core := range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for n := core; n < lives && !t.Failed(); n += runtime.GOMAXPROCS(0) {
				seed := 20261121 + uint64(n)
				if t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { simulate(t, seed, false) }); t.Failed() {
					t.Logf("replay with: go test ./update -run TestSimulation -sim.seed=%d", seed)
				}
			}
		})
	}
	wait.Wait()
}

// simLength is how many days one seed lives.
const simLength = 3

func simulate(t *testing.T, seed uint64, tell bool) {
	dir := ramDir(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, dir)
		defer func() {
			if tell || t.Failed() {
				t.Logf("seed %d\n%s", seed, strings.Join(w.story, "\n"))
			}
		}()
		w.powerOn()
		for w.now() < simLength*day && !t.Failed() {
			time.Sleep(time.Duration(w.roll(1000)+1) * w.pace / 500)
			synctest.Wait()
			w.act()
			synctest.Wait()
		}
		w.calm()
		w.powerOff()
	})
}

// ramDir is a folder where a sync costs nothing.
func ramDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "homeward-sim")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// world is the router, its line and the service, all simulated but for the
// Runner, the Store and its disk.
type world struct {
	mu    sync.Mutex // over all of it: exchanges are goroutines of their own
	t     *testing.T
	rng   *rand.Rand
	story []string
	begin time.Time
	pace  time.Duration // mean time between the adversary's acts
	busy  bool          // a line that never rests, and a service that is well: limits are all there is

	// the router
	dir     string
	boot    int
	bootAt  time.Duration
	wallOff time.Duration // what the wall clock is off
	synced  bool
	life    *life // nil: not running
	acct    *Account
	version int    // of the configuration
	asked   int    // the version that the daemon was given
	state   string // of the account, as it said last
	used    int    // and of the day's requests

	// the line
	line  Values
	shown []shownLine

	// the service
	svc simService
}

// shownLine is a line as it was until a moment.
type shownLine struct {
	Values
	until time.Duration
}

// simService counts and judges as IPv64 does.
type simService struct {
	weather  string
	arrivals []time.Duration // of this secret
	held     Values
	refused  int // version of the configuration that was refused for good, and known to be; 0: none
	requests int
}

// life is one process.
type life struct {
	runner *Runner
	stop   context.CancelFunc
	dead   atomic.Bool
	ended  chan struct{}
	killAt atomic.Int32 // die at this write, 0: never
	writes int
}

func newWorld(t *testing.T, seed uint64, dir string) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 7)), begin: time.Now(), dir: dir, pace: 10 * time.Minute}
	w.synced = true
	if w.busy = seed%3 == 0; w.busy {
		w.pace = 5 * time.Minute
	}
	w.svc.weather = "fine"
	w.configure()
	w.line = Values{IPv4: w.address4(), Prefix: w.prefix()}
	return w
}

func (w *world) now() time.Duration { return time.Since(w.begin) }

// roll returns a number below n.
func (w *world) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

func (w *world) tell(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.story = append(w.story, fmt.Sprintf("%14v  ", w.now().Round(time.Millisecond))+fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.tell("WRONG: "+format, args...)
	w.t.Errorf("at %v: "+format, append([]any{w.now()}, args...)...)
}

func (w *world) address4() netip.Addr {
	return netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + w.roll(20))})
}

func (w *world) prefix() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(w.roll(20))}), 64)
}

// configure makes the next version of the account. The secret stays: the
// service counts by it.
func (w *world) configure() {
	w.version++
	a := ipv64Account()
	a.Record = fmt.Sprintf("r%d", w.version)
	a.Refresh = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acct = a
	w.svc.held = Values{} // of a record that nobody has updated yet
}

// reconfigure gives the daemon the account.
func (w *world) reconfigure() {
	asked := func(version int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked = version
	}
	asked(0)
	w.life.runner.Accounts([]*Account{w.acct}, w.sight())
	synctest.Wait()
	asked(w.version)
}

// clocks is what the router reads.
func (w *world) clocks() Now {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Now{Wall: w.begin.Add(w.now() + w.wallOff).Round(0), Synced: w.synced, Boot: fmt.Sprint("boot", w.boot), Up: w.now() - w.bootAt + time.Second}
}

func (w *world) powerOn() {
	l := &life{ended: make(chan struct{})}
	if w.roll(3) == 0 {
		l.killAt.Store(int32(1 + w.roll(12)))
	}
	w.life = l
	store := OpenStore(w.dir, "", func(s string) { w.tell("says: %s", s) })
	write := store.replace
	store.replace = func(path string, data []byte) error {
		l.writes++
		if l.dead.Load() {
			runtime.Goexit()
		}
		if l.writes == int(l.killAt.Load()) {
			how := w.roll(3)
			w.tell("killed at write %d, way %d", l.writes, how)
			if how == 1 { // in the middle of the temporary file
				os.WriteFile(path+".new", data[:len(data)/2], 0o600)
			}
			if how == 2 { // right after
				write(path, data)
			}
			l.dead.Store(true)
			l.stop()
			runtime.Goexit()
		}
		return write(path, data)
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.runner = NewRunner(store, func(ctx context.Context, r Request, ready Ready) Outcome { return w.exchange(ctx, l, r, ready) },
		w.clocks, w.hear, w.believe)
	go func() {
		defer close(l.ended)
		l.runner.Run(ctx)
	}()
	w.reconfigure()
	w.tell("starts; %+v", w.line)
}

// hear is the owner reading the log. What is said to be stopped is stopped.
func (w *world) hear(level Level, s string) {
	w.tell("says: %s", s)
	if level == Error {
		w.refuse(w.version)
	}
}

// refuse notes which configuration the service has refused for good.
func (w *world) refuse(version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.svc.refused = version
}

// believe fails where the daemon says that the service holds what the line
// shows, and it does not.
func (w *world) believe(all map[string]Status) {
	s := all["home"]
	w.mu.Lock()
	held, known := w.svc.held, w.asked == w.version
	w.state, w.used = s.State, s.Used
	w.mu.Unlock()
	if s.State != StateCurrent || s.Want == nil || !known {
		return
	}
	if missing(*s.Want, Host{Values: held}) != (Values{}) {
		w.fail("current, with %v; the service holds %v", *s.Want, held)
	}
}

// powerOff ends the process as SIGTERM does.
func (w *world) powerOff() {
	w.life.stop()
	<-w.life.ended
}

// kill ends it as kill -9 does: nothing is written any more.
func (w *world) kill() {
	w.life.dead.Store(true)
	w.life.stop()
	<-w.life.ended
}

func (w *world) sight() Sight {
	line := w.line
	return Sight{Wants: map[string]Want{"home": {Values: line}}, Has: func(a netip.Addr) bool { return a == line.IPv4 }}
}

func (w *world) show(line Values) {
	w.mu.Lock()
	w.shown = append(w.shown, shownLine{w.line, w.now()})
	w.line = line
	w.mu.Unlock()
	w.life.runner.Observe(w.sight())
}

func parseAddr(s string) (netip.Addr, error)     { return netip.ParseAddr(s) }
func parsePrefix(s string) (netip.Prefix, error) { return netip.ParsePrefix(s) }
