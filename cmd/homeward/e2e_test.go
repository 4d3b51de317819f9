package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"homeward/netwatch/netwatchtest"
	"homeward/update"
	"homeward/update/updatetest"
)

// site is a router at a real kernel, with the program on it as a process of
// its own, and services at the ISP.
type site struct {
	*netwatchtest.Router
	t      *testing.T
	dir    string
	config string
	stderr *output
	daemon *os.Process
}

// The addresses of the site's line.
var (
	serviceAddr   = netip.MustParseAddr("198.51.100.5")
	wan4          = netip.MustParsePrefix("85.10.20.77/24")
	gateway4      = netip.MustParseAddr("85.10.20.1")
	siteWan6      = netip.MustParsePrefix("2001:db8:5::77/128")
	siteDelegated = netip.MustParsePrefix("2001:db8:1200::/56")
	siteLanAddr   = netip.MustParsePrefix("2001:db8:1200::1/60")
	lanPrefix     = netip.MustParsePrefix("2001:db8:1200::/64")
)

func newSite(t *testing.T) *site {
	r, err := netwatchtest.New(false)
	must(t, err)
	h := &site{Router: r, t: t, dir: t.TempDir(), stderr: &output{}}
	t.Cleanup(func() {
		must(t, r.Close())
		if t.Failed() {
			t.Logf("the program said:\n%s", h.stderr)
		}
	})
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// output is what a process writes, read while it does.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serve has a service answer at an address of the ISP, over TLS, and returns
// its URL. Its certificate is among those of ca.pem.
func (h *site) serve(at netip.Addr, service http.Handler) string {
	h.t.Helper()
	must(h.t, h.ISP.AddAddr("lo", netip.PrefixFrom(at, at.BitLen())))
	l, err := h.ISP.Listen("tcp", netip.AddrPortFrom(at, 443).String())
	must(h.t, err)
	srv, err := updatetest.Serve(l, service, updatetest.Options{Names: []string{at.String()}})
	must(h.t, err)
	h.t.Cleanup(func() { srv.Close() })
	f, err := os.OpenFile(h.dir+"/ca.pem", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(h.t, err)
	f.Write(srv.CA)
	must(h.t, f.Close())
	if at.Is6() {
		return "https://[" + at.String() + "]"
	}
	return "https://" + at.String()
}

// lineUp gives the site its addresses, as a dial and an answer of a DHCPv6
// server do.
func (h *site) lineUp() {
	h.t.Helper()
	must(h.t, errors.Join(h.SetIPv4(wan4, gateway4), h.SetIPv6(siteWan6, siteDelegated, siteLanAddr)))
}

// configure writes the configuration with these accounts.
func (h *site) configure(accounts string) {
	h.t.Helper()
	h.config = filepath.Join(h.dir, "homeward.toml")
	head := "state_dir = \"state\"\nrun_dir = \"run\"\nca_file = \"ca.pem\"\n"
	must(h.t, os.WriteFile(h.config, []byte(head+accounts), 0o600))
}

// run starts the daemon with these accounts.
func (h *site) run(accounts string) {
	h.t.Helper()
	h.configure(accounts)
	cmd := h.program("run", "-c", h.config)
	cmd.Stderr = h.stderr
	must(h.t, cmd.Start())
	h.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		must(h.t, cmd.Wait())
	})
	h.daemon = cmd.Process
	h.until("the daemon watches", func() bool { return strings.Contains(h.stderr.String(), "the line: ") })
}

// program is this binary as the program.
func (h *site) program(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "homeward"
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

func (h *site) until(what string, is func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within 20 s: %s\n%+v", what, h.status())
		}
	}
}

// status is what homeward status --json says; the zero one before it does.
func (h *site) status() (s status) {
	out, _ := h.program("status", "-c", h.config, "--json").Output()
	json.Unmarshal(out, &s)
	return s
}

// becomes waits until an account is in a state with these values accepted.
func (h *site) becomes(account, state string, values update.Values) update.Status {
	h.t.Helper()
	var got update.Status
	h.until(account+" is "+state+" with "+valuesWords(values), func() bool {
		got = h.status().Accounts[account]
		return got.State == state && got.Accepted != nil && got.Accepted.Values == values
	})
	return got
}

// noSecret fails if the program or its status has said one.
func (h *site) noSecret(secrets ...string) {
	h.t.Helper()
	run, _ := os.ReadFile(h.dir + "/run/" + statusFile)
	for _, s := range secrets {
		if strings.Contains(h.stderr.String()+string(run), s) {
			h.t.Errorf("%q was said:\n%s%s", s, h.stderr, run)
		}
	}
}
