package main

import (
	stdflag "flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"homeward/update"
	"homeward/update/updatetest"
)

var rewriteREADME = stdflag.Bool("readme", false, "write what the README shows anew; the diff is the review")

const readme = "../../README.md"

// TestREADMEConfigurations: what stands there as a configuration is one.
func TestREADMEConfigurations(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 8 {
		t.Errorf("%d configurations, want the smallest and one for each service", len(blocks))
	}
	for _, b := range blocks {
		_, warnings, faults := parse("README.md", []byte(b[1]), 0o600, fileOnDisk)
		if len(faults)+len(warnings) > 0 {
			t.Errorf("%s\n%v%v", b[1], faults, warnings)
		}
	}
}

// TestREADMECommands: every command is in its table, and no other.
func TestREADMECommands(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for c := range commands {
		if !strings.Contains(string(text), "`homeward "+c.name) {
			t.Errorf("homeward %s is not in the README", c.name)
		}
	}
	for _, m := range regexp.MustCompile("`homeward ([a-z0-9]+)").FindAllStringSubmatch(string(text), -1) {
		if _, ok := find(m[1]); !ok && m[1] != "help" {
			t.Errorf("the README tells of homeward %s", m[1])
		}
	}
}

// TestREADMEShowsWhatIsSaid runs what the first screen tells: the night's
// reconnect, an address and then a prefix.
func TestREADMEShowsWhatIsSaid(t *testing.T) {
	h := newSite(t)
	s := updatetest.NewIPv64("t0ken", "home.ipv64.net")
	h.run("[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \"t0ken\"\nserver = \"" + h.serve(serviceAddr, s) + "\"\n")
	must(t, h.SetIPv4(wan4, gateway4))
	h.becomes("home", update.StateCurrent, update.Values{IPv4: wan4.Addr()})
	must(t, h.Delegate(siteDelegated))
	must(t, h.LANAddr(siteLanAddr, 1800, 3600))
	h.becomes("home", update.StateCurrent, update.Values{IPv4: wan4.Addr(), Prefix: lanPrefix})
	table, err := h.program("status", "-c", h.config).Output()
	must(t, err)
	inREADME(t, "log", h.stderr.String())
	inREADME(t, "status", string(table))
}

// inREADME compares what stands between two marks, but for times.
func inREADME(t *testing.T, name, said string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	must(t, err)
	from, to := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	head, rest, ok := strings.Cut(string(text), from)
	body, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s in the README", from, to)
	}
	want := "\n    " + strings.ReplaceAll(strings.TrimSpace(strings.Replace(said, "homeward dev", "homeward 1.0.0", 1)), "\n", "\n    ") + "\n\n"
	if *rewriteREADME {
		must(t, os.WriteFile(readme, []byte(head+from+want+to+tail), 0o644))
		return
	}
	times := regexp.MustCompile(`\([0-9.]+m?s\)|homeward (dev|[0-9.]+)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
	if times.ReplaceAllString(body, "T") != times.ReplaceAllString(want, "T") {
		t.Errorf("the README shows\n%s\nit is (go test -readme writes it)\n%s", body, want)
	}
}
