package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

// image tells one image of a process from another: each has its own random
// bytes, and a place for them.
func (p *process) image() string {
	p.h.Helper()
	var b []byte
	p.h.await(func() string { // in the midst of the change there is none
		var err error
		if b, err = os.ReadFile(fmt.Sprintf("/proc/%d/auxv", p.Process.Pid)); err != nil {
			return err.Error()
		}
		if len(bytes.Trim(b, "\x00")) == 0 {
			return "there is no image"
		}
		return ""
	})
	return string(b)
}

// rests waits until the daemon rests, in another image than the one that was.
func (p *process) rests(was string) (image string) {
	p.h.Helper()
	p.h.await(func() string {
		if p.image() == was || !p.rested() {
			return "the daemon does not rest"
		}
		return ""
	})
	return p.image()
}

// rested tells whether the daemon has ever been at rest.
func (p *process) rested() bool {
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.Process.Pid))
	return strings.Contains(string(env), restEnv)
}

// resting brings the line up and starts a daemon, which sends and then rests.
func (h *house) resting() (d *process, image string) {
	h.Helper()
	h.online()
	d = h.daemon()
	image = d.image()
	h.current(lease)
	return d, d.rests(image)
}

func (p *process) files() int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Process.Pid))
	p.h.must(err)
	return len(list)
}

// saysOnce holds how often a message stands in the log.
func (p *process) saysOnce(words string, most int) {
	p.h.Helper()
	if n := strings.Count(p.log.String(), words); n > most {
		p.h.Errorf("%q is said %d times, want %d", words, n, most)
	}
}

func TestADaemonThatRestedGoesOnAsItWas(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	image := d.image()
	h.current(lease)
	was := h.state(update.StateCurrent)
	before := h.status("there", func(status) bool { return true })
	second := h.begin("run", "-c", h.path("homeward.toml"))
	kept, err := os.Stat(h.path("state/state.json"))
	h.must(err)
	image = d.rests(image)
	if now, err := os.Stat(h.path("state/state.json")); err != nil || !now.ModTime().Equal(kept.ModTime()) || !os.SameFile(now, kept) {
		t.Errorf("the state was written though nothing was sent: %v", err)
	}
	want := []string{first}
	files := 0
	for _, l := range []netip.Prefix{lease2, lease, lease3} {
		h.must(h.SetIPv4(l, gateway))
		h.current(l)
		want = append(want, full("&ip="+l.Addr().String()+"&ipv6prefix="+prefix1))
		image = d.rests(image)
		time.Sleep(300 * time.Millisecond) // the new image opens what it needs
		if holder := daemonPID(h.path("run")); holder != d.Process.Pid {
			t.Errorf("process %d has the lock, want %d", holder, d.Process.Pid)
		}
		if n := d.files(); files != 0 && n != files {
			t.Errorf("%d files are open, and were %d", n, files)
		} else {
			files = n
		}
	}
	h.sent(want...)
	if code := second.end(); code != 1 {
		t.Errorf("a second daemon beside it: exit %d", code)
	}
	after := h.status("there", func(status) bool { return true })
	if after.PID != d.Process.Pid || !after.Started.Equal(before.Started) || after.Accounts["home"].Used != was.Used+3 {
		t.Errorf("status is %+v, and was %+v", after, before)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", d.Process.Pid)); string(name) != "homeward\n" {
		t.Errorf("the process is called %q, %v", name, err)
	}
	if children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", d.Process.Pid, d.Process.Pid)); len(children) != 0 {
		t.Errorf("children are left: %s, %v", children, err)
	}
	if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", d.Process.Pid)); !strings.Contains(string(env), "GOMAXPROCS=") {
		t.Errorf("the daemon rests with all processors: %s, %v", env, err)
	}
	d.saysOnce("watches the line", 1)
	d.saysOnce("the line:", 4+strings.Count(d.log.String(), "no IPv4"))
	d.signal(syscall.SIGTERM)
	if d.end() != 0 {
		t.Error("SIGTERM did not end it with 0")
	}
	if _, err := os.Stat(h.path("run/status.json")); err == nil {
		t.Error("a status without a daemon stays behind")
	}
}

func TestADaemonThatRestedDoesNotRepeatThatAnAccountIsStopped(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.Next(updatetest.Answer{Body: "nohost"})
	d := h.daemon()
	image := d.image()
	h.state(update.StateStopped)
	d.rests(image)
	h.must(h.SetIPv4(lease2, gateway))
	h.status("of the new line", func(s status) bool {
		return s.Line.IPv4 == lease2.Addr() && s.Accounts["home"].State == update.StateStopped
	})
	h.sent(first)
	d.saysOnce("Nothing more is sent", 1)
}

