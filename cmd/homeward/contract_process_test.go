package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update"
	"homeward/update/updatetest"
)

const first = "domain=home.ipv64.net&ip=203.0.113.7&ipv6prefix=" + prefix1

// TestOneDaemonEndsInTime: SIGTERM ends the daemon within 2 s; a second one on the
// same run_dir waits 5 s and says so.
func TestOneDaemonEndsInTime(t *testing.T) {
	t.Parallel()
	t.Run("SIGTERMEndsWithin2SecondsThoughTheServiceHangs", sigtermEndsWithin2SecondsThoughTheServiceHangs)
	t.Run("ASecondDaemonWaits5SecondsAndSaysSo", aSecondDaemonWaits5SecondsAndSaysSo)
	t.Run("ADaemonOfRootThatFindsAnotherOneEnds", aDaemonOfRootThatFindsAnotherOneEnds)
}

// TestLimitsHold: a service's limits hold as the service counts them, across
// crashes, restarts and once beside the daemon.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	t.Run("AfterAKillWhatWasAcceptedIsNotSentAgain", afterAKillWhatWasAcceptedIsNotSentAgain)
	t.Run("AfterAKillInTheMiddleOfARequestTheLimitIsKept", afterAKillInTheMiddleOfARequestTheLimitIsKept)
	t.Run("NobodyExceedsTheLimitThoughEverybodySends", nobodyExceedsTheLimitThoughEverybodySends)
}

// TestTheStateIsReplacedWhole: state.json is replaced whole, only when it changes,
// and by its owner. One that is torn or cannot be written never stops an update.
func TestTheStateIsReplacedWhole(t *testing.T) {
	t.Parallel()
	t.Run("ATornStateIsSetAside", aTornStateIsSetAside)
	t.Run("TheStateIsItsOwnersAndWrittenOnChangeAlone", theStateIsItsOwnersAndWrittenOnChangeAlone)
	t.Run("AFullDiskStopsNoUpdate", aFullDiskStopsNoUpdate)
	t.Run("AStateThatCannotBeWrittenStopsNoUpdate", aStateThatCannotBeWrittenStopsNoUpdate)
	t.Run("TheDaemonNeedsNoPrivilege", theDaemonNeedsNoPrivilege)
	t.Run("OnceRunByRootLeavesTheStateToItsOwner", onceRunByRootLeavesTheStateToItsOwner)
}

func sigtermEndsWithin2SecondsThoughTheServiceHangs(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute})
	d := h.daemon()
	h.sent(first)
	told := time.Now()
	d.signal(syscall.SIGTERM)
	if code := d.end(); code != 0 || time.Since(told) > 2*time.Second {
		t.Errorf("exit %d after %v", code, time.Since(told))
	}
	if _, err := os.Stat(h.path("run/status.json")); err == nil {
		t.Error("a status without a daemon stays behind")
	}
	h.daemon() // what was not confirmed goes again
	h.current(lease)
	h.sent(first, first)
}

func aSecondDaemonWaits5SecondsAndSaysSo(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	begun := time.Now()
	second := h.begin("run", "-c", h.path("homeward.toml"))
	if code := second.end(); code != 1 || time.Since(begun) < 5*time.Second || time.Since(begun) > 8*time.Second {
		t.Errorf("the second daemon: exit %d after %v", code, time.Since(begun))
	}
	second.says("another homeward")
	third := h.begin("run", "-c", h.path("homeward.toml"))
	third.says("waiting up to 5s")
	d.signal(syscall.SIGTERM)
	third.says("watches the line")
	h.status("the third's", func(s status) bool { return s.PID == third.Process.Pid })
	h.must(h.router.SetIPv4(lease2, gateway))
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// Root's daemon takes another identity while its first worker waits, and still
// ends with it.
func aDaemonOfRootThatFindsAnotherOneEnds(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(os.Mkdir(h.path("state"), 0o750))
	h.must(os.Chown(h.path("state"), 65534, 65534))
	h.online()
	h.daemon()
	h.current(lease)
	second := h.begin("run", "-c", h.path("homeward.toml"))
	third := h.begin("run", "-c", h.path("homeward.toml"))
	third.says("waiting up to 5s")
	third.signal(syscall.SIGTERM)
	if code := third.end(); code != 0 {
		t.Errorf("SIGTERM while another daemon is waited for: exit %d", code)
	}
	if code := second.end(); code != 1 {
		t.Errorf("the second daemon: exit %d", code)
	}
}

func afterAKillWhatWasAcceptedIsNotSentAgain(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	d.kill()
	h.daemon()
	h.current(lease)
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

func afterAKillInTheMiddleOfARequestTheLimitIsKept(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = []string{"limit_10s = 1", "limit_24h = 48"}
	h.ipv64.Limit10s = 1
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute, Process: true})
	d := h.daemon()
	h.sent(first)
	d.kill()
	h.daemon()
	s := h.state(update.StateLimited)
	if s.Used != 1 {
		t.Errorf("%d requests are used, want the one that was under way", s.Used)
	}
	// It may have been counted until the 15 s were over that it had.
	h.status("sent again", func(s status) bool { return s.Accounts["home"].State == update.StateCurrent })
	h.sent(first, first)
	for _, r := range h.ipv64.Requests() {
		if r.Over {
			t.Errorf("a request is beyond the limit: %+v", r)
		}
	}
}

