package main

import (
	"os"
	"testing"
	"time"

	"homeward/update"
	"homeward/update/updatetest"
)

// What a person, or a crash, does to the state is as harmless as beside a
// daemon that works: no limit forgets a request.
func TestAStateThatIsLostBesideADaemonAtRestIsNotForgotten(t *testing.T) {
	for name, lose := range map[string]func(h *house, old []byte){
		"torn":         func(h *house, _ []byte) { h.replaceState([]byte("{")) },
		"an older one": func(h *house, old []byte) { h.replaceState(old) },
		"begun anew": func(h *house, _ []byte) {
			h.must(os.Remove(h.path("state/state.json")))
			if _, errs, code := h.homeward("once", "--force", "-c", h.path("homeward.toml")); code != 0 {
				h.Errorf("once --force: exit %d\n%s", code, errs)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			d := h.daemon()
			image := d.image()
			h.current(lease)
			old, err := os.ReadFile(h.path("state/state.json"))
			h.must(err)
			h.must(h.SetIPv4(lease2, gateway))
			h.current(lease2)
			image = d.rests(image)
			lose(h, old)
			d.rests(image) // it has worked in between
			sent := len(h.Requests())
			if s := h.state(update.StateCurrent); s.Used != sent || name != "begun anew" && sent != 2 {
				t.Errorf("%d requests are known of, %d were sent: %v", s.Used, sent, h.queries)
			}
		})
	}
}

// replaceState puts another state in place of the one on disk.
func (h *house) replaceState(text []byte) {
	h.Helper()
	h.must(os.WriteFile(h.path("state/other"), text, 0o600))
	h.must(os.Rename(h.path("state/other"), h.path("state/state.json")))
}

// SIGHUP for an edited file is likely on its way: it is not to come between two
// images, which would not know of it.
func TestADaemonWhoseConfigurationIsEditedRestsLater(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	d := h.daemon()
	image := d.image()
	h.current(lease)
	time.Sleep(restAfter * 3 / 4)
	h.more = append(h.more, `record = "www"`)
	edited := time.Now()
	h.configure()
	d.rests(image)
	if took := time.Since(edited); took < restAfter {
		t.Errorf("it rests %v after the edit", took)
	}
	h.sent(first)
}
