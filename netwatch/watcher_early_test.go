package netwatch

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowKernel is a fakeKernel that takes long to read.
type slowKernel struct {
	*fakeKernel
	delay time.Duration
}

func (k slowKernel) Tables() (Tables, error) {
	time.Sleep(k.delay)
	return k.fakeKernel.Tables()
}

func TestEarlyComesOnceInABurst(t *testing.T) {
	for _, tt := range []struct {
		delay time.Duration
		want  []emitted
	}{
		{0, []emitted{{100*ms + ms/2, "203.0.113.2"}}},
		{ms / 2, []emitted{{101*ms + ms/2, "203.0.113.2"}}}, // with the time that it is read in
		{ms, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			began := time.Now()
			k := newFake()
			var early []emitted
			w := Watcher{kernel: slowKernel{k, tt.delay}, Early: func(t Tables) {
				early = append(early, emitted{time.Since(began), t.Addrs[0].Addr.String()})
			}}
			go w.Run(ctx, func(Tables) {})
			synctest.Wait()
			time.Sleep(100*ms + tt.delay)
			k.change("203.0.113.2/32")
			for range 5 {
				k.hint()
				time.Sleep(2 * ms)
			}
			time.Sleep(time.Second)
			if !slices.Equal(early, tt.want) {
				t.Errorf("tables that take %v to read: early %v, want %v", tt.delay, early, tt.want)
			}
		})
	}
}

func TestEarlyIsNotOfATroubledKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		k := newFake()
		var early atomic.Int32
		w := Watcher{kernel: k, Early: func(Tables) { early.Add(1) }}
		go w.Run(ctx, func(Tables) {})
		synctest.Wait()
		k.fail(context.DeadlineExceeded, nil)
		k.hint()
		time.Sleep(20 * ms)
		if got := early.Load(); got != 0 {
			t.Errorf("early %d times without tables", got)
		}
	})
}
