package netwatch

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
)

// A gap of this many seconds in a recording parts two bursts.
const burstGap = 0.1

// The recordings go through a real kernel: after each burst what the Watcher
// sees must be settled, without the waiting in between.
func TestRecordedLinesThroughTheKernel(t *testing.T) {
	for _, tr := range traces {
		t.Run(tr.name, func(t *testing.T) {
			e := watchRouter(t, new(rtnetlink))
			must(t, e.DelLink("br-lan"))
			must(t, e.LinkDown("eth1"))
			rows := readTrace(t, tr.name)
			before := slices.IndexFunc(rows, func(r row) bool { return !r.Before })
			e.prepare(rows, before)
			var last State
			for _, s := range tr.settled {
				n := slices.IndexFunc(rows, func(r row) bool { return !s.due(r) })
				if n < 0 {
					n = len(rows)
				}
				for _, burst := range bursts(rows[:n]) {
					e.replay(burst)
					e.caughtUp()
					last = follow(last, View(e.Tables, Devices{}, last))
				}
				last = e.settle(s, last)
				if rows = rows[n:]; s.stays {
					e.noChange(s, last, bursts(rows))
					rows = nil
				}
			}
			if len(rows) > 0 {
				t.Errorf("%d rows are not replayed", len(rows))
			}
		})
	}
}

// bursts cuts rows where nothing came for a while.
func bursts(rows []row) (out [][]row) {
	from := 0
	for i := 1; i <= len(rows); i++ {
		if i == len(rows) || rows[i].T-rows[i-1].T > burstGap {
			out = append(out, rows[from:i])
			from = i
		}
	}
	return out
}

// prepare makes the devices that a recording takes for granted: all, but for
// those that it makes itself.
func (e *eye) prepare(rows []row, before int) {
	e.t.Helper()
	boots := before == 0
	if !boots {
		must(e.t, e.MakeLAN())
		must(e.t, e.LinkUp("br-lan"))
		must(e.t, e.LinkUp("eth1"))
	}
	// Rows of before are tables in no order: a route needs its address.
	slices.SortStableFunc(rows[:before], func(a, b row) int { return strings.Compare(a.Ev, b.Ev) })
}

// replay applies one burst. What the kernel itself makes is left out, and it
// may have done already what a row takes away.
func (e *eye) replay(rows []row) {
	e.t.Helper()
	for _, r := range rows {
		if r.Proto == "kernel" || r.Table != "" && r.Table != "main" {
			continue
		}
		err := e.apply(r)
		if r.Op == "del" && (errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)) {
			err = nil
		}
		if err != nil {
			e.t.Fatalf("replay %+v: %v", r, err)
		}
	}
}

func (e *eye) apply(r row) error {
	switch r.Ev {
	case "link":
		return e.applyLink(r)
	case "addr":
		if r.Dev == "lo" || r.Scope == "link" {
			return nil // the kernel makes these
		}
		if r.Op == "del" {
			err := e.DelAddr(r.Dev, r.Addr)
			if err != nil && !e.hasLink(r.Dev) {
				return nil
			}
			return err
		}
		return e.AddAddr(r.Dev, r.Addr, netip.Addr{}, uint32(r.Preferred), uint32(r.Valid))
	}
	rt := netwatchtest.Route{Dst: r.dst(), From: r.from(), Via: r.Via, Src: r.Src, Dev: r.Dev, Metric: r.Metric, Unreachable: r.Type == "unreachable"}
	if r.Op == "del" {
		if !e.hasLink(r.Dev) {
			return nil
		}
		return e.DelRoute(rt)
	}
	return e.SetRoute(rt)
}

func (e *eye) hasLink(dev string) bool {
	for _, l := range e.names() {
		if l == dev {
			return true
		}
	}
	return false
}

func (e *eye) names() []string {
	e.t.Helper()
	n, err := e.LinkNames()
	must(e.t, err)
	return n
}

func (e *eye) applyLink(r row) error {
	switch {
	case r.Op == "del":
		return e.DelLink(r.Dev)
	case r.Dev == "br-lan" && !e.hasLink("br-lan"):
		if err := e.MakeLAN(); err != nil {
			return err
		}
	}
	if !r.has("UP") {
		return e.LinkDown(r.Dev)
	}
	if r.Dev == "eth0" {
		// The cable is the other end's.
		if err := e.ISP.SetUp("isp0", !r.has("NO-CARRIER") || r.has("LOWER_UP")); err != nil {
			return err
		}
	}
	return e.LinkUp(r.Dev)
}

// settle waits for the settled line, which may take a moment: the carrier of a
// link changes after the command for it has returned.
func (e *eye) settle(s settled, last State) State {
	e.t.Helper()
	now := View(e.Tables, Devices{}, last)
	if !s.check(now) {
		e.until("the settled line "+fmt.Sprintf("%+v", s), func(t Tables) bool {
			now = View(t, Devices{}, last)
			return s.check(now)
		})
	}
	return follow(last, now)
}

// noChange replays the rest of a recording, in which nothing may change, not
// for a moment.
func (e *eye) noChange(s settled, last State, rest [][]row) {
	e.t.Helper()
	e.each = func(t Tables) {
		if now := View(t, Devices{}, last); !s.check(now) {
			e.t.Errorf("after %v: %+v, want no change", s, now)
		}
	}
	for _, burst := range rest {
		e.replay(burst)
		e.caughtUp()
	}
	e.each = nil
}
