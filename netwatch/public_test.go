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
