// Package loop has what a scheduler and a prober share: an exchange, the clocks,
// the log, and the inbox of the goroutine that owns them.
package loop

import (
	"context"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/transport"
)

// Inbox carries functions to the goroutine that owns a Scheduler or a Prober.
type Inbox chan func()

// NewInbox returns an Inbox for one goroutine.
func NewInbox() Inbox { return make(chan func(), 16) }

// Post sends f to the owner. It returns false if ctx ends first.
func (in Inbox) Post(ctx context.Context, f func()) bool {
	select {
	case in <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// Parts is what a Scheduler and a Prober need.
type Parts struct {
	Exchange transport.Exchange
	Now      func() clock.Now
	Log      func(log.Level, string)
	Inbox    Inbox
	PID      int // marks a Scheduler's requests; 0: os.Getpid()
}
