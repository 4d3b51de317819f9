package daemon

import (
	"net/netip"
	"testing"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
)

// none is what services hold of accounts that are new.
func none(*service.Account) service.Values { return service.Values{} }

// TestNewsIsWhatAnybodyWouldSee goes by what a worker leaves to the watcher.
func TestNewsIsWhatAnybodyWouldSee(t *testing.T) {
	line := func(v4 string, preferred uint32) (out netwatch.Tables) {
		out.Addrs = []netwatch.Addr{
			{Dev: "wan", Addr: netip.MustParseAddr(v4), Bits: 24, Global: true, Preferred: netwatch.Forever},
			{Dev: "wan", Addr: netip.MustParseAddr("2a02:8071:1:5::77"), Bits: 64, Global: true, Preferred: preferred},
		}
		out.Defaults = []netwatch.Route{{Dev: "wan"}, {Dev: "wan", IPv6: true}}
		return out
	}
	a := settings.Account{Devices: netwatch.Devices{WAN: "wan", WAN6: "wan"}}
	a.Name, a.Publish.IPv4 = "a", true
	for _, tt := range []struct {
		name          string
		before, after netwatch.Tables
		want          bool
	}{
		{"the same", line("203.0.113.7", 1800), line("203.0.113.7", 1800), false},
		{"a renewal", line("203.0.113.7", 1800), line("203.0.113.7", 900), false},
		{"another address", line("203.0.113.7", 1800), line("203.0.113.8", 1800), true},
		{"one that is deprecated", line("203.0.113.7", 1800), line("203.0.113.7", 0), true},
		{"another reason", line("192.168.1.7", 1800), line("100.64.1.7", 1800), true},
		{"none", line("203.0.113.7", 1800), netwatch.Tables{}, true},
	} {
		v := NewViews(&settings.Config{Accounts: []settings.Account{a}}, none, nil)
		unseen := &watcher{head: passed(t, head{watched: v.watched()})}
		if !unseen.hasNews(tt.before) {
			t.Errorf("%s: what was never seen is no news", tt.name)
		}
		v.Line(tt.before)
		v.Observe(tt.before)
		w := &watcher{head: passed(t, head{watched: v.watched()})}
		if got := w.hasNews(tt.after); got != tt.want {
			t.Errorf("%s is news: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// passed is a head after it went through a slot.
func passed(t *testing.T, h head) (out head) {
	t.Helper()
	s, err := newSlots()
	if err != nil {
		t.Fatal(err)
	}
	defer s[0].Close()
	defer s[1].Close()
	if err := s.write(1, h, []byte("the rest")); err != nil {
		t.Fatal(err)
	}
	if err := s.head(1, &out); err != nil {
		t.Fatal(err)
	}
	if rest, err := s.rest(1); err != nil || string(rest) != "the rest" {
		t.Fatalf("the rest is %q, %v", rest, err)
	}
	return out
}

// What a worker publishes stays while it can, in the next worker, too.
func TestWhatWasPublishedStaysInTheNextWorker(t *testing.T) {
	addrs := func(all ...string) (out netwatch.Tables) {
		for _, a := range all {
			out.Addrs = append(out.Addrs, netwatch.Addr{Dev: "wan", Addr: netip.MustParseAddr(a), Bits: 64, Global: true, Preferred: netwatch.Forever})
		}
		out.Defaults = []netwatch.Route{{Dev: "wan"}}
		return out
	}
	a := settings.Account{Devices: netwatch.Devices{WAN6: "wan"}}
	a.Name, a.Publish.IPv6 = "a", true
	cfg := &settings.Config{Accounts: []settings.Account{a}, Line: netwatch.Devices{WAN6: "wan"}}
	higher, lower := "2a02:8071:1:5::77", "2a02:8071:1:5::66"
	before := NewViews(cfg, none, nil)
	before.Line(addrs(higher))
	before.Observe(addrs(higher))
	after := NewViews(cfg, none, nil)
	after.restore(before.published(), nil)
	if got := after.Observe(addrs(lower, higher)).Wants["a"].IPv6.String(); got != higher {
		t.Errorf("the account publishes %s, want %s", got, higher)
	}
	if got := after.Line(addrs(lower, higher)).IPv6.String(); got != higher {
		t.Errorf("status shows %s, want %s", got, higher)
	}
}

// Nor does it change with SIGHUP that adds a domain, or with the first worker of a later
// version.
func TestWhatWasPublishedStaysForOtherDomains(t *testing.T) {
	addr := func(s string) netwatch.Addr {
		return netwatch.Addr{Dev: "wan", Addr: netip.MustParseAddr(s), Bits: 64, Global: true, Preferred: netwatch.Forever}
	}
	const higher, lower = "2a02:8071:1:5::77", "2a02:8071:1:5::66"
	tables := netwatch.Tables{Addrs: []netwatch.Addr{addr(lower), addr(higher)}, Defaults: []netwatch.Route{{Dev: "wan", IPv6: true}}}
	now := func() clock.Now { return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Hour} }
	config := func(domains ...string) *settings.Config {
		a := settings.Account{Devices: netwatch.Devices{WAN6: "wan"}, Enabled: true}
		a.Account = service.Account{Name: "a", Service: "ipv64", Server: "https://ipv64.net", Domains: domains, Publish: service.Publish{IPv6: true}, Secret: secret.New("made-up")}
		return &settings.Config{Accounts: []settings.Account{a}}
	}
	one, two := config("home.ipv64.net"), config("home.ipv64.net", "srv.ipv64.net")
	a := &one.Accounts[0].Account
	one.StateDir = t.TempDir()
	store := state.Open(one.StateDir, "", func(string) {})
	store.Update(now(), func(b *state.Data) { // as an earlier version has left it
		b.SyncConfig(a)
		m := b.Accounts["a"]
		m.Hosts = map[string]state.Host{"": {Values: service.Values{IPv6: netip.MustParseAddr(higher)}, Timestamp: now().Timestamp()}}
		m.Target = b.Fingerprint(a.Service, a.Server, a.Domains, a.Record, a.Template.Key())
		b.Accounts["a"] = m
	})
	parts := loop.Parts{Now: now, Log: func(log.Level, string) {}}
	if _, sent, _ := Preview(one, tables, parts, func(string) bool { return true }, false); len(sent) != 0 {
		t.Errorf("%d requests are due", len(sent))
	}
	u := newUpdater(t.Context(), one, store, parts, nil)
	for range 2 {
		if got := u.views.Observe(tables).Wants["a"].IPv6.String(); got != higher {
			t.Errorf("%s: %s is published, want %s", u.cfg.Accounts[0].Domains, got, higher)
		}
		u.configure(two)
	}
}

// An account that waits for a value has the reason of the first one that is
// missing of what it publishes.
func TestWhatAWaitingAccountMisses(t *testing.T) {
	s := netwatch.State{
		NoIPv4:   netwatch.Missing{Of: netwatch.ValueIPv4, Reason: netwatch.ReasonCarrierNAT},
		NoIPv6:   netwatch.Missing{Of: netwatch.ValueIPv6, Reason: netwatch.ReasonULA},
		NoPrefix: netwatch.Missing{Of: netwatch.ValuePrefix, Reason: netwatch.ReasonNotDelegated},
	}
	for _, tt := range []struct {
		publish service.Publish
		host    string
		want    string
	}{
		{service.Publish{IPv4: true, Prefix: true}, "", "carrier-nat"},
		{service.Publish{IPv6: true}, "", "ula"},
		{service.Publish{IPv6: true}, "::1", "not-delegated"},
		{service.Publish{Prefix: true}, "", "not-delegated"},
	} {
		a := settings.Account{Account: service.Account{Publish: tt.publish}}
		a.Host, _ = netip.ParseAddr(tt.host)
		if got := desired(a, s, notes{}).Missing; got != tt.want {
			t.Errorf("%+v %s: %q, want %q", tt.publish, tt.host, got, tt.want)
		}
	}
	s.IPv4, s.NoIPv4 = netip.MustParseAddr("203.0.113.7"), netwatch.Missing{}
	if got := desired(settings.Account{Account: service.Account{Publish: service.Publish{IPv4: true}}}, s, notes{}).Missing; got != "" {
		t.Errorf("nothing is missing: %q", got)
	}
}
