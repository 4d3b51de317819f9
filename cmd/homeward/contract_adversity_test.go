package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

// ticks returns the processor time of the process so far, in 1/100 s.
func (p *process) ticks() int {
	p.h.t.Helper()
	total := 0
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Process.Pid))
	p.h.must(err)
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", p.Process.Pid, task.Name()))
		if err != nil {
			continue // a thread that has ended
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
		for _, ticks := range f[11:13] { // of the user and the system
			n, err := strconv.Atoi(ticks)
			p.h.must(err)
			total += n
		}
	}
	return total
}

// TestUnderAdversity: limits, hanging connections, restarts and floods of signals
// neither cost the router nor hold up an update.
func TestUnderAdversity(t *testing.T) {
	t.Parallel()
	t.Run("ARefreshThatMustWaitCostsNoProcessor", aRefreshThatMustWaitCostsNoProcessor)
	t.Run("AConnectionThatHangsDoesNotHoldUpANewAddress", aConnectionThatHangsDoesNotHoldUpANewAddress)
	t.Run("AStatusOfTheDaemonBeforeIsNotShown", aStatusOfTheDaemonBeforeIsNotShown)
	t.Run("OnceForceReachesADaemonWithoutAStateDir", onceForceReachesADaemonWithoutAStateDir)
	t.Run("ManySIGHUPsHurtNobody", manySIGHUPsHurtNobody)
}

// A refresh is due while the service asks to be left alone: nothing is to be
// done until then.
func aRefreshThatMustWaitCostsNoProcessor(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `refresh = "1s"`)
	h.online()
	h.ipv64.Next(updatetest.Answer{Process: true}, updatetest.Answer{Status: 429, Header: http.Header{"Retry-After": {"600"}}})
	d := h.daemon()
	h.state(update.StateLimited)
	before, begun := d.ticks(), time.Now()
	time.Sleep(2 * time.Second)
	if used := d.ticks() - before; used > 40 {
		t.Errorf("waiting took %d hundredths of a second of processor time in %v", used, time.Since(begun))
	}
	h.sent(first, first)
}

// The first try goes into the void from the old address.
func aConnectionThatHangsDoesNotHoldUpANewAddress(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	const void = "198.51.100.99"
	h.url = "https://" + net.JoinHostPort(void, "443")
	h.more = append(h.more, `publish = ["ipv4"]`)
	h.online()
	d := h.daemon()
	h.await(func() string { // SYNs are under way
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", d.Process.Pid))
		if err != nil || !strings.Contains(string(b), " 02 ") {
			return fmt.Sprintf("no connection is tried: %s %v", b, err)
		}
		return ""
	})
	h.serve(net.JoinHostPort(void, "443"), http.HandlerFunc(h.note), updatetest.Options{})
	changed := time.Now()
	h.must(h.router.SetIPv4(lease2, gateway))
	h.sent(full("&ip=203.0.113.8"))
	if took := h.request(0).At.Sub(changed); took > 4*time.Second {
		t.Errorf("the new address was sent after %v", took)
	}
}

// Whoever asks right after a restart must not be told of the daemon before.
func aStatusOfTheDaemonBeforeIsNotShown(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(os.Mkdir(h.path("run"), 0o755))
	h.must(os.WriteFile(h.path("run/status.json"), []byte(`{"version":"0","pid":1}`), 0o644))
	d := h.daemon()
	for begin := time.Now(); time.Since(begin) < patience; { // without a pause: the moment is short
		if b, _ := os.ReadFile(h.path("run/homeward.lock")); string(b) == fmt.Sprintf("%d\n", d.Process.Pid) {
			break
		}
	}
	if b, err := os.ReadFile(h.path("run/status.json")); err == nil && strings.Contains(string(b), `"pid":1}`) {
		t.Errorf("there is %s", b)
	}
}

// With state_dir out of order the state is in run_dir, and so is a person's word.
func onceForceReachesADaemonWithoutAStateDir(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.as = nobody
	h.must(os.Mkdir(h.path("state"), 0o755)) // root's
	h.online()
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	h.daemon()
	h.state(update.StateStopped)
	if out, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.current(lease)
	h.sent(first, first)
}

// SIGHUP comes at any time: while answers are written down, too.
func manySIGHUPsHurtNobody(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	for i := range 15 {
		lease := netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(20 + i)}), 24)
		h.must(h.router.SetIPv4(lease, gateway))
		for arrived := false; !arrived; {
			d.signal(syscall.SIGHUP)
			time.Sleep(time.Millisecond)
			requests := h.ipv64.Requests() // once: one may arrive at any moment
			arrived = requests[len(requests)-1].Query.Get("ip") == lease.Addr().String()
		}
	}
	d.signal(syscall.SIGTERM)
	if code := d.end(); code != 0 {
		t.Errorf("exit %d", code)
	}
	b, err := os.ReadFile(h.path("state/state.json"))
	h.must(err)
	if !json.Valid(b) {
		t.Errorf("the state is %s", b)
	}
}
