package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"homeward/netwatch"
	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

const forever = ^uint32(0)

// TestWhatIsPublishedOfALine shows a line to the kernel, and asks homeward
// what it would send.
func TestWhatIsPublishedOfALine(t *testing.T) {
	t.Parallel()
	pfx, addr := netip.MustParsePrefix, netip.MustParseAddr
	none := netip.Addr{}
	for _, tt := range []struct {
		name string
		conf string
		line func(h *house) []error
		want string // the values of the request, "" for none
		note string // what status says of what is not published
	}{
		{"an address and a delegated /56 of which the LAN has a /60", "", func(h *house) []error {
			h.online()
			return nil
		}, "&ip=203.0.113.7&ipv6prefix=" + prefix1, ""},
		{"a dial: a peer at the other end", "", func(h *house) []error {
			return []error{h.router.AddAddr("eth0", pfx("203.0.113.9/32"), gateway, forever, forever),
				h.router.SetRoute(netwatchtest.Default4("eth0", none, none, 0))}
		}, "&ip=203.0.113.9", ""},
		{"carrier NAT", "", func(h *house) []error { return []error{h.router.SetIPv4(pfx("100.64.3.4/24"), addr("100.64.3.1"))} }, "", "carrier NAT"},
		{"behind another router", "", func(h *house) []error {
			return []error{h.router.SetIPv4(pfx("192.168.178.20/24"), addr("192.168.178.1"))}
		}, "", `detect = "web"`},
		{"DS-Lite", "", func(h *house) []error { return []error{h.router.SetIPv4(pfx("192.0.0.2/29"), addr("192.0.0.1"))} }, "", "DS-Lite"},
		{"several addresses: the default route's source", "", func(h *house) []error {
			return []error{h.router.AddAddr("eth0", lease, none, forever, forever), h.router.AddAddr("eth0", lease2, none, forever, forever),
				h.router.SetRoute(netwatchtest.Default4("eth0", gateway, lease2.Addr(), 0))}
		}, "&ip=203.0.113.8", ""},
		{"several addresses: the device's first", "", func(h *house) []error {
			return []error{h.router.AddAddr("eth0", lease, none, forever, forever), h.router.AddAddr("eth0", lease2, none, forever, forever),
				h.router.SetRoute(netwatchtest.Default4("eth0", gateway, none, 0))}
		}, "&ip=203.0.113.7", ""},
		{"two default routes: the best one's device", "", func(h *house) []error {
			return []error{h.router.SetIPv4(lease, gateway), h.router.AddAddr("eth1", pfx("198.51.100.5/24"), none, forever, forever),
				h.router.DelRoute(netwatchtest.Default4("eth0", gateway, none, 0)),
				h.router.SetRoute(netwatchtest.Default4("eth0", gateway, none, 20)),
				h.defaultByLAN(netwatchtest.Default4("br-lan", none, none, 10)), h.router.AddAddr("br-lan", pfx("198.51.100.6/24"), none, forever, forever)}
		}, "&ip=198.51.100.6", ""},
		{"a device named needs no default route", `wan = "eth0"`, func(h *house) []error {
			return []error{h.router.AddAddr("eth0", lease, none, forever, forever)}
		}, "&ip=203.0.113.7", ""},
		{"a device that is not there", `wan = "pppoe-wan"`, func(h *house) []error { return []error{h.router.SetIPv4(lease, gateway)} }, "", "no such device"},
		{"mwan3's tables do not count", "", func(h *house) []error {
			rt := netwatchtest.Default4("eth0", gateway, none, 0)
			rt.Table = 1
			return []error{h.router.AddAddr("eth0", lease, none, forever, forever), h.router.SetRoute(rt)}
		}, "", "no IPv4 default route"},
		{"DHCPv6's address before one with a longer life", `publish = ["ipv6"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(wan6, netip.Prefix{}, netip.Prefix{}), h.router.AddAddr("eth0", pfx("2001:db8:64::99/64"), none, 7200, 7200)}
		}, "&ip6=2001:db8:64::7", ""},
		{"the longest preferred life", `publish = ["ipv6"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("2001:db8:64::1/64"), netip.Prefix{}, netip.Prefix{}), h.router.AddAddr("eth0", pfx("2001:db8:64::99/64"), none, 7200, 7200)}
		}, "&ip6=2001:db8:64::99", ""},
		{"of equals the lowest", `publish = ["ipv6"]`, func(h *house) []error {
			return []error{h.router.AddAddr("eth0", pfx("2001:db8:64::99/64"), none, forever, forever), h.router.AddAddr("eth0", pfx("2001:db8:64::2/64"), none, forever, forever),
				h.router.SetRoute(netwatchtest.Default6("eth0", addr("fe80::1"), netip.Prefix{}, 512))}
		}, "&ip6=2001:db8:64::2", ""},
		{"a deprecated address is none", `publish = ["ipv6"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(wan6, netip.Prefix{}, netip.Prefix{}), h.router.AddAddr("eth0", wan6, none, 0, 7200)}
		}, "", "deprecated"},
		{"a ULA is no address for the world", `publish = ["ipv6"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("fd00::7/128"), netip.Prefix{}, netip.Prefix{})}
		}, "", "ULA"},
		{"the ULA's prefix is no delegation", `publish = ["prefix"]`, func(h *house) []error {
			return []error{h.router.Delegate(pfx("fd12:3456:789a::/48")), h.router.LANAddr(pfx("fd12:3456:789a::1/60"), forever, forever)}
		}, "", "delegates no prefix"},
		{"the WAN's own link is no delegation", `publish = ["prefix"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("2001:db8:64::7/64"), netip.Prefix{}, netip.Prefix{}), h.router.Delegate(pfx("2001:db8:64::/64"))}
		}, "", "delegates no prefix"},
		{"unless it is extended to the LAN", `publish = ["prefix"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("2001:db8:64::7/64"), netip.Prefix{}, netip.Prefix{}), h.router.Delegate(pfx("2001:db8:64::/64")),
				h.router.LANAddr(pfx("2001:db8:64::1/64"), 1800, 3600)}
		}, "&ipv6prefix=2001:db8:64::/64&onlyprefix=1", ""},
		{"a delegation without an address on the LAN", `publish = ["prefix"]`, func(h *house) []error { return []error{h.router.Delegate(delegated)} }, "", "ip6assign"},
		{"a LAN address that is deprecated", `publish = ["prefix"]`, func(h *house) []error {
			h.online()
			return []error{h.router.Deprecate(lanAddr)}
		}, "", "deprecated"},
		{"a device with a default route is never the LAN", `publish = ["prefix"]`, func(h *house) []error {
			h.online()
			return []error{h.defaultByLAN(netwatchtest.Default6("br-lan", addr("fe80::2"), netip.Prefix{}, 512))}
		}, "", "no LAN device"},
		{"but br-lan with a worse one than another's is", `publish = ["prefix"]`, func(h *house) []error {
			h.lineUp()
			return []error{h.defaultByLAN(netwatchtest.Default6("br-lan", addr("fe80::2"), netip.Prefix{}, 4096))}
		}, "&ipv6prefix=" + prefix1 + "&onlyprefix=1", ""},
		{"hosts in the WAN's /64, nothing delegated", `publish = ["prefix"]`, func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("2001:db8:64::7/64"), netip.Prefix{}, netip.Prefix{})}
		}, "", `set lan = "eth0"`},
		{"and the WAN named as the LAN", "publish = [\"prefix\"]\nlan = \"eth0\"", func(h *house) []error {
			return []error{h.router.SetIPv6(pfx("2001:db8:64::7/64"), netip.Prefix{}, netip.Prefix{})}
		}, "&ipv6prefix=2001:db8:64::/64&onlyprefix=1", ""},
		{"no br-lan: two devices, and neither is known as the LAN", `publish = ["prefix"]`, func(h *house) []error {
			return []error{h.router.Delegate(delegated), h.router.Rename("br-lan", "home"), h.router.AddAddr("home", pfx("2001:db8:1200::1/60"), none, 7200, 7200),
				h.router.AddAddr("eth1", pfx("2001:db8:1200:10::1/60"), none, 7200, 7200)}
		}, "&ipv6prefix=2001:db8:1200::/64&onlyprefix=1", ""},
		{"of two LANs br-lan", `publish = ["prefix"]`, func(h *house) []error {
			h.online()
			return []error{h.router.AddAddr("eth1", pfx("2001:db8:1200:10::1/60"), none, 7200, 7200)}
		}, "&ipv6prefix=" + prefix1 + "&onlyprefix=1", ""},
		{"a LAN that is named", "publish = [\"prefix\"]\nlan = \"eth1\"", func(h *house) []error {
			h.online()
			return []error{h.router.AddAddr("eth1", pfx("2001:db8:1200:10::1/60"), none, 7200, 7200)}
		}, "&ipv6prefix=2001:db8:1200:10::/64&onlyprefix=1", ""},
		{"a host behind the router", `host = "::1234:56ff:fe78:9abc"`, func(h *house) []error {
			h.online()
			return nil
		}, "&ip=203.0.113.7&ip6=2001:db8:1200:0:1234:56ff:fe78:9abc", ""},
		{"a host by its MAC address", `host = "10:34:56:78:9a:bc"`, func(h *house) []error {
			h.online()
			return nil
		}, "&ip=203.0.113.7&ip6=2001:db8:1200:0:1234:56ff:fe78:9abc", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			if tt.conf != "" {
				h.more = append(h.more, strings.Split(tt.conf, "\n")...)
			}
			for _, err := range tt.line(h) {
				h.must(err)
			}
			want := "nothing is due\n"
			if tt.want != "" {
				want = "GET " + h.url + "/nic/update?" + full(tt.want) + "\n  Authorization: Bearer ***\n"
			}
			if out, errs, code := h.homeward("once", "--dry-run", "-c", h.configure()); out != want || code != 0 {
				t.Errorf("once --dry-run: exit %d\n%s%swant\n%s", code, out, errs, want)
			} else if tt.want == "" && tt.note != "" && (!strings.HasPrefix(errs, "home: waiting; ") || !strings.Contains(errs, tt.note)) {
				t.Errorf("once --dry-run does not say why: %s, want %s", errs, tt.note)
			}
			if tt.note == "" {
				return
			}
			out, errs, code := h.homeward("once", "-c", h.path("homeward.toml"))
			if code != 0 || !strings.Contains(out, tt.note) {
				t.Errorf("once: exit %d, %s%s; want a note with %q", code, out, errs, tt.note)
			}
			h.sent()
		})
	}
}

// defaultByLAN sets a default route by br-lan and waits until it is a live one:
// the bridge has its carrier up to a second after it was made.
func (h *house) defaultByLAN(rt netwatchtest.Route) error {
	h.t.Helper()
	if err := h.router.SetRoute(rt); err != nil {
		return err
	}
	h.await(func() string {
		t, err := netwatch.Read()
		if err != nil || !slices.ContainsFunc(t.Defaults, func(r netwatch.Route) bool { return r.Dev == rt.Dev }) {
			return fmt.Sprintf("no default route by %s: %v", rt.Dev, err)
		}
		return ""
	})
	return nil
}
