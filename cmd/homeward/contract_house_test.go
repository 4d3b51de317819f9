package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// The addresses of the stories.
var (
	lease   = netip.MustParsePrefix("203.0.113.7/24")
	lease2  = netip.MustParsePrefix("203.0.113.8/24")
	lease3  = netip.MustParsePrefix("203.0.113.9/24")
	gateway = netip.MustParseAddr("203.0.113.1")
	wan6    = netip.MustParsePrefix("2001:db8:64::7/128")

	delegated  = netip.MustParsePrefix("2001:db8:1200::/56")
	lanAddr    = netip.MustParsePrefix("2001:db8:1200::1/60")
	delegated2 = netip.MustParsePrefix("2001:db8:3400::/56")
	lanAddr2   = netip.MustParsePrefix("2001:db8:3400::1/60")
)

const (
	theSecret   = "tok3n-nobody-may-see"
	tick        = "t1ck-nobody-may-see"
	serviceAddr = "198.51.100.64"
	other       = "198.51.100.5" // where a test has a service of its own

	prefix1 = "2001:db8:1200::/64"
	prefix2 = "2001:db8:3400::/64"

	// patience is how long a test waits for what must happen. It bounds
	// failures only: nothing here measures.
	patience = 90 * time.Second
)

// house is a router and its provider in a network namespace of the test's own,
// IPv64 behind the line, and a configuration for it. Other services may stand
// beside it, for accounts that a test writes itself.
type house struct {
	t      *testing.T
	router *netwatchtest.Router
	ipv64  *updatetest.IPv64
	server *updatetest.Server
	dir    string
	more   []string            // lines of [account.home] beside the usual ones
	top    []string            // lines above the accounts
	url    string              // of the service
	as     *syscall.Credential // whom homeward runs as, nil: us

	mu      sync.Mutex
	queries []string // the raw query of each request, as the service saw it
}

// newHouse makes the house, its line still dead. The limits are off, as most
// stories are not about them.
func newHouse(t *testing.T, o updatetest.Options) *house {
	t.Helper()
	t.Parallel()
	h := &house{t: t, dir: t.TempDir()}
	h.must(os.Chmod(h.dir, 0o777))
	h.must(os.Chmod(filepath.Dir(h.dir), 0o755))
	h.rebuild()
	h.ipv64 = updatetest.NewIPv64(theSecret, "home.ipv64.net", "srv.any64.de")
	h.ipv64.Limit10s, h.ipv64.Limit24h, h.ipv64.LockAfter = 0, 0, 0
	h.more = []string{"limit_10s = 0", "limit_24h = 0"}
	h.server = h.serve(net.JoinHostPort(serviceAddr, "443"), http.HandlerFunc(h.note), o)
	h.url = h.server.URL
	return h
}

// rebuild gives the test a network namespace with a new router in it. The
// thread stays in it, and with it every process that the test starts.
func (h *house) rebuild() {
	h.t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	h.must(unix.Unshare(unix.CLONE_NEWNET))
	r, err := netwatchtest.New(false)
	h.must(err)
	h.t.Cleanup(func() { r.Close() })
	h.router = r
}

