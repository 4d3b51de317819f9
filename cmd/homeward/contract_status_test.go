package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

// TestStatusAndWatch: status says what the daemon sees, what was sent, what is due
// and why it waits; watch prints the states of the line.
func TestStatusAndWatch(t *testing.T) {
	t.Parallel()
	t.Run("StatusTellsHowTheAccountsStand", statusTellsHowTheAccountsStand)
	t.Run("ALineWithoutAnythingToPublishIsWaiting", aLineWithoutAnythingToPublishIsWaiting)
	t.Run("WatchPrintsTheLineAndNothingElse", watchPrintsTheLineAndNothingElse)
}

// TestReloadAndOnce: SIGHUP reads the configuration again, and a faulty one leaves
// the old one; SIGUSR1 sends everything anew; once --dry-run sends nothing. No
// secret is shown anywhere.
func TestReloadAndOnce(t *testing.T) {
	t.Parallel()
	t.Run("SIGHUPTakesAGoodConfigurationAndLeavesAFaultyOne", sighupTakesAGoodConfigurationAndLeavesAFaultyOne)
	t.Run("ADomainThatComesBackIsSentAnew", aDomainThatComesBackIsSentAnew)
	t.Run("SIGUSR1SendsEverythingAnew", sigusr1SendsEverythingAnew)
	t.Run("ADryRunHidesSecretsAndLeavesNoTrace", aDryRunHidesSecretsAndLeavesNoTrace)
	t.Run("OnceKnowsItsAccounts", onceKnowsItsAccounts)
	t.Run("NoSecretAnywhere", noSecretAnywhere)
}

func statusTellsHowTheAccountsStand(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = nil // the service's own limits
	h.lineUp()
	conf := h.configure()
	if _, errs, code := h.homeward("status", "-c", conf); code != 3 || !strings.Contains(errs, "no daemon runs") {
		t.Errorf("without a daemon: exit %d, %s", code, errs)
	}
	d := h.begin("run", "-c", conf)
	h.current(lease)
	out, _, code := h.homeward("status", "--json", "-c", conf)
	if code != 0 {
		t.Errorf("all current: exit %d", code)
	}
	var s map[string]any
	h.must(json.Unmarshal([]byte(out), &s))
	at := s["accounts"].(map[string]any)["home"].(map[string]any)["accepted"].(map[string]any)["at"].(string)
	for _, when := range []string{at, s["started"].(string)} {
		if _, err := time.Parse("2006-01-02T15:04:05Z", when); err != nil {
			t.Error(err)
		}
	}
	want := fmt.Sprintf(`{"version":"dev","pid":%d,"started":"%s",`+
		`"line":{"ipv4":"203.0.113.7","wan":"eth0","ipv6":"2001:db8:64::7","wan6":"eth0","delegated":["2001:db8:1200::/56"],"prefix":"%s","lan":"br-lan"},`+
		`"accounts":{"home":{"service":"ipv64","domains":["home.ipv64.net"],"state":"current",`+
		`"accepted":{"ipv4":"203.0.113.7","prefix":"%s","at":"%s"},"want":{"ipv4":"203.0.113.7","prefix":"%s"},"used_24h":1,"limit_24h":48}}}`+"\n",
		d.Process.Pid, s["started"], prefix1, prefix1, at, prefix1)
	if out != want {
		t.Errorf("status --json:\n%s\nwant\n%s", out, want)
	}
	if info, err := os.Stat(h.path("run/status.json")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("status.json: %v, %v", info.Mode(), err)
	}
	metrics, _, code := h.homeward("status", "--prometheus", "-c", conf)
	for _, sample := range []string{`homeward_account_state{account="home",service="ipv64",state="current"} 1`, `homeward_updates_accepted_total{account="home"} 1`} {
		if !strings.Contains(metrics, sample+"\n") {
			t.Errorf("status --prometheus: exit %d, no %s in\n%s", code, sample, metrics)
		}
	}
	if text, err := os.ReadFile(h.path("run/metrics.prom")); err != nil || string(text) != metrics {
		t.Errorf("metrics.prom is not what status --prometheus prints: %v\n%s", err, text)
	}
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	h.must(h.router.SetIPv4(lease2, gateway))
	h.state(update.StateStopped)
	if out, _, _ = h.homeward("status", "--json", "-c", conf); !strings.Contains(out, `"reason":"refused"`) {
		t.Errorf("stopped: no reason in %s", out)
	}
	out, _, code = h.homeward("status", "-c", conf)
	if code != 1 || !strings.Contains(out, "stopped") || !strings.Contains(out, "nohost") {
		t.Errorf("stopped: exit %d\n%s", code, out)
	}
	if _, _, code = h.homeward("status", "-c", h.path("nowhere.toml")); code != 2 {
		t.Errorf("without the configuration named: exit %d", code)
	}
	sound, err := os.ReadFile(conf)
	h.must(err)
	h.must(os.WriteFile(conf, append(sound, "tokn = 1\n"...), 0o600))
	out, errs, code := h.homeward("status", "-c", conf)
	if code != 2 || !strings.Contains(errs, "tokn: unknown key") || !strings.Contains(errs, "goes on by the configuration") || !strings.Contains(out, "nohost") {
		t.Errorf("with a fault in the configuration: exit %d, %s\n%s", code, errs, out)
	}
	h.must(os.WriteFile(conf, sound, 0o600))
	d.kill()
	if _, _, code = h.homeward("status", "-c", conf); code != 3 {
		t.Errorf("after a kill: exit %d", code)
	}
}

