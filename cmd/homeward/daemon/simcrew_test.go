package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/state"
	"homeward/update/transport"
)

// simLife is one daemon, from its start to its end. It is the watcher's workers:
// goroutines in place of processes.
type simLife struct {
	w       *world
	watcher *watcher
	stop    context.CancelFunc
	ended   chan struct{}
	code    int
	dead    atomic.Bool // as by kill -9
	present *simWorker  // the watcher's goroutine's
	all     atomic.Pointer[simWorker]
	starts  atomic.Int32
	came    chan report
	died    chan os.Signal
	hook    simHook
}

// simWorker is one worker. What it does to the world it does by one of its
// seams, each of which may be its last.
type simWorker struct {
	life   *simLife
	queue  chan order // as sent
	read   chan order // as it is read
	stop   context.CancelFunc
	steps  atomic.Int32
	offers atomic.Int32
	hung   atomic.Int64 // since when, in the world's time; 0: it does not
	killAt int32        // die at this step; 0: never
	hangAt int32        // likewise, stay there
	dead   atomic.Bool
	killed chan struct{}
	gone   atomic.Bool
}

var errSim = errors.New("simulated")

// powerOn starts the daemon.
func (w *world) powerOn() {
	l := &simLife{w: w, ended: make(chan struct{}), came: make(chan report, 16), died: make(chan os.Signal, 1),
		hook: simHook{slow: 10, taken: map[string]struct{}{}}}
	s, err := newSlots()
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.watcher = &watcher{Program: w.program(), control: newControl(), worker: l, slots: s, clock: func() time.Duration { return w.clocks().Up },
		lock: func(context.Context, string) error { return nil }, watch: func(context.Context, string, string) {},
		release: func() {}, garbage: garbage{collected: w.clocks().Up},
		signals: signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)}, events: newEvents()}
	os.MkdirAll(filepath.Join(w.dir, "run"), 0o700)
	w.mu.Lock()
	w.life, w.starting, w.hup, w.usr1 = l, true, false, false
	w.mu.Unlock()
	go func() {
		defer close(l.ended)
		l.code = l.watcher.run(ctx)
		s[0].Close()
		s[1].Close()
	}()
	w.tell("starts; %+v", w.line)
	synctest.Wait()
	t, _ := w.read()
	w.showTo(l.watcher.events.tables, t)
	synctest.Wait()
}

// showTo is the kernel's watcher lending its tables to a daemon that lives.
func (w *world) showTo(to chan netwatch.Tables, t netwatch.Tables) {
	l := w.life
	select {
	case to <- t:
	case <-l.ended:
		return
	}
	select {
	case <-l.watcher.events.seen:
	case <-l.ended:
	}
}

func (w *world) program() Program {
	return Program{Version: "1", Load: w.load, Again: w.again, Enter: func(string, string) error { return nil }, Begin: func(*settings.Config) {}, Log: w.addLog,
		SetLevel: func(string) {}, Complain: func(err error) { w.fail("complains: %v", err) }}
}

// terminate ends the daemon as SIGTERM does, which is to take 2 s at the most
// and leave no worker.
func (w *world) terminate() {
	l := w.life
	told := w.now()
	offer(l.watcher.signals.end)
	<-l.ended
	if w.now()-told > 2*time.Second || l.code != 0 || l.present != nil {
		w.fail("SIGTERM: code %d after %v, worker %v", l.code, w.now()-told, l.present)
	}
}

// kill ends the watcher as kill -9 does; its worker ends with it.
func (w *world) kill() {
	l := w.life
	l.dead.Store(true)
	l.stop()
	if v := l.all.Load(); v != nil {
		v.die()
	}
	<-l.ended
}

// offer puts something into a channel of one slot unless something is there.
func offer(c chan os.Signal) {
	select {
	case c <- unix.SIGUSR1:
	default:
	}
}

func (l *simLife) start(begin order) error {
	if l.dead.Load() || !l.w.isTamed() && l.w.roll(200) == 0 {
		return errSim
	}
	l.w.mu.Lock()
	l.w.hups = 0 // its orders are one
	l.w.mu.Unlock()
	l.w.tell("worker %d starts, with slot %d", l.starts.Add(1), begin.slot)
	ctx, stop := context.WithCancel(context.Background())
	v := &simWorker{life: l, queue: make(chan order, 4), read: make(chan order), stop: stop, killed: make(chan struct{})}
	fate := l.w.roll(20)
	if l.w.isTamed() {
		fate = -1
	}
	switch fate {
	case 0:
		v.killAt = int32(1 + l.w.roll(20))
	case 1:
		v.hangAt = int32(1 + l.w.roll(20))
	}
	l.present = v
	l.all.Store(v)
	v.queue <- begin
	go v.relay()
	go v.run(ctx)
	return nil
}

