package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"path/filepath"
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

// restEnv names, to the next image, the file descriptor of its handover.
const restEnv = "HOMEWARD_RESTS"

// restAfter is how long nothing may have happened: longer than a line takes
// from its IPv4 address to its prefix, as a rule.
const restAfter = time.Second

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
// the configuration. SIGUSR1 waits in the kernel, as each image starts with it
// blocked. The runtime unblocks SIGTERM and SIGINT whatever the mask: they end
// the process at once, by the signal.
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

// handover is the file, in memory and of no folder, in which one image leaves
// the next what is known: a line for one that rests, and then what it needs to
// work. It holds secrets, and nobody can open it who could not trace the
// process (memfd_create(2)).
type handover struct{ *os.File }

// left is what a daemon needs that begins to work.
type left struct {
	Sources sources
	State   []byte // state.json
	Status  []byte // status.json
}

func newHandover(r rested, l left) (handover, error) {
	fd, err := unix.MemfdCreate("homeward", unix.MFD_CLOEXEC)
	if err != nil {
		return handover{}, os.NewSyscallError("memfd_create", err)
	}
	h := handover{os.NewFile(uintptr(fd), "handover")}
	w := json.NewEncoder(h) // writes lines
	if err = w.Encode(r); err == nil {
		err = w.Encode(l)
	}
	if err != nil {
		h.Close()
	}
	return h, err
}

// inherit returns what the image before has left, nil if there was none.
func inherit() *rested {
	fd, err := strconv.Atoi(os.Getenv(restEnv))
	os.Unsetenv(restEnv)
	if err != nil {
		return nil
	}
	unix.CloseOnExec(fd)
	r, err := handover{os.NewFile(uintptr(fd), "handover")}.rested()
	if err != nil || r.PID != os.Getpid() {
		return nil
	}
	os.WriteFile("/proc/self/comm", []byte("homeward"), 0) // it is exe by now, and killall looks for the name
	return r
}

func (h handover) all() io.Reader { return io.NewSectionReader(h, 0, 1<<40) }

// rested returns what is left to rest with.
func (h handover) rested() (*rested, error) {
	line, err := bufio.NewReader(h.all()).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	r := &rested{file: h}
	return r, json.Unmarshal(line, r)
}

// read returns what is left to work with.
func (h handover) read() (l left, err error) {
	text, err := io.ReadAll(h.all())
	if err != nil {
		return l, err
	}
	_, text, _ = bytes.Cut(text, []byte("\n"))
	return l, json.Unmarshal(text, &l)
}

// afresh puts an image in place of this one that rests, if there is nothing to
// do, and all that matters is on disk or can be left to it.
func (d *daemon) afresh() {
	h := d.heard
	waiting := len(h.tables) + len(h.early) + len(h.blind) + len(h.clock) + len(h.state) + len(d.found) + len(d.statuses)
	if d.stay || d.blind || d.unsaid != "" || d.tables == nil || waiting > 0 || len(inquiries(d.cfg.Active())) > 0 {
		return // what services say of our address is kept nowhere else
	}
	d.runner.AtRest(func(until time.Duration) {
		d.sender.Cool()
		state, err := os.ReadFile(filepath.Join(d.StateDir, "state.json"))
		if err != nil {
			return
		}
		next := rested{place: d.place, PID: os.Getpid(), Lock: int(d.lock.Fd()), Level: d.cfg.LogLevel, Until: until,
			State: update.StateStamp(d.StateDir), Files: d.cfg.sources.stamps(), Glance: d.views.glances()}
		file, err := newHandover(next, left{d.cfg.sources, state, d.written})
		if err == nil {
			err = d.replace(file, next.Lock)
			file.Close()
		}
		d.cannot(err)
	})
}

// again puts another image in place of one that rests, as that one began.
func (d *daemon) again() {
	if !d.stay {
		d.cannot(d.replace(d.rested.file, int(d.lock.Fd())))
	}
}

func (d *daemon) cannot(err error) {
	if err != nil {
		d.stay = true
		d.log(update.Debug, "cannot make room for an image that rests: "+err.Error())
	}
}

// replace starts the program anew in place of this image, with the handover and
// the lock left open. It returns only if that cannot be, or nil if a signal
// came first.
func (d *daemon) replace(file handover, lock int) error {
	defer func() {
		d.signals.notify()
		offer(d.signals.hup) // one may have been ignored
	}()
	if !d.signals.hold() {
		return nil
	}
	kept := []int{int(file.Fd()), lock}
	for _, fd := range kept {
		unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		defer unix.CloseOnExec(fd)
	}
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
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), restEnv+"="+strconv.Itoa(kept[0])))
}

// keepLock returns the lock of the image before; nil: it is lost. Linux before
// 5.11 drops it when a program with threads is replaced.
func (r *rested) keepLock() *os.File {
	unix.CloseOnExec(r.Lock)
	f := os.NewFile(uintptr(r.Lock), lockFile)
	if unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}) != nil {
		f.Close()
		return nil
	}
	return f
}
