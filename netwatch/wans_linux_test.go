package netwatch

import (
	"errors"
	"net/netip"
	"testing"

	"homeward/netwatch/netwatchtest"
)

// Two WANs, everything auto: the prefix goes with the better one, and with the
// other one as soon as that is the better, though the first one's stays
// delegated and preferred on the LAN until its lease ends.
func TestAFailOverTakesThePrefixAlong(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.AddWAN("eth2", "isp2"))
	gw, second, lan := ip("fe80::2"), pfx("2001:db8:b000::/56"), pfx("2001:db8:b000::1/60")
	own := pfx("2001:db8:b::1/128")
	must(t, errors.Join(e.AddAddr("eth2", own, netip.Addr{}, 3600, 7200), e.Delegate(second), e.LANAddr(lan, 3600, 7200),
		e.SetRoute(netwatchtest.Default6("eth2", gw, second, 1024)), e.SetRoute(netwatchtest.Default6("eth2", gw, own, 1024))))
	defer e.Undelegate(second)
	e.untilView("both prefixes, the better WAN's published", func(s State) bool {
		return len(s.Delegated) == 2 && s.WAN6 == "eth0" && s.Prefix == lan64Prefix
	})
	published := View(e.Tables, Devices{}, State{})
	for _, from := range []netip.Prefix{del56, wan6Addr} {
		must(t, e.DelRoute(netwatchtest.Default6("eth0", ip("fe80::1"), from, 512)))
	}
	e.until("the other WAN's prefix", func(t Tables) bool {
		s := View(t, Devices{}, published)
		return s.WAN6 == "eth2" && len(s.Delegated) == 2 && s.Prefix == pfx("2001:db8:b000::/64")
	})
}

// Another router in the LAN, as the way out if the WAN fails.
func TestABackupRouteLeavesTheLAN(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.SetRoute(netwatchtest.Default4("br-lan", netip.Addr{}, netip.Addr{}, 1000)))
	e.until("the backup route", func(t Tables) bool { return len(t.Defaults) == 4 })
	if s := View(e.Tables, Devices{}, State{}); s.Prefix != lan64Prefix || s.WAN != "eth0" {
		t.Errorf("with a backup route on br-lan the line is %+v", s)
	}
}

// netifd assigns in the order of its configuration, which begins with the LAN.
func TestTheLANIsInTheLowestOfTheDelegation(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.Rename("br-lan", "home"))
	must(t, e.AddAddr("eth1", pfx("2001:db8:1200:10::1/60"), netip.Addr{}, 3600, 7200)) // comes before home by name
	defer e.Rename("home", "br-lan")
	e.untilView("the LAN", func(s State) bool {
		return s.LAN == "home" && s.Prefix == lan64Prefix && len(s.LANs) == 2
	})
}

// A VPN takes the default route of table main; the line's address stays the
// one to publish, until the line is gone.
func TestAVPNIsNotTheWAN(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	must(t, e.SetIPv4(lease, gateway))
	must(t, e.DelRoute(netwatchtest.Default4("eth0", gateway, lease.Addr(), 0)))
	line := netwatchtest.Default4("eth0", gateway, lease.Addr(), 10)
	must(t, e.SetRoute(line))
	vpn, err := e.AddTunnel("tun0")
	must(t, err)
	defer vpn.Close()
	must(t, e.AddAddr("tun0", pfx("10.8.0.2/32"), netip.Addr{}, Forever, Forever))
	must(t, e.SetRoute(netwatchtest.Default4("tun0", netip.Addr{}, netip.Addr{}, 0)))
	e.until("the VPN's default route", func(t Tables) bool {
		r, ok := bestDefault(t, false, true)
		return ok && r == Route{Dev: "tun0", Tunnel: true}
	})
	if s := View(e.Tables, Devices{}, State{}); s.WAN != "eth0" || s.IPv4 != lease.Addr() {
		t.Errorf("beside a VPN the line is %+v", s)
	}
	must(t, e.DelRoute(line))
	e.untilView("the VPN alone", func(s State) bool {
		return s.WAN == "tun0" && s.NoIPv4.Reason == ReasonPrivate && s.NoIPv4.Tunnel
	})
}
