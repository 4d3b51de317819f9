package daemon

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/transport"
)

var (
	simDays   = flag.Int("sim.days", 45, "simulated days of TestSimulation")
	simNights = flag.Int("sim.nights", 60, "simulated days of TestNights")
	simFirst  = flag.Uint64("sim.first", 20261139, "the first seed; the first life of this one has accounts of every kind")
	simSeed   = flag.Uint64("sim.seed", 0, "run only this seed, and print its story")
)

// TestSimulation lets a seeded adversary loose on the whole daemon: lines that
// change and flap, faults of every kind, lost answers, workers and watchers
// that are killed at every step, hang or are late, clocks that jump, reboots,
// signals, edited configurations, other processes. The invariants are checked
// as the services and the owner see them. One life in thirty has accounts of every
// kind.
func TestSimulation(t *testing.T) {
	live(t, *simDays, func(seed uint64) life { // a worker's work is several times as much for many accounts
		if seed%30 == 9 {
			return life{config: oneAccount + everyKind, length: 8 * time.Hour, takes: 3 * day}
		}
		return life{config: oneAccount, length: 3 * day, takes: 3 * day}
	})
}

// TestNights is likewise for up to a year each, of a line that gets other addresses
// every night, and four faults a day; for ten days with accounts of every kind.
func TestNights(t *testing.T) {
	live(t, *simNights, func(seed uint64) life {
		l := life{config: oneAccount, length: min(365, time.Duration(*simNights)) * day, nights: true}
		if seed%20 == 3 {
			l.config += everyKind
			l.length = min(10*day, l.length)
		}
		l.takes = l.length
		return l
	})
}

const day = 24 * time.Hour

// life is how long a seed lives, and with what.
type life struct {
	config string
	length time.Duration
	takes  time.Duration // of the days asked for
	nights bool          // a line that is renumbered once a day
}

// live lives as many days as asked for, some lives at a time, until something is found.
func live(t *testing.T, days int, kind func(seed uint64) life) {
	if *simSeed != 0 {
		simulate(t, *simSeed, kind(*simSeed), t.Failed, true)
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third of the time would go into it
	var wait sync.WaitGroup
	seeds := make(chan uint64)
	for range 2 * runtime.GOMAXPROCS(0) { // a life waits for the disk, too
		wait.Go(func() {
			for seed := range seeds {
				if !t.Run(fmt.Sprint("seed=", seed), func(one *testing.T) { simulate(one, seed, kind(seed), t.Failed, false) }) {
					t.Logf("replay with: go test ./cmd/homeward/daemon -run %s -sim.nights=%d -sim.seed=%d", t.Name(), *simNights, seed)
				}
			}
		})
	}
	left := time.Duration(days) * day
	for seed := *simFirst; left > 0 && !t.Failed(); seed++ {
		left -= kind(seed).takes
		seeds <- seed
	}
	close(seeds)
	wait.Wait()
}

// simulate lives a life, until something is found, in this life or in one beside it.
func simulate(t *testing.T, seed uint64, l life, found func() bool, tell bool) {
	dir := ramDir(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, dir, l.config)
		defer func() {
			if tell || t.Failed() {
				t.Logf("seed %d\n%s", seed, strings.Join(w.story, "\n"))
			}
		}()
		night := l.length
		if l.nights {
			w.pace, w.steady, night = 6*time.Hour, true, day
		}
		w.powerOn()
		for w.now() < l.length && !found() {
			time.Sleep(time.Duration(w.roll(1000)+1) * w.pace / 500)
			synctest.Wait()
			if l.nights {
				w.fine() // no fault lasts for days
				w.fillDisk(false)
			}
			if w.now() >= night {
				night += day
				w.renumber()
			} else {
				w.act()
			}
			synctest.Wait()
		}
		if found() {
			w.kill()
			time.Sleep(day) // whatever goes on ends: synctest waits for it
			return
		}
		w.calm()
		w.terminate()
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

// world is the router, its line and the service: all simulated but for the
// watcher, the workers, and their disk.
type world struct {
	mu     sync.Mutex // over all of it: watcher, workers and exchanges are goroutines
	t      *testing.T
	rng    *rand.Rand
	story  []string
	begin  time.Time
	pace   time.Duration // mean time between the adversary's acts
	steady bool          // it stays
	text   string        // of the configuration, with a place for its version
	busy   bool          // a line that never rests, and a service that is well: limits are all there is

	// the router
	dir      string
	boot     int
	bootAt   time.Duration
	wallOff  time.Duration // what the wall clock is off
	synced   bool
	life     *simLife                 // the daemon
	configs  map[int]*settings.Config // by version
	version  int                      // of the configuration, as it stands on disk
	loaded   int                      // as the daemon has read it last
	accepted int                      // likewise, and it goes by that
	starting bool                     // the daemon may read it
	hup      bool                     // SIGHUP has asked for it
	hups     int                      // SIGHUPs while one was not done with, since a worker was started: each may have it read once more
	usr1     bool                     // SIGUSR1 was sent, and not acted upon yet
	tamed    bool                     // no more workers are killed
	looked   time.Duration            // when a worker last read the tables
	state    string
	used     int // of the day's requests

	// the line
	line  simLine
	shown []shownLine // of the last hour

	// the services
	svc      simService // of home
	others   []*simAccount
	servers  map[string]*simServer // by the hosts of their URLs
	answered map[netip.Addr]bool   // answers to those who ask where they come from
	beside   bool                  // once runs, or has just ended
}

// simLine is what the line shows.
type simLine struct {
	service.Values
	second netip.Addr // of a second WAN, where there is one
}

// shownLine is a line as it was until a moment.
type shownLine struct {
	simLine
	until time.Duration
}

// simService counts and judges as IPv64 does.
type simService struct {
	weather  string
	arrivals []time.Duration // of this secret
	held     map[int]service.Values
	refused  int // version of the configuration that was refused for good, and known to be; 0: none
	requests int
}

// newWorld returns a world with the configuration of a kind of life.
func newWorld(t *testing.T, seed uint64, dir, config string) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 7)), begin: time.Now(), dir: dir, pace: 10 * time.Minute, text: config, configs: map[int]*settings.Config{}, answered: map[netip.Addr]bool{}}
	w.synced = true
	if w.busy = seed%3 == 0; w.busy {
		w.pace = 5 * time.Minute
	}
	w.svc.weather, w.svc.held = "fine", map[int]service.Values{}
	w.version = 1
	w.others, w.servers = newAccounts(w.config(1))
	w.line.Values = service.Values{IPv4: w.address4(), Prefix: w.prefix()}
	if len(w.others) > 0 {
		w.line.second = w.address4()
	}
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
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(w.roll(20)), 0, 0, 1}), 64)
}

