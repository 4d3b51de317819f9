package daemon

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"homeward/update/log"
)

// spoken is a worker that has saved what it knows and has ended before the
// watcher took note of either.
type spoken struct{ came chan report }

func (spoken) start(order) error          { return nil }
func (spoken) send(order) error           { return nil }
func (spoken) kill()                      {}
func (spoken) gone() (ending, bool)       { return ending{}, true }
func (s spoken) reports() <-chan report   { return s.came }
func (spoken) children() <-chan os.Signal { return nil }

// No worker begins before run_dir is this daemon's, though the first one dies
// as it has said where that is.
func TestTheFirstWorkersLastWordIsTaken(t *testing.T) {
	for name, lockErr := range map[string]error{"free": nil, "another's": errors.New("another homeward has it")} {
		t.Run(name, func(t *testing.T) {
			s, err := newSlots()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.write(0, head{stateDir: "state", runDir: "run"}, nil); err != nil {
				t.Fatal(err)
			}
			first := spoken{make(chan report, 1)}
			locked := ""
			v := &watcher{Program: Program{Log: func(log.Level, string) {}, SetLevel: func(string) {}}, control: newControl(), worker: first, slots: s, clock: func() time.Duration { return time.Second },
				lock:     func(_ context.Context, dir string) error { locked = dir; return lockErr },
				watch:    func(context.Context, string, string) {},
				released: time.NewTimer(time.Hour)}
			v.control.started(0)
			first.came <- report{gen: 1, kind: reportSaved, slot: 0}
			v.reap(t.Context())
			if locked != "run" || v.control.locked != (lockErr == nil) {
				t.Errorf("run_dir %q was locked, held %v", locked, v.control.locked)
			}
			if next := v.control.next(time.Hour); lockErr != nil && (next.do != doEnd || v.control.refused != 1) || lockErr == nil && next.do != doStart {
				t.Errorf("next is %+v, exit code %d", next, v.control.refused)
			}
		})
	}
}

func TestAPauseIsSaidInRoundNumbers(t *testing.T) {
	now, said := time.Duration(0), ""
	w := &watcher{Program: Program{Log: func(_ log.Level, s string) { said = s }}, control: newControl(),
		clock: func() time.Duration { now += 1234 * time.Microsecond; return now }}
	w.control.ended(w.clock())
	if w.logTrouble("it has ended"); said != "it has ended. Starting another in 200ms" {
		t.Errorf("%q is said", said)
	}
}
