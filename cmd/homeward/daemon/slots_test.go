package daemon

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/clock"
	"homeward/update/state"
)

// anyHead is a head with something in every member, names that are no text
// included.
func anyHead() head {
	return head{
		stateDir: "/var/l\xf6b", runDir: "/run", logLevel: "warn", until: 7 * time.Hour, onEvent: true,
		stamps: [2]state.Stamp{{Inode: 1 << 63, Modified: -1, Size: 3}, {Inode: 4}},
		watched: []watched{
			{devices: netwatch.Devices{WAN: "wän\xf6", WAN6: "auto", LAN: "br-lan"}, shown: []byte{0, 1, 2},
				last: netwatch.State{IPv4: netip.MustParseAddr("203.0.113.7"), IPv6: netip.MustParseAddr("2001:db8::7"), Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}},
			{devices: netwatch.Devices{WAN: "eth2"}, shown: []byte{}},
		},
	}
}

func TestAHeadGoesThroughASlotAsItIs(t *testing.T) {
	for _, want := range []head{{}, anyHead()} {
		got := passed(t, want)
		got.buf = nil
		if len(got.watched) == 0 {
			got.watched = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("head =\n%+v, want\n%+v", got, want)
		}
	}
}

func TestAHeadThatIsReadAgainLeavesNoGarbage(t *testing.T) {
	s, err := newSlots()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(0, anyHead(), nil); err != nil {
		t.Fatal(err)
	}
	var h head
	if n := testing.AllocsPerRun(100, func() {
		if s.head(0, &h) != nil {
			t.Fatal("no head")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A slot that a killed worker has left half written is no head, and no panic.
func FuzzHead(f *testing.F) {
	f.Add(anyHead().encode())
	f.Add(head{}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h := head{buf: b}
		if h.decode() == nil && string(h.encode()) != string(b) && len(b) > 0 {
			again := head{buf: h.encode()}
			if again.decode() != nil || !reflect.DeepEqual(again.watched, h.watched) && len(h.watched) > 0 {
				t.Errorf("%x is read as %+v", b, h)
			}
		}
	})
}

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	o := order{gen: 1 << 31, seq: 7, kind: orderBegin, tasks: taskObserve | taskStop, slot: -1, fresh: true}
	m := o.encode()
	if got, err := parseOrder(m[:]); err != nil || got != o {
		t.Errorf("order = %+v, %v, want %+v", got, err, o)
	}
	r := report{gen: 1 << 31, seq: 7, kind: reportRefused, tasks: taskReload, slot: 1, code: 2}
	m = r.encode()
	if got, err := parseReport(m[:]); err != nil || got != r {
		t.Errorf("report = %+v, %v, want %+v", got, err, r)
	}
	for _, wrong := range [][]byte{nil, m[:messageSize-1], make([]byte, messageSize), append(m[:], 0)} {
		if _, err := parseReport(wrong); err == nil {
			t.Errorf("%x is a report", wrong)
		}
		if _, err := parseOrder(wrong); err == nil {
			t.Errorf("%x is an order", wrong)
		}
	}
}

// A worker that is given the configuration alone still sends anew what was asked
// for before.
func TestAFreshWorkerSendsWhatWasAskedFor(t *testing.T) {
	for _, redo := range []bool{true, false} {
		s, err := newSlots()
		if err != nil {
			t.Fatal(err)
		}
		left := saved{File: "conf", Prepared: true}
		plan := update.Plan{}
		if redo {
			plan = plan.Resend(clock.Now{Up: time.Hour})
		}
		left.Scheduler.Accounts = map[string]update.AccountSnapshot{"home": {Plan: plan}}
		text, err := json.Marshal(left)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.write(0, head{}, text); err != nil {
			t.Fatal(err)
		}
		w := &worker{slots: s, slot: 0, Program: Program{SetLevel: func(string) {},
			Again: func(string, settings.Sources) (*settings.Config, error) { return &settings.Config{}, nil }}}
		if err := w.begin(true); err != nil || w.resend != redo {
			t.Errorf("resend %v, %v, want %v", w.resend, err, redo)
		}
	}
}
