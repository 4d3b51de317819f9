package netwatch

import (
	"net/netip"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"203.0.113.7": true, "8.8.8.8": true, "172.32.0.1": true,
		"192.168.1.2": false, "10.0.0.1": false, "172.31.255.255": false, "100.64.0.1": false, "169.254.1.1": false,
		"127.0.0.1": false, "192.0.0.2": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
		"198.17.255.255": true, "198.18.0.0": false, "198.19.255.255": false, "198.20.0.0": true,
		"192.31.196.1": false, "192.52.193.1": false, "192.88.99.1": false, "192.175.48.1": false,
		"192.0.2.1": true, "198.51.100.1": true, "3fff::1": true, // documentation
		"200::1": false, "300::1": false, "64:ff9b::1": false, "100::1": false, "1fff::1": false, "4000::1": false, "5f00::1": false,
		"2001::1": false, "2001:1ff::1": false, "2001:200::1": true, "2002::1": false, "2003::1": true, "2620:4f:8000::1": false,
		"2001:db8::7": true, "2a02:8071::1": true,
		"fd00::1": false, "fe80::1": false, "::1": false, "::": false, "ff02::1": false, "::ffff:203.0.113.7": false,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) = %v", addr, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}