// config is the configuration of a version. The secret stays: the service
// counts by it.
func (w *world) config(version int) *settings.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cfg := w.configs[version]; cfg != nil {
		return cfg
	}
	cfg, warnings, faults := settings.Parse("conf", fmt.Appendf(nil, w.text, version), 0o600, settings.ReadFile)
	if len(warnings)+len(faults) > 0 {
		panic(fmt.Sprint("daemon: the configuration of the simulation: ", warnings, faults))
	}
	cfg.StateDir, cfg.RunDir = w.dir, filepath.Join(w.dir, "run")
	cfg.Sources = settings.Sources{"conf": {Content: fmt.Append(nil, version)}}
	w.configs[version] = cfg
	return cfg
}

// load is the daemon reading its configuration. Only SIGHUP may bring another.
func (w *world) load() (*settings.Config, []string, error) {
	w.mu.Lock()
	starting, unasked := w.starting, !w.starting && !w.hup
	if unasked && w.hups > 0 {
		unasked, w.hups = false, w.hups-1
	}
	w.loaded = w.version
	version := w.version
	w.mu.Unlock()
	if unasked {
		w.fail("the configuration is read though nobody has asked for it")
	}
	if starting {
		return w.config(version), nil, nil
	}
	return w.moved(version), nil, nil
}

// moved is the configuration with other folders, which are for the next start.
func (w *world) moved(version int) *settings.Config {
	cfg := *w.config(version)
	cfg.StateDir, cfg.RunDir = filepath.Join(w.dir, "elsewhere"), filepath.Join(w.dir, "elsewhere", "run")
	return &cfg
}

func (w *world) again(_ string, s settings.Sources) (*settings.Config, error) {
	version := 0
	_, err := fmt.Sscan(string(s["conf"].Content), &version)
	return w.moved(version), err
}

// clocks is what the router reads.
func (w *world) clocks() clock.Now {
	w.mu.Lock()
	defer w.mu.Unlock()
	return clock.Now{Wall: w.begin.Add(w.now() + w.wallOff).Round(0), Synced: w.synced, Boot: fmt.Sprint("boot", w.boot), Up: w.now() - w.bootAt + time.Second}
}

