package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/update"
	"homeward/update/updatetest"
)

// hook writes the program on_change, with these lines before those that note
// each event: one line of the variables, and a file of the status.
func (h *house) hook(lines string) {
	h.t.Helper()
	h.must(os.WriteFile(h.path("hook"), []byte(`#!/bin/sh
`+lines+`
cat >"`+h.path("told")+`.status"
grep SigIgn /proc/$$/status >"`+h.path("told")+`.signals"
ls -l /proc/$$/fd >"`+h.path("told")+`.files"
line="$HOMEWARD_EVENT|$HOMEWARD_ACCOUNT|$HOMEWARD_SERVICE|$HOMEWARD_DOMAINS|$HOMEWARD_IPV4|$HOMEWARD_IPV6|$HOMEWARD_PREFIX|$HOMEWARD_ERROR"
echo "$line" >>"`+h.path("told")+`"
`), 0o755))
	h.top = append(h.top, `on_change = "hook"`)
}

// told waits until the program was told of these events, and holds that it was
// told of no others.
func (h *house) told(want ...string) {
	h.t.Helper()
	h.await(func() string {
		b, _ := os.ReadFile(h.path("told"))
		got := strings.Split(string(b), "\n")
		got = got[:len(got)-1] // whole lines
		if len(got) < len(want) {
			return fmt.Sprintf("the program was told\n%s\nwant\n%s", b, strings.Join(want, "\n"))
		}
		if !slices.Equal(got, want) {
			h.t.Fatalf("the program was told\n%s\nwant\n%s", b, strings.Join(want, "\n"))
		}
		return ""
	})
}

// TestOnChangeRunsAProgram: on_change is run once for each event, one at a time; it
// is ended after 30 s, its failure is said, and no update waits for it.
func TestOnChangeRunsAProgram(t *testing.T) {
	t.Parallel()
	t.Run("AProgramIsToldOfEachEventOnce", aProgramIsToldOfEachEventOnce)
	t.Run("AProgramThatHangsIsInNobodysWay", aProgramThatHangsIsInNobodysWay)
	t.Run("AProgramThatFailsIsSaidOnce", aProgramThatFailsIsSaidOnce)
	t.Run("AnAccountRecoversOverARestart", anAccountRecoversOverARestart)
}

// OpenWrt starts the daemon anew with each configuration that is saved.
func anAccountRecoversOverARestart(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.hook("")
	h.online()
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	d := h.daemon()
	stopped := "stopped|home|ipv64|home.ipv64.net||||" + h.state(update.StateStopped).Error
	h.told(stopped)
	d.becomesIdle()
	d.signal(syscall.SIGTERM)
	d.end()
	file := h.path("homeward.toml")
	text := h.read(file)
	h.must(os.WriteFile(h.path("other.pem"), h.read(h.path("ca.pem")), 0o600))
	h.must(os.WriteFile(file, bytes.Replace(text, []byte("ca.pem"), []byte("other.pem"), 1), 0o600))
	d = h.begin("run", "-c", file)
	h.current(lease)
	const is = "home|ipv64|home.ipv64.net|203.0.113.7||" + prefix1 + "|"
	h.told(stopped, "accepted|"+is, "recovered|"+is)
	d.becomesIdle()
}

func aProgramIsToldOfEachEventOnce(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.hook("")
	h.online()
	d := h.daemon()
	const was = "home|ipv64|home.ipv64.net|"
	accepted := "accepted|" + was + "203.0.113.7||" + prefix1 + "|"
	h.told(accepted)
	d.signal(syscall.SIGUSR1) // the same once more is no event
	h.sent(first, first)
	h.current(lease)
	d.becomesIdle()
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	h.must(h.router.SetIPv4(lease2, gateway))
	s := h.state(update.StateStopped)
	stopped := "stopped|" + was + "203.0.113.7||" + prefix1 + "|" + s.Error
	h.told(accepted, stopped)
	d.becomesIdle()
	if out, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.current(lease2)
	again := was + "203.0.113.8||" + prefix1 + "|"
	h.told(accepted, stopped, "accepted|"+again, "recovered|"+again)
	d.becomesIdle()
	h.told(accepted, stopped, "accepted|"+again, "recovered|"+again)
	var told update.Status
	h.must(json.Unmarshal(h.read(h.path("told.status")), &told))
	if told.State != update.StateCurrent || told.Accepted.IPv4 != lease2.Addr() {
		t.Errorf("its stdin was %+v", told)
	}
	ignored, err := strconv.ParseUint(strings.Fields(string(h.read(h.path("told.signals"))))[1], 16, 64)
	const own = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGUSR1-1) | 1<<(unix.SIGTERM-1) // which the worker ignores
	if err != nil || ignored&own != 0 {
		t.Errorf("it ignores the signals %x, %v", ignored, err)
	}
	if files := string(h.read(h.path("told.files"))); strings.Count(files, "memfd:") != 1 || strings.Contains(files, "socket:") {
		t.Errorf("it has the worker's files:\n%s", files)
	}
}

// A program that hangs holds up no update and not the end of the daemon, which
// leaves nothing of it.
func aProgramThatHangsIsInNobodysWay(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.hook(`trap '' TERM; sleep 10001 & echo $! >>"$0.pids"; wait`)
	h.online()
	d := h.daemon()
	h.current(lease)
	h.await(func() string {
		if _, err := os.Stat(h.path("hook.pids")); err != nil {
			return "the program is not run"
		}
		return ""
	})
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.signal(syscall.SIGTERM)
	if d.end() != 0 {
		t.Error("SIGTERM did not end it with 0")
	}
	h.await(func() string {
		for _, pid := range strings.Fields(string(h.read(h.path("hook.pids")))) {
			if b, err := os.ReadFile(filepath.Join("/proc", pid, "stat")); err == nil && !bytes.Contains(b, []byte(") Z ")) {
				return "what the program has started lives"
			}
		}
		return ""
	})
}

// A program that is not there, and later fails, is said once each; updates go on.
func aProgramThatFailsIsSaidOnce(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.hook("exit 3")
	h.must(os.Rename(h.path("hook"), h.path("away")))
	h.online()
	d := h.daemon()
	h.current(lease)
	d.says("on_change: the program cannot be run: no such file or directory; updates go on")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.current(lease2)
	d.becomesIdle()
	h.must(os.Rename(h.path("away"), h.path("hook")))
	h.must(h.router.SetIPv4(lease3, gateway))
	h.current(lease3)
	d.says("on_change: the program has failed with exit code 3; updates go on")
	d.saysOnce("on_change: ", 2)
}
