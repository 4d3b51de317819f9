package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/update/updatetest"
)

// ours is the service's user in these tests.
var ours = &syscall.Credential{Uid: 864, Gid: 864}

// withUser gives the test an /etc/passwd and an /etc/group with the user
// homeward in them.
func (h *house) withUser() {
	h.t.Helper()
	h.must(unix.Unshare(unix.CLONE_NEWNS))
	h.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	for file, text := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/ash\nhomeward:x:864:864:homeward:/var/run/homeward:/bin/false\n",
		"group":  "root:x:0:\nhomeward:x:864:homeward\ndialout:x:20:homeward,other\n",
	} {
		h.must(os.WriteFile(h.path(file), []byte(text), 0o644))
		h.must(unix.Mount(h.path(file), "/etc/"+file, "", unix.MS_BIND, ""))
	}
}

// belongs fails unless each file below the two folders, and they themselves,
// belong to the service's user.
func (h *house) belongs() {
	h.t.Helper()
	for _, dir := range []string{"state", "run"} {
		err := filepath.Walk(h.path(dir), func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			if s := info.Sys().(*syscall.Stat_t); s.Uid != ours.Uid || s.Gid != ours.Gid {
				h.t.Errorf("%s belongs to %d:%d", path, s.Uid, s.Gid)
			}
			return nil
		})
		h.must(err)
	}
}

// serviceStarts starts the daemon as the init script does, and has it find all
// that root has left.
func (h *house) serviceStarts() {
	h.t.Helper()
	h.as = ours
	h.daemon()
	h.current(lease)
}

// TestTheFoldersAreTheDaemonsUsers: every command that root starts takes the
// identity of the owner of state_dir, and makes missing folders for the user
// homeward.
func TestTheFoldersAreTheDaemonsUsers(t *testing.T) {
	t.Parallel()
	t.Run("TheDaemonStartedByRootIsTheServicesUser", theDaemonStartedByRootIsTheServicesUser)
	t.Run("WhatRootDoesFirstIsLeftToTheService", whatRootDoesFirstIsLeftToTheService)
	t.Run("RootHandsOverWhatWasLeft", rootHandsOverWhatWasLeft)
	t.Run("NoThreadOfTheDaemonCanGainAPrivilege", noThreadOfTheDaemonCanGainAPrivilege)
	t.Run("CheckForAUserTriesWhatThatUserCanRead", checkForAUserTriesWhatThatUserCanRead)
	t.Run("AStateThatCannotBeReadIsNeverReplaced", aStateThatCannotBeReadIsNeverReplaced)
	t.Run("AnotherStateDirTakesTheCountAlong", anotherStateDirTakesTheCountAlong)
	t.Run("AnotherFolderWaitsForTheNextStart", anotherFolderWaitsForTheNextStart)
}

func theDaemonStartedByRootIsTheServicesUser(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.withUser()
	h.online()
	d := h.daemon()
	h.current(lease)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Process.Pid))
	h.must(err)
	for _, want := range []string{"Uid:\t864\t864\t864\t864", "Gid:\t864\t864\t864\t864", "Groups:\t20 864 \n", "CapEff:\t0000000000000000"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the daemon has not %q:\n%s", want, b)
		}
	}
	h.belongs()
	d.says("warning: " + h.path("homeward.toml") + " was read as root, and cannot be read again")
	d.signal(syscall.SIGTERM)
	d.end()
	h.serviceStarts()
	h.sent(first)
}

func whatRootDoesFirstIsLeftToTheService(t *testing.T) {
	for name, command := range map[string][]string{"once": {"once"}, "ipv64": {"ipv64", "domains", "--key-file"}} {
		t.Run(name, func(t *testing.T) {
			want := []string{first}
			h := newHouse(t, updatetest.Options{})
			h.withUser()
			h.online()
			if name == "ipv64" {
				key := h.path("key")
				h.must(os.WriteFile(key, []byte("k3y\n"), 0o600))
				command = append(command, key)
				want = []string{"get_domains", first}
			}
			h.homeward(append(command, "-c", h.configure())...)
			if _, err := os.Stat(h.path("state/state.json")); err != nil {
				t.Fatal("no state was left: ", err)
			}
			h.belongs()
			h.serviceStarts()
			h.sent(want...)
		})
	}
}

