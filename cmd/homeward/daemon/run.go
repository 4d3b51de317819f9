package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/state"
	"homeward/update/transport"
)

// Run runs the daemon until SIGTERM, SIGINT or the end of ctx, and returns the
// exit code. args are passed to each worker (RunWorker).
func Run(ctx context.Context, p Program, args []string) int {
	signals := newSignals() // first: before it a signal ends the process
	defer signals.stop()
	forgoPrivileges()
	debug.SetGCPercent(-1) // see garbage
	s, err := newSlots()
	if err != nil {
		p.Log(log.Error, err.Error())
		return 1
	}
	worker, err := newProcess(args, s)
	if err != nil {
		p.Log(log.Error, err.Error())
		return 1
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := &watcher{Program: p, control: newControl(), worker: worker, slots: s, clock: upTime, release: ownText().release, garbage: garbage{collected: upTime()}, signals: signals, events: newEvents()}
	var held *os.File
	w.lock = func(ctx context.Context, dir string) (err error) {
		if err = p.Enter(w.head.stateDir, dir); err != nil {
			return err
		}
		held, err = lockRunDir(ctx, signals.end, dir, func(s string) { p.Log(log.Warn, s) })
		return err
	}
	w.watch = w.watchAll
	code := w.run(ctx)
	if held != nil {
		removeStatus(w.head.runDir)
		held.Close()
	}
	return code
}

// upTime is the time since boot, sleep included.
func upTime() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // cannot fail on Linux ≥ 2.6.39
	return time.Duration(ts.Nano())
}

// watchAll starts the goroutines that watch the state and the clock.
func (w *watcher) watchAll(ctx context.Context, stateDir, runDir string) {
	if err := os.MkdirAll(stateDir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		w.Log(log.Debug, "state_dir: "+err.Error()) // the worker logs what it means
	}
	e := w.events
	line := &netwatch.Watcher{
		Trouble: func(err error) { replaceLatest(e.blind, err) },
		Early:   func(t netwatch.Tables) { e.show(ctx, e.early, t) },
	}
	go line.Run(ctx, func(t netwatch.Tables) { e.show(ctx, e.tables, t) })
	go func() {
		w.part("the clock", clock.Watch(ctx, func() { replaceLatest(e.clock, struct{}{}) }))
	}()
	go func() {
		w.part("state_dir", state.Watch(ctx, func() { replaceLatest(e.state, struct{}{}) }, stateDir, runDir))
	}()
}

// part logs why a goroutine that the daemon can do without has ended.
func (w *watcher) part(what string, err error) {
	if err != nil {
		w.Log(log.Warn, what+" cannot be watched: "+err.Error())
	}
}

// replaceLatest sends v to a channel that holds one value, and drops an older one
// that was not received. Only one goroutine may send to c.
func replaceLatest[T any](c chan T, v T) {
	select {
	case <-c:
	default:
	}
	c <- v
}

// signals are those that the watcher handles. Each channel holds one signal, as
// the kernel does.
type signals struct{ hup, usr1, end chan os.Signal }

func newSignals() signals {
	s := signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)}
	signal.Notify(s.end, syscall.SIGTERM, syscall.SIGINT)
	signal.Notify(s.hup, syscall.SIGHUP)
	signal.Notify(s.usr1, syscall.SIGUSR1)
	return s
}

func (s signals) stop() {
	signal.Stop(s.end)
	signal.Stop(s.hup)
	signal.Stop(s.usr1)
}

// garbage bounds the watcher's garbage: some 300 bytes for each worker, and for
// each failed start or read of the tables. The first collection grows the runtime
// by half a megabyte for good, and automatic ones would run every two minutes
// after it. So collect runs one after workersMost workers, which takes months.
type garbage struct {
	workers   int           // started since the last collection
	collected time.Duration // since boot
}

const workersMost = 2048

// collect collects the garbage after workersMost workers, or after period.
func (g *garbage) collect(now, period time.Duration) {
	if g.workers < workersMost && now-g.collected < period {
		return
	}
	g.workers, g.collected = 0, now
	debug.FreeOSMemory() // collects, and returns free pages to the system
}

// RunWorker runs a worker process, which carries out the watcher's orders, and
// returns the exit code. It ends with the watcher: when the socket closes, and by
// its parent-death signal.
func RunWorker(p Program) int {
	l, s, err := inherited()
	if err != nil {
		p.Complain(errors.New(WorkerArg + " is what homeward run starts to do its work with; it is not for people"))
		return 2
	}
	// The watcher acts on these. They are caught, not ignored: on_change would
	// inherit that (execve(2)).
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGINT, syscall.SIGTERM)
	enter := p.Enter
	p.Enter = func(stateDir, runDir string) error {
		err := enter(stateDir, runDir)
		// Another identity clears it (prctl(2)).
		unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
		return err
	}
	w := &worker{Program: p, link: l, slots: s, pid: os.Getppid(), read: netwatch.Read, open: state.Open, write: WritePublic, hook: runHook, collect: runtime.GC,
		parts: loop.Parts{Exchange: transport.New(p.Version), Now: clock.System(), Log: p.Log}}
	return w.run(context.Background())
}

// pipe is the worker's end of the socket.
type pipe struct {
	f    *os.File
	came chan order
}

// inherited returns the files that the watcher has passed on.
func inherited() (*pipe, slots, error) {
	kind, err := unix.GetsockoptInt(workerSocket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, slots{}, errors.Join(err, errMessage)
	}
	for fd := workerSocket; fd < workerSlots+len(slots{}); fd++ {
		unix.CloseOnExec(fd)
	}
	if err := unix.SetNonblock(workerSocket, true); err != nil {
		return nil, slots{}, err
	}
	p := &pipe{os.NewFile(workerSocket, "watcher"), make(chan order, 16)}
	go p.receive()
	return p, slots{os.NewFile(workerSlots, "slot"), os.NewFile(workerSlots+1, "slot")}, nil
}

// receive passes on orders until the watcher has ended.
func (p *pipe) receive() {
	defer close(p.came)
	var buf [messageSize + 1]byte
	for {
		n, err := p.f.Read(buf[:])
		if err != nil || n == 0 {
			return
		}
		o, err := parseOrder(buf[:n])
		if err != nil {
			return
		}
		p.came <- o
	}
}

func (p *pipe) orders() <-chan order { return p.came }

func (p *pipe) report(r report) error {
	m := r.encode()
	_, err := p.f.Write(m[:])
	return err
}
