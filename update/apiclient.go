package update

import (
	"context"
	"errors"
	"fmt"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/service"
	"homeward/update/transport"
	"net/netip"
	"time"
)

// apiLimits are those of every class; a better one has more, which is not worth
// a call to ask for.
func apiLimits() Limits { return Limits{Short: 5, Day: 64} }

// apiPatience is the longest wait that a person sits through at a terminal: the
// short limit.
const apiPatience = shortWindow + shortMargin

// APIClient makes calls within the API's limits, which it keeps on disk beside
// those of updates. It is for one goroutine.
type APIClient struct {
	IPv64API
	Store    *Store
	Exchange func(context.Context, transport.Request, transport.BeforeSend) transport.Outcome
	Now      func() clock.Now
	Say      func(string) // told that it waits, and why
}

// Do makes one call, after the wait that the short limit asks for. The error is
// for people: there was no answer, or a limit is longer than a person waits.
func (c *APIClient) Do(ctx context.Context, call APICall) (APIAnswer, error) {
	for again := true; ; again = false {
		answer, err := c.once(ctx, call)
		if err != nil || answer.Verdict != service.Limited {
			return answer, err
		}
		// It was not done: another attempt, after a short wait.
		if at, why := c.earliest(); !again || at > c.Now().Up+apiPatience {
			return answer, c.tooLong(at, why)
		}
	}
}

var errTaken = errors.New("another process took the last call that the limit allows")

// once waits for room and makes the call.
func (c *APIClient) once(ctx context.Context, call APICall) (APIAnswer, error) {
	for {
		if err := c.wait(ctx); err != nil {
			return APIAnswer{}, err
		}
		answer, err := c.exchange(ctx, call)
		if err != errTaken {
			return answer, err
		}
	}
}

// earliest tells the earliest time for a call, and why not before.
func (c *APIClient) earliest() (at time.Duration, why string) {
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
	later(k.free(now, l.Short, shortWindow+shortMargin), fmt.Sprintf("%d calls in 10 seconds are as many as the service takes", l.Short))
	later(k.free(now, l.Day, clock.Day+dayMargin), fmt.Sprintf("%d calls in 24 hours are as many as the service takes", l.Day))
	return at, why
}

// wait returns when there is room for a call.
func (c *APIClient) wait(ctx context.Context) error {
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

func (c *APIClient) tooLong(at time.Duration, why string) error {
	now := c.Now()
	left := at - now.Up
	if left > time.Minute {
		left = left.Round(time.Minute)
	}
	return fmt.Errorf("%s: come back in %s, at %s", why, log.Duration(left), now.WallAt(at).Local().Format("2006-01-02 15:04:05"))
}

// exchange makes the call once. Its slot is on disk before it leaves.
func (c *APIClient) exchange(ctx context.Context, call APICall) (APIAnswer, error) {
	id, reserved, taken := uint64(c.Now().Up), false, false
	out := c.Exchange(ctx, c.Request(call), func(netip.Addr) bool {
		now := c.Now()
		c.Store.Update(now, func(b *Data) {
			k := c.keyIn(b)
			if taken = k.nextFree(now, apiLimits()) > now.Up || k.Until > now.Up; taken {
				return
			}
			k.Reservations = append(k.Reservations[:len(k.Reservations):len(k.Reservations)], Reservation{Timestamp: now.Timestamp(), Open: true, ID: id})
			b.setUsage(c.keyID(b), k)
			reserved = true
		})
		return reserved
	})
	if taken {
		return APIAnswer{}, errTaken
	}
	var answer APIAnswer
	if out.Answer != nil {
		answer = c.Parse(call, *out.Answer)
	}
	if reserved {
		now := c.Now()
		c.Store.Update(now, func(b *Data) {
			k := c.keyIn(b).Complete(now, id, out.Answer != nil || out.Fault.Sent)
			if out.Answer != nil {
				k = afterCall(now, k, answer.Result)
			}
			b.setUsage(c.keyID(b), k)
		})
	}
	if out.Fault != nil {
		return answer, faultError(ctx, call, *out.Fault)
	}
	return answer, nil
}

func faultError(ctx context.Context, call APICall, f transport.Fault) error {
	if ctx.Err() != nil && !f.Sent {
		return ctx.Err()
	}
	if f.Sent && call.changes() {
		return errors.New(f.Detail + ": it may have been done, homeward ipv64 domains shows it")
	}
	return errors.New(f.Detail)
}

// usageID names the Key that calls count for: apart from updates with the same
// secret, which the service counts apart.
func (c *APIClient) keyID(b *Data) usageID {
	id := b.fingerprint("ipv64-api", c.Server, c.Key.Reveal())
	return usageID{id, id}
}

// usageIn returns the Key, with what an older version has counted.
func (c *APIClient) keyIn(b *Data) Usage {
	id := c.keyID(b)
	b.migrateLegacy(id.quota, id)
	return b.usage(id)
}

// afterCall tells what an answer means for the key.
func afterCall(now clock.Now, k Usage, r service.Result) Usage {
	switch r.Verdict {
	case service.Accepted:
		k.Step, k.Until, k.Why, k.Good = 0, 0, "", true
	case service.Limited:
		k.Quota = k.limited(now, r, 0)
	}
	return k
}
