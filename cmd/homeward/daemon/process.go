package daemon

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// WorkerArg is the first argument of a worker process: main calls RunWorker then,
// before anything else.
const WorkerArg = "worker-process"

// The files that the watcher passes to a worker.
const (
	workerSocket = 3
	workerSlots  = 4 // and 5
)

// process starts workers, one at a time, and talks to them over one socket pair.
// It is for one goroutine, and allocates as little as possible (garbage).
type process struct {
	ours, theirs int    // ends of the socket
	pid          int    // 0: none runs
	how          ending // of the last worker
	draining     bool   // it has ended, and what it said may still be on its way
	exe          string
	argv         []string
	attr         *syscall.ProcAttr
	reported     chan report
	died         chan os.Signal
	marked       chan struct{} // all that was said before the mark
}

// newProcess prepares to start workers with args after WorkerArg.
func newProcess(args []string, s slots) (*process, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	p := &process{ours: pair[0], theirs: pair[1], exe: "/proc/self/exe", reported: make(chan report, 16), died: make(chan os.Signal, 1), marked: make(chan struct{}, 1)}
	p.argv = append([]string{"homeward", WorkerArg}, args...)
	p.attr = &syscall.ProcAttr{
		Env:   workerEnv(),
		Files: []uintptr{0, 1, 2, uintptr(p.theirs), s[0].Fd(), s[1].Fd()},
		// A process group of its own: a terminal's signals are for the watcher.
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
	}
	signal.Notify(p.died, syscall.SIGCHLD)
	for _, end := range pair {
		if err := unix.SetNonblock(end, true); err != nil {
			return nil, err
		}
	}
	// A duplicate for the poller: orders are written without it.
	fd, err := unix.FcntlInt(uintptr(p.ours), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	go p.receive(os.NewFile(uintptr(fd), "worker"))
	return p, nil
}

// markSize is the length of the mark, which the watcher itself writes behind the
// last report of a worker that has ended.
const markSize = 1

// receive passes on reports until the daemon ends.
func (p *process) receive(f *os.File) {
	var buf [messageSize + 1]byte
	for {
		n, err := f.Read(buf[:])
		if err != nil {
			return
		}
		if r, err := parseReport(buf[:n]); err == nil {
			p.reported <- r
		} else if n == markSize {
			p.marked <- struct{}{}
			select {
			case p.died <- syscall.SIGCHLD: // gone tells the end now
			default:
			}
		}
	}
}

// workerEnv returns the worker's environment: where the roots are, and the time
// zone of its messages. One processor keeps its memory small.
func workerEnv() []string {
	env := []string{"GOMAXPROCS=1"}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "GORACE"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// start starts a worker and gives it its first order.
func (p *process) start(begin order) error {
	p.forget()
	if err := p.send(begin); err != nil {
		return err
	}
	// The file may have been replaced by another version: /proc/self/exe is this one.
	pid, err := syscall.ForkExec(p.exe, p.argv, p.attr)
	if err != nil {
		return os.NewSyscallError("fork", err)
	}
	p.pid = pid
	return nil
}

// forget drops orders that the last worker has not read.
func (p *process) forget() {
	var buf [messageSize]byte
	for {
		if _, err := unix.Read(p.theirs, buf[:]); err != nil && err != unix.EINTR {
			return
		}
	}
}

// send sends an order to the worker. It never waits: EAGAIN tells that too many
// are unread.
func (p *process) send(o order) error {
	m := o.encode()
	for {
		if _, err := unix.Write(p.ours, m[:]); err != unix.EINTR {
			return err
		}
	}
}

// kill kills the worker.
func (p *process) kill() {
	if p.pid != 0 { // 0 would be all of our own group
		unix.Kill(p.pid, unix.SIGKILL)
	}
}

// reports returns the channel of the workers' reports.
func (p *process) reports() <-chan report { return p.reported }

// children returns a channel that receives when a worker may have ended.
func (p *process) children() <-chan os.Signal { return p.died }

// gone reports whether the worker has ended, and how. All of its reports have been
// received by then, though the kernel may report its end before them.
func (p *process) gone() (how ending, gone bool) {
	if p.draining {
		select {
		case <-p.marked:
			p.draining = false
			return p.how, true
		default:
			return how, false
		}
	}
	if p.pid == 0 {
		return how, false
	}
	pid, err := unix.Wait4(p.pid, &how.status, unix.WNOHANG, nil)
	if pid == 0 && err == nil || err == unix.EINTR {
		return how, false
	}
	p.pid, how.err = 0, err
	var mark [markSize]byte
	if _, err := unix.Write(p.theirs, mark[:]); err != nil { // too much is unread: it is late
		return how, true
	}
	p.how, p.draining = how, true
	return how, false
}

// ending is how a worker has ended.
type ending struct {
	status unix.WaitStatus
	err    error
}

func (e ending) String() string {
	switch {
	case e.err != nil:
		return e.err.Error()
	case e.status.Signaled():
		return "signal: " + e.status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", e.status.ExitStatus())
}
