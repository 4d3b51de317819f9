package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// guest is a running machine and its serial console.
type guest struct {
	cmd    *exec.Cmd
	in     io.Writer
	lines  chan consoleLine
	recent []string // the last lines, for whoever must find out why
}

type consoleLine struct {
	text string
	at   time.Time
}

// boot starts a machine. ctx bounds its life.
func boot(ctx context.Context, commandLine []string) (*guest, error) {
	cmd := exec.CommandContext(ctx, commandLine[0], commandLine[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout // what qemu itself has to say, in its place
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &guest{cmd: cmd, in: in, lines: make(chan consoleLine, 1000)}
	go func() {
		defer close(g.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			g.lines <- consoleLine{strings.TrimRight(s.Text(), "\r"), time.Now()}
		}
	}()
	return g, nil
}

// read returns the next line.
func (g *guest) read(ctx context.Context) (consoleLine, error) {
	select {
	case l, ok := <-g.lines:
		if !ok {
			return l, fmt.Errorf("the machine ended; %s", g.lastWords())
		}
		g.recent = append(g.recent, l.text)
		return l, nil
	case <-ctx.Done():
		return consoleLine{}, fmt.Errorf("the machine is silent: %w; %s", context.Cause(ctx), g.lastWords())
	}
}

func (g *guest) lastWords() string {
	return "its last words:\n" + strings.Join(g.recent[max(0, len(g.recent)-20):], "\n")
}

// until reads up to the line that begins with mark, and returns those before.
// What the kernel says may stand before a mark on the same line.
func (g *guest) until(ctx context.Context, mark string) (before []string, at consoleLine, err error) {
	for {
		l, err := g.read(ctx)
		if err != nil {
			return before, l, err
		}
		if _, rest, ok := strings.Cut(l.text, mark); ok {
			return before, consoleLine{rest, l.at}, nil
		}
		before = append(before, l.text)
	}
}

// ran is a command that the guest ran.
type ran struct {
	out        []string
	code       int
	begun, end time.Time
}

// try runs a line of shell in the guest.
func (g *guest) try(ctx context.Context, line string) (r ran, err error) {
	if _, err := io.WriteString(g.in, line+"\n"); err != nil {
		return r, fmt.Errorf("the console: %w; %s", err, g.lastWords())
	}
	_, begun, err := g.until(ctx, "@go")
	if err != nil {
		return r, err
	}
	out, end, err := g.until(ctx, "@done ")
	if err != nil {
		return r, err
	}
	r = ran{out: out, begun: begun.at, end: end.at}
	r.code, err = strconv.Atoi(end.text)
	return r, err
}

// must is try for a line that must succeed.
func (g *guest) must(ctx context.Context, line string) (ran, error) {
	r, err := g.try(ctx, line)
	if err == nil && r.code != 0 {
		err = fmt.Errorf("%q in the guest: exit %d: %s", line, r.code, strings.Join(r.out, "\n"))
	}
	return r, err
}

// off powers the machine off and waits for its end.
func (g *guest) off(ctx context.Context) error {
	if _, err := io.WriteString(g.in, "sync; poweroff -f\n"); err != nil {
		return err
	}
	for range g.lines { // closed when qemu ends, or ctx
	}
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("it does not power off: %w", err)
	}
	return ctx.Err()
}

// kill ends the machine if it still runs.
func (g *guest) kill() {
	g.cmd.Process.Kill()
	for range g.lines {
	}
	g.cmd.Wait()
}
