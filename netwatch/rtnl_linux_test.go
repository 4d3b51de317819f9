package netwatch

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"homeward/netwatch/netwatchtest"
)

// The tests of this package run in a network namespace of their own.
func TestMain(m *testing.M) { netwatchtest.Main(m) }

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
	go func() { ended <- w.Run(ctx, func(t Tables) { e.got <- t }) }()
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

func TestALineIsSeen(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	once, err := Read()
	must(t, err)
	if fmt.Sprint(View(once, Devices{}, State{})) != fmt.Sprint(View(e.Tables, Devices{}, State{})) {
		t.Errorf("Read = %+v, the Watcher saw %+v", once, e.Tables)
	}
	for _, r := range once.Defaults {
		if r.IPv6 && !r.From.IsValid() || r.IPv6 && r.Metric != 512 || !r.IPv6 && r.Src != lease.Addr() {
			t.Errorf("default route %+v", r)
		}
	}
}

func TestAPointToPointAddressIsOursNotThePeers(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	must(t, e.AddAddr("eth0", pfx("203.0.113.7/32"), ip("62.1.1.1"), Forever, Forever))
	must(t, e.SetRoute(netwatchtest.Default4("eth0", netip.Addr{}, netip.Addr{}, 0)))
	e.untilView("the address", func(s State) bool { return s.IPv4 == ip("203.0.113.7") })
	if e.Has(ip("62.1.1.1")) {
		t.Error("the peer's address counts as ours")
	}
}

func TestALinkThatGoesDownTakesItsIPv4Routes(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.LinkDown("eth0"))
	e.untilView("no IPv4", func(s State) bool { return s.WAN == "" && s.WAN6 == "" && s.NoIPv4 != "" })
	if e.Has(lease.Addr()) {
		t.Error("an address of a link that is down counts")
	}
}

func TestACableThatIsPulledEndsTheRoute(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.ISP.SetUp("isp0", false))
	e.untilView("no WAN", func(s State) bool { return s.WAN == "" && s.WAN6 == "" })
	must(t, e.ISP.SetUp("isp0", true))
	e.untilView("the WAN", func(s State) bool { return s.IPv4 == lease.Addr() && s.IPv6 == wan6Addr.Addr() })
}

func TestLoopbackDownTakesTheKernelsNullRoutes(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.LinkDown("lo"))
	e.untilView("no prefix", func(s State) bool { return !s.Prefix.IsValid() && len(s.Delegated) == 0 && s.IPv4.IsValid() })
	must(t, e.LinkUp("lo"))
	must(t, e.Delegate(del56))
	e.untilView("the prefix", func(s State) bool { return s.Prefix == lan64Prefix })
}

func TestABridgeMadeAnewHasAnotherIndex(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.RemakeLAN())
	e.untilView("no prefix", func(s State) bool { return !s.Prefix.IsValid() && len(s.Delegated) == 1 })
	must(t, e.LANAddr(lan60, 1800, 3600))
	e.untilView("the prefix", func(s State) bool { return s.Prefix == lan64Prefix && s.LAN == "br-lan" })
}

func TestADeprecatedAddressIsSeen(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.Deprecate(lan60))
	e.untilView("no prefix", func(s State) bool { return !s.Prefix.IsValid() && len(s.Delegated) == 1 })
}

func TestMwan3sTablesAreIgnored(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	reads := e.kernel.reads.Load()
	for _, table := range []uint32{1, 250, 510, 1000} {
		d4 := netwatchtest.Default4("br-lan", netip.Addr{}, netip.Addr{}, 0)
		d6 := netwatchtest.Default6("br-lan", ip("fe80::9"), netip.Prefix{}, 1)
		null := netwatchtest.Null(pfx("2001:db8:9900::/56"))
		for _, r := range []netwatchtest.Route{d4, d6, null} {
			r.Table = table
			must(t, e.SetRoute(r))
			defer e.DelRoute(r)
		}
	}
	e.caughtUp()
	if s := View(e.Tables, Devices{}, State{}); s.WAN != "eth0" || s.WAN6 != "eth0" || len(s.Delegated) != 1 || s.LAN != "br-lan" {
		t.Errorf("with other tables' routes the line is %+v", s)
	}
	if n := e.kernel.reads.Load() - reads; n > 2 { // the mark, twice
		t.Errorf("%d reads for routes of other tables", n-2)
	}
}

func TestAHundredThousandRoutesAndANewAddress(t *testing.T) {
	for _, unfilter := range []bool{false, true} {
		t.Run(fmt.Sprintf("unfiltered=%v", unfilter), func(t *testing.T) {
			e := watchRouter(t, &rtnetlink{unfilter: unfilter})
			e.online()
			const n = 100_000
			flooded := make(chan error)
			reads := e.kernel.reads.Load()
			go func() { flooded <- e.FloodRoutes("br-lan", n) }()
			must(t, e.SetIPv4(pfx("93.180.44.12/24"), ip("93.180.44.1")))
			e.untilView("the new address", func(s State) bool { return s.IPv4 == ip("93.180.44.12") })
			must(t, <-flooded)
			k := rtnetlink{buf: make([]byte, dumpBuf)}
			perRead := testing.AllocsPerRun(1, func() {
				if _, err := k.read(); err != nil {
					t.Errorf("read with %d routes: %v", n, err)
				}
			})
			if perRead > 1000 {
				t.Errorf("%v allocations to read %d routes, want few", perRead, n)
			}
			must(t, e.DrainRoutes("br-lan", n))
			e.caughtUp()
			if s := View(e.Tables, Devices{}, State{}); s.IPv4 != ip("93.180.44.12") || s.Prefix != lan64Prefix {
				t.Errorf("after the flood the line is %+v", s)
			}
			// SetIPv4 is one burst or two, the mark two; without the filter an
			// overrun asks for two more each.
			if got := e.kernel.reads.Load() - reads; !unfilter && got > 8 {
				t.Errorf("%d reads for 200 000 foreign messages and one new address", got)
			}
		})
	}
}

func TestAReceiveBufferThatOverrunsLosesNoState(t *testing.T) {
	e := watchRouter(t, &rtnetlink{rcvbuf: 1, unfilter: true}) // the kernel's least: 2 kB
	e.online()
	for i := range byte(20) {
		must(t, e.FloodRoutes("br-lan", 2000))
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{85, 10, 30, i + 2}), 24)
		must(t, e.SetIPv4(p, ip("85.10.30.1")))
		must(t, e.DrainRoutes("br-lan", 2000))
		e.untilView("the address", func(s State) bool { return s.IPv4 == p.Addr() })
	}
}

func TestAnInterfaceMayVanishDuringADump(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	stop := make(chan struct{})
	ended := make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if err := e.RemakeLAN(); err != nil {
				ended <- err
				return
			}
		}
	}()
	k := new(rtnetlink)
	for range 100 {
		got, err := k.Tables()
		if err != nil {
			t.Logf("Tables: %v", err) // a change in each of five readings
			continue
		}
		if s := View(got, Devices{}, State{}); s.IPv4 != lease.Addr() {
			t.Errorf("while a bridge comes and goes the line is %+v", s)
		}
	}
	close(stop)
	must(t, <-ended)
	must(t, e.LANAddr(lan60, 1800, 3600))
	e.untilView("the line", func(s State) bool { return s.Prefix == lan64Prefix && s.IPv4 == lease.Addr() })
}
