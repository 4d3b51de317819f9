package main

import (
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update"
)

// A daemon that has worked makes room for an image of the program that rests,
// once all is quiet: the process stays, and its memory is as small as on its
// first day. Collecting the garbage instead costs more than it gives back.

// restAfter is how long nothing may have happened. It is no round number: what
// a script does to a daemon comes a second after what it did before, say, and
// is not to meet the moment in which one image replaces the other.
const restAfter = 370 * time.Millisecond

// signals are those that a daemon takes. Each has one slot, as the kernel has.
type signals struct{ hup, usr1, end chan os.Signal }

func newSignals() signals {
	return signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)}
}

// notify has the signals come into their channels.
func (s signals) notify() {
	signal.Notify(s.hup, syscall.SIGHUP)
	signal.Notify(s.usr1, syscall.SIGUSR1)
	signal.Notify(s.end, syscall.SIGTERM, syscall.SIGINT)
}

func (s signals) stop() {
	signal.Stop(s.hup)
	signal.Stop(s.usr1)
	signal.Stop(s.end)
}

// hold makes ready for the next image, and tells whether no signal came before.
// SIGHUP is ignored until that one asks for it, and then looks at the files of
// the configuration. SIGUSR1 waits in the kernel, as each image but the first
// starts with it blocked: that one may lose it here. The runtime unblocks
// SIGTERM and SIGINT whatever the mask: they end the process at once, by the
// signal.
func (s signals) hold() bool {
	signal.Ignore(syscall.SIGHUP)
	signal.Stop(s.usr1)
	signal.Stop(s.end)
	return len(s.hup)+len(s.usr1)+len(s.end) == 0
}

// offer puts something into a channel of one slot unless something is there.
func offer[T any](c chan T) {
	var v T
	select {
	case c <- v:
	default:
	}
}

// afresh puts an image in place of this one that rests, if there is nothing to
// do, and all that matters is on disk or can be left to it.
func (d *daemon) afresh() {
	if d.blind || d.unsaid != "" || d.tables == nil || len(inquiries(d.cfg.Active())) > 0 {
		return // what services say of our address is kept nowhere else
	}
	d.runner.AtRest(func(until time.Duration, stamp string) {
		h := d.heard
		if len(h.tables)+len(h.early)+len(h.blind)+len(h.clock)+len(h.state)+len(d.statuses) > 0 {
			return
		}
		d.sender.Cool()
		state, err := os.ReadFile(update.StatePath(d.StateDir))
		if err != nil {
			return
		}
		next := rested{place: d.place, PID: os.Getpid(), Lock: int(d.lock.Fd()), Level: d.cfg.LogLevel, Until: until,
			State: stamp, Files: d.files, Glance: d.views.glances()}
		file, err := newHandover(next, left{d.cfg.sources, state, d.written})
		if err != nil {
			d.log(update.Debug, "cannot rest: "+err.Error())
			return
		}
		defer file.Close()
		d.replace(file, next.Lock)
	})
}

// replace starts the program anew in place of this image, with the handover and
// the lock left open. It returns only if that cannot be, or a signal came first.
func (d *daemon) replace(file handover, lock int) {
	env := append(os.Environ(), restEnv+"="+strconv.Itoa(int(file.Fd())))
	if os.Getenv("GOMAXPROCS") == "" { // a quarter of a megabyte less
		env = append(env, "GOMAXPROCS=1")
	}
	for _, fd := range []int{int(file.Fd()), lock} {
		unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		defer unix.CloseOnExec(fd)
	}
	defer d.missedHUP()
	defer d.signals.notify()
	if d.signals.hold() { // from here on it is to go fast
		err := execute(env)
		d.log(update.Debug, "cannot rest: "+err.Error())
	}
}

// execute starts the program anew in place of this image, with SIGUSR1 blocked.
func execute(env []string) error {
	// The runtime keeps to the mask that a program starts with, in all threads
	// but the one that takes signals for os/signal.
	var set, old unix.Sigset_t
	set.Val[0] |= 1 << (syscall.SIGUSR1 - 1)
	runtime.LockOSThread() // the mask is a thread's
	defer runtime.UnlockOSThread()
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	// The file may have been replaced by another version: this one goes on.
	return syscall.Exec("/proc/self/exe", os.Args, env)
}