func nobodyExceedsTheLimitThoughEverybodySends(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = []string{"limit_10s = 3", "limit_24h = 0"}
	h.ipv64.Limit10s = 3
	h.online()
	d := h.daemon()
	h.current(lease)
	for range 12 {
		h.must(h.router.SetIPv4(lease2, gateway))
		h.homeward("once", "--force", "-c", h.path("homeward.toml"))
		h.must(h.router.SetIPv4(lease, gateway))
		d.kill()
		d = h.daemon()
	}
	for _, r := range h.ipv64.Requests() {
		if r.Over {
			t.Errorf("a request is beyond the limit: %+v", r)
		}
	}
}

func aTornStateIsSetAside(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.must(os.Mkdir(h.path("state"), 0o755))
	for _, torn := range []string{`{"version":1,"salt":"x","bo`, "", "[]", "{}"} {
		h.must(os.WriteFile(h.path("state/state.json"), []byte(torn), 0o600))
		d := h.daemon()
		d.says("is set aside as")
		h.current(lease)
		d.signal(syscall.SIGTERM)
		d.end()
	}
	h.sent(first, first, first, first)
}

func theStateIsItsOwnersAndWrittenOnChangeAlone(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	before, err := os.Stat(h.path("state/state.json"))
	h.must(err)
	if before.Mode().Perm() != 0o600 {
		t.Errorf("state.json has mode %v", before.Mode())
	}
	h.must(h.router.LANAddr(lanAddr, 1700, 3600)) // a renewal
	h.must(h.router.SetRoute(netRoute()))         // a route that leads elsewhere
	h.must(h.router.Delegate(delegated2))         // nothing to publish
	h.status("of the renewal", func(s status) bool { return len(s.Line.Delegated) == 2 })
	d.signal(syscall.SIGHUP)
	d.says("again: 1 account")
	h.current(lease)
	d.signal(syscall.SIGTERM)
	d.end()
	h.daemon()
	h.current(lease)
	after, err := os.Stat(h.path("state/state.json"))
	h.must(err)
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the state was written though nothing changed")
	}
	h.sent(first)
}

func aFullDiskStopsNoUpdate(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(unix.Unshare(unix.CLONE_NEWNS))
	h.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	h.must(os.Mkdir(h.path("state"), 0o755))
	h.must(unix.Mount("tmpfs", h.path("state"), "tmpfs", 0, "size=16k"))
	t.Cleanup(func() { unix.Unmount(h.path("state"), unix.MNT_DETACH) })
	fill, err := os.Create(h.path("state/other"))
	h.must(err)
	for block := make([]byte, 4096); err == nil; {
		_, err = fill.Write(block)
	}
	fill.Close()
	h.online()
	d := h.daemon()
	d.says("no space left on device")
	h.current(lease)
	d.kill()
	h.daemon() // remembered in run_dir
	h.current(lease)
	h.must(os.Remove(h.path("state/other")))
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	if b, err := os.ReadFile(h.path("state/state.json")); err != nil || !strings.Contains(string(b), lease2.Addr().String()) {
		t.Errorf("state.json is %s, %v", b, err)
	}
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

// nobody is a user without any right.
var nobody = &syscall.Credential{Uid: 65534, Gid: 65534}

// powerless makes the test's thread, and what it starts, unable to win any
// privilege back.
func (h *house) powerless() {
	h.t.Helper()
	h.as = nobody
	h.must(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) == nil; c++ {
	}
}

func theDaemonNeedsNoPrivilege(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `wan = "eth0"`) // and leaves by that device
	h.powerless()
	d := h.daemon()
	h.status("waiting", func(s status) bool { return s.Accounts["home"].State == update.StateWaiting })
	h.online()
	h.current(lease)
	h.renumber()
	h.current(lease)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Process.Pid))
	h.must(err)
	for _, want := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Uid:\t65534\t65534\t65534\t65534"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the daemon has not %q:\n%s", want, b)
		}
	}
}

func aStateThatCannotBeWrittenStopsNoUpdate(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.as = nobody
	h.must(os.Mkdir(h.path("state"), 0o755)) // root's
	h.online()
	d := h.daemon()
	d.says("warning: the state cannot be written")
	h.current(lease)
	d.kill()
	h.daemon()
	h.current(lease)
	h.must(h.router.SetIPv4(lease2, gateway))
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

func onceRunByRootLeavesTheStateToItsOwner(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.must(os.Mkdir(h.path("state"), 0o750))
	h.must(os.Chown(h.path("state"), 65534, 65534))
	if out, errs, code := h.homeward("once", "-c", h.configure()); code != 0 {
		t.Fatalf("once: exit %d\n%s%s", code, out, errs)
	}
	files, err := os.ReadDir(h.path("state"))
	h.must(err)
	for _, f := range files {
		info, err := f.Info()
		h.must(err)
		if s := info.Sys().(*syscall.Stat_t); s.Uid != 65534 || s.Gid != 65534 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s belongs to %d:%d, mode %v", f.Name(), s.Uid, s.Gid, info.Mode())
		}
	}
	if len(files) == 0 {
		t.Error("once left no state")
	}
	h.as = nobody
	h.daemon() // finds all that it needs
	h.current(lease)
	h.sent(first)
}