func aLineWithoutAnythingToPublishIsWaiting(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv4"]`)
	h.must(h.router.SetIPv4(netip.MustParsePrefix("100.64.1.2/24"), netip.MustParsePrefix("100.64.1.1/24").Addr()))
	h.daemon()
	if s := h.state(update.StateWaiting); !strings.Contains(s.Note, "carrier NAT") || s.Error != "" {
		t.Errorf("status is %+v", s)
	}
}

func watchPrintsTheLineAndNothingElse(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	w := h.begin("watch", "--json")
	lines := func(n int) []string {
		t.Helper()
		h.await(func() string {
			if got := strings.Count(w.out.String(), "\n"); got < n {
				return fmt.Sprintf("watch printed %d lines, want %d:\n%s", got, n, w.out.String())
			}
			return ""
		})
		return strings.Split(strings.TrimSpace(w.out.String()), "\n")
	}
	lines(1) // the present one at once
	h.must(h.router.SetIPv4(lease, gateway))
	lines(2)
	h.must(h.router.AddAddr("eth0", lease, netip.Addr{}, forever, forever)) // a renewal: nothing to print
	h.must(h.router.Delegate(delegated))
	lines(3)
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
	got := lines(4)
	for i, want := range []string{"at missing", "at ipv4 missing wan", "at delegated ipv4 missing wan", "at delegated ipv4 lan missing prefix wan"} {
		var m map[string]any
		h.must(json.Unmarshal([]byte(got[i]), &m))
		if keys := strings.Join(slices.Sorted(maps.Keys(m)), " "); keys != want {
			t.Errorf("line %d has %s, want %s", i+1, keys, want)
		}
		if _, err := time.Parse(time.RFC3339Nano, m["at"].(string)); err != nil {
			t.Error(err)
		}
	}
	w.signal(syscall.SIGTERM)
	if w.end() != 0 {
		t.Error("SIGTERM did not end watch with 0")
	}
	h.sent()
}

// What was known of a domain is forgotten once it is in no account, be it by SIGHUP or
// by a start: somebody else may have updated it.
func aDomainThatComesBackIsSentAnew(t *testing.T) {
	for name, starts := range map[string]bool{"BySIGHUP": false, "ByAStart": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			d := h.daemon()
			h.current(lease)
			goes := func(domain string) {
				h.more = []string{"domains = [" + strconv.Quote(domain) + "]"}
				file := h.configure()
				if starts {
					d.signal(syscall.SIGTERM)
					d.end()
					d = h.begin("run", "-c", file)
				} else {
					d.signal(syscall.SIGHUP)
				}
			}
			srv := strings.Replace(first, "home.ipv64.net", "srv.any64.de", 1)
			goes("srv.any64.de")
			h.sent(first, srv)
			h.current(lease)
			goes("home.ipv64.net")
			h.sent(first, srv, first)
			h.current(lease)
			d.becomesIdle()
		})
	}
}

func sighupTakesAGoodConfigurationAndLeavesAFaultyOne(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	h.more = append(h.more, `recrod = "www"`)
	h.configure()
	d.signal(syscall.SIGHUP)
	d.says("homeward.toml:11: account.home.recrod: ")
	d.says("the configuration stays as it was")
	h.more[len(h.more)-1] = `record = "www"`
	h.configure()
	d.signal(syscall.SIGHUP)
	h.sent(first, full("&praefix=www&ip=203.0.113.7&ipv6prefix="+prefix1))
	h.current(lease)
	h.must(os.Remove(h.path("homeward.toml")))
	d.signal(syscall.SIGHUP)
	d.says("no such file")
	h.more = h.more[:2]
	h.configure()
	d.signal(syscall.SIGHUP)
	h.sent(first, full("&praefix=www&ip=203.0.113.7&ipv6prefix="+prefix1), first)
}

func sigusr1SendsEverythingAnew(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	d.signal(syscall.SIGUSR1)
	h.sent(first, first)
	h.current(lease)
}