// What a version before has left as root is handed over; a link stays as it is.
func rootHandsOverWhatWasLeft(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	if _, errs, code := h.homeward("once", "-c", h.configure()); code != 0 { // no user homeward: all of it is root's
		t.Fatal(errs)
	}
	h.must(os.WriteFile(h.path("run/homeward.lock"), []byte("1\n"), 0o600))
	h.must(os.WriteFile(h.path("mine"), []byte("root's"), 0o600))
	h.withUser()
	h.must(os.Chown(h.path("state"), 864, 864))
	h.must(os.Link(h.path("mine"), h.path("run/metrics.prom")))
	h.must(os.Symlink(h.path("mine"), h.path("run/status.json.new")))
	if _, errs, code := h.homeward("once", "-c", h.path("homeward.toml")); code != 0 {
		t.Fatal(errs)
	}
	info, err := os.Stat(h.path("mine"))
	h.must(err)
	if info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Error("a file of root's was given away by a link to it")
	}
	h.must(os.Remove(h.path("run/metrics.prom")))
	h.must(os.Remove(h.path("run/status.json.new")))
	h.belongs()
	h.serviceStarts()
	h.sent(first)
}

// A state that the daemon's user cannot read is root's to hand over: to begin
// an empty count in its place could exceed the service's limit.
func aStateThatCannotBeReadIsNeverReplaced(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.as = nobody
	h.must(os.Mkdir(h.path("state"), 0o700))
	h.must(os.Chown(h.path("state"), 65534, 65534))
	h.must(os.WriteFile(h.path("state/state.json"), []byte(`{"version":1,"salt":"root's"}`), 0o600))
	h.online()
	d := h.daemon()
	d.says("the state cannot be read, and is not replaced: ")
	h.current(lease)
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	if b, err := os.ReadFile(h.path("state/state.json")); err != nil || string(b) != `{"version":1,"salt":"root's"}` {
		t.Errorf("the state is %s, %v", b, err)
	}
	if _, errs, code := h.homeward("once", "-c", h.path("homeward.toml")); code != 1 || !strings.Contains(errs, "without it the service's limits cannot be kept") {
		t.Errorf("once: exit %d, %s", code, errs)
	}
}

// moveState names another state_dir in the configuration.
func (h *house) moveState(from, to string) {
	h.t.Helper()
	file := h.path("homeward.toml")
	b, err := os.ReadFile(file)
	h.must(err)
	h.must(os.WriteFile(file, []byte(strings.Replace(string(b), fmt.Sprintf("state_dir = %q", from), fmt.Sprintf("state_dir = %q", to), 1)), 0o600))
}

func anotherStateDirTakesTheCountAlong(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = []string{"limit_10s = 0", "limit_24h = 48"}
	h.online()
	stop := func(d *process) { d.signal(syscall.SIGTERM); d.end() }
	d := h.daemon()
	h.current(lease)
	stop(d)

	h.moveState("state", "flash")
	if out, errs, code := h.homeward("once", "-c", h.path("homeward.toml")); code != 0 { // before the daemon is started again
		t.Errorf("once: %s%s", out, errs)
	}
	d = h.begin("run", "-c", h.path("homeward.toml"))
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	if used := h.state("current").Used; used != 2 {
		t.Errorf("%d requests are counted, want 2", used)
	}
	stop(d)

	h.moveState("flash", "state") // where an older one is
	d = h.begin("run", "-c", h.path("homeward.toml"))
	d.says("info: state_dir is " + h.path("state") + " now: the state was taken along from " + h.path("flash"))
	h.current(lease2)
	stop(d)

	h.must(os.MkdirAll(h.path("other"), 0o755))
	h.must(os.WriteFile(h.path("other/state.json"), []byte(`{"version":1,"salt":"o","boot":"b"}`), 0o600))
	h.moveState("state", "other")
	d = h.begin("run", "-c", h.path("homeward.toml"))
	d.says("warning: state_dir is " + h.path("other") + " now, where another state is: what was sent while it was " + h.path("state") + " is not counted")
	h.current(lease2)
	stop(d)

	h.moveState("other", "last")
	h.must(os.RemoveAll(h.path("other")))
	d = h.begin("run", "-c", h.path("homeward.toml"))
	d.says("warning: state_dir is " + h.path("last") + " now, and the state cannot be taken along from " + h.path("other") + ": ")
}

// SIGHUP moves neither folder, in later workers, too: another count would begin, and
// run_dir is locked.
func anotherFolderWaitsForTheNextStart(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	h.must(os.Mkdir(h.path("elsewhere"), 0o755))
	h.must(os.Mkdir(h.path("flash"), 0o755))
	file := h.path("homeward.toml")
	was, err := os.ReadFile(file)
	h.must(err)
	h.moveState("state", "flash")
	moved, err := os.ReadFile(file)
	h.must(err)
	h.must(os.WriteFile(file, []byte(strings.Replace(string(moved), `run_dir = "run"`, `run_dir = "elsewhere"`, 1)), 0o600))
	d.signal(syscall.SIGHUP)
	d.says("another state_dir or run_dir takes effect when homeward is started again")
	d.becomesIdle()
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.becomesIdle()
	h.must(os.WriteFile(file, was, 0o600))
	d.signal(syscall.SIGHUP)
	d.becomesIdle()
	h.must(h.router.SetIPv4(lease, gateway))
	h.current(lease)
	d.saysOnce("takes effect when homeward is started again", 1)
	for _, dir := range []string{"elsewhere", "flash"} {
		if left, err := os.ReadDir(h.path(dir)); len(left) != 0 || err != nil {
			t.Errorf("%s has %v %v", dir, left, err)
		}
	}
}

