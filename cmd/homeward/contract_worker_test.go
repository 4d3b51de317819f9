package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/cmd/homeward/daemon"
	"homeward/update"
	"homeward/update/updatetest"
)

// worker returns the daemon's worker process, 0 if there is none.
func (p *process) worker() int {
	for _, f := range strings.Fields(p.children()) {
		args, _ := os.ReadFile("/proc/" + f + "/cmdline")
		if pid, err := strconv.Atoi(f); err == nil && strings.Contains(string(args), daemon.WorkerArg) {
			return pid
		}
	}
	return 0
}

// works waits for the daemon's worker.
func (p *process) works() (pid int) {
	p.h.t.Helper()
	p.h.await(func() string {
		if pid = p.worker(); pid == 0 {
			return "there is no worker"
		}
		return ""
	})
	return pid
}

// becomesIdle waits until the daemon has no worker.
func (p *process) becomesIdle() {
	p.h.t.Helper()
	p.h.await(func() string {
		if p.children() != "" {
			return "a worker is still there"
		}
		return ""
	})
}

// children names the processes that the daemon has started and not taken leave
// of: those of all its threads.
func (p *process) children() string {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.Process.Pid))
	var all strings.Builder
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		all.Write(text)
	}
	return all.String()
}

// workers counts what workers have cost so far: it grows with each that ends
// (cminflt, proc(5)).
func (p *process) workers() string {
	p.h.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	p.h.must(err)
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)[8]
}

// idleDaemon brings the line up, starts a daemon, and returns once it has sent and has
// no worker.
func (h *house) idleDaemon() *process {
	h.t.Helper()
	h.online()
	d := h.daemon()
	h.current(lease)
	d.becomesIdle()
	return d
}

// identity tells one program in a process from another: each has its own
// random bytes, and a place for them.
func (p *process) identity() string {
	p.h.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", p.Process.Pid))
	p.h.must(err)
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Process.Pid))
	p.h.must(err)
	return string(name) + string(b)
}

func (p *process) files() int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Process.Pid))
	p.h.must(err)
	return len(list)
}

// saysOnce holds how often a message stands in the log.
func (p *process) saysOnce(words string, most int) {
	p.h.t.Helper()
	if n := strings.Count(p.log.String(), words); n > most {
		p.h.t.Errorf("%q is said %d times, want %d", words, n, most)
	}
}

// TestTheDaemonIsOneProcess: the process that run starts is the daemon from its
// first moment to its last. What sends lives in a child; if that is killed or hangs,
// the daemon starts another, with growing pauses.
func TestTheDaemonIsOneProcess(t *testing.T) {
	t.Parallel()
	t.Run("TheDaemonIsOneProcessForLife", theDaemonIsOneProcessForLife)
	t.Run("AWorkerThatIsKilledIsReplacedAndItsRequestCounts", aWorkerThatIsKilledIsReplacedAndItsRequestCounts)
	t.Run("WorkersThatAreKilledAgainAndAgainAreSaidOnce", workersThatAreKilledAgainAndAgainAreSaidOnce)
	t.Run("WhatAKilledWorkerWasToldIsDone", whatAKilledWorkerWasToldIsDone)
	t.Run("AWorkerThatHangsIsReplaced", aWorkerThatHangsIsReplaced)
	t.Run("AKilledDaemonLeavesNoWorker", aKilledDaemonLeavesNoWorker)
}

// TestAnIdleDaemonHasNoWorker: the child lives only while there is something to do,
// and what is due, or a person does, is not missed.
func TestAnIdleDaemonHasNoWorker(t *testing.T) {
	t.Parallel()
	t.Run("AStoppedAccountIsSaidOnce", aStoppedAccountIsSaidOnce)
	t.Run("AnIdleDaemonTellsWhyNothingIsPublished", anIdleDaemonTellsWhyNothingIsPublished)
	t.Run("AnIdleDaemonSleepsUntilSomethingIsDue", anIdleDaemonSleepsUntilSomethingIsDue)
	t.Run("NoWorkerForWhatChangesNothing", noWorkerForWhatChangesNothing)
	t.Run("AConfigurationThatNobodyHasReadStaysUnread", aConfigurationThatNobodyHasReadStaysUnread)
	t.Run("WhatAPersonDoesBesideAnIdleDaemonIsSeen", whatAPersonDoesBesideAnIdleDaemonIsSeen)
	t.Run("AStateThatIsLostBesideAnIdleDaemonIsNotForgotten", aStateThatIsLostBesideAnIdleDaemonIsNotForgotten)
	t.Run("ADaemonWithoutADiskIsIdle", aDaemonWithoutADiskIsIdle)
	t.Run("ADaemonInTroubleIsIdleBetweenRetries", aDaemonInTroubleIsIdleBetweenRetries)
}

