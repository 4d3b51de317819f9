package main

import (
	"os"
	"strings"
	"testing"

	"homeward/update/updatetest"
)

func TestWatchNeedsNoAccount(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.online()
	for _, src := range []string{"[line]\nlan = \"eth0\"\n", "log_level = \"loud\"\n[line]\nlan = \"eth0\"\n[account.home]\nservice = \"ipv64\"\n"} {
		file := h.path("watch.toml")
		h.must(os.WriteFile(file, []byte(src), 0o600))
		w := h.begin("watch", "--json", "-c", file)
		h.await(func() string {
			if !strings.Contains(w.out.String(), `"ipv4":"203.0.113.7"`) {
				return "watch prints " + w.out.String() + w.log.String()
			}
			return ""
		})
		if strings.Contains(w.out.String(), `"prefix":"`) {
			t.Errorf("it looks at another LAN than that of the file:\n%s", w.out.String())
		}
		w.kill()
	}
	for _, src := range []string{"[line]\nlan = \"br/lan\"\n", "[line\n", "line = 1\n"} {
		file := h.path("watch.toml")
		h.must(os.WriteFile(file, []byte(src), 0o600))
		if out, errs, code := h.homeward("watch", "-c", file); code != 2 || out != "" || !strings.HasPrefix(errs, file+":") {
			t.Errorf("%s: exit %d, %s%s", src, code, out, errs)
		}
	}
}
