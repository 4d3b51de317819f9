package netwatchtest_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch"
	"homeward/netwatch/netwatchtest"
)

func TestMain(m *testing.M) { netwatchtest.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRouter(t *testing.T, dad bool) *netwatchtest.Router {
	t.Helper()
	r, err := netwatchtest.New(dad)
	must(t, err)
	t.Cleanup(func() { must(t, r.Close()) }) // harmless after another Close
	return r
}

// A service at the ISP is reached over the line, by both families, and the
// answer finds its way back.
func TestServicesAtTheISPAreReachedOverTheLine(t *testing.T) {
	r := newRouter(t, false)
	must(t, r.SetIPv4(netip.MustParsePrefix("85.10.20.77/24"), netip.MustParseAddr("85.10.20.1")))
	must(t, r.SetIPv6(netip.MustParsePrefix("2001:db8:5::77/128"), netip.Prefix{}, netip.Prefix{}))
	for service, own := range map[string]string{"198.51.100.5": "85.10.20.77", "2001:db8:ff::5": "2001:db8:5::77"} {
		a := netip.MustParseAddr(service)
		must(t, r.ISP.AddAddr("lo", netip.PrefixFrom(a, a.BitLen())))
		l, err := r.ISP.Listen("tcp", netip.AddrPortFrom(a, 8443).String())
		must(t, err)
		go func() {
			c, err := l.Accept()
			if err == nil {
				io.WriteString(c, c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().String())
				c.Close()
			}
		}()
		c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		must(t, err)
		said, err := io.ReadAll(c)
		must(t, err)
		if string(said) != own {
			t.Errorf("%s was reached from %s, want %s", service, said, own)
		}
		c.Close()
		l.Close()
	}
}

func TestTheISPIsInANamespaceOfItsOwn(t *testing.T) {
	r := newRouter(t, false)
	must(t, r.ISP.Do(func() error {
		_, err := net.InterfaceByName("isp0")
		return err
	}))
	if _, err := net.InterfaceByName("isp0"); err == nil {
		t.Error("isp0 is the router's")
	}
	c, err := r.ISP.ListenPacket("udp", "127.0.0.1:5353")
	must(t, err)
	defer c.Close()
	own, err := net.ListenPacket("udp", "127.0.0.1:5353")
	must(t, err)
	own.Close()
}

func TestDuplicateAddressDetectionIsAsInLifeIfAskedFor(t *testing.T) {
	for _, dad := range []bool{true, false} {
		r := newRouter(t, dad)
		must(t, r.LANAddr(netip.MustParsePrefix("2001:db8:1200::1/60"), 1800, 3600))
		tables, err := netwatch.Read()
		must(t, err)
		for _, a := range tables.Addrs {
			if a.Dev == "br-lan" && a.Global && a.Addr.Is6() && (a.Flags&netwatch.Tentative != 0) != dad {
				t.Errorf("dad %v: %+v", dad, a)
			}
		}
		must(t, r.Close())
	}
}

// Routers are made one after the other in a process.
func TestCloseLeavesNothingBehind(t *testing.T) {
	for range 2 {
		r := newRouter(t, false)
		must(t, r.SetIPv4(netip.MustParsePrefix("85.10.20.77/24"), netip.MustParseAddr("85.10.20.1")))
		must(t, r.SetIPv6(netip.MustParsePrefix("2001:db8:5::77/128"), netip.MustParsePrefix("2001:db8:1200::/56"), netip.MustParsePrefix("2001:db8:1200::1/60")))
		must(t, r.DelLANAddr(netip.MustParsePrefix("2001:db8:1200::1/60")))
		must(t, r.Undelegate(netip.MustParsePrefix("2001:db8:1200::/56")))
		must(t, r.Close())
		tables, err := netwatch.Read()
		must(t, err)
		tables.Addrs = slices.DeleteFunc(tables.Addrs, func(a netwatch.Addr) bool { return a.Dev == "lo" })
		if len(tables.Addrs)+len(tables.Defaults)+len(tables.Unreachable) != 0 {
			t.Errorf("left behind: %+v", tables)
		}
		names, err := net.Interfaces()
		must(t, err)
		for _, i := range names {
			if i.Name == "eth0" || i.Name == "br-lan" || i.Name == "eth1" || i.Name == "host0" {
				t.Errorf("left behind: %s", i.Name)
			}
		}
	}
}

func TestAFloodIsThatManyRoutes(t *testing.T) {
	r := newRouter(t, false)
	must(t, r.FloodRoutes("br-lan", 1234))
	must(t, r.DrainRoutes("br-lan", 1234))
	if err := r.DrainRoutes("br-lan", 1); err == nil {
		t.Error("a route that is gone could be deleted")
	}
	if err := r.DelRoute(netwatchtest.Null(netip.MustParsePrefix("2001:db8::/56"))); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a route that is not there: %v, want ESRCH", err)
	}
}