// A reason is for the owner, who reads it in status: the line's address stays
// away, and is another one that is not published.
func TestADaemonAtRestTellsWhyNothingIsPublished(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv4"]`)
	h.must(h.SetIPv4(netip.MustParsePrefix("192.168.1.2/24"), netip.MustParseAddr("192.168.1.1")))
	d := h.daemon()
	image := d.image()
	private := h.state(update.StateWaiting).Note
	d.rests(image)
	h.must(h.SetIPv4(netip.MustParsePrefix("100.64.0.2/24"), netip.MustParseAddr("100.64.0.1")))
	h.status("of carrier NAT", func(s status) bool {
		note := s.Accounts["home"].Note
		return note != private && strings.Contains(note, "100.64.0.2")
	})
}

func TestADaemonAtRestSleepsUntilSomethingIsDue(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `refresh = "4s"`)
	h.online()
	d := h.daemon()
	image := d.image()
	h.sent(first)
	h.current(lease)
	image = d.rests(image)
	h.sent(first, first)
	d.rests(image)
}

// Renewals that change nothing leave their garbage to an image that ends. That
// does not read a configuration which nobody has asked it to.
func TestADaemonAtRestDoesNotGrowWithWhatChangesNothing(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d, image := h.resting()
	time.Sleep(300 * time.Millisecond) // the new image has looked at the files
	h.more = append(h.more, `record = "www"`)
	h.configure()
	for i := range looksMost + 20 {
		h.must(h.LANAddr(lanAddr, uint32(1800+i), 3600))
		time.Sleep(20 * time.Millisecond)
	}
	d.rests(image)
	h.must(h.SetIPv4(lease2, gateway))
	h.current(lease2)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// TestNoSignalIsLostToAnotherImage sends signals at every moment of the change
// but the first one: SIGUSR1 cannot be blocked before it.
func TestNoSignalIsLostToAnotherImage(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d, _ := h.resting()
	want := []string{first}
	for i := range 20 {
		time.Sleep(restAfter + time.Duration(i/2-2)*4*time.Millisecond)
		if i%2 == 0 {
			d.signal(syscall.SIGUSR1)
			want = append(want, want[len(want)-1])
		} else {
			h.more = append(h.more[:2:2], fmt.Sprintf(`record = "r%d"`, i))
			h.configure()
			d.signal(syscall.SIGHUP)
			want = append(want, full(fmt.Sprintf("&praefix=r%d&ip=203.0.113.7&ipv6prefix=%s", i, prefix1)))
		}
		h.sent(want...)
		h.current(lease)
	}
	time.Sleep(restAfter)
	d.signal(syscall.SIGTERM) // it ends one way or another: with 0, or of the signal
	if code := d.end(); code > 0 {
		t.Errorf("SIGTERM ended it with %d", code)
	}
}

// Nobody has said SIGHUP: the configuration and its secret hold as they were
// read, though there is no file any more that says so.
func TestAConfigurationThatNobodyHasReadStaysUnread(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `token_file = "token"`)
	h.must(os.WriteFile(h.path("token"), []byte(secret+"\n"), 0o600))
	h.online()
	d := h.daemon()
	image := d.image()
	h.current(lease)
	h.must(os.WriteFile(h.path("token"), []byte("another\n"), 0o600))
	h.more = append(h.more, `recrod = "www"`)
	h.configure()
	image = d.rests(image)
	h.must(h.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.rests(image)
	h.must(os.Remove(h.path("token")))
	h.must(os.Remove(h.path("homeward.toml")))
	h.must(h.SetIPv4(lease, gateway))
	h.current(lease)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1), first)
	for _, r := range h.Requests() {
		if r.Status != 200 {
			t.Errorf("answered %d: %+v", r.Status, r)
		}
	}
	d.signal(syscall.SIGHUP)
	d.says("no such file")
}

func TestWhatAPersonDoesBesideADaemonAtRestIsSeen(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d, image := h.resting()
	if out, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.status("of two requests", func(s status) bool { return s.Accounts["home"].Used == 2 })
	d.rests(image)
	h.must(os.Remove(h.path("state/state.json")))
	h.must(h.SetIPv4(lease2, gateway))
	h.current(lease2)
	if s := h.state(update.StateCurrent); s.Used != 3 {
		t.Errorf("%d requests are known of after the state was removed, want 3", s.Used)
	}
	h.sent(first, first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// Trouble with the disk is known to the image that learned of it alone.
func TestADaemonThatKnowsMoreThanTheDiskDoesNotRest(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.must(os.WriteFile(h.path("state"), nil, 0o600)) // where the folder should be
	d := h.daemon()
	image := d.image()
	h.current(lease)
	time.Sleep(restAfter + 500*time.Millisecond)
	if d.image() != image {
		t.Error("it rests without a state on disk")
	}
	h.must(h.SetIPv4(lease2, gateway))
	h.current(lease2)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
	d.saysOnce("the state cannot be", 1)
}
