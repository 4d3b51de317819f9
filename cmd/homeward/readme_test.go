package main

import (
	stdflag "flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

var rewritePages = stdflag.Bool("readme", false, "write what the README and the pages show anew; the diff is the review")

// The pages for owners.
const (
	readme   = "../../README.md"
	accounts = "../../openwrt/ACCOUNTS.md"
	trouble  = "../../openwrt/TROUBLE.md"
)

// page returns what stands in it.
func page(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestREADMEIsShort: the rest has pages of its own.
func TestREADMEIsShort(t *testing.T) {
	if n := strings.Count(page(t, readme), "\n"); n > 160 {
		t.Errorf("%d lines, want 160 at most", n)
	}
}

// TestPagesLinkToWhatIsThere: a link leads to a file.
func TestPagesLinkToWhatIsThere(t *testing.T) {
	links := 0
	for _, file := range []string{readme, "../../CONTRIBUTING.md", "../../CHANGELOG.md", accounts, trouble, "../../openwrt/README.md", "../../openwrt/EVENTS.md",
		"../../openwrt/UBUS.md", "../../openwrt/SERVICES.md", "../../openwrt/OPERATORS.md", "ipv64cli/README.md", "../lab/README.md"} {
		for _, m := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(page(t, file), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if links < 15 {
		t.Errorf("%d links are found", links)
	}
}

// TestPagesConfigurations: what stands there as a configuration is one.
func TestPagesConfigurations(t *testing.T) {
	text := page(t, readme) + page(t, accounts)
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) < 10 {
		t.Errorf("%d configurations, want the smallest and one for each service", len(blocks))
	}
	for _, b := range blocks {
		_, warnings, faults := settings.Parse("page.toml", []byte(b[1]), 0o600, settings.ReadFile)
		if len(faults)+len(warnings) > 0 {
			t.Errorf("%s\n%v%v", b[1], faults, warnings)
		}
	}
}

// TestREADMECommands: every command is in its table, and no other.
func TestREADMECommands(t *testing.T) {
	text := page(t, readme)
	known := []string{"help"}
	for c := range commands {
		known = append(known, c.Name)
		if !strings.Contains(text, "`homeward "+c.Name) {
			t.Errorf("homeward %s is not in the README", c.Name)
		}
	}
	for _, m := range regexp.MustCompile("`homeward ([a-z0-9]+)").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("the README tells of homeward %s", m[1])
		}
	}
}

// TestPagesReasons: every reason of an account, and of what the uplink has no
// value of, is in its table, and no other.
func TestPagesReasons(t *testing.T) {
	text := page(t, trouble)
	var line []string
	for _, r := range netwatch.Reasons() {
		line = append(line, r.String())
	}
	for name, want := range map[string][]string{"reasons of the line": line, "reasons of accounts": update.Reasons()} {
		_, table, _ := strings.Cut(text, "<!-- "+name+" -->")
		table, _, ended := strings.Cut(table, "<!-- end of "+name+" -->")
		var got []string
		for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|").FindAllStringSubmatch(table, -1) {
			got = append(got, m[1])
		}
		if !ended || !slices.Equal(got, want) {
			t.Errorf("%s: the page has %q, want %q", name, got, want)
		}
	}
}

// TestREADMEShowsWhatIsSaid runs what the first screen tells: the night's
// reconnect, an address and then a prefix.
func TestREADMEShowsWhatIsSaid(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := updatetest.NewIPv64("t0ken", "home.ipv64.net")
	h.serve(other+":443", s, updatetest.Options{})
	d := h.run("[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \"t0ken\"\nserver = \"https://198.51.100.5\"\n")
	lease := netip.MustParsePrefix("85.10.20.77/24") // no documentation's: it looks as an address does
	h.must(h.router.SetIPv4(lease, netip.MustParseAddr("85.10.20.1")))
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr()})
	h.must(h.router.Delegate(delegated))
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix1)})
	table, errs, code := h.homeward("status", "-c", h.path("homeward.toml"))
	if code != 0 {
		t.Errorf("status: exit %d, %s", code, errs)
	}
	h.inREADME("log", d.log.String())
	h.inREADME("status", table)
}

// inREADME compares what stands as text between two marks with what was said, but for
// times.
func (h *house) inREADME(name, said string) {
	h.t.Helper()
	want := "\n    " + strings.ReplaceAll(strings.TrimSpace(strings.Replace(said, "homeward dev", "homeward 1.0.0", 1)), "\n", "\n    ") + "\n\n"
	times := regexp.MustCompile(`\([0-9.]+m?s\)|homeward (dev|[0-9.]+)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
	comparePage(h.t, readme, name, want, func(s string) string { return times.ReplaceAllString(s, "T") })
}

// comparePage compares what stands between two marks, as seen through blur.
func comparePage(t *testing.T, file, name, want string, blur func(string) string) {
	t.Helper()
	text := page(t, file)
	from, to := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	head, rest, ok := strings.Cut(text, from)
	body, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s in %s", from, to, file)
	}
	if *rewritePages {
		if err := os.WriteFile(file, []byte(head+from+want+to+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if blur(body) != blur(want) {
		t.Errorf("%s shows\n%s\nit is (go test -readme writes it)\n%s", file, body, want)
	}
}

// TestPagesKeys: the table of accounts names every key, and whose it is.
func TestPagesKeys(t *testing.T) {
	var groups []string
	keys := map[string][]string{}
	for _, k := range settings.AccountKeys() {
		of := "every service"
		if k.Services != "" {
			of = strings.ReplaceAll("`"+strings.ReplaceAll(k.Services, " ", "`, `")+"`", "`named`", "services by name")
		}
		if keys[of] == nil {
			groups = append(groups, of)
		}
		keys[of] = append(keys[of], "`"+k.Name+"`")
	}
	table := "\n| keys of an account | belong to |\n|---|---|\n"
	for _, of := range groups {
		table += "| " + strings.Join(keys[of], ", ") + " | " + of + " |\n"
	}
	comparePage(t, accounts, "keys", table+"\n", func(s string) string { return s })
}

// TestPagesPaths: every path of the project that the README and CONTRIBUTING
// name is there. In a table a file without a folder is in that of the path before.
func TestPagesPaths(t *testing.T) {
	of := regexp.MustCompile("`((?:cmd|netwatch|update|openwrt|init\\.d)(?:/[a-z0-9_.-]+)*|[a-z0-9_]+\\.go)`")
	paths := 0
	for line := range strings.Lines(page(t, readme) + page(t, "../../CONTRIBUTING.md")) {
		dir := ""
		for _, m := range of.FindAllStringSubmatch(line, -1) {
			path := m[1]
			if !strings.Contains(path, "/") {
				if !strings.HasPrefix(line, "|") {
					continue
				}
				path = filepath.Join(dir, path)
			}
			if dir = path; strings.HasSuffix(path, ".go") {
				dir = filepath.Dir(path)
			}
			if _, err := os.Stat(filepath.Join("..", "..", path)); err != nil {
				t.Errorf("%s: %v", m[1], err)
			}
			paths++
		}
	}
	if paths < 50 {
		t.Errorf("%d paths are found", paths)
	}
}