func theDaemonIsOneProcessForLife(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d := h.idleDaemon()
	was, identity, files := h.status("there", func(status) bool { return true }), d.identity(), d.files()
	second := h.begin("run", "-c", h.path("homeward.toml"))
	want := []string{first}
	for _, l := range []netip.Prefix{lease2, lease, lease3} {
		h.must(h.router.SetIPv4(l, gateway))
		h.current(l)
		want = append(want, full("&ip="+l.Addr().String()+"&ipv6prefix="+prefix1))
		d.becomesIdle()
		if holder := daemon.PID(h.path("run")); holder != d.Process.Pid {
			t.Errorf("process %d has the lock, want %d", holder, d.Process.Pid)
		}
		if n := d.files(); n != files {
			t.Errorf("%d files are open, and were %d", n, files)
		}
	}
	h.sent(want...)
	if code := second.end(); code != 1 {
		t.Errorf("a second daemon beside it: exit %d", code)
	}
	if d.identity() != identity {
		t.Error("it is another program, or has another name")
	}
	after := h.status("there", func(status) bool { return true })
	if after.PID != d.Process.Pid || !after.Started.Equal(was.Started) || after.Accounts["home"].Used != 4 {
		t.Errorf("status is %+v, and was %+v", after, was)
	}
	d.saysOnce("watches the line", 1)
	d.saysOnce("the line:", 4+strings.Count(d.log.String(), "no IPv4"))
	d.ends()
}

// ends ends the daemon, and holds what is promised of that.
func (p *process) ends() {
	p.h.t.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		p.h.t.Errorf("SIGTERM: exit %d", code)
	}
	if _, err := os.Stat(p.h.path("run/status.json")); err == nil {
		p.h.t.Error("a status without a daemon stays behind")
	}
}

func aStoppedAccountIsSaidOnce(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	d := h.daemon()
	h.state(update.StateStopped)
	d.becomesIdle()
	h.must(h.router.SetIPv4(lease2, gateway))
	h.status("of the new line", func(s status) bool {
		return s.Line.IPv4 == lease2.Addr() && s.Accounts["home"].State == update.StateStopped
	})
	d.becomesIdle()
	h.sent(first)
	d.saysOnce("Nothing more is sent", 1)
}

// A reason is for the owner, who reads it in status: the line's address stays
// away, and is another one that is not published.
func anIdleDaemonTellsWhyNothingIsPublished(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv4"]`)
	h.must(h.router.SetIPv4(netip.MustParsePrefix("192.168.1.2/24"), netip.MustParseAddr("192.168.1.1")))
	d := h.daemon()
	private := h.state(update.StateWaiting).Note
	d.becomesIdle()
	h.must(h.router.SetIPv4(netip.MustParsePrefix("100.64.0.2/24"), netip.MustParseAddr("100.64.0.1")))
	h.status("of carrier NAT", func(s status) bool {
		note := s.Accounts["home"].Note
		return note != private && strings.Contains(note, "100.64.0.2")
	})
}

func anIdleDaemonSleepsUntilSomethingIsDue(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `refresh = "5s"`)
	h.online()
	d := h.daemon()
	h.sent(first)
	h.current(lease)
	d.becomesIdle()
	h.sent(first, first)
	d.becomesIdle()
}

