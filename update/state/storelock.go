package state

import (
	"fmt"
	"homeward/update/log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lockWait is how long a lock is waited for: a slow flash takes seconds for a
	// write, and a process that has died holds no lock. hungWait is the same once
	// it was in vain.
	lockWait = 30 * time.Second
	hungWait = 100 * time.Millisecond
)

// lock keeps other processes out until unlock is called; alone tells whether it
// does. One that writes is waited for. If it hangs, that is said once, and we
// write without the lock: no request is forgotten, as take unites what both
// have counted.
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

// Leave tells that the process is to end: no lock is waited for any longer. It
// may be called from any goroutine.
func (s *Store) Leave() { s.leaving.Store(true) }

// wait waits for a lock and tells whether it has it.
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

// Alive tells whether there is such a process, whoever's it is.
func Alive(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }
