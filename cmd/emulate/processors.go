package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homeward/netwatch"
	"homeward/netwatch/netwatchtest"
	"homeward/update/service"
)

// startProcessors builds the program for each processor, and goes on in
// namespaces of its own, where the line can be changed.
func startProcessors(ctx context.Context, work string, w io.Writer) error {
	if err := need(ctx, []tool{{"qemu-arm-static", "qemu-user-static"}}); err != nil {
		return err
	}
	for _, p := range processors() {
		if err := build(ctx, p.programFile(work), p.env); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "processors", work)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("not all processors do as they should: %w", err)
	}
	return nil
}

// The router's line before and after the change.
var (
	lineBefore = service.Values{IPv4: netip.MustParseAddr("203.0.113.7"), Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
	lineAfter  = service.Values{IPv4: netip.MustParseAddr("203.0.113.8"), Prefix: lineBefore.Prefix}
)

// runProcessors tries the program on each processor, on a router in this
// process's namespaces.
func runProcessors(ctx context.Context, dir string, w io.Writer) error {
	r, err := netwatchtest.New(false)
	if err != nil {
		return err
	}
	defer r.Close()
	wan6 := netip.MustParsePrefix("2001:db8:5::7/128")
	if err := r.SetIPv6(wan6, netip.MustParsePrefix("2001:db8:1200::/56"), netip.MustParsePrefix("2001:db8:1200::1/60")); err != nil {
		return err
	}
	var errs []error
	for _, p := range processors() {
		began := time.Now()
		if err := p.story(ctx, dir, r); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
			continue
		}
		fmt.Fprintf(w, "%-15s check, watch and once do as they should (%.1f s)\n", p.name, time.Since(began).Seconds())
	}
	return errors.Join(errs...)
}

// story has the program check a configuration, watch the line change, and
// send it to a stand-in once.
func (p processor) story(ctx context.Context, dir string, r *netwatchtest.Router) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := setIPv4(r, lineBefore); err != nil {
		return err
	}
	s, err := serve("127.0.0.1")
	if err != nil {
		return err
	}
	defer s.Close()
	own, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return err
	}
	conf, authority := filepath.Join(own, "homeward.toml"), filepath.Join(own, "authority.pem")
	err = firstError(
		os.WriteFile(authority, s.CA, 0o644),
		os.WriteFile(conf, []byte(config(s.URL, authority, own)), 0o600),
		p.says(ctx, dir, conf+": 1 account, nothing wrong", "check", "-c", conf),
		p.watches(ctx, dir, r),
		p.says(ctx, dir, "home: current, the service has 203.0.113.8, 2001:db8:1200::/64", "once", "-c", conf),
	)
	if err != nil {
		return err
	}
	return sameRequests(s.fresh(), fullUpdate(lineAfter))
}

func setIPv4(r *netwatchtest.Router, v service.Values) error {
	return r.SetIPv4(netip.PrefixFrom(v.IPv4, 24), netip.MustParseAddr("203.0.113.1"))
}

// says runs the program and compares what it prints on stdout.
func (p processor) says(ctx context.Context, dir, want string, args ...string) error {
	cmd, err := p.command(ctx, dir, args...)
	if err != nil {
		return err
	}
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		return fmt.Errorf("homeward %s: %v, prints %q, want %q; it says:\n%s", args[0], err, got, want, log.String())
	}
	return nil
}

// watches has the program print the line, before and after a change, and ends
// it as a service is ended.
func (p processor) watches(ctx context.Context, dir string, r *netwatchtest.Router) error {
	cmd, err := p.command(ctx, dir, "watch", "--json")
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	if err := shows(lines, lineBefore); err != nil {
		return err
	}
	if err := setIPv4(r, lineAfter); err != nil {
		return err
	}
	if err := shows(lines, lineAfter); err != nil {
		return err
	}
	cmd.Process.Signal(syscall.SIGTERM)
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("homeward watch, told to end: %w", err)
	}
	return nil
}

// shows reads lines until one shows these values; ctx ends the program, and
// thereby the lines.
func shows(lines *bufio.Scanner, want service.Values) error {
	var s netwatch.State
	for lines.Scan() {
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return fmt.Errorf("homeward watch --json prints %q: %w", lines.Text(), err)
		}
		if s.IPv4 == want.IPv4 && s.Prefix == want.Prefix && s.WAN == "eth0" && s.LAN == "br-lan" {
			return nil
		}
	}
	return fmt.Errorf("homeward watch --json ended and showed %+v, want %v", s, want)
}
