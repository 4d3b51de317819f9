package main

import (
	"net/netip"
	"testing"

	"homeward/netwatch"
	"homeward/update"
)

// TestAGlimpseLeavesNoMark is of an address that shows up for a moment beside
// the one that is published: what is published stays while it can.
func TestAGlimpseLeavesNoMark(t *testing.T) {
	addrs := func(all ...string) (out netwatch.Tables) {
		for _, a := range all {
			out.Addrs = append(out.Addrs, netwatch.Addr{Dev: "wan", Addr: netip.MustParseAddr(a), Bits: 64, Global: true, Preferred: netwatch.Forever})
		}
		out.Defaults = []netwatch.Route{{Dev: "wan"}}
		return out
	}
	a := Account{Devices: netwatch.Devices{WAN6: "wan"}}
	a.Name, a.Publish.IPv6 = "a", true
	v := newViews(&Config{Accounts: []Account{a}}, func(*update.Account) update.Values { return update.Values{} }, nil)
	first, other := "2a02:8071:1:5::77", "2a02:8071:1:5::66"
	if got := v.sight(addrs(first)).Wants["a"].IPv6.String(); got != first {
		t.Fatalf("shows %s", got)
	}
	if got := v.glimpse(addrs(other)).Wants["a"].IPv6.String(); got != other {
		t.Errorf("a glimpse shows %s", got)
	}
	if got := v.sight(addrs(other, first)).Wants["a"].IPv6.String(); got != first {
		t.Errorf("after a glimpse it shows %s, want %s", got, first)
	}
}