// send fails where the worker has not read what it was sent.
func (l *simLife) send(o order) error {
	if l.present == nil {
		return errSim
	}
	select {
	case l.present.queue <- o:
		return nil
	default:
		return unix.EAGAIN
	}
}

func (l *simLife) kill()                      { l.present.die() }
func (l *simLife) reports() <-chan report     { return l.came }
func (l *simLife) children() <-chan os.Signal { return l.died }

func (l *simLife) gone() (how ending, gone bool) {
	if l.present == nil || !l.present.gone.Load() {
		return how, false
	}
	l.present = nil
	return how, true
}

// relay brings orders to the worker, a little late.
func (v *simWorker) relay() {
	defer close(v.read)
	for {
		select {
		case o := <-v.queue:
			time.Sleep(time.Duration(v.life.w.roll(1000)) * time.Microsecond)
			select {
			case v.read <- o:
			case <-v.killed:
				return
			}
		case <-v.killed:
			return
		}
	}
}

// die is SIGKILL.
func (v *simWorker) die() {
	if v.dead.CompareAndSwap(false, true) {
		close(v.killed)
		v.stop()
	}
}

// step is where a worker may be killed, or hang until it is.
func (v *simWorker) step() {
	n := v.steps.Add(1)
	switch n {
	case v.killAt:
		v.life.w.tell("a worker is killed at step %d", n)
		v.die()
	case v.hangAt:
		v.life.w.tell("a worker hangs at step %d", n)
		v.hung.Store(int64(v.life.w.now()))
		<-v.killed
	}
	if v.dead.Load() {
		runtime.Goexit()
	}
}

func (v *simWorker) orders() <-chan order { return v.read }

func (v *simWorker) report(r report) error {
	v.step()
	if r.kind == reportOffer {
		v.offers.Add(1)
		if w := v.life.w; !w.isTamed() && w.roll(25) == 0 { // an order that crosses it
			w.resend()
		}
		time.Sleep(time.Duration(v.life.w.roll(1000)) * time.Microsecond) // on its way
	}
	v.life.came <- r
	if r.kind == reportSaved {
		v.life.w.saved(r.tasks)
	}
	v.step()
	return nil
}

func (v *simWorker) run(ctx context.Context) {
	defer func() {
		v.die() // exchanges end with it
		v.life.w.tell("a worker is gone")
		v.gone.Store(true)
		offer(v.life.died)
	}()
	w := v.life.w
	if w.roll(30) == 0 { // a machine under load
		select {
		case <-time.After(time.Duration(w.roll(4000)) * time.Millisecond):
		case <-v.killed:
			return
		}
	}
	exchange := func(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
		return w.exchange(ctx, v, r, ready)
	}
	p := &worker{Program: w.program(), link: v, slots: v.life.watcher.slots, collect: func() {}, parts: w.parts(exchange), write: func(path string, b []byte) error {
		v.step()
		return w.believe(path, b)
	}}
	p.read = func() (netwatch.Tables, error) {
		v.step()
		w.mu.Lock()
		w.looked = w.now()
		w.mu.Unlock()
		return w.read()
	}
	p.open = v.open
	p.hook = func(ctx context.Context, _ string, e event) (why, words string) { return w.hook(ctx, v, e) }
	p.run(ctx)
}

// open opens the state; the worker may be killed at every write.
func (v *simWorker) open(stateDir, runDir string, say func(string)) *state.Store {
	if stateDir != v.life.w.dir || runDir != filepath.Join(stateDir, "run") {
		v.life.w.fail("the state is in %s and %s", stateDir, runDir)
	}
	store := state.Open(stateDir, runDir, say)
	store.WrapWrite(func(write func(string, []byte) error) func(string, []byte) error {
		return func(path string, data []byte) error {
			if v.steps.Load()+1 == v.killAt && v.life.w.roll(2) == 0 { // in the middle of the temporary file
				os.WriteFile(path+".new", data[:len(data)/2], 0o600)
			}
			v.step()
			err := write(path, data)
			replaceLatest(v.life.watcher.events.state, struct{}{})
			v.step()
			return err
		}
	})
	return store
}

func (w *world) isTamed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tamed
}

// saved: the daemon goes by the configuration that it has read, whatever becomes
// of this worker.
func (w *world) saved(done tasks) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.starting || done&taskReload != 0 {
		w.accepted, w.starting, w.hup = w.loaded, false, w.hup && done&taskReload == 0
	}
}