// Renewals and routes that lead elsewhere start no worker, and a configuration
// that nobody has asked for stays unread.
func noWorkerForWhatChangesNothing(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d := h.idleDaemon()
	h.more = append(h.more, `record = "www"`)
	h.configure()
	before := d.workers()
	for i := range 120 {
		h.must(h.router.LANAddr(lanAddr, uint32(1800+i), 3600))
		h.must(h.router.SetRoute(netRoute()))
	}
	d.settles()
	if got := d.workers(); got != before {
		t.Errorf("workers were started: cminflt %s, and was %s", got, before)
	}
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// settles waits until the daemon has slept for a while: it has seen all that
// the kernel told it.
func (p *process) settles() {
	p.h.t.Helper()
	last, since := -1, time.Now()
	p.h.await(func() string {
		if n := p.ticks(); n != last {
			last, since = n, time.Now()
		}
		if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid)); !strings.Contains(string(b), ") S ") || time.Since(since) < 300*time.Millisecond {
			return "the daemon does not sleep"
		}
		return ""
	})
}

// The configuration and its secret hold as they were read, until SIGHUP,
// though there is no file any more that says so.
func aConfigurationThatNobodyHasReadStaysUnread(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `token_file = "token"`)
	h.must(os.WriteFile(h.path("token"), []byte(theSecret+"\n"), 0o600))
	d := h.idleDaemon()
	h.must(os.WriteFile(h.path("token"), []byte("another\n"), 0o600))
	h.more = append(h.more, `recrod = "www"`)
	h.configure()
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.becomesIdle()
	h.must(os.Remove(h.path("token")))
	h.must(os.Remove(h.path("homeward.toml")))
	h.must(h.router.SetIPv4(lease, gateway))
	h.current(lease)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1), first)
	for _, r := range h.ipv64.Requests() {
		if r.Status != 200 {
			t.Errorf("answered %d: %+v", r.Status, r)
		}
	}
	d.signal(syscall.SIGHUP)
	d.says("the configuration stays as it was: ")
	d.says("no such file")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
}

func whatAPersonDoesBesideAnIdleDaemonIsSeen(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d := h.idleDaemon()
	if out, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.status("of two requests", func(s status) bool { return s.Accounts["home"].Used == 2 })
	d.becomesIdle()
	h.must(os.Remove(h.path("state/state.json")))
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.says("state.json is gone: it is written anew")
	if s := h.state(update.StateCurrent); s.Used != 3 {
		t.Errorf("%d requests are known of after the state was removed, want 3", s.Used)
	}
	h.sent(first, first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// What a person, or a crash, does to the state is as harmless as beside a
// worker: no limit forgets a request.
func aStateThatIsLostBesideAnIdleDaemonIsNotForgotten(t *testing.T) {
	for name, lose := range map[string]func(h *house, old []byte){
		"torn":         func(h *house, _ []byte) { h.replaceState([]byte("{")) },
		"an older one": func(h *house, old []byte) { h.replaceState(old) },
		"begun anew": func(h *house, _ []byte) {
			h.must(os.Remove(h.path("state/state.json")))
			if _, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
				h.t.Errorf("once --force: exit %d\n%s", code, errs)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			d := h.daemon()
			h.current(lease)
			old, err := os.ReadFile(h.path("state/state.json"))
			h.must(err)
			h.must(h.router.SetIPv4(lease2, gateway))
			h.current(lease2)
			d.becomesIdle()
			before := d.workers()
			lose(h, old)
			h.await(func() string {
				if d.workers() == before {
					return "no worker looks at the state"
				}
				return ""
			})
			d.becomesIdle()
			sent := len(h.ipv64.Requests())
			if s := h.state(update.StateCurrent); s.Used != sent || name != "begun anew" && sent != 2 {
				t.Errorf("%d requests are known of, %d were sent: %v", s.Used, sent, h.queries)
			}
		})
	}
}

// replaceState puts another state in place of the one on disk.
func (h *house) replaceState(text []byte) {
	h.t.Helper()
	h.must(os.WriteFile(h.path("state/other"), text, 0o600))
	h.must(os.Rename(h.path("state/other"), h.path("state/state.json")))
}

// Trouble with the disk keeps nobody awake, and is said once.
func aDaemonWithoutADiskIsIdle(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.must(os.WriteFile(h.path("state"), nil, 0o600)) // where the folder should be
	d := h.daemon()
	want := []string{first}
	for _, l := range []netip.Prefix{lease2, lease} {
		h.status("of every request", func(s status) bool {
			return s.Accounts["home"].State == update.StateCurrent && s.Accounts["home"].Used == len(want)
		})
		d.becomesIdle()
		h.must(h.router.SetIPv4(l, gateway))
		h.current(l)
		want = append(want, full("&ip="+l.Addr().String()+"&ipv6prefix="+prefix1))
	}
	h.sent(want...)
	d.saysOnce("the state cannot be", 1)
}

// Between retries that are far apart nobody is awake but the watcher; what
// happens on the line is a reason to try at once.
func aDaemonInTroubleIsIdleBetweenRetries(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.server.Close() // the connection is refused
	d := h.daemon()
	h.status("retrying, and not soon", func(s status) bool {
		a := s.Accounts["home"]
		return a.State == update.StateRetrying && time.Until(a.Next) > 3*time.Second
	})
	d.becomesIdle()
	d.saysOnce("cannot connect", 1)
	before := d.workers()
	h.must(h.router.SetRoute(netwatchDefault(gateway))) // an event that changes nothing: it is tried at once
	h.await(func() string {
		if d.workers() == before {
			return "nothing is tried though something happened"
		}
		return ""
	})
}

// killsWorker ends the daemon's worker, at once and by force.
func (p *process) killsWorker() {
	p.h.t.Helper()
	p.h.must(syscall.Kill(p.works(), syscall.SIGKILL))
}

func aWorkerThatIsKilledIsReplacedAndItsRequestCounts(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = []string{"limit_10s = 0", "limit_24h = 48"}
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute, Process: true})
	d := h.daemon()
	h.sent(first)
	d.killsWorker()
	h.current(lease)
	if s := h.state(update.StateCurrent); s.Used != 2 {
		t.Errorf("%d requests are counted, want both", s.Used)
	}
	h.sent(first, first)
	d.says("the worker process has ended (signal: killed). Starting another")
	d.says("does its work again")
	d.becomesIdle()
	d.ends()
}

