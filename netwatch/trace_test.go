package netwatch

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// row is one line of a recording, see testdata/traces/README.md.
type row struct {
	Before    bool
	T         float64
	Ev, Op    string
	Dev       string
	Flags     []string
	Addr      netip.Prefix
	Scope     string
	Valid     int64
	Preferred int64
	Type      string
	Dst, From string
	Via       netip.Addr
	Table     string
	Proto     string
	Metric    uint32
	Src       netip.Addr
}

func (r row) has(flag string) bool { return slices.Contains(r.Flags, flag) }

// dst is the destination of a route row; of "default" the family is that of
// its gateway or source.
func (r row) dst() netip.Prefix {
	if r.Dst != "default" {
		return prefixOrHost(r.Dst)
	}
	if r.Via.Is6() || r.From != "" {
		return netip.MustParsePrefix("::/0")
	}
	return netip.MustParsePrefix("0.0.0.0/0")
}

func (r row) from() netip.Prefix {
	if r.From == "" {
		return netip.Prefix{}
	}
	return prefixOrHost(r.From)
}

func prefixOrHost(s string) netip.Prefix {
	if strings.Contains(s, "/") {
		return netip.MustParsePrefix(s)
	}
	a := netip.MustParseAddr(s)
	return netip.PrefixFrom(a, a.BitLen())
}

func readTrace(t *testing.T, name string) []row {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "traces", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range bytes.Lines(b) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v in %s", name, err, line)
		}
		rows = append(rows, r)
	}
	return rows
}

// settled is a row of the README's table. at -1 is "before". stays: no change
// of what is published until the recording ends.
type settled struct {
	at                 float64
	ipv4, ipv6, prefix string
	stays              bool
}

