package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"homeward/update/updatetest"
)

// connectCase is a row at work.
type connectCase struct {
	*house
	row     connectRow
	dns     []*hostileResolver
	servers map[string]*updatetest.Server
	arrived []string // the addresses at which requests came in
}

// newConnectCase sets the row's line and services up. The namespace of mounts
// is the test's own, for its resolv.conf.
func newConnectCase(t *testing.T, row connectRow) *connectCase {
	c := &connectCase{house: newHouse(t, updatetest.Options{}), row: row, servers: map[string]*updatetest.Server{}}
	c.must(unix.Unshare(unix.CLONE_NEWNS))
	c.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	c.must(os.WriteFile(c.path("resolv.conf"), nil, 0o644))
	c.must(unix.Mount(c.path("resolv.conf"), "/etc/resolv.conf", "", unix.MS_BIND, ""))
	if row.line != "6" {
		c.must(c.router.SetIPv4(lease, gateway))
	}
	if row.line != "4" {
		c.must(c.router.SetIPv6(wan6, delegated, lanAddr))
	}
	for _, a := range strings.Fields(row.serves + " " + row.before) {
		c.serve(a)
	}
	for _, a := range strings.Fields(row.hangs) {
		c.hang(a)
	}
	for _, a := range strings.Fields(row.closed) {
		c.must(c.router.ISP.AddAddr("lo", netip.PrefixFrom(netip.MustParseAddr(a), netip.MustParseAddr(a).BitLen())))
	}
	healthy := map[string]string{}
	for _, a := range strings.Fields(strings.Join([]string{row.hangs, row.closed, row.serves, row.before}, " ")) {
		typ := map[bool]string{true: "AAAA", false: "A"}[strings.Contains(a, ":")]
		healthy[typ] = strings.TrimSpace(healthy[typ] + " " + a)
	}
	says := row.dns
	if says == nil || row.before != "" {
		says = healthy
	}
	second := row.second
	if second == nil {
		second = says
	}
	c.dns = []*hostileResolver{c.serveDNS(dns1, says), c.serveDNS(dns2, second), c.serveDNS(dns3, says)}
	switch {
	case row.conf != "":
		c.resolv(row.conf)
	case row.second != nil:
		c.resolv("nameserver " + dns1 + "\nnameserver " + dns2)
	default:
		c.resolv("nameserver " + dns1)
	}
	c.url = "https://svc.example"
	c.more = []string{`publish = ["ipv4", "ipv6"]`, "limit_10s = 0", "limit_24h = 0"}
	return c
}

// serve has the service answer at an address.
func (c *connectCase) serve(at string) {
	c.servers[at] = c.house.serve(net.JoinHostPort(at, "443"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		c.mu.Lock()
		c.arrived = append(c.arrived, netip.MustParseAddrPort(local.String()).Addr().String())
		c.mu.Unlock()
		c.ipv64.ServeHTTP(w, r)
	}), updatetest.Options{Names: []string{"svc.example"}})
}

// arrivals returns where requests came in since it was called last.
func (c *connectCase) arrivals() (at []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, c.arrived = c.arrived, nil
	return at
}

// hang takes connections at an address, and says nothing.
func (c *connectCase) hang(at string) {
	c.t.Helper()
	addr := netip.MustParseAddr(at)
	c.must(c.router.ISP.AddAddr("lo", netip.PrefixFrom(addr, addr.BitLen())))
	l, err := c.router.ISP.Listen("tcp", net.JoinHostPort(at, "443"))
	for n := 0; errors.Is(err, syscall.EADDRINUSE) && n < 500; n++ { // the server before it is still closing
		time.Sleep(10 * time.Millisecond)
		l, err = c.router.ISP.Listen("tcp", net.JoinHostPort(at, "443"))
	}
	c.must(err)
	c.t.Cleanup(func() { l.Close() })
}

func (c *connectCase) says(says map[string]string) {
	for _, s := range c.dns {
		s.become(says)
	}
}

func (c *connectCase) resolv(text string) {
	c.t.Helper()
	c.must(os.WriteFile("/etc/resolv.conf", []byte(text+"\n"), 0o644))
}

