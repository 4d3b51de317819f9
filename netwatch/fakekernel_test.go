package netwatch

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeKernel is a kernel whose tables are one address, and whose every failure
// is at hand.
type fakeKernel struct {
	mu                 sync.Mutex // a fake clock orders nothing
	hints              chan struct{}
	lose               context.CancelFunc // ends the subscription
	tables             Tables
	noSubscribe, noGet error
	subscribed, reads  int
	during             func() // happens before a reading ends, and is not in it
}

func (k *fakeKernel) Subscribe(ctx context.Context) (<-chan time.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.subscribed++
	if k.noSubscribe != nil {
		return nil, k.noSubscribe
	}
	ctx, k.lose = context.WithCancel(ctx)
	in, out := make(chan struct{}), make(chan time.Time, 1)
	k.hints = in
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case <-in:
				select {
				case <-out:
				default:
				}
				out <- time.Now()
			}
		}
	}()
	return out, nil
}

func (k *fakeKernel) Tables() (Tables, error) {
	k.mu.Lock()
	k.reads++
	t, err, during := k.tables, k.noGet, k.during
	k.mu.Unlock()
	if during != nil {
		during()
	}
	return t, err
}

func (k *fakeKernel) Pause(d time.Duration) { time.Sleep(d) }

// hint is a message that can matter, now.
func (k *fakeKernel) hint() {
	k.mu.Lock()
	in := k.hints
	k.mu.Unlock()
	in <- struct{}{}
	synctest.Wait()
}

// change replaces the address.
func (k *fakeKernel) change(a string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tables = Tables{Addrs: addrs(addr("eth0", a))}
}

// fail has every reading, and every subscription, end in an error.
func (k *fakeKernel) fail(get, subscribe error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.noGet, k.noSubscribe = get, subscribe
}

// count is how often the kernel was asked.
func (k *fakeKernel) count() (subscribed, reads int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.subscribed, k.reads
}

// drop ends the present subscription.
func (k *fakeKernel) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lose()
}

type emitted struct {
	at time.Duration
	a  string
}

// watching runs test beside a Watcher of k, in a bubble. seen returns what was
// emitted since it was asked before, said what the Watcher said.
func watching(t *testing.T, k *fakeKernel, test func(seen func() []emitted, said func() []error, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		var got []emitted
		var errs []error
		w := Watcher{kernel: k, Trouble: func(err error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			errs = append(errs, err)
		}}
		ended := make(chan error, 1)
		go func() {
			ended <- w.Run(ctx, func(t Tables) {
				k.mu.Lock()
				defer k.mu.Unlock()
				got = append(got, emitted{time.Since(began), t.Addrs[0].Addr.String()})
			})
		}()
		seen := func() []emitted {
			synctest.Wait()
			k.mu.Lock()
			defer k.mu.Unlock()
			s := got
			got = nil
			return s
		}
		said := func() []error {
			synctest.Wait()
			k.mu.Lock()
			defer k.mu.Unlock()
			return errs
		}
		stop := func() {
			cancel()
			synctest.Wait()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("Run = %v, want nil when ctx ends", err)
				}
			default:
				t.Error("Run does not return when ctx ends")
			}
		}
		test(seen, said, stop)
		if ctx.Err() == nil {
			stop()
		}
	})
}
