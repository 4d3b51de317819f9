package netwatch

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"homeward/netwatch/netwatchtest"
)

// The tests of this package run in a network namespace of their own.
func TestMain(m *testing.M) { netwatchtest.Main(m) }

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
	e.untilView("no IPv4", func(s State) bool { return s.WAN == "" && s.WAN6 == "" && s.NoIPv4.Reason == ReasonNoRoute })
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

// Routes of other tables cause no read. The kernel may have something else to
// tell at any moment (an address has passed its check for duplicates, say), so
// one round of several has to be without a read; each would have some if the
// routes caused them.
func TestMwan3sTablesAreIgnored(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	more := int64(1)
	for round := 0; more > 0 && round < 20; round++ {
		reads := e.kernel.reads.Load()
		e.otherTables()
		if s := View(e.Tables, Devices{}, State{}); s.WAN != "eth0" || s.WAN6 != "eth0" || len(s.Delegated) != 1 || s.LAN != "br-lan" {
			t.Errorf("with other tables' routes the line is %+v", s)
		}
		more = e.kernel.reads.Load() - reads - 2 // the mark, twice
	}
	if more > 0 {
		t.Errorf("%d reads for routes of other tables in the last of 20 rounds", more)
	}
}

// otherTables adds routes to tables other than main, lets the watcher see what
// it may see of them, and takes them away.
func (e *eye) otherTables() {
	e.t.Helper()
	for _, table := range []uint32{1, 250, 510, 1000} {
		d4 := netwatchtest.Default4("br-lan", netip.Addr{}, netip.Addr{}, 0)
		d6 := netwatchtest.Default6("br-lan", ip("fe80::9"), netip.Prefix{}, 1)
		null := netwatchtest.Null(pfx("2001:db8:9900::/56"))
		for _, r := range []netwatchtest.Route{d4, d6, null} {
			r.Table = table
			must(e.t, e.SetRoute(r))
			defer e.DelRoute(r)
		}
	}
	e.caughtUp()
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

// The queue holds nothing but foreign routes, and the message that can matter
// is lost: the overrun is a hint, and so is the end of the queue, because what
// the kernel drops until then it does not tell. It tells of a link's carrier up
// to a second late, so nothing but lo may be there.
func TestAnOverrunIsAHintAndItsEndIsAnother(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	for _, dev := range []string{"eth0", "eth1", "br-lan"} {
		must(t, e.DelLink(dev))
	}
	k := rtnetlink{rcvbuf: 1, unfilter: true}
	f, err := k.open()
	must(t, err)
	defer f.Close()
	must(t, e.FloodRoutes("lo", 100))
	lost := pfx("127.3.0.1/32")
	must(t, e.AddAddr("lo", lost, netip.Addr{}, Forever, Forever))
	defer e.DelAddr("lo", lost) // lo stays when the router goes
	ctx, cancel := context.WithCancel(t.Context())
	hints, ended := make(chan time.Time, 100), make(chan struct{})
	go func() {
		receive(ctx, f, hints)
		close(ended)
	}()
	for i := range 2 {
		select {
		case <-hints:
		case <-time.After(5 * time.Second):
			t.Errorf("%d hints of an overrun, want 2", i)
		}
	}
	cancel()
	must(t, f.SetReadDeadline(time.Unix(1, 0)))
	<-ended
	if len(hints) > 0 {
		t.Errorf("%d hints too many: the queue held only foreign routes", len(hints))
	}
}

// Each kind of message alone, without another that would have it seen.
func TestARouteThatChangesAloneIsSeen(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	def := netwatchtest.Default4("eth0", gateway, lease.Addr(), 0)
	must(t, e.DelRoute(def))
	e.untilView("no IPv4", func(s State) bool { return s.WAN == "" && s.WAN6 == "eth0" })
	must(t, e.SetRoute(def))
	e.untilView("IPv4", func(s State) bool { return s.IPv4 == lease.Addr() })
	must(t, e.Undelegate(del56))
	e.untilView("no prefix", func(s State) bool { return len(s.Delegated) == 0 })
	must(t, e.Delegate(del56))
	e.untilView("the prefix", func(s State) bool { return s.Prefix == lan64Prefix })
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
