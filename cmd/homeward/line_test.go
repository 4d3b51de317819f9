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

// With prefix = "auto" the service takes the prefix of the address that requests
// come from: that is what is watched, whatever the LAN has.
func TestPrefixAutoIsTheWANs(t *testing.T) {
	line := netwatch.State{IPv6: netip.MustParseAddr("2a02:8071:1:5::77"), Prefix: netip.MustParsePrefix("2a02:8071:2:1::/64"), NoPrefix: ""}
	a := Account{}
	a.Publish, a.PrefixAuto = update.Publish{Prefix: true}, true
	if got := want(a, line); got.Prefix.String() != "2a02:8071:1:5::/64" || got.Note != "" {
		t.Errorf("want = %+v", got)
	}
	gone := netwatch.State{NoIPv6: "no default route for IPv6", NoPrefix: "nothing is delegated"}
	if got := want(a, gone); got.Prefix.IsValid() || got.Note != gone.NoIPv6 {
		t.Errorf("without IPv6: %+v", got)
	}
	a.Host, a.Publish.IPv6 = netip.MustParseAddr("::1"), true
	if got := want(a, line); got.IPv6.String() != "2a02:8071:2:1::1" {
		t.Errorf("a host is in %s, want the LAN's prefix", got.IPv6)
	}
	src := "[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\nprefix = \"auto\"\npublish = [\"ipv4\"]\n"
	if _, warnings, faults := parse("x.toml", []byte(src), 0o600, noFiles); len(faults) > 0 ||
		warnings.Error() != `x.toml:5: account.a.prefix: has no effect without "prefix" in publish: write it there, or take prefix out` {
		t.Errorf("without the prefix in publish: %v, %v", warnings, faults)
	}
}
