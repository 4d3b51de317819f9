package main

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// syslog is the system's log. Each datagram finds the socket by its path, so
// that a log daemon that was started again is reached like any other.
type syslog struct {
	path string
	pid  int // the daemon's

	mu sync.Mutex // over fd
	fd int        // -1: not open
}

// syslogPatience is how long a log daemon that does not read is waited for:
// the message goes to stderr then.
const syslogPatience = 200 * time.Millisecond

// syslogMost is how long a datagram may be; logd cuts at 1 KiB.
const syslogMost = 1000

// write hands one datagram over, and tells whether it was taken.
func (s *syslog) write(line string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return false
		}
		patience := unix.NsecToTimeval(int64(syslogPatience))
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience)
		s.fd = fd
	}
	for {
		err := unix.Sendto(s.fd, []byte(line[:min(len(line), syslogMost)]), unix.MSG_NOSIGNAL, &unix.SockaddrUnix{Name: s.path})
		if err != unix.EINTR {
			return err == nil
		}
	}
}
