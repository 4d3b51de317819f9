package router

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// procd runs homeward as its init script says, and as OpenWrt's procd would: a
// start with the same command and files leaves it alone. It does not respawn.
type procd struct {
	root root
	log  *syslog

	mu      sync.Mutex
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd has ended
	print   string        // of what runs
	trigger bool          // a saved configuration reloads it
}

// running returns the daemon's process, nil if there is none.
func (p *procd) running() *os.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() {
		return nil
	}
	return p.cmd.Process
}

// triggered tells whether a saved configuration reloads homeward.
func (p *procd) triggered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trigger
}

func (p *procd) alive() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// obey does what the init script has left to do.
func (p *procd) obey() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	orders, _ := os.ReadFile(p.root.path("/procd/orders"))
	os.Remove(p.root.path("/procd/orders"))
	for _, order := range strings.Fields(string(orders)) {
		switch order {
		case "stop":
			p.trigger = false
			p.stop()
		case "trigger":
			p.trigger = true
		case "start":
			if err := p.start(); err != nil {
				return err
			}
		}
	}
	return nil
}

// start starts the instance, if it is another than the one that runs.
func (p *procd) start() error {
	text, err := os.ReadFile(p.root.path("/procd/instance"))
	if err != nil {
		p.stop() // nothing is to run
		return nil
	}
	params := map[string][]string{}
	sum := sha256.New()
	sum.Write(text)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		params[words[0]] = words[1:]
	}
	for _, file := range params["file"] {
		f, err := os.Open(p.root.path(file))
		if err != nil {
			return err
		}
		_, err = io.Copy(sum, f)
		if f.Close(); err != nil {
			return err
		}
	}
	print := fmt.Sprintf("%x", sum.Sum(nil))
	if p.alive() && p.print == print {
		return nil
	}
	p.stop()
	p.print = print
	return p.run(params)
}

func (p *procd) run(params map[string][]string) error {
	cmd := p.root.command(params["command"]...)
	cmd.Env = append(cmd.Env, params["env"]...)
	cmd.Stderr = &lines{tell: func(line string) { p.log.add("daemon.err", "homeward: "+line) }}
	if p.root.uid > 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(p.root.uid), Gid: uint32(p.root.uid)}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		cmd.Wait()
		close(ended)
	}(p.ended)
	return nil
}

// stop ends the daemon: it has 5 s after SIGTERM, as procd gives it.
func (p *procd) stop() {
	if !p.alive() {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(5*time.Second, func() { p.cmd.Process.Kill() })
	<-p.ended
	kill.Stop()
}

// kill ends the daemon as a fault would, and leaves its files.
func (p *procd) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alive() {
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// list is ubus' service list.
func (p *procd) list() map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil && !p.trigger {
		return map[string]any{}
	}
	instance := map[string]any{"running": p.alive(), "command": []string{"/usr/bin/homeward", "run"}}
	if p.cmd == nil {
		return map[string]any{"homeward": map[string]any{}}
	}
	if p.alive() {
		instance["pid"] = p.cmd.Process.Pid
	}
	return map[string]any{"homeward": map[string]any{"instances": map[string]any{"instance1": instance}}}
}

// lines hands a program's output on line by line.
type lines struct {
	tell func(string)
	rest []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.rest = rest
		l.tell(string(line))
	}
}
