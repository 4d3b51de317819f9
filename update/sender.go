package update

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// SenderArg is the first argument that makes the program a sender process:
// main hands over to ServeSender then, before anything else.
const SenderArg = "sender-process"

// Sender makes each exchange in a process of its own: TLS and the roots leave
// no trace in the memory of the watcher, and a crash there is a passing fault
// here. The zero Sender starts the running program itself. It may be used by
// many goroutines at once.
type Sender struct {
	Exe  string   // the program to start, "" for this one
	Args []string // its arguments, nil for SenderArg

	within time.Duration // of its life, 0: senderWithin

	mu    sync.Mutex
	spare *process    // started ahead, by Warm
	tired *time.Timer // ends it
}

// spareWithin is how long a process waits that was started ahead.
const spareWithin = time.Second

// Warm starts a process ahead, for the next Exchange. There is one at most,
// and it ends where nobody asks for it within a second.
func (s *Sender) Warm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spare != nil {
		return
	}
	p, err := s.start()
	if err != nil {
		return // the Exchange tries again, and says so
	}
	s.spare = p
	s.tired = time.AfterFunc(spareWithin, func() { s.cool(p) })
}

// take hands out the process that was started ahead, nil where there is none.
// s.mu is held.
func (s *Sender) take() *process {
	p := s.spare
	if s.spare = nil; p != nil {
		s.tired.Stop()
	}
	return p
}

// Cool ends the process that was started ahead, if there is one. None is left
// when it returns, though it was about to end by itself.
func (s *Sender) Cool() { s.cool(nil) }

// cool is Cool of p alone, unless p is nil.
func (s *Sender) cool(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spare != nil && (p == nil || p == s.spare) {
		s.take().end()
	}
}

// begin returns the process that waits, or starts one.
func (s *Sender) begin() (*process, error) {
	s.mu.Lock()
	p := s.take()
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	return s.start()
}

// senderWithin bounds the life of a sender process. It is more than the 15 s
// that the client allows itself, for a router under load; only a sender that
// hangs meets it.
const senderWithin = 20 * time.Second

// Exchange sends req once and returns what came of it, after the process that
// did so has ended. ready is called from here, at most once, and should
// return within seconds; it may be nil. When ctx ends the process is killed
// and what has not left yet never does.
func (s *Sender) Exchange(ctx context.Context, req Request, ready Ready) Outcome {
	if ctx.Err() != nil {
		return failed(FaultGiven, false, "given up")
	}
	p, err := s.begin()
	if err != nil {
		return failed(FaultSender, false, "cannot start a process to send with: "+reason(err))
	}
	defer p.end()
	within := senderWithin
	if s.within > 0 {
		within = s.within
	}
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	stop := context.AfterFunc(bounded, p.stop)
	defer stop()

	sent := false
	outcome, err := p.converse(req, ready, &sent)
	switch {
	case err == nil:
		return outcome
	case ctx.Err() != nil:
		return failed(FaultGiven, sent, "given up")
	case bounded.Err() != nil:
		return failed(FaultSender, sent, "the process that sends hung and was ended")
	}
	return failed(FaultSender, sent, "the process that sends crashed: "+p.lastWords(err))
}

// process is a sender process from the watcher's side.
type process struct {
	*os.Process
	in  *os.File // requests to it
	out *os.File // frames from it, and what it says on stderr
	r   *bufio.Reader
}

func (s *Sender) start() (*process, error) {
	exe, args := s.Exe, s.Args
	if exe == "" {
		exe = "/proc/self/exe" // still the same after an upgrade replaced the file
	}
	if args == nil {
		args = []string{SenderArg}
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childIn.Close()
	out, childOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer childOut.Close()
	proc, err := os.StartProcess(exe, append([]string{"homeward"}, args...), &os.ProcAttr{
		Env:   senderEnv(),
		Files: []*os.File{childIn, childOut, childOut},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	return &process{proc, in, out, bufio.NewReaderSize(out, 512)}, nil
}

// senderEnv is the sender's whole environment: where the roots are, if that
// is not the usual place. One processor keeps it small.
func senderEnv() []string {
	env := []string{"GOMAXPROCS=1"}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// converse has the process make the exchange. sent becomes true when it was
// told to send.
func (p *process) converse(req Request, ready Ready, sent *bool) (Outcome, error) {
	if err := writeFrame(p.in, req.fields()...); err != nil {
		return Outcome{}, err
	}
	max := min(req.maxBody(), maxBodyFrame) + maxAnswerFrame
	f, err := readFrame(p.r, max)
	if err != nil {
		return Outcome{}, err
	}
	local, ok := parseReady(f)
	if !ok {
		o, err := parseOutcome(f)
		if err == nil && (o.Answer != nil || o.Fault.Sent) {
			err = errFrame // nothing was to be sent yet
		}
		return o, err
	}
	if ready != nil && !ready(local) {
		return failed(FaultGiven, false, "given up before anything was sent"), nil
	}
	if err := writeFrame(p.in, frameGo); err != nil {
		return Outcome{}, err
	}
	*sent = true
	if f, err = readFrame(p.r, max); err != nil {
		return Outcome{}, err
	}
	return parseOutcome(f)
}

// stop kills the process and ends every wait for it. It may be called at any
// time, also from another goroutine.
func (p *process) stop() {
	p.Kill()
	past := time.Unix(1, 0)
	p.in.SetDeadline(past)
	p.out.SetDeadline(past)
}

// end makes sure that the process is gone, and leaves nothing of it.
func (p *process) end() {
	p.Kill()
	p.Wait()
	p.in.Close()
	p.out.Close()
}

// lastWords says how the process ended that could not be understood. Of what
// it wrote only a message of Go's runtime is shown: that holds no secret.
func (p *process) lastWords(err error) string {
	if err != errFrame && err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, syscall.EPIPE) {
		return reason(err)
	}
	text := make([]byte, 1024)
	n, _ := io.ReadFull(p.r, text)
	line, _, _ := strings.Cut(string(text[:n]), "\n")
	for _, begin := range []string{"fatal error: ", "runtime: ", "panic: runtime error: "} {
		if strings.HasPrefix(line, begin) {
			return line
		}
	}
	if n == len(text) {
		return "it wrote what makes no sense"
	}
	// It has closed its end: give it the moment to end by itself, so that
	// its state tells.
	kill := time.AfterFunc(100*time.Millisecond, func() { p.Kill() })
	defer kill.Stop()
	state, err := p.Wait()
	if err != nil {
		return reason(err)
	}
	if state.Exited() && state.ExitCode() == 0 {
		return "it ended without a result"
	}
	return state.String()
}
