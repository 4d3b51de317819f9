package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/settings"
	"homeward/update/log"
	"homeward/update/updatetest"
)

// logd listens as a router's log daemon does.
func logd(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	os.Remove(path)
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// next waits for the next datagram.
func next(t *testing.T, l *net.UnixConn) string {
	t.Helper()
	l.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 4096)
	n, err := l.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestSyslogHasEachMessagesOwnSeverity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var stderr bytes.Buffer
	l := newLogger(&stderr, "debug")
	l.sys = &syslog{path: path, pid: os.Getpid(), fd: -1}

	l.log(log.Warn, "nobody listens yet")
	if got, want := stderr.String(), "warning: nobody listens yet\n"; got != want {
		t.Errorf("without a log daemon stderr has %q, want %q", got, want)
	}
	stderr.Reset()

	head := "homeward[" + strconv.Itoa(os.Getpid()) + "]: "
	d := logd(t, path)
	l.log(log.Debug, "d")
	l.log(log.Info, "i")
	l.log(log.Warn, "w")
	l.log(log.Error, "e")
	l.log(log.Info, "two\nlines")
	l.fail(settings.Faults{{File: "x", Line: 1, Text: "one"}, {File: "x", Line: 2, Text: "two"}})
	l.log(log.Info, strings.Repeat("x", 5000))
	for _, want := range []string{"<31>" + head + "d", "<30>" + head + "i", "<28>" + head + "w", "<27>" + head + "e",
		"<30>" + head + "two", "<30>" + head + "lines", "<27>" + head + "x:1: one", "<27>" + head + "x:2: two"} {
		if got := next(t, d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := next(t, d); len(got) != syslogMost {
		t.Errorf("a long message has %d bytes", len(got))
	}

	d.Close()
	l.log(log.Info, "while it is away")
	d = logd(t, path) // started again
	l.log(log.Info, "here again")
	if got, want := next(t, d), "<30>"+head+"here again"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := stderr.String(), "info: while it is away\n"; got != want {
		t.Errorf("stderr has %q, want %q", got, want)
	}
	l.setLevel("error")
	l.log(log.Warn, "not asked for")
	l.log(log.Error, "asked for")
	if got, want := next(t, d), "<27>"+head+"asked for"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A log daemon that has stopped reading holds nothing up for long.
func TestALogDaemonThatDoesNotReadLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	logd(t, path)
	var stderr bytes.Buffer
	l := newLogger(&stderr, "info")
	l.sys = &syslog{path: path, pid: os.Getpid(), fd: -1}
	for stderr.Len() == 0 {
		l.log(log.Info, strings.Repeat("x", 900))
	}
	if got, want := stderr.String(), "info: "+strings.Repeat("x", 900)+"\n"; got != want {
		t.Errorf("stderr has %q", got)
	}
}

// withDevLog gives the test a /dev with a log daemon in it.
func (h *house) withDevLog() *net.UnixConn {
	h.t.Helper()
	h.must(unix.Unshare(unix.CLONE_NEWNS))
	h.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	h.must(os.Mkdir(h.path("dev"), 0o755))
	for _, name := range []string{"null", "urandom"} {
		h.must(os.WriteFile(h.path("dev/"+name), nil, 0o600))
		h.must(unix.Mount("/dev/"+name, h.path("dev/"+name), "", unix.MS_BIND, ""))
	}
	h.must(unix.Mount(h.path("dev"), "/dev", "", unix.MS_BIND|unix.MS_REC, ""))
	h.t.Cleanup(func() {
		for _, at := range []string{"/dev", h.path("dev/null"), h.path("dev/urandom")} {
			unix.Unmount(at, unix.MNT_DETACH)
		}
	})
	return logd(h.t, h.path("dev/log"))
}

func TestTheDaemonLogsToTheSystemsLog(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	log := h.withDevLog()
	h.online()
	h.must(os.WriteFile(h.path("faulty.toml"), []byte("x = 1\ny = 2\n"), 0o600))
	_, errs, code := h.homeward("run", "--syslog", "-c", h.path("faulty.toml"))
	if got := next(t, log) + next(t, log) + next(t, log); code != 2 || errs != "" || strings.Count(got, "<27>homeward[") != 3 || !strings.Contains(got, "faulty.toml:2: ") {
		t.Errorf("exit %d, stderr %q, logged %q", code, errs, got)
	}
	d := h.begin("run", "--syslog", "-c", h.configure())
	var lines []string
	for !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "ipv64 has accepted") }) {
		lines = append(lines, next(t, log))
	}
	for _, s := range lines {
		if want := "<30>homeward[" + strconv.Itoa(d.Process.Pid) + "]: "; !strings.HasPrefix(s, want) {
			t.Errorf("%q does not begin with %q", s, want)
		}
	}
	if errs := d.log.String(); errs != "" {
		t.Errorf("stderr has %q", errs)
	}
	if err := log.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	h.must(h.router.SetIPv4(lease2, gateway))
	d.says("info: the line: IPv4 203.0.113.8") // on stderr, as nobody else takes it
}
