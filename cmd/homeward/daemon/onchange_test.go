package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/settings"
	"homeward/update"
	"homeward/update/log"
)

var anEvent = event{eventAccepted, "home", seen{state: update.StateCurrent, accepted: v4a}.status()}

// program writes a shell script that can be run.
func program(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The program gets the event, and nothing of ours: no file, no signal that is
// ignored, no variable.
func TestTheProgramGetsTheEventAndNothingElse(t *testing.T) {
	caught := make(chan os.Signal, 1) // as RunWorker has it: nohup makes this process ignore SIGHUP
	signal.Notify(caught, unix.SIGHUP, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(caught)
	dir := t.TempDir()
	t.Setenv("SECRET", "not for it")
	slots, err := newSlots() // which hold secrets
	if err != nil {
		t.Fatal(err)
	}
	defer slots[0].Close()
	defer slots[1].Close()
	path := program(t, `#!/bin/sh
cd `+dir+`
cat >status
cat /proc/$$/environ >environ
cat /proc/$$/status >process
ls -l /proc/$$/fd >files
`)
	if why, words := runHook(t.Context(), path, anEvent); why != "" || words != "" {
		t.Fatalf("%q, %q", why, words)
	}
	var s update.Status
	if err := json.Unmarshal([]byte(content(t, filepath.Join(dir, "status"))), &s); err != nil || s.State != update.StateCurrent || s.Accepted.IPv4 != v4a.IPv4 {
		t.Errorf("the status is %+v, %v", s, err)
	}
	env := strings.Split(strings.TrimSuffix(content(t, filepath.Join(dir, "environ")), "\x00"), "\x00")
	for _, v := range env {
		if !strings.HasPrefix(v, "HOMEWARD_") && !strings.HasPrefix(v, "PATH=") {
			t.Errorf("the environment has %s", v)
		}
	}
	if len(env) != 9 {
		t.Errorf("the environment is %q", env)
	}
	for _, line := range strings.Split(content(t, filepath.Join(dir, "process")), "\n") {
		if mask, ok := strings.CutPrefix(line, "SigIgn:\t"); ok {
			ignored, err := strconv.ParseUint(mask, 16, 64)
			if err != nil || ignored&(1<<(unix.SIGTERM-1)|1<<(unix.SIGINT-1)|1<<(unix.SIGHUP-1)) != 0 {
				t.Errorf("it ignores %s", mask)
			}
		}
	}
	if n := strings.Count(content(t, filepath.Join(dir, "files")), "memfd:"); n != 1 {
		t.Errorf("it has %d files in memory, want that of the status", n)
	}
}

func TestWaysInWhichAProgramFails(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ path, why, words string }{
		"well":            {program(t, "#!/bin/sh\necho fine\n"), "", "fine"},
		"missing":         {plain + "-not", "cannot be run: no such file or directory", ""},
		"not executable":  {plain, "cannot be run: permission denied", ""},
		"a folder":        {filepath.Dir(plain), "cannot be run: permission denied", ""},
		"no program":      {program(t, "\x00\x01\x02"), "cannot be run: exec format error", ""},
		"fails":           {program(t, "#!/bin/sh\necho one; echo 'two \033[31m' >&2; echo; exit 3\n"), "has failed with exit code 3", "two [31m"},
		"killed":          {program(t, "#!/bin/sh\nkill -9 $$\n"), "was ended by a signal: killed", ""},
		"megabytes":       {program(t, "#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x\necho\necho the end\nexit 1\n"), "has failed with exit code 1", "the end"},
		"one long line":   {program(t, "#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' x\nexit 1\n"), "has failed with exit code 1", strings.Repeat("x", wordsMost) + "…"},
		"reads nothing":   {program(t, "#!/bin/sh\nexec <&-\n"), "", ""},
		"leaves one back": {program(t, "#!/bin/sh\nsleep 1000 & echo $! >\"$0.pid\"\necho left\n"), "", "left"},
	} {
		t.Run(name, func(t *testing.T) {
			why, words := runHook(t.Context(), tt.path, anEvent)
			if why != tt.why || words != tt.words {
				t.Errorf("%q, %q, want %q, %q", why, words, tt.why, tt.words)
			}
			if b, err := os.ReadFile(tt.path + ".pid"); err == nil {
				pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
				unix.Kill(pid, unix.SIGKILL)
			}
		})
	}
}

// One that hangs is killed with all that it has started.
func TestAProgramThatHangsIsKilledWithItsGroup(t *testing.T) {
	path := program(t, "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho asleep\necho $! >\"$0.new\"; mv \"$0.new\" \"$0.pid\"\nwait\n")
	limited, end := context.WithCancel(t.Context())
	go func() {
		for limited.Err() == nil {
			if _, err := os.Stat(path + ".pid"); err == nil {
				end()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	why, words := runHook(limited, path, anEvent)
	if why != "was ended by a signal: killed" || words != "asleep" {
		t.Errorf("%q, %q", why, words)
	}
	child, _ := strconv.Atoi(strings.TrimSpace(content(t, path+".pid")))
	for i := 0; alive(child); i++ { // its new parent takes leave of it
		if i > 10000 {
			t.Fatal("what it has started lives")
		}
		time.Sleep(time.Millisecond)
	}
	late, stop := context.WithDeadline(t.Context(), time.Now())
	defer stop()
	if why, _ := runHook(late, path, anEvent); why != "was killed: it did not end within 30s" {
		t.Errorf("after its time: %q", why)
	}
}

// alive tells whether a process runs: one that nobody has taken leave of does
// not.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !bytes.Contains(b, []byte(") Z "))
}

// Each way of failing is said once, and that it has ended.
func TestAProgramsFailureIsSaidOnce(t *testing.T) {
	var said []string
	w := &worker{cfg: &settings.Config{}, Program: Program{Log: func(l log.Level, s string) {
		if l > log.Debug {
			said = append(said, s)
		}
	}}}
	for _, why := range []string{"", "has failed", "has failed", "was killed", "was killed", "", ""} {
		w.hookEnded(why, "at 10:05")
	}
	want := `on_change: the program has failed (its last words: "at 10:05"); updates go on
on_change: the program was killed (its last words: "at 10:05"); updates go on
on_change: the program works again`
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("said\n%s\nwant\n%s", got, want)
	}
}
