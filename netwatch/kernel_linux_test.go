package netwatch

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"homeward/netwatch/netwatchtest"
)

// counting counts how often the kernel's tables are read.
type counting struct {
	*rtnetlink
	reads atomic.Int64
}

func (k *counting) Tables() (Tables, error) {
	k.reads.Add(1)
	return k.rtnetlink.Tables()
}

// eye is a router, and a Watcher that looks at it.
type eye struct {
	*netwatchtest.Router
	t      testing.TB
	kernel *counting
	got    chan Tables
	marks  int
	Tables              // the last seen
	each   func(Tables) // if set, is shown all that is seen
}

// watchRouter makes a router, has k watch it and waits for the first tables.
func watchRouter(t testing.TB, k *rtnetlink) *eye {
	t.Helper()
	r, err := netwatchtest.New(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, r.Close()) })
	e := &eye{Router: r, t: t, kernel: &counting{rtnetlink: k}, got: make(chan Tables, 1<<12)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	w := Watcher{kernel: e.kernel, Trouble: func(err error) {
		if err != nil {
			t.Logf("trouble: %v", err)
		}
	}}
	go func() { ended <- w.Run(ctx, func(t Tables) { e.got <- t.Clone() }) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			must(t, err)
		case <-time.After(2 * time.Second):
			t.Error("Run does not end within 2 s of ctx")
		}
	})
	e.until("the first tables", func(Tables) bool { return true })
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for tables that ok is true of.
func (e *eye) until(what string, ok func(Tables) bool) {
	e.t.Helper()
	end := time.After(10 * time.Second)
	for {
		select {
		case e.Tables = <-e.got:
			if e.each != nil {
				e.each(e.Tables)
			}
			if ok(e.Tables) {
				return
			}
		case <-end:
			e.t.Fatalf("waited 10 s for %s; last seen %+v", what, e.Tables)
		}
	}
}

// untilView waits for a line that ok is true of.
func (e *eye) untilView(what string, ok func(State) bool) {
	e.t.Helper()
	e.until(what, func(t Tables) bool { return ok(View(t, Devices{}, State{})) })
}

// caughtUp returns when all that was done so far has been seen: it gives
// host0, which is always up, another address and waits for it.
func (e *eye) caughtUp() {
	e.t.Helper()
	e.marks++
	mark := netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 1, byte(e.marks >> 8), byte(e.marks)}), 32)
	must(e.t, e.AddAddr("host0", mark, netip.Addr{}, Forever, Forever))
	e.until("a mark", func(t Tables) bool { return t.Has(mark.Addr()) })
	must(e.t, e.DelAddr("host0", mark))
	e.until("no mark", func(t Tables) bool { return !t.Has(mark.Addr()) })
}

var (
	lease, gateway = pfx("85.10.20.77/24"), ip("85.10.20.1")
	wan6Addr       = pfx("2001:db8:5::77/128")
	del56, lan60   = pfx("2001:db8:1200::/56"), pfx("2001:db8:1200::1/60")
	lan64Prefix    = pfx("2001:db8:1200::/64")
)

// online is a line with everything.
func (e *eye) online() {
	e.t.Helper()
	must(e.t, e.SetIPv4(lease, gateway))
	must(e.t, e.SetIPv6(wan6Addr, del56, lan60))
	e.untilView("the line", func(s State) bool {
		return s.Equal(State{IPv4: lease.Addr(), WAN: "eth0", IPv6: wan6Addr.Addr(), WAN6: "eth0", Delegated: []netip.Prefix{del56}, Prefix: lan64Prefix, LAN: "br-lan"})
	})
}
