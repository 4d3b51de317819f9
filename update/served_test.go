package update

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
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
	"homeward/update/updatetest/direct"
)

// served is a Scheduler in fake time whose requests a stand-in answers.
type served struct {
	*owner
	standIn http.Handler
	dir     string
	begin   time.Time
	takes   time.Duration           // until an answer arrives
	lose    string                  // requests whose method and URL have this are answered, and the answer is lost
	late    time.Duration           // how long a request whose answer is lost takes to have its effect
	ahead   func(transport.Request) // called after a request's reservation and before it is sent

	mu       sync.Mutex
	connects time.Duration // until a request can be sent
	last     Status        // of the account home
	ended    int           // statuses that tell of the end of a stop
	asked    []string      // queries, since they were looked at last
}

// newServed starts it; its owner calls stop.
func newServed(t *testing.T, standIn http.Handler) *served {
	s := &served{standIn: standIn, dir: updatetest.RAMDir(t), begin: time.Now()}
	s.start()
	return s
}

// inFakeTime runs f with a served, which it stops.
func inFakeTime(t *testing.T, standIn http.Handler, f func(t *testing.T, s *served)) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(t, standIn)
		defer func() { s.stop() }()
		f(t, s)
	})
}

// start starts the scheduler's owner, which stop ends: as a restart, state.json is
// what is left.
func (s *served) start() {
	s.owner = own(s.store(), s.parts(os.Getpid()), nil, func(all map[string]Status) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last = all["home"]
		if s.last.Stopped && s.last.State == StateCurrent {
			s.ended++
		}
	})
}

func (s *served) store() *state.Store { return state.Open(s.dir, "", func(string) {}) }

func (s *served) parts(pid int) loop.Parts {
	return loop.Parts{Exchange: s.exchange, Now: s.now, Log: func(log.Level, string) {}, PID: pid}
}

func (s *served) now() clock.Now {
	return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(s.begin) + time.Hour}
}

func (s *served) exchange(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
	s.mu.Lock()
	connects := s.connects
	s.mu.Unlock()
	time.Sleep(connects)
	if !ready(v4a) {
		return transport.Failed(transport.FaultCanceled, false, "given up")
	}
	if s.ahead != nil {
		s.ahead(r)
	}
	_, query, _ := strings.Cut(r.URL.Reveal(), "?")
	s.mu.Lock()
	s.asked = append(s.asked, query)
	s.mu.Unlock()
	if s.lose != "" && strings.Contains(r.Method+" "+r.URL.Reveal(), s.lose) {
		if s.late == 0 {
			direct.Answer(s.standIn, r, v4a)
		} else {
			time.AfterFunc(s.late, func() { direct.Answer(s.standIn, r, v4a) })
		}
		return transport.Failed(transport.FaultSent, true, "no answer")
	}
	a := direct.Answer(s.standIn, r, v4a)
	if s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			return transport.Failed(transport.FaultCanceled, true, "given up")
		}
	}
	return transport.Outcome{Answer: &a}
}

// connecting sets how long it takes from now on until a request can be sent.
func (s *served) connecting(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connects = d
}

// shows has the line show these values to the accounts from now on.
func (s *served) shows(v service.Values, accounts ...*service.Account) {
	s.set(accounts, sees(v, accounts))
}

// once is `once` beside it, of another process.
func (s *served) once(v service.Values, accounts ...*service.Account) {
	sendOnce(s.store(), s.parts(os.Getppid()), accounts, sees(v, accounts), false)
}

// after lets time pass.
func (s *served) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// since returns the queries after a while, those that were seen before left out.
func (s *served) since(d time.Duration) []string {
	s.after(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// wants lets time pass, and compares the queries.
func (s *served) wants(t *testing.T, d time.Duration, what string, want ...string) {
	t.Helper()
	if got := s.since(d); !slices.Equal(got, want) {
		t.Errorf("%s: asked %q, want %q", what, got, want)
	}
}

func (s *served) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// disk returns what state.json holds.
func (s *served) disk() *state.Data { return s.store().Read(s.now()) }

// reserved returns the number of requests that state.json counts.
func (s *served) reserved() (n int) {
	for _, q := range s.disk().Quotas {
		n += len(q.Reservations)
	}
	return n
}