// read is the kernel's tables.
func (w *world) read() (t netwatch.Tables, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.line.IPv4.IsValid() {
		t.Addrs = append(t.Addrs, netwatch.Addr{Dev: "wan", Addr: w.line.IPv4, Bits: 24, Global: true, Preferred: netwatch.Forever})
		t.Defaults = append(t.Defaults, netwatch.Route{Dev: "wan"})
	}
	if w.line.second.IsValid() {
		t.Addrs = append(t.Addrs, netwatch.Addr{Dev: "wwan", Addr: w.line.second, Bits: 24, Global: true, Preferred: netwatch.Forever})
		t.Defaults = append(t.Defaults, netwatch.Route{Dev: "wwan", Metric: 100})
	}
	if w.line.Prefix.IsValid() {
		t.Defaults = append(t.Defaults, netwatch.Route{Dev: "wan", IPv6: true})
		t.Addrs = append(t.Addrs, netwatch.Addr{Dev: "br-lan", Addr: w.line.Prefix.Addr().Next(), Bits: 60, Global: true, Preferred: 1800})
		delegated, _ := w.line.Prefix.Addr().Prefix(56)
		t.Unreachable = append(t.Unreachable, delegated)
	}
	return t, nil
}

// addLog is the owner reading the log. What is said to be stopped is stopped.
func (w *world) addLog(level log.Level, s string) {
	w.tell("says: %s", s)
	w.mu.Lock()
	defer w.mu.Unlock()
	if level == log.Error && strings.HasPrefix(s, "home: ") && strings.Contains(s, "Nothing more is sent") {
		w.svc.refused = w.accepted
	}
	if strings.Contains(s, "(SIGUSR1)") {
		w.usr1 = false
	}
}

// believe fails where status.json says that the service holds what the line
// shows, and it does not.
func (w *world) believe(path string, text []byte) error {
	if filepath.Base(path) != StatusFile {
		return nil
	}
	var all Status
	if err := json.Unmarshal(text, &all); err != nil {
		w.fail("status.json: %v", err)
		return nil
	}
	w.believeOthers(all.Accounts)
	s := all.Accounts["home"]
	w.mu.Lock()
	held, version := w.svc.held[w.accepted], w.accepted
	w.state, w.used = s.State, s.Used
	w.mu.Unlock()
	if s.State != update.StateCurrent || s.Want == nil {
		return nil
	}
	if s.Want.IPv4.IsValid() && s.Want.IPv4 != held.IPv4 || s.Want.Prefix.IsValid() && s.Want.Prefix != held.Prefix {
		w.fail("current, with %v; the service holds %v of version %d", *s.Want, held, version)
	}
	return nil
}

// show is the kernel's messages of a line: it is looked at early, and again
// when it is still.
func (w *world) show(line simLine) {
	w.change(line)
	w.event()
}

// change is the line as it is from now on.
func (w *world) change(line simLine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.shown) > 0 && w.now()-w.shown[0].until > time.Hour {
		w.shown = w.shown[1:]
	}
	w.shown = append(w.shown, shownLine{w.line, w.now()})
	w.line = line
}

// only is the line with these values alone; a second WAN stays.
func (w *world) only(v service.Values) simLine { return simLine{v, w.line.second} }

// shownSince returns what the line has shown since about a moment.
func (w *world) shownSince(at time.Duration) []simLine {
	lines := []simLine{w.line}
	for _, s := range w.shown {
		if s.until >= at-100*time.Millisecond {
			lines = append(lines, s.simLine)
		}
	}
	return lines
}

// event is a message of the kernel that can matter.
func (w *world) event() {
	time.Sleep(500 * time.Microsecond)
	t, _ := w.read()
	w.showTo(w.life.watcher.events.early, t)
	time.Sleep(4500 * time.Microsecond)
	t, _ = w.read()
	w.showTo(w.life.watcher.events.tables, t)
}

func (w *world) parts(exchange transport.Exchange) loop.Parts {
	return loop.Parts{Exchange: exchange, Now: w.clocks, Log: w.addLog}
}

// once is `homeward once`.
func (w *world) once(force bool) {
	t, _ := w.read()
	exchange := func(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
		return w.exchange(ctx, nil, r, ready)
	}
	w.mu.Lock()
	version := w.version
	w.beside = true
	if force {
		w.svc.refused = 0
	}
	w.mu.Unlock()
	parts := w.parts(exchange)
	parts.PID = os.Getppid() // it is another process
	Once(context.Background(), w.config(version), t, parts, func(string) bool { return true }, force)
	replaceLatest(w.life.watcher.events.state, struct{}{})
	synctest.Wait()
	if len(w.others) > 0 {
		time.Sleep(2 * time.Second) // until the daemon has noticed
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beside = false
	for _, a := range w.others {
		if force {
			a.stopped = 0
		}
	}
}
