package main

import (
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"homeward/cmd/homeward/cli"
	"homeward/update/log"
)

// logger writes messages to w without a time, which the reader of stderr adds, or to
// the system's log with each message's severity. It is safe for concurrent use: each
// message is one write.
type logger struct {
	w     io.Writer
	sys   *syslog      // nil: write to w
	least atomic.Int32 // log.Level; messages below it are dropped
}

// newLogger returns a logger to w that drops messages below level, a word of
// log_level.
func newLogger(w io.Writer, level string) *logger {
	l := &logger{w: w}
	l.setLevel(level)
	return l
}

func (l *logger) setLevel(level string) {
	l.least.Store(int32(map[string]log.Level{"debug": log.Debug, "info": log.Info, "warn": log.Warn, "error": log.Error}[level]))
}

func (l *logger) log(level log.Level, text string) {
	if int32(level) < l.least.Load() {
		return
	}
	name := [...]string{"debug: ", "info: ", "warning: ", "error: "}[level]
	if l.sys != nil && l.sys.send(level, text) {
		return
	}
	io.WriteString(l.w, name+text+"\n")
}

// fail writes why the program ends: one line for each fault.
func (l *logger) fail(err error) {
	if l.sys != nil && l.sys.send(log.Error, err.Error()) {
		return
	}
	io.WriteString(l.w, err.Error()+"\n")
}

var syslogFlag = cli.Flag{Name: "--syslog", About: "logs to the system's log, each message with its own severity"}

// logTo returns the logger of a daemon's process: to the system's log if --syslog
// was given. Its level is info until setLevel is called. daemon is the pid to log.
func logTo(c cli.Call, daemon int) *logger {
	l := newLogger(c.Stderr, "info")
	if c.Has("--syslog") {
		l.sys = &syslog{path: devLog, pid: daemon, fd: -1}
	}
	return l
}

// devLog is the socket of the system's log.
const devLog = "/dev/log"

// send writes one datagram for each line of text. It returns false if the log did
// not take one.
func (s *syslog) send(level log.Level, text string) (ok bool) {
	const facility = 3 << 3                         // daemon (RFC 3164, section 4.1.1)
	severity := [...]int{7, 6, 4, 3}[level]         // debug, info, warning, error
	head := "<" + strconv.Itoa(facility|severity) + // no time: logd adds one
		">homeward[" + strconv.Itoa(s.pid) + "]: "
	ok = true
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			ok = s.write(head+line) && ok
		}
	}
	return ok
}
