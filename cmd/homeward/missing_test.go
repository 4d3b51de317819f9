package main

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/service"
)

// TestAChoiceOfLANsIsSaid to whoever looks at the line, and to an account where
// the name br-lan does not decide.
func TestAChoiceOfLANsIsSaid(t *testing.T) {
	two := func(dev string) netwatch.Tables {
		lan := func(dev, a string) netwatch.Addr {
			return netwatch.Addr{Dev: dev, Addr: netip.MustParseAddr(a), Bits: 64, Global: true, Preferred: netwatch.Forever}
		}
		return netwatch.Tables{
			Addrs:       []netwatch.Addr{lan("br-guest", "2001:db8:1200:10::1"), lan(dev, "2001:db8:1200::1")},
			Unreachable: []netip.Prefix{netip.MustParsePrefix("2001:db8:1200::/56")},
		}
	}
	var a settings.Account
	a.Name, a.Publish.Prefix = "a", true
	for dev, account := range map[string]string{"br-lan": "", "home": "home counts as the LAN, and br-guest could: if your hosts are there, set lan to that device"} {
		v := daemon.NewViews(&settings.Config{Accounts: []settings.Account{a}}, func(*service.Account) service.Values { return service.Values{} }, nil)
		s := v.Line(two(dev))
		note := dev + " counts as the LAN, and br-guest could: if your hosts are there, set lan to that device"
		if got := v.Observe(two(dev)).Wants["a"].Note; got != account {
			t.Errorf("%s: the account's note is %q, want %q", dev, got, account)
		}
		if got := daemon.LineWords(s, true); !strings.HasSuffix(got, "prefix 2001:db8:1200::/64 ("+dev+"); "+note) {
			t.Errorf("%s: the line is %q", dev, got)
		}
		if got := statusTable(status{Line: s}, time.UTC); !strings.Contains(got, "  note       "+note+"\n") {
			t.Errorf("%s: status is\n%s", dev, got)
		}
		if got := daemon.LineWords(s, false); strings.Contains(got, "counts as") {
			t.Errorf("%s: the log says %q", dev, got)
		}
	}
}

// TestProgramsAreToldWhatIsMissing by status and by watch.
func TestProgramsAreToldWhatIsMissing(t *testing.T) {
	s := netwatch.View(netwatch.Tables{
		Addrs:    []netwatch.Addr{{Dev: "wwan0", Addr: netip.MustParseAddr("100.64.3.4"), Bits: 24, Global: true, Preferred: netwatch.Forever}, {Dev: "wwan0", Addr: netip.MustParseAddr("2001:db8::7"), Bits: 128, Global: true, Preferred: 1800}},
		Defaults: []netwatch.Route{{Dev: "wwan0"}, {Dev: "wwan0", IPv6: true}},
	}, netwatch.Devices{}, netwatch.State{})
	var watched strings.Builder
	if err := showLine(&watched, time.Unix(0, 0), s, true); err != nil {
		t.Fatal(err)
	}
	var shown struct{ Line json.RawMessage }
	if err := json.Unmarshal(status{Line: s}.JSON(), &shown); err != nil {
		t.Fatal(err)
	}
	for by, text := range map[string]string{"status": string(shown.Line), "watch": watched.String()} {
		var line struct {
			IPv6    netip.Addr
			WAN     string
			Missing map[string]struct{ Reason, Text string }
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("%s: %v", by, err)
		}
		v4, pre := line.Missing["ipv4"], line.Missing["prefix"]
		if line.IPv6 != s.IPv6 || line.WAN != "wwan0" || len(line.Missing) != 2 ||
			v4.Reason != "carrier-nat" || v4.Text != s.NoIPv4.Text() || pre.Reason != "not-delegated" || pre.Text != s.NoPrefix.Text() {
			t.Errorf("%s tells %s", by, text)
		}
	}
	var back status
	if err := json.Unmarshal(status{Line: s}.JSON(), &back); err != nil || back.Line.IPv6 != s.IPv6 {
		t.Errorf("read again: %+v, %v", back.Line, err)
	}
}