var traces = []struct {
	name    string
	settled []settled
}{
	{"01-boot", []settled{{2.756, "85.10.20.77", "", "", false}, {7.212, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:1111:ab00::/64", true}}},
	{"02-renewal-nothing-changed", []settled{{-1, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:1111:ab00::/64", true}}},
	{"03-prefix-renumbered-by-renewal", []settled{{-1, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:1111:ab00::/64", false}, {0, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:2222:cd00::/64", true}}},
	{"04-prefix-renumbered-by-link-flap", []settled{{0.316, "", "", "", false}, {2.181, "85.10.20.77", "", "", false}, {4.057, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:3333:ef00::/64", true}}},
	{"05-wan6-down-and-up", []settled{{-1, "85.10.20.77", "2a02:8071:1:5::77", "", false}, {4.179, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:4444:100::/64", true}}},
	{"06-ipv4-renumbered", []settled{{3.081, "93.180.44.12", "2a02:8071:1:5::77", "2a02:8071:4444:100::/64", true}}},
	{"07-prefix-deprecated-by-the-server", []settled{{5.160, "85.10.20.88", "2a02:8071:1:9:0:ff:fe00:101", "", true}}},
	{"08-dhcpv6-server-dead-until-expiry", []settled{{0, "85.10.20.88", "2a02:8071:1:9::77", "2a02:8071:6666:660::/64", false},
		{4.675, "85.10.20.88", "2a02:8071:1:9:0:ff:fe00:101", "2a02:8071:6666:660::/64", false},
		{5.699, "85.10.20.88", "2a02:8071:1:9:0:ff:fe00:101", "", false},
		{25.159, "85.10.20.88", "", "", false}, {41.045, "85.10.20.88", "2a02:8071:1:9:0:ff:fe00:101", "", true}}},
	{"09-network-restart", []settled{{0.060, "", "", "", false}, {1.198, "85.10.20.88", "", "", false}, {5.116, "85.10.20.88", "2a02:8071:1:9::77", "2a02:8071:6666:660::/64", true}}},
	{"10-prefix-renumbered-by-link-flap-25.12", []settled{{2.216, "85.10.20.77", "2a02:8071:1:5:0:ff:fe00:101", "", false}, {13.588, "85.10.20.77", "2a02:8071:1:5::77", "2a02:8071:3333:ef00::/64", true}}},
}

// due tells whether r comes before the settled state: the table's times are
// rounded to a millisecond.
func (s settled) due(r row) bool { return r.Before || s.at >= 0 && r.T < s.at+0.001 }

// check compares what is published with the table.
func (s settled) check(got State) bool {
	or := func(valid bool, s interface{ String() string }) string {
		if !valid {
			return ""
		}
		return s.String()
	}
	four, six, pre := or(got.IPv4.IsValid(), got.IPv4), or(got.IPv6.IsValid(), got.IPv6), or(got.Prefix.IsValid(), got.Prefix)
	if four != s.ipv4 || six != s.ipv6 || pre != s.prefix {
		return false
	}
	return (four == "" || got.WAN == "eth0") && (six == "" || got.WAN6 == "eth0") && (pre == "" || got.LAN == "br-lan")
}

// model is the kernel's tables, as the rows change them.
type model struct {
	addrs  []row
	routes []row
	down   map[string]bool
}

func (m *model) apply(r row) {
	switch r.Ev {
	case "link":
		m.down[r.Dev] = r.Op == "del" || !r.has("UP")
		return
	case "addr":
		m.addrs = put(m.addrs, r, func(x row) bool { return x.Dev == r.Dev && x.Addr == r.Addr })
	case "route":
		m.routes = put(m.routes, r, func(x row) bool {
			return x.Dst == r.Dst && x.dst() == r.dst() && x.From == r.From && x.Table == r.Table && x.Metric == r.Metric && x.Type == r.Type && x.Dev == r.Dev
		})
	}
}

// put replaces, adds or deletes r.
func put(rows []row, r row, same func(row) bool) []row {
	i := slices.IndexFunc(rows, same)
	switch {
	case r.Op == "del" && i >= 0:
		return slices.Delete(rows, i, i+1)
	case r.Op == "del":
		return rows
	case i >= 0:
		rows[i] = r
		return rows
	}
	return append(rows, r)
}

func (m *model) tables() (t Tables) {
	for _, r := range m.addrs {
		if m.down[r.Dev] {
			continue
		}
		a := Addr{Dev: r.Dev, Addr: r.Addr.Addr(), Bits: r.Addr.Bits(), Global: r.Scope == "global", Preferred: Forever}
		if r.Preferred >= 0 {
			a.Preferred = uint32(r.Preferred)
		}
		for name, f := range map[string]AddrFlags{"temporary": Temporary, "deprecated": Deprecated, "dadfailed": Failed, "tentative": Tentative} {
			if r.has(name) {
				a.Flags |= f
			}
		}
		t.Addrs = append(t.Addrs, a)
	}
	for _, r := range m.routes {
		switch {
		case r.Table != "main" || m.down[r.Dev]: // the kernel takes them without a word
		case r.Type == "unreachable":
			t.Unreachable = append(t.Unreachable, r.dst())
		case r.Type == "unicast" && r.Dst == "default":
			t.Defaults = append(t.Defaults, Route{Dev: r.Dev, IPv6: r.dst().Addr().Is6(), Metric: r.Metric, Src: r.Src, From: r.from()})
		}
	}
	return t
}

// follow is what a caller does: what was published stays until there is
// another.
func follow(last, s State) State {
	if s.IPv6.IsValid() {
		last.IPv6 = s.IPv6
	}
	if s.Prefix.IsValid() {
		last.Prefix = s.Prefix
	}
	return last
}

func TestRecordedLinesThroughTheCode(t *testing.T) {
	for _, tr := range traces {
		t.Run(tr.name, func(t *testing.T) {
			m := model{down: map[string]bool{}}
			var last, now State
			rows := readTrace(t, tr.name)
			for _, s := range tr.settled {
				for len(rows) > 0 && s.due(rows[0]) {
					m.apply(rows[0])
					if now = View(m.tables(), Devices{}, last); !rows[0].Before {
						last = follow(last, now)
					}
					rows = rows[1:]
				}
				now = View(m.tables(), Devices{}, last)
				last = follow(last, now)
				if !s.check(now) {
					t.Fatalf("at %v: %+v, want %+v", s.at, now, s)
				}
				for len(rows) > 0 && s.stays {
					m.apply(rows[0])
					if now = View(m.tables(), Devices{}, last); !s.check(now) {
						t.Fatalf("at %v: %+v, want no change after %+v", rows[0].T, now, s)
					}
					rows = rows[1:]
				}
			}
			if len(rows) > 0 {
				t.Errorf("%d rows are not replayed", len(rows))
			}
		})
	}
}

// A router's lo goes down at `network restart`, and takes every null route.
func TestLoopbackDownTakesTheNullRoutes(t *testing.T) {
	m := model{down: map[string]bool{}}
	seen := false
	for _, r := range readTrace(t, "09-network-restart") {
		had := len(m.tables().Unreachable)
		m.apply(r)
		if r.Ev == "link" && r.Dev == "lo" && !r.has("UP") {
			seen = true
			if had == 0 || len(m.tables().Unreachable) != 0 || View(m.tables(), Devices{}, State{}).Prefix.IsValid() {
				t.Errorf("null routes: %d before, %v with lo down", had, m.tables().Unreachable)
			}
		}
	}
	if !seen {
		t.Error("lo never goes down")
	}
}