// serve has a service answer at an address and port of the ISP, over TLS. Its
// authority is among those of ca.pem.
func (h *house) serve(at string, service http.Handler, o updatetest.Options) *updatetest.Server {
	h.t.Helper()
	addr := netip.MustParseAddrPort(at).Addr()
	h.must(h.router.ISP.AddAddr("lo", netip.PrefixFrom(addr, addr.BitLen())))
	l, err := h.router.ISP.Listen("tcp", at)
	for n := 0; errors.Is(err, syscall.EADDRINUSE) && n < 500; n++ { // the server before it is still closing
		time.Sleep(10 * time.Millisecond)
		l, err = h.router.ISP.Listen("tcp", at)
	}
	h.must(err)
	if o.Names == nil {
		o.Names = []string{addr.String()}
	}
	server, err := updatetest.Serve(l, service, o)
	h.must(err)
	h.t.Cleanup(func() { server.Close() })
	f, err := os.OpenFile(h.path("ca.pem"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	h.must(err)
	_, err = f.Write(server.CA)
	h.must(errors.Join(err, f.Close()))
	return server
}

// note writes down what came before the service has a look at it.
func (h *house) note(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.queries = append(h.queries, r.URL.RawQuery)
	h.mu.Unlock()
	h.ipv64.ServeHTTP(w, r)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// online brings the line up: IPv4, and a delegated prefix with br-lan in it.
func (h *house) online() {
	h.t.Helper()
	h.must(h.router.SetIPv4(lease, gateway))
	h.must(h.router.Delegate(delegated))
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
}

// lineUp gives the line all at once: IPv4, IPv6 and a delegated prefix.
func (h *house) lineUp() {
	h.t.Helper()
	h.must(errors.Join(h.router.SetIPv4(lease, gateway), h.router.SetIPv6(wan6, delegated, lanAddr)))
}

// renumber is another prefix, as a renewal brings it.
func (h *house) renumber() {
	h.t.Helper()
	h.must(h.router.DelLANAddr(lanAddr))
	h.must(h.router.Delegate(delegated2))
	h.must(h.router.LANAddr(lanAddr2, 1800, 3600))
	h.must(h.router.Undelegate(delegated))
}

// full is the query of a full update of the usual account.
func full(values string) string { return "domain=home.ipv64.net" + values }

// configure writes the configuration with the usual account and returns its
// path.
func (h *house) configure() string {
	h.t.Helper()
	lines := []string{"[account.home]", `service = "ipv64"`, "server = " + fmt.Sprintf("%q", h.url)}
	usual := map[string]string{"domains": `["home.ipv64.net"]`, "token": fmt.Sprintf("%q", theSecret)}
	for _, l := range h.more {
		key, _, _ := strings.Cut(l, " ")
		delete(usual, strings.TrimSuffix(key, "_file"))
	}
	for key, value := range usual {
		lines = append(lines, key+" = "+value)
	}
	return h.write(strings.Join(append(lines, h.more...), "\n") + "\n")
}

// write writes the configuration with these accounts, for homeward's user
// alone, and returns its path.
func (h *house) write(accounts string) string {
	h.t.Helper()
	file := h.path("homeward.toml")
	top := append(slices.Clone(h.top), `state_dir = "state"`, `run_dir = "run"`, `ca_file = "ca.pem"`, "")
	h.must(os.WriteFile(file, []byte(strings.Join(top, "\n")+accounts), 0o600))
	if h.as != nil {
		h.must(os.Chown(file, int(h.as.Uid), int(h.as.Gid)))
	}
	return file
}

// await waits until what is "" .
func (h *house) await(what func() string) {
	h.t.Helper()
	var why string
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(2 * time.Millisecond) {
		if why = what(); why == "" {
			return
		}
	}
	h.t.Fatal(why)
}

// sent waits for these queries, no others, in this order.
func (h *house) sent(want ...string) {
	h.t.Helper()
	var got []string
	h.await(func() string {
		h.mu.Lock()
		got = slices.Clone(h.queries)
		h.mu.Unlock()
		if len(got) < len(want) {
			return fmt.Sprintf("the service saw\n%s\nand waits for\n%s", strings.Join(got, "\n"), strings.Join(want[len(got):], "\n"))
		}
		return ""
	})
	if !slices.Equal(got, want) {
		h.t.Fatalf("the service saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// request waits for the service's n-th request, the first is 0: sent sees one a
// moment earlier than the service.
func (h *house) request(n int) (r updatetest.Request) {
	h.t.Helper()
	h.await(func() string {
		all := h.ipv64.Requests()
		if len(all) <= n {
			return fmt.Sprintf("the service saw %d requests, want %d", len(all), n+1)
		}
		r = all[n]
		return ""
	})
	return r
}

// status waits for a status of the daemon that is as a test wants it.
func (h *house) status(what string, is func(s status) bool) status {
	h.t.Helper()
	var s status
	h.await(func() string {
		s = status{}
		b, err := os.ReadFile(h.path("run/status.json"))
		if err != nil || json.Unmarshal(b, &s) != nil || !is(s) {
			return fmt.Sprintf("status is not %s: %s%v", what, b, err)
		}
		return ""
	})
	return s
}

// state waits until the account is in a state.
func (h *house) state(want string) update.Status {
	h.t.Helper()
	return h.status(want, func(s status) bool { return s.Accounts["home"].State == want }).Accounts["home"]
}

// current waits until the service has what the line shows, ipv4 being that.
func (h *house) current(ipv4 netip.Prefix) {
	h.t.Helper()
	h.status("current with "+ipv4.Addr().String(), func(s status) bool {
		a := s.Accounts["home"]
		return a.State == update.StateCurrent && a.Accepted != nil && a.Want != nil && a.Accepted.Values == *a.Want && a.Want.IPv4 == ipv4.Addr()
	})
}

// becomes waits until an account is in a state with these values accepted.
func (h *house) becomes(account, state string, values service.Values) update.Status {
	h.t.Helper()
	return h.status(account+", "+state+", with "+valuesWords(values), func(s status) bool {
		a := s.Accounts[account]
		return a.State == state && a.Accepted != nil && a.Accepted.Values == values
	}).Accounts[account]
}

// netRoute is a route that is nobody's business.
func netRoute() netwatchtest.Route {
	return netwatchtest.Route{Dst: netip.MustParsePrefix("192.0.2.0/24"), Dev: "eth0"}
}

// netwatchDefault is the default route as it is.
func netwatchDefault(gateway netip.Addr) netwatchtest.Route {
	return netwatchtest.Default4("eth0", gateway, netip.Addr{}, 0)
}

// lineOf returns two addresses of the line by turns.
func lineOf(i int) netip.Prefix {
	if i%2 == 0 {
		return lease
	}
	return lease2
}

// seen returns the queries that the service has seen.
func (h *house) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.queries)
}
