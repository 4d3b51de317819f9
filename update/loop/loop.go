// Package loop is what a scheduler and a prober are made of: an exchange, the
// clocks, the log, and the inbox of the goroutine that owns them.
package loop

import (
	"context"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/transport"
)

// Inbox carries functions to the goroutine that owns a Scheduler or a Prober.
type Inbox chan func()

// NewInbox returns an Inbox for one owner.
func NewInbox() Inbox { return make(chan func(), 16) }

// Post hands f to the owner; false: ctx ended first.
func (in Inbox) Post(ctx context.Context, f func()) bool {
	select {
	case in <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// Parts are what a Scheduler and a Prober are made of.
type Parts struct {
	Exchange transport.Exchange
	Now      func() clock.Now
	Log      func(log.Level, string)
	Inbox    Inbox
}
