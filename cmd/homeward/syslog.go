package main

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// syslog is the system's log. Each datagram looks the socket up by its path, so that
// it reaches a log daemon that was restarted.
type syslog struct {
	path string
	pid  int // the daemon's

	mu sync.Mutex // guards fd
	fd int        // -1: not open
}

// syslogPatience is how long to wait for a log daemon that does not read; then the
// message goes to stderr.
const syslogPatience = 200 * time.Millisecond

// syslogMost is the most bytes in a datagram; logd cuts at 1 KiB.
const syslogMost = 1000

// write sends one datagram and reports whether the log took it.
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