// The program itself, as it is shipped: threads are another matter with cgo.
func noThreadOfTheDaemonCanGainAPrivilege(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "homeward")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	h := newHouse(t, updatetest.Options{})
	cmd := exec.Command(bin, "run", "-c", h.configure())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	h.must(cmd.Start())
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	h.status("there", func(s status) bool { return s.PID == cmd.Process.Pid })
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", cmd.Process.Pid))
	h.must(err)
	for _, task := range tasks {
		if b, err := os.ReadFile(task); err == nil && !strings.Contains(string(b), "\nNoNewPrivs:\t1\n") {
			t.Errorf("%s:\n%s", task, b)
		}
	}
	if len(tasks) < 2 {
		t.Errorf("%d threads were looked at", len(tasks))
	}
}

func checkForAUserTriesWhatThatUserCanRead(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.withUser()
	file := func(name string, gid int, mode os.FileMode) {
		h.must(os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
		h.must(os.WriteFile(h.path(name), []byte("t0ken\n"), 0o600))
		h.must(os.Chown(h.path(name), 0, gid))
		h.must(os.Chmod(h.path(name), mode))
	}
	file("root", 0, 0o600)
	file("ours", 864, 0o640)
	file("member", 20, 0o640)
	file("others", 0, 0o604)
	file("closed/root", 864, 0o644)
	file("unlisted/open", 864, 0o640)
	h.must(os.Chmod(h.path("closed"), 0o700))
	h.must(os.Chmod(h.path("unlisted"), 0o711))
	h.must(os.Chown(h.path("closed"), 864, 0)) // the owner may enter, if the mode lets one
	h.must(os.Chmod(h.path("closed"), 0o077))
	src := "ca_file = \"ca.pem\"\n"
	for i, name := range []string{"root", "ours", "member", "others", "closed/root", "unlisted/open", "nowhere"} {
		src += fmt.Sprintf("[account.a%d]\nservice = \"ipv64\"\ndomains = [\"a%d.ipv64.net\"]\ntoken_file = %q\n", i, i, name)
	}
	conf := h.path("check.toml")
	h.must(os.WriteFile(conf, []byte(src), 0o600))

	_, errs, code := h.homeward("check", "-c", conf)
	if want := conf + ":29: account.a6.token_file: names no file"; code != 2 || !strings.Contains(errs, want) || strings.Contains(errs, "cannot") {
		t.Errorf("without --user: exit %d\n%s", code, errs)
	}
	_, errs, code = h.homeward("check", "-c", conf, "--user", "homeward")
	want := []string{
		conf + ": the user homeward cannot read it: chgrp homeward " + conf + "; chmod 640 " + conf,
		conf + ":5: account.a0.token_file: " + h.path("root") + ": the user homeward cannot read it: chgrp homeward " + h.path("root") + "; chmod 640 " + h.path("root"),
		conf + ":21: account.a4.token_file: " + h.path("closed/root") + ": the user homeward cannot enter the folder " + h.path("closed") +
			": put the file elsewhere, such as into /etc, or chmod o+x " + h.path("closed"),
		conf + ":29: account.a6.token_file: names no file that is there: write the secret into a file, and the file's path here",
	}
	var got []string
	for line := range strings.Lines(errs) {
		if !strings.HasPrefix(line, "warning: ") {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	if code != 2 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("exit %d\n%s\nwant\n%s", code, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	h.must(os.WriteFile(conf, []byte(strings.Join(strings.SplitAfter(src, "\n")[5:17], "")), 0o644))
	h.must(os.Chmod(conf, 0o644))
	if out, errs, code := h.homeward("check", "-c", conf, "--user", "homeward"); code != 0 {
		t.Errorf("what can be read: exit %d\n%s%s", code, out, errs)
	}
	for _, args := range [][]string{{"--user", "nosuchuser"}, {"--user", "4ff3f0e2a1b2c3d4e5f6a7b8"}} {
		if _, errs, code := h.homeward(append([]string{"check", "-c", conf}, args...)...); code != 2 || !strings.Contains(errs, "no such user") || strings.Contains(errs, "4ff3f0") {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
	h.as = nobody
	if _, errs, code := h.homeward("check", "-c", conf, "--user", "homeward"); code != 2 || !strings.Contains(errs, "run this as root") {
		t.Errorf("not as root: exit %d, %s", code, errs)
	}
}
