package state

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update/log"
)

const (
	// lockWait is how long to wait for a lock: a write to slow flash takes
	// seconds, and a dead process holds no lock. hungWait is the same after a
	// wait in vain.
	lockWait = 30 * time.Second
	hungWait = 100 * time.Millisecond
)

// lock locks out other processes until unlock is called, and waits for one that
// is writing. If that hangs, lock logs it once and returns alone false, and the
// caller writes without the lock: reconcile merges what both have counted.
func (s *Store) lock() (unlock func(), alone bool) {
	for _, dir := range s.dirs {
		if dir == "" {
			continue
		}
		path := filepath.Join(dir, lockFile)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			continue
		}
		alone = s.wait(f)
		switch {
		case s.hung && alone:
			s.log(path + " is free again")
		case !s.hung && !alone && !s.leaving.Load():
			s.log(fmt.Sprintf("another homeward has held %s for %s and seems to hang: end it (fuser %s shows it); updates go on, and what both have sent is counted",
				path, log.Duration(lockWait), path))
		}
		return func() { f.Close() }, alone
	}
	return func() {}, true
}

// Leave stops all waiting for locks, as the process is about to end. It is safe
// for concurrent use.
func (s *Store) Leave() { s.leaving.Store(true) }

// wait waits for a lock and reports whether it took it.
func (s *Store) wait(f *os.File) bool {
	patience := lockWait
	if s.hung {
		patience = hungWait
	}
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			return true
		}
		if s.leaving.Load() || time.Since(start) > patience {
			return false
		}
	}
}

// Alive reports whether a process exists, of any user.
func Alive(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }
