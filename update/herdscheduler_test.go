package update

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// Many Schedulers, each with a state on disk, do as the model of the herd does.
func TestSchedulersDoAsTheModelOfTheHerd(t *testing.T) {
	const size = 1000
	dir := updatetest.RAMDir(t)
	c := herdCase{full: "503", part: tenth}
	model := newHerd(c, size, false).run()
	synctest.Test(t, func(t *testing.T) {
		real := newHerd(c, size, false)
		s := &herdServer{herd: real, begin: time.Now()}
		for i, e := range real.queue {
			go s.router(t, e.at, filepath.Join(dir, fmt.Sprint(i)))
		}
		time.Sleep(herdEnd)
		synctest.Wait()
		if len(real.current) != size {
			t.Fatalf("%d of %d are current after a day", len(real.current), size)
		}
		t.Logf("model: %s\nSchedulers: %s", model.row(), real.row())
		near := func(name string, a, b float64) {
			if a < 0.9*b || a > 1.1*b {
				t.Errorf("%s: %.1f, in the model %.1f", name, a, b)
			}
		}
		near("attempts for each change", real.perChange(), model.perChange())
		near("half of them are current after", real.currentAt(0.5).Seconds(), model.currentAt(0.5).Seconds())
		near("90 % are current after", real.currentAt(0.9).Seconds(), model.currentAt(0.9).Seconds())
	})
}

// herdServer is the service of many Schedulers.
type herdServer struct {
	mu sync.Mutex // over herd: each exchange is a goroutine
	*herd
	begin time.Time
}

// router is the life of one router, until it is current.
func (s *herdServer) router(t *testing.T, at time.Duration, dir string) {
	time.Sleep(at)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Error(err)
		return
	}
	now := func() clock.Now {
		return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: herdBegin + time.Since(s.begin)}
	}
	current := make(chan struct{})
	publish := func(all map[string]Status) {
		if all["home"].State == StateCurrent && current != nil {
			close(current)
			current = nil
		}
	}
	done := current
	o := own(state.Open(dir, "", func(text string) { t.Error(text) }), loop.Parts{Exchange: s.exchangeWith, Now: now, Log: func(log.Level, string) {}}, s.jitter, publish)
	o.set([]*service.Account{ipv64Account()}, Observation{Wants: map[string]Desired{"home": {Values: service.Values{IPv4: v4a}}}})
	select {
	case <-done:
	case <-time.After(herdEnd - at - time.Minute):
	}
	o.stop()
}

func (s *herdServer) jitter() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Float64()
}

// exchangeWith is one attempt: the service takes it, or answers 503.
func (s *herdServer) exchangeWith(_ context.Context, _ transport.Request, ready transport.BeforeSend) transport.Outcome {
	since := time.Since(s.begin)
	s.mu.Lock()
	s.countAttempt(since)
	room := s.service.take(herdBegin+since, 1)
	if room {
		s.current = append(s.current, since)
	}
	s.mu.Unlock()
	if !ready(v4a) {
		return transport.Failed(transport.FaultCanceled, false, "given up")
	}
	time.Sleep(50 * time.Millisecond)
	if room {
		return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
	}
	return transport.Outcome{Answer: &transport.Answer{Status: 503}}
}