func aDryRunHidesSecretsAndLeavesNoTrace(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `healthcheck = "`+tick+`"`)
	h.online()
	for _, tt := range []struct{ auth, want string }{
		{"bearer", "GET URL?" + full("&ip=203.0.113.7&healthcheck=***&ipv6prefix="+prefix1) + "\n  Authorization: Bearer ***\n"},
		{"basic", "GET URL?" + full("&ip=203.0.113.7&healthcheck=***&ipv6prefix="+prefix1) + "\n  Authorization: Basic homeward:***\n"},
		{"form", "POST URL?ipv6prefix=" + prefix1 + "\n  " + full("&ip=203.0.113.7&healthcheck=***&token=***") + "\n"},
	} {
		h.more = append(h.more[:3:3], `auth = "`+tt.auth+`"`)
		out, errs, code := h.homeward("once", "--dry-run", "-c", h.configure())
		if want := strings.Replace(tt.want, "URL", h.url+"/nic/update", 1); out != want || code != 0 {
			t.Errorf("%s: exit %d\n%s%swant\n%s", tt.auth, code, out, errs, want)
		}
	}
	if _, err := os.Stat(h.path("state")); err == nil {
		t.Error("a dry run made the state directory")
	}
	h.sent()
}

func onceKnowsItsAccounts(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	conf := h.configure()
	if _, errs, code := h.homeward("once", "hoem", "-c", conf); code != 2 || !strings.Contains(errs, "home") {
		t.Errorf("an unknown account: exit %d, %s", code, errs)
	}
	h.sent()
	for range 2 { // the second time nothing is due
		if out, _, code := h.homeward("once", "home", "-c", conf); code != 0 || !strings.HasPrefix(out, "home: current") {
			t.Errorf("once home: exit %d, %s", code, out)
		}
		h.sent(first)
	}
	if _, _, code := h.homeward("once", "--force", "-c", conf); code != 0 {
		t.Errorf("once --force: exit %d", code)
	}
	h.sent(first, first)
	h.ipv64.Next(updatetest.Answer{Status: 503})
	if out, _, code := h.homeward("once", "--force", "-c", conf); code != 1 || !strings.Contains(out, "HTTP 503") {
		t.Errorf("once --force: exit %d, %s", code, out)
	}
}

// noSecretAnywhere reads every byte that homeward leaves where others may
// look, with a service that repeats what it was told.
func noSecretAnywhere(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.top = []string{`log_level = "debug"`}
	h.more = append(h.more, `healthcheck = "`+tick+`"`)
	h.online()
	h.ipv64.Next(updatetest.Answer{Status: 400, Body: `{"info":"no ` + theSecret + ` and no ` + tick + `"}`, Delay: 2 * time.Second},
		updatetest.Answer{Delay: time.Minute})
	var seen []string
	look := func(where string, b []byte) {
		seen = append(seen, where)
		for _, s := range []string{theSecret, tick} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s shows a secret: %q", where, b)
			}
		}
	}
	processes := func(n int) { // reads what others see of them once there are n
		h.await(func() string {
			if pids := h.processes(); len(pids) < n {
				return fmt.Sprintf("there are the processes %v, want %d", pids, n)
			}
			return ""
		})
		for _, pid := range h.processes() {
			for _, name := range []string{"cmdline", "environ"} {
				if b, err := os.ReadFile(filepath.Join("/proc", pid, name)); err == nil { // it may have ended
					look("/proc/"+name, b)
				}
			}
		}
	}
	d := h.daemon()
	processes(2) // the daemon and its worker, which waits for the answer
	h.state(update.StateStopped)
	once := h.begin("once", "--force", "-c", h.path("homeward.toml"))
	h.await(func() string {
		if len(h.ipv64.Requests()) < 2 {
			return "once --force sends nothing"
		}
		return ""
	})
	processes(2)
	once.signal(syscall.SIGTERM)
	once.end()
	out, errs, _ := h.homeward("status", "-c", h.path("homeward.toml"))
	look("status", []byte(out+errs))
	d.signal(syscall.SIGTERM)
	d.end()
	look("the logs", []byte(d.log.String()+once.log.String()+once.out.String()))
	files, err := filepath.Glob(h.path("*/*"))
	h.must(err)
	for _, f := range files {
		look(filepath.Base(f), h.read(f))
	}
	if !slices.Contains(seen, "state.json") || strings.Count(strings.Join(seen, " "), "/proc/environ") < 4 {
		t.Errorf("the test looked at %v only", seen)
	}
}

func (h *house) read(path ...string) []byte {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	h.must(err)
	return b
}

// processes are this test's: the daemon, once, and the senders of both.
func (h *house) processes() []string {
	h.t.Helper()
	own, err := os.Readlink("/proc/thread-self/ns/net")
	h.must(err)
	dirs, err := filepath.Glob("/proc/[0-9]*")
	h.must(err)
	var pids []string
	for _, dir := range dirs {
		if ns, err := os.Readlink(dir + "/ns/net"); err == nil && ns == own {
			pids = append(pids, filepath.Base(dir))
		}
	}
	return pids
}
