package ipv64api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// apiLimits returns the limits of the lowest class. A call to ask for the
// account's own is not worth it.
func apiLimits() state.Limits { return state.Limits{Short: 5, Day: 64} }

// apiPatience is the longest wait at a terminal: that of the short limit.
const apiPatience = state.ShortWindow + state.ShortMargin

// Client makes calls within the API's limits. It counts them in the Store. One
// goroutine owns it.
type Client struct {
	API
	Store    *state.Store
	Exchange func(context.Context, transport.Request, transport.BeforeSend) transport.Outcome
	Now      func() clock.Now
	Say      func(string) // called with the reason of a wait, before it
}

// Do makes one call, if need be after a wait for the short limit. The error, for
// the owner, means that there was no answer, or that the wait would be too long.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	for again := true; ; again = false {
		answer, err := c.once(ctx, call)
		if err != nil || answer.Verdict != service.Limited {
			return answer, err
		}
		// The service did not carry it out: try once more after a short wait.
		if at, why := c.earliest(); !again || at > c.Now().Up+apiPatience {
			return answer, c.tooLong(at, why)
		}
	}
}

var errTaken = errors.New("another process took the last call that the limit allows")

// once waits until the limits allow the call, and makes it.
func (c *Client) once(ctx context.Context, call Call) (Answer, error) {
	for {
		if err := c.wait(ctx); err != nil {
			return Answer{}, err
		}
		answer, err := c.exchange(ctx, call)
		if err != errTaken {
			return answer, err
		}
	}
}

// earliest returns the earliest time for a call, since boot, and the reason.
func (c *Client) earliest() (at time.Duration, why string) {
	now := c.Now()
	b := c.Store.Read(now)
	k := c.keyIn(b)
	at = now.Up
	later := func(t time.Duration, reason string) {
		if t > at {
			at, why = t, reason
		}
	}
	l := apiLimits()
	later(k.Until, k.Why)
	later(k.Free(now, l.Short, state.ShortWindow+state.ShortMargin), fmt.Sprintf("%d calls in 10 seconds are as many as the service takes", l.Short))
	later(k.Free(now, l.Day, clock.Day+state.DayMargin), fmt.Sprintf("%d calls in 24 hours are as many as the service takes", l.Day))
	return at, why
}

// wait waits until the limits allow a call.
func (c *Client) wait(ctx context.Context) error {
	for {
		at, why := c.earliest()
		left := at - c.Now().Up
		if left <= 0 {
			return ctx.Err()
		}
		if left > apiPatience {
			return c.tooLong(at, why)
		}
		c.Say(why + ": waiting " + log.Duration(left))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(left):
		}
	}
}

func (c *Client) tooLong(at time.Duration, why string) error {
	now := c.Now()
	left := at - now.Up
	if left > time.Minute {
		left = left.Round(time.Minute)
	}
	return fmt.Errorf("%s: come back in %s, at %s", why, log.Duration(left), now.WallAt(at).Local().Format("2006-01-02 15:04:05"))
}

// exchange makes the call once. Its reservation is on disk before it is sent.
func (c *Client) exchange(ctx context.Context, call Call) (Answer, error) {
	id, reserved, taken := uint64(c.Now().Up), false, false
	out := c.Exchange(ctx, c.Request(call), func(netip.Addr) bool {
		now := c.Now()
		c.Store.Update(now, func(b *state.Data) {
			k := c.keyIn(b)
			if taken = k.NextFree(now, apiLimits()) > now.Up || k.Until > now.Up; taken {
				return
			}
			k.Reservations = append(k.Reservations[:len(k.Reservations):len(k.Reservations)], state.Reservation{Timestamp: now.Timestamp(), Open: true, ID: id})
			b.SetUsage(c.keyID(b), k)
			reserved = true
		})
		return reserved
	})
	if taken {
		return Answer{}, errTaken
	}
	var answer Answer
	if out.Answer != nil {
		answer = c.Parse(call, *out.Answer)
	}
	if reserved {
		now := c.Now()
		c.Store.Update(now, func(b *state.Data) {
			k := c.keyIn(b).Complete(now, id, out.Answer != nil || out.Fault.Sent)
			if out.Answer != nil {
				k = afterCall(now, k, answer.Result)
			}
			b.SetUsage(c.keyID(b), k)
		})
	}
	if out.Fault != nil {
		return answer, faultError(ctx, call, *out.Fault)
	}
	return answer, nil
}

func faultError(ctx context.Context, call Call, f transport.Fault) error {
	if ctx.Err() != nil && !f.Sent {
		return ctx.Err()
	}
	if f.Sent && call.changes() {
		return errors.New(f.Detail + ": it may have been done, homeward ipv64 domains shows it")
	}
	return errors.New(f.Detail)
}

// keyID returns the keys of the API key's Usage. The service counts updates with
// the same secret separately.
func (c *Client) keyID(b *state.Data) state.UsageID {
	id := b.Fingerprint("ipv64-api", c.Server, c.Key.Reveal())
	return state.UsageID{Quota: id, Credential: id}
}

// keyIn returns the API key's Usage, with what an older version has counted.
func (c *Client) keyIn(b *state.Data) state.Usage {
	id := c.keyID(b)
	b.MigrateLegacy(id.Quota, id)
	return b.Usage(id)
}

// afterCall returns the usage after an answer.
func afterCall(now clock.Now, k state.Usage, r service.Result) state.Usage {
	switch r.Verdict {
	case service.Accepted:
		k.Step, k.Until, k.Why, k.Reason, k.Good = 0, 0, "", "", true
	case service.Limited:
		k.Quota = k.Limited(now, r, state.ReasonServiceLimit, 0)
	}
	return k
}
