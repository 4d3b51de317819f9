package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"homeward/update"
	"homeward/update/log"
	"homeward/update/service"
)

const (
	// hookMost is how long on_change may take, and hookParting how long when
	// the daemon ends: within parting, so that the worker sees its end.
	hookMost    = 30 * time.Second
	hookParting = time.Second

	// outputLate is how long what the program has written may take to come
	// once it has ended: one that it has started may hold the pipe for ever.
	outputLate = 100 * time.Millisecond
)

// notify queues events for on_change, and starts it for the next one. It returns
// when to call it again at the latest.
func (w *worker) notify(ctx context.Context, status map[string]update.Status) (wake time.Duration, err error) {
	if w.cfg.OnChange == "" {
		w.notifier = notifier{}
		return never, nil
	}
	if w.offered || w.stopping { // the next worker does it
		return never, nil
	}
	news, wake := w.notifier.decide(w.parts.Now().Up, status)
	if w.notifier.dropOldest() {
		w.Log(log.Warn, fmt.Sprintf("on_change: more than %d events wait for the program: the oldest are left out", queueMost))
	}
	var next *event
	if w.endHook == nil && len(w.notifier.Queue) > 0 {
		next, w.notifier.Queue = &w.notifier.Queue[0], w.notifier.Queue[1:]
	}
	if !news && next == nil {
		return wake, nil
	}
	// Saved before the program starts: no event is told twice, though this worker
	// may crash.
	if err := w.save(report{kind: reportSaved}, never); err != nil {
		return never, err
	}
	if next != nil {
		w.startHook(ctx, *next)
	}
	return wake, nil
}

// startHook runs the program with an event.
func (w *worker) startHook(ctx context.Context, e event) {
	path, inbox := w.cfg.OnChange, w.inbox()
	limited, end := context.WithTimeout(ctx, hookMost)
	w.endHook = end
	go func() {
		why, words := w.hook(limited, path, e)
		inbox.Post(ctx, func() {
			end()
			w.endHook = nil
			w.hookEnded(why, words)
		})
	}()
}

// hookEnded logs how the program has ended, if that is another way than before.
func (w *worker) hookEnded(why, words string) {
	if w.stopping { // this process may have killed it
		return
	}
	failed, again := w.notifier.programEnded(why)
	if words != "" {
		why += ` (its last words: "` + words + `")`
	}
	switch {
	case failed:
		w.Log(log.Warn, "on_change: the program "+why+"; updates go on")
	case again:
		w.Log(log.Info, "on_change: the program works again")
	case why != "":
		w.Log(log.Debug, "on_change: the program "+why)
	}
}

// runHook runs the program with an event until it ends, or ctx, which kills it
// and its process group. It returns how it failed, "" where it did not, and the
// last line that it wrote.
func runHook(ctx context.Context, path string, e event) (why, words string) {
	pid, out, err := forkHook(path, e)
	if err != nil {
		return "cannot be run: " + err.Error(), ""
	}
	defer out.Close()
	last := make(chan string, 1)
	go func() { last <- lastLine(out) }()
	status, killed := waitHook(ctx, pid)
	out.SetReadDeadline(time.Now().Add(outputLate))
	words = <-last
	switch {
	case killed && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "was killed: it did not end within " + log.Duration(hookMost), words
	case status.Signaled():
		return "was ended by a signal: " + status.Signal().String(), words
	case status.ExitStatus() != 0:
		return fmt.Sprintf("has failed with exit code %d", status.ExitStatus()), words
	}
	return "", words
}

// forkHook starts the program. out is what it writes.
func forkHook(path string, e event) (pid int, out *os.File, err error) {
	in, err := memFile("status") // writing to a pipe could block
	if err != nil {
		return 0, nil, err
	}
	defer in.Close()
	if _, err = in.WriteAt(e.stdin(), 0); err != nil {
		return 0, nil, err
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	defer theirs.Close()
	pid, err = syscall.ForkExec(path, []string{path}, &syscall.ProcAttr{Dir: "/", Env: e.env(),
		Files: []uintptr{in.Fd(), theirs.Fd(), theirs.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}})
	if err != nil {
		out.Close()
	}
	return pid, out, err
}

// waitHook waits for a process to end, and kills its group when ctx ends before.
// It reaps the process only after it can no longer be killed: no other process has
// its number until then.
func waitHook(ctx context.Context, pid int) (status unix.WaitStatus, killed bool) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		unix.Kill(-pid, unix.SIGKILL)
		close(done)
	})
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	if killed = !stop(); killed {
		<-done
	}
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			return status, killed
		}
	}
}

// wordsMost is how many bytes of a program's last line are shown.
const wordsMost = 120

// lastLine reads out to its end, and returns the printable part of its last line
// that is not empty.
func lastLine(out *os.File) string {
	var buf [4096]byte
	var tail []byte
	for {
		n, err := out.Read(buf[:])
		tail = append(tail, buf[:n]...)
		tail = tail[max(0, len(tail)-8*wordsMost):]
		if err != nil {
			break
		}
	}
	text := strings.TrimSpace(string(tail))
	words := service.Clean([]byte(text[strings.LastIndexByte(text, '\n')+1:]))
	if len(words) > wordsMost {
		end := wordsMost
		for !utf8.RuneStart(words[end]) {
			end--
		}
		words = words[:end] + "…"
	}
	return words
}
