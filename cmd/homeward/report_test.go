package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeward/cmd/homeward/settings"
)

// A report has what a question needs, and nothing that its owner must hide.
func TestReport(t *testing.T) {
	root := t.TempDir()
	put := func(path, text string, mode os.FileMode) string {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const token = "4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2"
	put("etc/openwrt_release", "DISTRIB_RELEASE='24.10.8'\nDISTRIB_TARGET='ramips/mt7621'\nDISTRIB_ARCH='mipsel_24kc'\n", 0o644)
	put("usr/lib/opkg/status", "Package: busybox\nVersion: 1\n\nPackage: homeward\nVersion: 1.0.0-r1\n\nPackage: ddns-scripts\nVersion: 2.8.4\n", 0o644)
	put("etc/config/homeward", "# mine: "+token+"\nconfig account \"home\"\n\toption service ipv64\n\tlist domain 'home.ipv64.net'\n\toption token '"+token+"'\n\toption tokn '"+token+"'\n", 0o644)
	put("sbin/logread", "#!/bin/sh\ncat <<'E'\n"+
		"Mon Nov 30 08:00:00 2026 daemon.info homeward[812]: home: accepted 203.0.113.7 \x1b[31m\n"+
		"Mon Nov 30 08:00:01 2026 daemon.err other[1]: key "+token+"\n"+
		"Mon Nov 30 08:00:02 2026 daemon.warn homeward[812]: home: the service says: key "+token+" unknown\nE\n", 0o755)
	file := put("homeward.toml", "run_dir = \""+root+"/run\"\n[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \""+token+"\" # "+token+"\n", 0o600)

	text := report{root: root, file: file}.text()
	for _, want := range []string{
		"homeward dev linux/", "OpenWrt 24.10.8 ramips/mt7621 mipsel_24kc, kernel ",
		"no daemon runs (" + root + "/run)",
		"[account.home]\ndomains = [\"home.ipv64.net\"]\nservice = \"ipv64\"\ntoken = \"…\"\n",
		"config account 'home'\n\toption service 'ipv64'\n\tlist domain 'home.ipv64.net'\n\toption token '…'\n\t# an unknown option is not shown\n",
		"homeward 1.0.0-r1\nddns-scripts 2.8.4\n",
		"homeward[812]: home: accepted 203.0.113.7 [31m\n",
		"homeward[812]: home: the service says: key *** unknown",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	for _, never := range []string{token, "\x1b", "busybox", "other[1]"} {
		if strings.Contains(text, never) {
			t.Errorf("the report has %q:\n%s", never, text)
		}
	}
}

// A secret that is not there hides nothing else.
func TestReportWithoutASecret(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "homeward.toml")
	if err := os.WriteFile(file, []byte("[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := report{root: root, file: file}.text()
	for _, want := range []string{file + ":1: account.home.token: missing: write ", "\nthere is no logread\n"} {
		if !strings.Contains(text, want) || strings.Contains(text, "***") {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	if text = (report{root: root}).text(); !strings.Contains(text, "## Configuration (no TOML)\n") && settings.DefaultFile() == "" {
		t.Errorf("without a file:\n%s", text)
	}
}

// A log without an end costs a report a bounded part.
func TestReportOfAnEndlessLog(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "sbin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nexec yes 'Mon Nov 30 08:00:00 2026 daemon.info homeward[812]: again'\n"
	if err := os.WriteFile(filepath.Join(root, "sbin/logread"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	text := report{root: root, file: filepath.Join(root, "none.toml")}.text()
	if n := strings.Count(text, "homeward[812]: again"); n == 0 || n > logLines {
		t.Errorf("%d lines of the log, want some and at most %d", n, logLines)
	}
	if !strings.Contains(text, "cannot be read: ") {
		t.Errorf("a configuration that is not there is not told:\n%s", text)
	}
}
