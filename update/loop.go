package update

import (
	"context"
	"homeward/update/clock"
	"homeward/update/log"
)

// Inbox carries functions to the goroutine that owns a Scheduler or a Prober.
type Inbox chan func()

// NewInbox returns an Inbox for one owner.
func NewInbox() Inbox { return make(chan func(), 16) }

// post hands f to the owner; false: ctx ended first.
func (in Inbox) post(ctx context.Context, f func()) bool {
	select {
	case in <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// Parts are what a Scheduler and a Prober are made of.
type Parts struct {
	Exchange Exchange
	Now      func() clock.Now
	Log      func(log.Level, string)
	Inbox    Inbox
}
