package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

var unauthorized = updatetest.Answer{Status: 401, Body: `{"info":"Unauthorized","status":"401 Unauthorized"}`}

// TestARefusalStopsTheAccount: an error that does not pass stops the account until
// its configuration or secret changes, or once --force lifts the stop. Of a key that
// was accepted before it may be a lock: one more try after 10 minutes.
func TestARefusalStopsTheAccount(t *testing.T) {
	t.Parallel()
	t.Run("AKeyThatWasNeverAcceptedStopsAtOnce", aKeyThatWasNeverAcceptedStopsAtOnce)
	t.Run("AKeyThatWasAcceptedMayBeLockedForTenMinutes", aKeyThatWasAcceptedMayBeLockedForTenMinutes)
	t.Run("AStoppedAccountStaysStoppedUntilItsSecretChanges", aStoppedAccountStaysStoppedUntilItsSecretChanges)
	t.Run("OnceForceLiftsAStopAndTheDaemonTakesNote", onceForceLiftsAStopAndTheDaemonTakesNote)
	t.Run("OnceBesideADaemonMeansOneRequestNotTwo", onceBesideADaemonMeansOneRequestNotTwo)
	t.Run("OnceTakesNoAnswerForAnotherDomains", onceTakesNoAnswerForAnotherDomains)
}

func aKeyThatWasNeverAcceptedStopsAtOnce(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `token = "another-than-the-right-one"`)
	h.online()
	d := h.daemon()
	if s := h.state(update.StateStopped); !strings.Contains(s.Error, "write the update token") {
		t.Errorf("the error says not what to do: %s", s.Error)
	}
	d.says("error: home: ")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.status("of the new line", func(s status) bool { return s.Line.IPv4 == lease2.Addr() })
	h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
}

func aKeyThatWasAcceptedMayBeLockedForTenMinutes(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	h.ipv64.Next(unauthorized)
	h.must(h.router.SetIPv4(lease2, gateway))
	s := h.state(update.StateLimited)
	if wait := s.Next.Sub(h.request(1).At).Minutes(); wait < 9.9 || wait > 10.1 {
		t.Errorf("waits %.1f min, want 10", wait)
	}
	d.signal(syscall.SIGUSR1)
	d.says("sending everything anew")
	h.must(h.router.SetIPv4(lease3, gateway))
	h.status("of the new line", func(s status) bool {
		a := s.Accounts["home"]
		return a.Want != nil && a.Want.IPv4 == lease3.Addr()
	})
	h.sent(full("&ip=203.0.113.7&ipv6prefix="+prefix1), full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

func aStoppedAccountStaysStoppedUntilItsSecretChanges(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(os.WriteFile(h.path("token"), []byte("the-wrong-token"), 0o600))
	h.more = append(h.more, `token_file = "token"`)
	h.online()
	first := full("&ip=203.0.113.7&ipv6prefix=" + prefix1)
	d := h.daemon()
	h.state(update.StateStopped)
	d.signal(syscall.SIGTERM)
	if d.end() != 0 {
		t.Error("SIGTERM did not end it with 0")
	}
	d = h.daemon()
	h.state(update.StateStopped)
	d.signal(syscall.SIGHUP) // nothing has changed
	d.says("read " + h.path("homeward.toml") + " again")
	d.signal(syscall.SIGUSR1) // stopped accounts stay stopped
	d.says("sending everything anew")
	h.must(h.router.SetIPv4(lease2, gateway))
	h.status("of the new line", func(s status) bool { return s.Line.IPv4 == lease2.Addr() && s.Accounts["home"].State == "stopped" })
	h.sent(first)
	h.must(os.WriteFile(h.path("token"), []byte(theSecret), 0o600))
	d.signal(syscall.SIGHUP)
	h.current(lease2)
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
}

func onceForceLiftsAStopAndTheDaemonTakesNote(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.ipv64.Next(updatetest.Answer{Body: "nohost"})
	h.daemon()
	if s := h.state(update.StateStopped); !strings.Contains(s.Error, "nohost") {
		t.Errorf("error %q", s.Error)
	}
	out, errs, code := h.homeward("once", "-c", h.path("homeward.toml"))
	if code != 1 || !strings.Contains(out, "stopped") {
		t.Errorf("once: exit %d\n%s%s", code, out, errs)
	}
	first := full("&ip=203.0.113.7&ipv6prefix=" + prefix1)
	h.sent(first)
	out, errs, code = h.homeward("once", "--force", "-c", h.path("homeward.toml"))
	if code != 0 || !strings.Contains(out, "home: current") {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.current(lease) // the daemon, too
	h.sent(first, first)
}

func onceBesideADaemonMeansOneRequestNotTwo(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	h.current(lease)
	if out, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
		t.Errorf("once --force: exit %d\n%s%s", code, out, errs)
	}
	h.sent(first, first)
	h.ipv64.Next(updatetest.Answer{Delay: 500 * time.Millisecond, Process: true})
	h.must(h.router.SetIPv4(lease2, gateway))
	second := full("&ip=203.0.113.8&ipv6prefix=" + prefix1)
	h.sent(first, first, second)
	if out, errs, code := h.homeward("once", "-c", h.path("homeward.toml")); code != 0 || !strings.Contains(out, "current") {
		t.Errorf("once, while the daemon sends: exit %d\n%s%s", code, out, errs)
	}
	h.current(lease2)
	h.sent(first, first, second)
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute})
	once := h.begin("once", "--force", "-c", h.path("homeward.toml"))
	h.sent(first, first, second, second)
	once.kill() // and the daemon makes good what is in doubt
	h.sent(first, first, second, second, second)
	h.current(lease2)
	if strings.Contains(d.log.String(), "warning: home: ") {
		t.Error("the daemon had trouble")
	}
}

// The file names another domain while the daemon, which has not read it yet, sends.
func onceTakesNoAnswerForAnotherDomains(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	h.daemon()
	h.current(lease)
	h.ipv64.Next(updatetest.Answer{Delay: 2 * time.Second, Process: true})
	h.must(h.router.SetIPv4(lease2, gateway))
	h.sent(first, full("&ip=203.0.113.8&ipv6prefix="+prefix1))
	h.more = append(h.more, `domains = ["srv.any64.de"]`)
	if out, errs, code := h.homeward("once", "-c", h.configure()); code != 0 {
		t.Errorf("once: exit %d\n%s%s", code, out, errs)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if all := strings.Join(h.queries, "\n"); !strings.Contains(all, "domain=srv.any64.de&ip=203.0.113.8&ipv6prefix="+prefix1) {
		t.Errorf("once calls the account current, and the service saw\n%s", all)
	}
}