func workersThatAreKilledAgainAndAgainAreSaidOnce(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute})
	d := h.daemon()
	h.sent(first)
	for range 3 {
		pid := d.works()
		h.must(syscall.Kill(pid, syscall.SIGKILL))
		h.await(func() string {
			if d.worker() == pid {
				return "it is still there"
			}
			return ""
		})
	}
	h.current(lease)
	d.becomesIdle()
	d.saysOnce("the worker process has ended", 1)
	d.saysOnce("does its work again", 1)
}

// What was asked for is done, though the worker that was told dies of it.
func whatAKilledWorkerWasToldIsDone(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d := h.idleDaemon()
	h.more = append(h.more, `record = "www"`)
	h.configure()
	stopped := d.Process.Pid
	h.must(syscall.Kill(stopped, syscall.SIGSTOP)) // so that its worker is met early
	d.signal(syscall.SIGHUP)
	d.signal(syscall.SIGUSR1)
	h.must(syscall.Kill(stopped, syscall.SIGCONT))
	d.killsWorker()
	d.says("again: 1 account")
	d.says("sending everything anew")
	h.await(func() string {
		for _, q := range h.seen() {
			if strings.Contains(q, "praefix=www") {
				return ""
			}
		}
		return "nothing was sent for the new record"
	})
	d.ends()
}

// A worker that hangs is killed, and another one does its work.
func aWorkerThatHangsIsReplaced(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: 2 * time.Second})
	d := h.daemon()
	h.sent(first)
	hung := d.works()
	h.must(syscall.Kill(hung, syscall.SIGSTOP))
	h.must(h.router.SetIPv4(lease2, gateway))
	d.says("signal: killed")
	h.current(lease2)
	d.ends()
}

// A watcher that is killed takes its worker along, and leaves run_dir free.
func aKilledDaemonLeavesNoWorker(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute, Process: true})
	d := h.daemon()
	h.sent(first)
	worker := d.works()
	d.kill()
	h.await(func() string {
		if syscall.Kill(worker, 0) == nil {
			return "the worker lives on"
		}
		return ""
	})
	h.daemon()
	h.current(lease)
}
