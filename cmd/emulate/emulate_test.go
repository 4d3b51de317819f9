package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"homeward/update/service"
	"homeward/update/updatetest"
)

func TestMachineSourcesForAForeignArchitecture(t *testing.T) {
	etc := t.TempDir()
	for name, text := range map[string]string{
		"sources.list": `# comment
deb http://deb.debian.org/debian bookworm main contrib
deb-src http://deb.debian.org/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm-updates main # why
`,
		"sources.list.d/other.list": "deb https://packages.example/apt any main\ndeb http://deb.debian.org/debian-security bookworm-security main\n",
		"sources.list.d/debian.sources": `Types: deb deb-src
# URIs: http://snapshot.example/debian
URIs: http://one.example/debian http://two.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/d.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
`,
	} {
		file := filepath.Join(etc, name)
		if err := firstError(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := debianSources(etc)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sources {
		got = append(got, s.line("armhf"))
	}
	want := []string{
		"deb [arch=armhf] http://deb.debian.org/debian bookworm main contrib",
		"deb [arch=armhf signed-by=/k.gpg] http://mirror.example/debian/ bookworm-updates main",
		"deb [arch=armhf signed-by=/usr/share/keyrings/d.gpg] http://one.example/debian bookworm main",
		"deb [arch=armhf signed-by=/usr/share/keyrings/d.gpg] http://one.example/debian bookworm-updates main",
		"deb [arch=armhf signed-by=/usr/share/keyrings/d.gpg] http://two.example/debian bookworm main",
		"deb [arch=armhf signed-by=/usr/share/keyrings/d.gpg] http://two.example/debian bookworm-updates main",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the sources are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := debianSources(t.TempDir()); err == nil {
		t.Error("a machine without Debian's archive has sources")
	}
}

func TestModulesAreLoadedAfterWhatTheyDependOn(t *testing.T) {
	needs := map[string][]string{
		"virtio_pci": {"virtio", "virtio-ring"}, "virtio_ring": {"virtio"}, "virtio": nil, "virtio_net": {"net_failover", "virtio"},
		"net_failover": {"failover"}, "failover": nil,
	}
	order, err := loadOrder([]string{"virtio_pci", "squashfs", "virtio_net"}, map[string]bool{"squashfs": true}, func(name string) ([]string, error) {
		on, ok := needs[name]
		if !ok {
			return nil, fmt.Errorf("no module %s", name)
		}
		return on, nil
	})
	want := []string{"virtio", "virtio_ring", "virtio_pci", "failover", "net_failover", "virtio_net"}
	if err != nil || !slices.Equal(order, want) {
		t.Errorf("order %v, %v; want %v", order, err, want)
	}
	_, err = loadOrder([]string{"nothing"}, nil, func(string) ([]string, error) { return nil, os.ErrNotExist })
	if err != os.ErrNotExist {
		t.Errorf("a module that is not there: %v", err)
	}
}

// busybox's cpio, which is a router's, reads what the kernel is to read.
func TestCPIOHoldsTheTree(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"init": "#!/bin/sh\n", "modules/01-a.ko": "abc", "modules/02-b.ko": ""} {
		file := filepath.Join(dir, name)
		if err := firstError(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := writeCPIO(&archive, dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("busybox", "cpio", "-tv")
	cmd.Stdin = &archive
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		got = append(got, f[0]+" "+f[2]+" "+f[len(f)-1])
	}
	want := []string{
		"drwxr-xr-x 0 dev", "-rwxr-xr-x 10 init", "drwxr-xr-x 0 modules", "-rwxr-xr-x 3 modules/01-a.ko", "-rwxr-xr-x 0 modules/02-b.ko",
		"crw------- 0 dev/console",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the archive holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOnlyTheRightRequestIsTakenForIt(t *testing.T) {
	v := service.Values{IPv4: netip.MustParseAddr("203.0.113.7"), Prefix: netip.MustParsePrefix("2001:db8::/64")}
	right := updatetest.Request{
		Method: "GET", Path: "/nic/update", By: "bearer", Key: token, Status: http.StatusOK,
		Query: url.Values{"domain": {domain}, "ip": {"203.0.113.7"}, "ipv6prefix": {"2001:db8::/64"}},
	}
	if err := sameRequests([]updatetest.Request{right}, fullUpdate(v)); err != nil {
		t.Error(err)
	}
	with := func(change func(*updatetest.Request)) []updatetest.Request {
		r := right
		change(&r)
		return []updatetest.Request{r}
	}
	for name, got := range map[string][]updatetest.Request{
		"none":           nil,
		"two":            {right, right},
		"the prefix":     with(func(r *updatetest.Request) { r.Query = prefixUpdate(v.Prefix) }),
		"key in the URL": with(func(r *updatetest.Request) { r.By = "query" }),
		"refused":        with(func(r *updatetest.Request) { r.Status = http.StatusTooManyRequests }),
		"POST":           with(func(r *updatetest.Request) { r.Method = "POST" }),
	} {
		if sameRequests(got, fullUpdate(v)) == nil {
			t.Errorf("%s: taken for one full update", name)
		}
	}
}

func TestMemoryOfSmapsRollup(t *testing.T) {
	text := "00010000-bebc1000 ---p 00000000 00:00 0    [rollup]\nRss:                5808 kB\nPss_Dirty:   9 kB\nPrivate_Dirty:       976 kB\n"
	rss, err := kB(text, "Rss:")
	dirty, err2 := kB(text, "Private_Dirty:")
	for m, fine := range map[memory]bool{{6000, 1000}: true, {6001, 900}: false, {2000, 1001}: false} {
		if err := m.over(); (err == nil) != fine {
			t.Errorf("%+v: %v", m, err)
		}
	}
	if got, want := []any{rss, err, dirty, err2}, []any{5808, error(nil), 976, error(nil)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := kB(text, "Swap:"); err == nil {
		t.Error("a line that is not there has a number")
	}
}

func TestFirstDependency(t *testing.T) {
	answer := "linux-image-armmp\n  Depends: linux-image-6.1.0-50-armmp\n  Depends: other\n"
	if got := firstDepends(answer); got != "linux-image-6.1.0-50-armmp" {
		t.Errorf("%q", got)
	}
	if got := firstDepends("nothing\n"); got != "" {
		t.Errorf("%q of no dependency", got)
	}
}
