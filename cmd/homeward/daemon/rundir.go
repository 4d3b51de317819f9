package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// LockFile is the file in run_dir that the daemon holds a lock on.
	LockFile = "homeward.lock"

	// StatusFile is the file in run_dir that holds the status, for anybody.
	StatusFile = "status.json"

	// MetricsFile is the file in run_dir that holds the same for Prometheus.
	MetricsFile = "metrics.prom"

	// lockPatience is how long a daemon waits for another one to end, as at a
	// restart.
	lockPatience = 5 * time.Second
)

// errStopped: a signal came before run_dir was locked.
var errStopped = errors.New("told to end")

// lockRunDir locks dir for this process, which keeps the lock until it ends.
func lockRunDir(ctx context.Context, end <-chan os.Signal, dir string, log func(string)) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("run_dir cannot be made: %w: make it, for the user that homeward runs as, or write another run_dir", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("run_dir cannot be used: %w: give it to the user that homeward runs as, or write another run_dir", err)
	}
	f.Chmod(0o600) // with permission to read it, another user could lock it
	// A POSIX lock: status can read its holder without taking it, and children
	// do not inherit it.
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	for begin := time.Now(); ; {
		err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lock)
		if err == nil {
			removeStatus(dir) // of a daemon that was killed
			f.Truncate(0)
			f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
			return f, nil
		}
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
			return nil, fmt.Errorf("run_dir %s cannot be locked: %w", dir, err)
		}
		holder := PID(dir)
		if time.Since(begin) >= lockPatience {
			return nil, fmt.Errorf("another homeward (process %d) has %s: stop it first, or write another run_dir", holder, dir)
		}
		if time.Since(begin) < 100*time.Millisecond {
			log(fmt.Sprintf("another homeward (process %d) has %s: waiting up to %v for it to end", holder, dir, lockPatience))
		}
		select {
		case <-ctx.Done():
			return nil, errStopped
		case <-end:
			return nil, errStopped
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// PID returns the process id of the daemon of a run_dir, 0 if none runs. Without
// permission to read the lock it trusts status.json, if there is such a process.
func PID(dir string) int {
	f, err := os.Open(filepath.Join(dir, LockFile))
	if errors.Is(err, fs.ErrPermission) {
		return StatusPID(dir)
	}
	if err != nil {
		return 0
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_RDLCK} // the file may be open for reading only
	if unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock) != nil || lock.Type == unix.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}

// StatusPID returns the process id in status.json, 0 if that process has ended.
func StatusPID(dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, StatusFile))
	var s Status
	if err != nil || json.Unmarshal(text, &s) != nil {
		return 0
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.PID))
	if name, args, _ := strings.Cut(string(line), "\x00"); err != nil || filepath.Base(name) != "homeward" || !strings.HasPrefix(args, RunName) {
		return 0
	}
	return s.PID
}

// WritePublic replaces a file that anybody may read. It does not sync: run_dir is
// in RAM.
func WritePublic(path string, data []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(0o644); err != nil { // whatever the umask
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
