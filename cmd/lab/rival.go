package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// arrival is a request of another program.
type arrival struct {
	at    time.Time
	query string
}

// arrivals is a service that takes every update (dyndns2's answer), and has no
// opinion on how a program names itself.
type arrivals chan arrival

func (a arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a <- arrival{time.Now(), r.URL.RawQuery}
	io.WriteString(w, "good "+r.URL.Query().Get("myip")+"\n")
}

// rival is the scene of another program: a router of its own.
type rival struct {
	other
	mode
	dir    string
	router *netwatchtest.Router
	got    arrivals
	roots  []byte // the machine's
	figures
	last time.Time // when its last request came
}

// measureRival measures one other program and writes its figures as JSON. The
// machine's roots are on stdin.
func measureRival(name string) error {
	netwatchtest.Enter()
	m, err := parseMode(os.Getenv("BENCH"))
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.name != name {
			continue
		}
		roots, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		r := &rival{other: o, mode: m, got: make(arrivals, 64), roots: roots}
		if err := errors.Join(o.about(&r.figures), r.measure()); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r.figures)
	}
	return fmt.Errorf("no program is called %s here", name)
}

// measure makes the scene and runs the program in it.
func (r *rival) measure() (err error) {
	if r.dir, err = inRAM(); err != nil {
		return err
	}
	defer os.Remove(r.dir)
	defer unix.Unmount(r.dir, unix.MNT_DETACH)
	if r.router, err = netwatchtest.New(false); err != nil {
		return err
	}
	defer r.router.Close()
	if err := r.router.ISP.AddAddr("lo", netip.PrefixFrom(serviceAddr, 32)); err != nil {
		return err
	}
	l, err := r.router.ISP.Listen("tcp", netip.AddrPortFrom(serviceAddr, 443).String())
	if err != nil {
		return err
	}
	server, err := updatetest.Serve(l, r.got, updatetest.Options{Names: []string{otherService}})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := errors.Join(trust(r.roots, server.CA), r.names(), r.line()); err != nil {
		return err
	}
	return r.run()
}

// names makes both names known: there is no DNS here.
func (r *rival) names() error {
	path := filepath.Join(r.dir, "hosts")
	text := fmt.Sprintf("127.0.0.1 localhost\n%s %s\n%s %s\n", serviceAddr, otherService, leases[1].Addr(), otherHost)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	return unix.Mount(path, "/etc/hosts", "", unix.MS_BIND, "")
}

// line gives the router an address and a delegated prefix.
func (r *rival) line() error {
	return errors.Join(r.router.SetIPv4(leases[0], gateway), r.router.Delegate(prefixes[0]), r.router.LANAddr(lanAddr(prefixes[0]), 1800, 3600))
}

// run starts the program and measures it.
func (r *rival) run() error {
	cmd, err := r.command(r.dir)
	if err != nil {
		return err
	}
	said := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = r.follow(cmd.Process.Pid)
	cmd.Process.Kill()
	cmd.Wait()
	if err != nil {
		return fmt.Errorf("%w; it said:\n%s", err, said)
	}
	return nil
}

// follow measures the running program: wake-ups after its first update, then
// the delay of each change, and memory after five updates.
func (r *rival) follow(pid int) error {
	if _, err := r.await(time.Minute); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if err := r.idle(pid); err != nil {
		return err
	}
	n := r.changes(r.mode)
	for k := range n {
		time.Sleep(r.moment(k, n, time.Since(r.last)))
		began := time.Now()
		if err := r.change(k); err != nil {
			return err
		}
		at, err := r.await(2*r.period + 30*time.Second)
		if err != nil {
			return err
		}
		r.Delays = append(r.Delays, at.Sub(began))
		if k == min(4, n)-1 {
			r.Updates = k + 2 // with the one at its start
			if err := r.weigh(pid); err != nil {
				return err
			}
		}
	}
	return nil
}

// weigh reads the memory of all its processes.
func (r *rival) weigh(pid int) error {
	time.Sleep(3 * time.Second)
	for _, p := range family(pid) {
		m, err := readMemory(p)
		if err != nil {
			return err
		}
		r.RSS, r.Dirty = r.RSS+m.RSS, r.Dirty+m.Dirty
	}
	return nil
}

// idle counts the wake-ups of what stays of the program's processes.
func (r *rival) idle(pid int) error {
	before, err := familyWakeups(pid)
	if err != nil {
		return err
	}
	r.Span = idleSpan
	time.Sleep(r.Span)
	after, err := familyWakeups(pid)
	r.Wakeups = after - before
	return err
}

func familyWakeups(pid int) (sum int, err error) {
	for _, p := range family(pid) {
		n, err := wakeups(p)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// change is the k'th: another address, and another prefix beside it.
func (r *rival) change(k int) error {
	old, next := prefixes[k%2], prefixes[1-k%2]
	return errors.Join(r.router.SetIPv4(leases[1-k%2], gateway), r.router.Delegate(next), r.router.LANAddr(lanAddr(next), 1800, 3600),
		r.router.DelLANAddr(lanAddr(old)), r.router.Undelegate(old))
}

// await waits for a request, and looks for the prefix in it.
func (r *rival) await(within time.Duration) (time.Time, error) {
	select {
	case a := <-r.got:
		r.Requests++
		if strings.Contains(a.query, "2001") {
			r.Prefixed++
		}
		r.last = a.at
		return a.at, nil
	case <-time.After(within):
		return time.Time{}, fmt.Errorf("no request in %v", within)
	}
}
