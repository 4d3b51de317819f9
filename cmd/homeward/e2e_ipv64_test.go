package main

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeward/cmd/homeward/daemon"
	"homeward/netwatch/netwatchtest"
	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// A host behind the router: the LAN's prefix and the id that the host's MAC
// address makes. When the prefix changes the host's address does.
func TestIPv64OfAHostBehindTheRouter(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewIPv64("t0ken", "nas.ipv64.net")
	h.serve(other+":443", s, updatetest.Options{})
	h.lineUp()
	d := h.run(`
[account.nas]
service = "ipv64"
server = "https://198.51.100.5"
domains = ["nas.ipv64.net"]
token = "t0ken"
host = "12:34:56:78:9a:bc"
`)
	first := netip.MustParseAddr("2001:db8:1200::1034:56ff:fe78:9abc")
	h.becomes("nas", update.StateCurrent, service.Values{IPv4: lease.Addr(), IPv6: first})
	if got := s.Record("nas.ipv64.net", ""); got.A != lease.Addr() || got.AAAA != first {
		t.Errorf("the record is %+v", got)
	}
	h.renumber()
	next := netip.MustParseAddr("2001:db8:3400::1034:56ff:fe78:9abc")
	h.becomes("nas", update.StateCurrent, service.Values{IPv4: lease.Addr(), IPv6: next})
	if got := s.Requests(); len(got) != 2 || got[1].Query.Encode() != "domain=nas.ipv64.net&ip=203.0.113.7&ip6=2001%3Adb8%3A3400%3A0%3A1034%3A56ff%3Afe78%3A9abc" {
		t.Errorf("requests %+v", got)
	}
	d.noSecret("t0ken")
}

// webRequests tells questions from updates.
func webRequests(s *updatetest.IPv64) (asked, updates []updatetest.Request) {
	for _, r := range s.Requests() {
		if r.Query.Has("howismyip") {
			asked = append(asked, r)
		} else {
			updates = append(updates, r)
		}
	}
	return asked, updates
}

// Behind another router: the service is asked, without a secret, and what it
// answers is published; a private answer is none; the prefix is the line's.
func TestIPv64BehindAnotherRouter(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewIPv64("t0ken", "home.ipv64.net")
	h.serve(other+":443", s, updatetest.Options{})
	s.Next(updatetest.Answer{Body: `{"ip":"203.0.113.7"}`})
	h.must(h.router.SetIPv4(netip.MustParsePrefix("192.168.178.20/24"), netip.MustParseAddr("192.168.178.1")))
	d := h.run(`
[account.home]
service = "ipv64"
server = "https://198.51.100.5"
domains = ["home.ipv64.net"]
token = "t0ken"
detect = "web"
`)
	public := netip.MustParseAddr("203.0.113.7")
	h.becomes("home", update.StateCurrent, service.Values{IPv4: public})
	asked, updates := webRequests(s)
	if len(asked) != 1 || asked[0].Key != "" || len(asked[0].Query) != 1 || len(updates) != 1 || updates[0].Query.Get("ip") != "203.0.113.7" {
		t.Fatalf("asked %+v, then %+v", asked, updates)
	}
	// The line brings a prefix: that is an event, the service is asked again,
	// 10 s after the first time, and sees the router's own address.
	h.must(h.router.Delegate(delegated))
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
	h.becomes("home", update.StateCurrent, service.Values{IPv4: public, Prefix: netip.MustParsePrefix(prefix1)})
	h.await(func() string {
		if asked, _ = webRequests(s); len(asked) != 2 {
			return fmt.Sprintf("asked %d times, want 2", len(asked))
		}
		return ""
	})
	if gap := asked[1].At.Sub(asked[0].At); gap < 10*time.Second {
		t.Errorf("asked again after %v", gap)
	}
	d.becomesIdle() // what the service has answered is known to the next worker
	h.status("noting a private answer", func(s status) bool {
		return strings.Contains(s.Accounts["home"].Note, "198.51.100.5 sees us at 192.168.178.20, which nobody can reach")
	})
	h.becomes("home", update.StateCurrent, service.Values{IPv4: public, Prefix: netip.MustParsePrefix(prefix1)})
	if _, updates = webRequests(s); len(updates) != 2 {
		t.Errorf("updates %+v, want the prefix alone after the first", updates[1:])
	}
	if got := h.state(update.StateCurrent).Used; got != 2 {
		t.Errorf("%d requests counted, want the two updates alone", got)
	}
}

