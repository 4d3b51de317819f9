package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// self is the program itself, not yet started.
func self(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"homeward"}, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// command is the program itself, as the house's user.
func (h *house) command(args ...string) *exec.Cmd {
	cmd := self(args...)
	cmd.SysProcAttr.Credential = h.as
	return cmd
}

// homeward runs a command of the program to its end.
func (h *house) homeward(args ...string) (stdout, stderr string, code int) {
	h.t.Helper()
	cmd := h.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		h.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// process is homeward at work.
type process struct {
	h *house
	*exec.Cmd
	out, log spoken
	ended    chan struct{}
}

// spoken gathers what a process writes.
type spoken struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *spoken) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *spoken) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// begin starts a command of the program that goes on by itself.
func (h *house) begin(args ...string) *process {
	h.t.Helper()
	p := &process{h: h, Cmd: h.command(args...), ended: make(chan struct{})}
	p.Stdout, p.Stderr = &p.out, &p.log
	h.must(p.Start())
	go func() { p.Wait(); close(p.ended) }()
	h.t.Cleanup(func() {
		p.Process.Kill()
		<-p.ended
		if strings.Contains(p.log.String(), "DATA RACE") {
			h.t.Error("homeward raced")
		}
		if h.t.Failed() {
			h.t.Logf("homeward %s:\n%s", strings.Join(args, " "), p.log.String())
		}
	})
	return p
}

// daemon writes the configuration and starts the daemon.
func (h *house) daemon() *process {
	h.t.Helper()
	return h.begin("run", "-c", h.configure())
}

// run starts the daemon with these accounts. SIGTERM at the test's end must end
// it with 0.
func (h *house) run(accounts string) *process {
	h.t.Helper()
	p := h.begin("run", "-c", h.write(accounts))
	h.t.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		if code := p.end(); code != 0 {
			h.t.Errorf("SIGTERM ended homeward with %d", code)
		}
	})
	p.says("the line: ")
	return p
}

func (p *process) signal(s syscall.Signal) {
	p.h.t.Helper()
	p.h.must(p.Process.Signal(s))
}

// end waits for the exit code.
func (p *process) end() int {
	p.h.t.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(patience):
		p.h.t.Fatal("homeward does not end")
		return -1
	}
}

// kill is kill -9.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

// says waits for a message.
func (p *process) says(words string) {
	p.h.t.Helper()
	p.h.await(func() string {
		if strings.Contains(p.log.String(), words) {
			return ""
		}
		return "homeward does not say: " + words
	})
}

// noSecret fails if homeward, or its status, has said one.
func (p *process) noSecret(secrets ...string) {
	p.h.t.Helper()
	run, err := os.ReadFile(p.h.path("run/status.json"))
	p.h.must(err)
	for _, s := range secrets {
		if strings.Contains(p.log.String()+string(run), s) {
			p.h.t.Errorf("%q was said:\n%s%s", s, p.log.String(), run)
		}
	}
}
