package router

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// syslog is the router's logd: what comes by /dev/log stands in /log, as logread
// prints it with its times.
type syslog struct {
	file string
	conn *net.UnixConn

	mu sync.Mutex
}

func newSyslog(r root) (*syslog, error) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: r.path("/dev/log"), Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	l := &syslog{file: r.path("/log"), conn: conn}
	go l.serve()
	return l, os.Chmod(r.path("/dev/log"), 0o666)
}

func (l *syslog) serve() {
	b := make([]byte, 8192)
	for {
		n, err := l.conn.Read(b)
		if err != nil {
			return
		}
		number, rest, ok := strings.Cut(strings.TrimPrefix(string(b[:n]), "<"), ">")
		priority, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		severity := []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}[priority&7]
		// the date is in front, if the C library wrote it
		if len(rest) > 16 && rest[3] == ' ' && rest[9] == ':' {
			rest = rest[16:]
		}
		l.add("daemon."+severity, strings.TrimRight(rest, "\n\x00"))
	}
}

// add writes one line of the log.
func (l *syslog) add(severity, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.file, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	now := time.Now()
	fmt.Fprintf(f, "%s [%d.%03d] %s %s\n", now.Format("Mon Jan _2 15:04:05 2006"), now.Unix(), now.UnixMilli()%1000, severity, text)
}

// Log returns the whole log.
func (l *syslog) all() string {
	text, _ := os.ReadFile(l.file)
	return string(text)
}
