package main

import (
	"bytes"
	"errors"
	stdflag "flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
	"homeward/update"
	"homeward/update/updatetest"
)

func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); name != "homeward" && name != "in-router" { // the tests, not a program of theirs
		netwatchtest.Enter()
	}
	testscript.Main(waiting{m}, map[string]func(){"homeward": main, "in-router": inRouter})
}

// waiting are tests that mostly wait for something: more of them run at once
// than there are processors.
type waiting struct{ *testing.M }

func (w waiting) Run() int {
	stdflag.Set("test.parallel", "8") // -parallel on the command line overrides it
	return w.M.Run()
}

// TestScript runs the stories of testdata/script. REWRITE=1 in the environment
// writes what the program says now into them: the diff is the review.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("REWRITE") != "",
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"api": apiCommand},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each run waits a second at its end under -race
			env.Setenv("TZ", "UTC")
			env.Values[standInKey{}] = new(*updatetest.IPv64API)
			return nil
		},
	})
}

// TestExitCodes: scripts tell a fault (1) from a wrong command line or
// configuration (2), which a story's "! exec" does not.
func TestExitCodes(t *testing.T) {
	fine := filepath.Join(t.TempDir(), "fine.toml")
	src := "[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \"t0ken\"\n"
	if err := os.WriteFile(fine, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	faulty := filepath.Join(t.TempDir(), "faulty.toml")
	if err := os.WriteFile(faulty, []byte("x = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		want int
	}{
		{"--version", 0},
		{"help", 0},
		{"help config", 0},
		{"help check", 0},
		{"check --help", 0},
		{"check -c " + fine, 0},
		{"check -c " + faulty, 2},
		{"check -c /nowhere/x.toml", 2},
		{"check --nonsense", 2},
		{"check name", 2},
		{"help nonsense", 2},
		{"nonsense", 2},
		{"status --json --prometheus", 2},
		{"", 2},
	} {
		var stdout, stderr bytes.Buffer
		got := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr)
		if got != tt.want {
			t.Errorf("homeward %s: exit %d, want %d", tt.args, got, tt.want)
		}
		if (stderr.Len() > 0) != (tt.want > 0) || (stdout.Len() > 0) != (tt.want == 0) {
			t.Errorf("homeward %s: stdout %q, stderr %q", tt.args, &stdout, &stderr)
		}
	}
}

// A signal ends a command that waits for stdin, as for a person who forgot it.
func TestASignalEndsTheReadingOfStdin(t *testing.T) {
	for _, command := range []string{"import", "uci"} {
		cmd := self(command)
		in, err := cmd.StdinPipe()
		if err = errors.Join(err, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(bytes.Repeat([]byte("\n"), 65536+1)); err != nil { // more than a pipe holds: it reads
			t.Fatal(err)
		}
		cmd.Process.Signal(syscall.SIGTERM)
		ends(t, cmd)
	}
}

// Ctrl-C ends a command that asks a person.
func TestCtrlCEndsAQuestion(t *testing.T) {
	dir := t.TempDir()
	key, conf := filepath.Join(dir, "key"), filepath.Join(dir, "homeward.toml")
	src := "state_dir = \"state\"\nrun_dir = \"run\"\n[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"T0ken\"\n"
	if err := errors.Join(os.WriteFile(key, []byte("APIKEYapikeyAPIKEY\n"), 0o600), os.WriteFile(conf, []byte(src), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ asks, args string }{
		{"API key: ", "ipv64 account --key-file - -c " + conf},
		{"[y/N] ", "ipv64 del-domain b.ipv64.net --key-file " + key + " -c " + conf},
	} {
		person, terminal := openTerminal(t)
		cmd := self(strings.Fields(tt.args)...)
		cmd.Stdin, cmd.Stderr = terminal, terminal
		cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true // its stdin
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var seen []byte
		for b := make([]byte, 1); !strings.HasSuffix(string(seen), tt.asks); seen = append(seen, b...) {
			if _, err := person.Read(b); err != nil {
				t.Fatalf("%s, after %q", err, seen)
			}
		}
		person.Write([]byte{3})
		ends(t, cmd)
	}
}

// ends fails if a program goes on.
func ends(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		cmd.Process.Kill()
		t.Errorf("%v goes on", cmd.Args)
	}
}

// openTerminal returns both sides of a terminal.
func openTerminal(t *testing.T) (person, terminal *os.File) {
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err = errors.Join(err, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); terminal.Close() })
	return person, terminal
}

func TestOnceTellsTheDateOfTheNextAttempt(t *testing.T) {
	next := time.Date(2026, 12, 1, 18, 57, 35, 0, time.Local)
	if got := onceWords("home", update.Status{State: update.StateLimited, Next: next}); got != "home: limited; not before 2026-12-01 18:57:35" {
		t.Errorf("got %s", got)
	}
}
