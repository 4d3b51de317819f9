package main

import (
	stdflag "flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/update/updatetest"
)

var (
	signalRounds = stdflag.Int("signals", 6, "rounds of each kind of signal, at a random moment of the second after a change")
	busyLoops    = stdflag.Int("busy", 0, "busy loops beside the tests of signals")
)

// busy keeps processors busy until the test ends.
func (h *house) busy() {
	for range *busyLoops {
		cmd := exec.Command("sh", "-c", "while :; do :; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		h.must(cmd.Start())
		h.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
}

// change gives the line the other address, and waits for a random moment of the
// second after it.
func (h *house) change(i int) {
	h.t.Helper()
	h.must(h.router.SetIPv4(lineOf(i), gateway))
	time.Sleep(rand.N(time.Second))
}

// TestSignalsAreObeyedAtEveryMoment: SIGTERM, SIGHUP and SIGUSR1 are obeyed at every
// moment; a configuration that was edited is not read before SIGHUP.
func TestSignalsAreObeyedAtEveryMoment(t *testing.T) {
	t.Parallel()
	t.Run("SIGTERMAtEveryMoment", sigtermAtEveryMoment)
	t.Run("SIGHUPAtEveryMoment", sighupAtEveryMoment)
	t.Run("SIGUSR1AtEveryMoment", sigusr1AtEveryMoment)
	t.Run("AnEditAtEveryMoment", anEditAtEveryMoment)
}

// sigtermAtEveryMoment ends the daemon with 0, its worker and its status
// with it.
func sigtermAtEveryMoment(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.busy()
	h.online()
	for i := range *signalRounds {
		d := h.daemon()
		h.current(lineOf(i))
		h.change(i + 1)
		worker := d.worker()
		d.ends()
		if worker != 0 {
			h.await(func() string {
				if syscall.Kill(worker, 0) == nil {
					return fmt.Sprintf("round %d: worker %d lives on", i, worker)
				}
				return ""
			})
		}
	}
}

// sighupAtEveryMoment has each configuration read that it is sent for.
func sighupAtEveryMoment(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.busy()
	h.online()
	d := h.daemon()
	h.current(lease)
	usual := slices.Clone(h.more)
	for i := range *signalRounds {
		h.change(i + 1)
		record := fmt.Sprintf("r%d", i)
		h.more = append(slices.Clone(usual), fmt.Sprintf("record = %q", record))
		h.configure()
		d.signal(syscall.SIGHUP)
		h.asks("praefix=" + record + "&")
	}
	d.ends()
}

// sigusr1AtEveryMoment sends what was accepted once more.
func sigusr1AtEveryMoment(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.busy()
	h.online()
	d := h.daemon()
	h.current(lease)
	for i := range *signalRounds {
		h.change(i + 1)
		said := strings.Count(d.log.String(), "(SIGUSR1)")
		d.signal(syscall.SIGUSR1)
		h.await(func() string {
			if strings.Count(d.log.String(), "(SIGUSR1)") == said {
				return fmt.Sprintf("round %d: SIGUSR1 is lost", i)
			}
			return ""
		})
	}
	d.ends()
}

// anEditAtEveryMoment is never read: nobody has said SIGHUP.
func anEditAtEveryMoment(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.busy()
	h.online()
	d := h.daemon()
	h.current(lease)
	usual := slices.Clone(h.more)
	for i := range *signalRounds {
		h.change(i + 1)
		h.more = append(slices.Clone(usual), fmt.Sprintf("record = %q", fmt.Sprintf("r%d", i)))
		h.configure()
		h.current(lineOf(i + 1))
	}
	h.must(h.router.SetIPv4(lease3, gateway))
	h.current(lease3)
	for _, q := range h.seen() {
		if strings.Contains(q, "praefix=") {
			t.Errorf("an edited configuration was read: %s", q)
		}
	}
	d.ends()
}

// asks waits until the service has seen a query with words in it.
func (h *house) asks(words string) {
	h.t.Helper()
	h.await(func() string {
		for _, q := range h.seen() {
			if strings.Contains(q, words) {
				return ""
			}
		}
		return "no request has " + words
	})
}
