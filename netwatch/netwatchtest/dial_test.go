package netwatchtest_test

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"homeward/netwatch"
)

// Dialling again gives another address, and each is the one that the service
// at the ISP sees.
func TestADialledLineReachesServicesAndHangsUp(t *testing.T) {
	r := newRouter(t, false)
	service := netip.MustParseAddr("198.51.100.5")
	must(t, r.ISP.AddAddr("lo", netip.PrefixFrom(service, 32)))
	l, err := r.ISP.Listen("tcp", "198.51.100.5:8443")
	must(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, c.RemoteAddr().(*net.TCPAddr).IP.String())
			c.Close()
		}
	}()
	for _, own := range []string{"203.0.113.7", "203.0.113.99"} {
		must(t, r.Dial("pppoe-wan", netip.MustParseAddr(own), netip.MustParseAddr("192.0.2.1")))
		c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		must(t, err)
		if said, err := io.ReadAll(c); err != nil || string(said) != own {
			t.Errorf("reached from %s (%v), want %s", said, err, own)
		}
		c.Close()
		tables, err := netwatch.Read()
		must(t, err)
		if s := netwatch.View(tables, netwatch.Devices{}, netwatch.State{}); s.IPv4.String() != own || s.WAN != "pppoe-wan" {
			t.Errorf("the line is %+v, want %s on pppoe-wan", s, own)
		}
		must(t, r.DelLink("pppoe-wan"))
	}
}
