package main

import (
	"io"

	"homeward/update"
)

// logger writes to stderr, without a time: whoever collects it adds one. It may
// be used by several goroutines: each message is one write.
type logger struct {
	w     io.Writer
	least update.Level
}

// newLogger returns a logger of messages that are at least of the level named
// in the configuration.
func newLogger(w io.Writer, level string) *logger {
	return &logger{w, map[string]update.Level{"debug": update.Debug, "info": update.Info, "warn": update.Warn, "error": update.Error}[level]}
}

func (l *logger) log(level update.Level, text string) {
	if level < l.least {
		return
	}
	name := [...]string{"debug: ", "info: ", "warning: ", "error: "}[level]
	io.WriteString(l.w, name+text+"\n")
}