// Two lines: each account's requests leave by its own, whatever the default
// route says, and each sees its own line's address; a question leaves by it,
// too.
func TestTwoLines(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	one, two, web := updatetest.NewIPv64("t0ken", "one.ipv64.net"), updatetest.NewIPv64("t0ken", "two.ipv64.net"), updatetest.NewIPv64("t0ken", "web.ipv64.net")
	second := netip.MustParsePrefix("85.10.30.77/24")
	h.must(h.router.AddWAN("eth2", "isp2"))
	h.must(h.router.ISP.AddAddr("isp2", netip.MustParsePrefix("85.10.30.1/24")))
	h.must(h.router.AddAddr("eth2", second, netip.Addr{}, ^uint32(0), ^uint32(0)))
	h.must(h.router.SetRoute(netwatchtest.Default4("eth2", netip.MustParseAddr("85.10.30.1"), second.Addr(), 20)))
	h.lineUp()
	accounts := ""
	for _, a := range []struct {
		name, keys string
		s          *updatetest.IPv64
		at         string
	}{
		{"one", "", one, "198.51.100.1"},
		{"two", "wan = \"eth2\"\n", two, "198.51.100.2"},
		{"web", "wan = \"eth2\"\ndetect = \"web\"\n", web, "198.51.100.3"},
	} {
		h.serve(a.at+":443", a.s, updatetest.Options{})
		accounts += "[account." + a.name + "]\nservice = \"ipv64\"\nserver = \"https://" + a.at +
			"\"\ndomains = [\"" + a.name + ".ipv64.net\"]\ntoken = \"t0ken\"\npublish = [\"ipv4\"]\n" + a.keys
	}
	h.run(accounts)
	for _, tt := range []struct {
		name string
		s    *updatetest.IPv64
		want netip.Addr
	}{{"one", one, lease.Addr()}, {"two", two, second.Addr()}, {"web", web, second.Addr()}} {
		h.becomes(tt.name, update.StateCurrent, service.Values{IPv4: tt.want})
		for _, r := range tt.s.Requests() {
			if r.From.Addr() != tt.want {
				t.Errorf("%s: %v arrived from %v, want %v", tt.name, r.Query, r.From, tt.want)
			}
		}
	}
}

// Over IPv6, too, the service tells which address it sees.
func TestIPv6AsTheServiceSeesIt(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewIPv64("t0ken", "home.ipv64.net")
	h.serve("[2001:db8:ff::5]:443", s, updatetest.Options{})
	h.must(h.router.SetIPv6(wan6, netip.Prefix{}, netip.Prefix{}))
	h.run(`
[account.home]
service = "ipv64"
server = "https://[2001:db8:ff::5]"
domains = ["home.ipv64.net"]
token = "t0ken"
publish = ["ipv6"]
detect = "web"
`)
	h.becomes("home", update.StateCurrent, service.Values{IPv6: wan6.Addr()})
	if asked, _ := webRequests(s); len(asked) != 1 || asked[0].From.Addr() != wan6.Addr() {
		t.Errorf("asked %+v", asked)
	}
}

// once asks, then sends; a dry run does neither.
func TestOnceBehindAnotherRouter(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewIPv64("t0ken", "home.ipv64.net")
	h.serve(other+":443", s, updatetest.Options{})
	s.Next(updatetest.Answer{Body: `{"ip":"203.0.113.7"}`})
	h.must(h.router.SetIPv4(netip.MustParsePrefix("192.168.178.20/24"), netip.MustParseAddr("192.168.178.1")))
	conf := h.write(`
[account.home]
service = "ipv64"
server = "https://198.51.100.5"
domains = ["home.ipv64.net"]
token = "t0ken"
publish = ["ipv4"]
detect = "web"
`)
	out, errs, code := h.homeward("once", "-c", conf, "--dry-run")
	if want := "GET https://198.51.100.5/nic/update?howismyip\n"; code != 0 || !strings.HasPrefix(out, want) || len(s.Requests()) != 0 {
		t.Errorf("a dry run: exit %d, %q, %q, %+v", code, out, errs, s.Requests())
	}
	out, errs, code = h.homeward("once", "-c", conf)
	if code != 0 || !strings.HasPrefix(out, "home: current, the service has 203.0.113.7") {
		t.Errorf("once: exit %d, %q, %q", code, out, errs)
	}
	if asked, updates := webRequests(s); len(asked) != 1 || len(updates) != 1 || updates[0].Query.Get("ip") != "203.0.113.7" {
		t.Errorf("asked %+v, then %+v", asked, updates)
	}
}

// The lock is for the daemon's user alone: whoever could read it could take a
// lock, too, and keep the daemon out. Others believe the status.
func TestWhoMayNotReadTheLockLearnsOfTheDaemonAllTheSame(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	d := h.daemon()
	h.status("there", func(status) bool { return true })
	info, err := os.Stat(h.path("run/homeward.lock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the lock's mode is %v (%v), want 0600", info.Mode(), err)
	}
	if got := daemon.StatusPID(h.path("run")); got != d.Process.Pid {
		t.Errorf("the status tells of process %d, want %d", got, d.Process.Pid)
	}
	other := t.TempDir()
	h.must(os.WriteFile(other+"/"+daemon.StatusFile, []byte(`{"pid":`+strconv.Itoa(os.Getpid())+`}`), 0o644))
	if got := daemon.StatusPID(other); got != 0 {
		t.Errorf("process %d, which is no daemon, is taken for one", got)
	}
}
