package main

import (
	"io"
	"sync/atomic"

	"homeward/update"
)

// logger writes to stderr, without a time: whoever collects it adds one. It may
// be used by several goroutines: each message is one write.
type logger struct {
	w     io.Writer
	least atomic.Int32 // update.Level
}

// newLogger returns a logger of messages that are at least of the level named
// in the configuration.
func newLogger(w io.Writer, level string) *logger {
	l := &logger{w: w}
	l.setLevel(level)
	return l
}

func (l *logger) setLevel(level string) {
	l.least.Store(int32(map[string]update.Level{"debug": update.Debug, "info": update.Info, "warn": update.Warn, "error": update.Error}[level]))
}

func (l *logger) log(level update.Level, text string) {
	if int32(level) < l.least.Load() {
		return
	}
	name := [...]string{"debug: ", "info: ", "warning: ", "error: "}[level]
	io.WriteString(l.w, name+text+"\n")
}