// replace has another resolv.conf once the first name server was asked.
func (c *connectCase) replace() {
	path := c.path("resolv.conf")
	c.dns[0].mu.Lock()
	defer c.dns[0].mu.Unlock()
	c.dns[0].once = func() { // without a moment in which it is empty: both are of one length
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			f.WriteString("nameserver " + dns2 + "\n")
			f.Close()
		}
	}
}

// hole makes a tunnel of 1280 bytes, without a word to anybody, of the way in
// between: what is larger is dropped where it is received, in both directions,
// which are two pairs of devices for that, and each end believes in 1500.
func (c *connectCase) hole() {
	c.t.Helper()
	c.must(c.router.AddWAN("eth2", "isp2"))
	back := map[netip.Addr]netip.Prefix{wan6.Addr(): netip.MustParsePrefix("fe80::2/64"), lease.Addr(): netip.MustParsePrefix("192.0.2.2/24")}
	for _, own := range back {
		c.must(c.router.AddAddr("eth2", own, netip.Addr{}, ^uint32(0), ^uint32(0)))
		c.must(c.router.ISP.AddAddr("isp2", netip.PrefixFrom(own.Addr().Next(), own.Bits())))
	}
	set := func(sends, receives string) error {
		out, err := netlink.LinkByName(sends)
		if err != nil {
			return err
		}
		in, err := netlink.LinkByName(receives)
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetGSOMaxSegs(out, 1), netlink.LinkSetMTU(in, 1280)) // else whole buffers pass at once
	}
	c.must(set("eth0", "eth2"))
	c.must(c.router.ISP.Do(func() error {
		if err := set("isp2", "isp0"); err != nil {
			return err
		}
		l, err := netlink.LinkByName("isp2")
		if err != nil {
			return err
		}
		for to, via := range back {
			dst := &net.IPNet{IP: to.AsSlice(), Mask: net.CIDRMask(to.BitLen(), to.BitLen())}
			if err := netlink.RouteReplace(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: dst, Gw: via.Addr().AsSlice()}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// play sends one update, and looks where it arrived and how often it is counted.
func (c *connectCase) play() {
	conf := c.configure()
	requests := 0
	if c.row.before != "" {
		if out, errs, code := c.homeward("once", "-c", conf); code != 0 {
			c.t.Fatalf("before: exit %d, %s%s", code, out, errs)
		}
		requests = 1
		c.arrivals()
		if c.row.dns != nil {
			c.says(c.row.dns)
		}
	}
	if c.row.then != nil {
		c.row.then(c)
	}
	out, errs, code := c.homeward("once", "--force", "-c", conf)
	arrived := c.arrivals()
	if c.row.at == "" {
		if code == 0 || !strings.Contains(out, c.row.says) || len(arrived) > 0 {
			c.t.Errorf("exit %d, %q%s, want %q; requests at %v", code, out, errs, c.row.says, arrived)
		}
	} else if requests++; code != 0 || len(arrived) != 1 || c.row.at != "all" && !slices.Contains(strings.Fields(c.row.at), arrived[0]) {
		c.t.Errorf("exit %d, %q%s; requests at %v, want one at %s", code, out, errs, arrived, c.row.at)
	}
	if n := c.counted(); n != requests {
		c.t.Errorf("%d requests are on the books, want %d", n, requests)
	}
	asked := c.dns[0].questions() // on a busy machine one is asked twice
	slices.Sort(asked)
	if got := strings.Join(slices.Compact(asked), ", "); c.row.asked != "" && got != c.row.asked {
		c.t.Errorf("the resolver was asked %s, want %s", got, c.row.asked)
	}
	for _, s := range c.dns {
		s.mu.Lock()
		odd := s.odd
		s.mu.Unlock()
		if len(odd) > 0 {
			c.t.Errorf("asked for %v, want plain questions for svc.example.", odd)
		}
	}
}

// counted returns how many requests are on the books.
func (c *connectCase) counted() (n int) {
	c.t.Helper()
	text, err := os.ReadFile(c.path("state/state.json"))
	c.must(err)
	var data struct {
		Quotas map[string]struct{ Slots []any }
	}
	c.must(json.Unmarshal(text, &data))
	for _, k := range data.Quotas {
		n += len(k.Slots)
	}
	return n
}
