package update

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyBundled(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(dir string) error
		want bool
	}{
		"OpenWrt's ca-bundle": {func(string) error { return nil }, true},
		"Debian's links": {func(dir string) error {
			os.Symlink("ISRG_Root_X1.pem", filepath.Join(dir, "4042bcee.0"))
			os.Symlink("/usr/local/share/ca-certificates/own.crt", filepath.Join(dir, "own.pem"))
			return os.Symlink("/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt", filepath.Join(dir, "ISRG_Root_X1.pem"))
		}, true},
		"an own authority": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "own.pem"), []byte("x"), 0o600)
		}, false},
		"an own authority by a link": {func(dir string) error {
			return os.Symlink("/etc/own.pem", filepath.Join(dir, "own.pem"))
		}, false},
		"no bundle": {func(dir string) error { return os.Remove(filepath.Join(dir, "ca-certificates.crt")) }, false},
		"an empty bundle": {func(dir string) error {
			return os.Truncate(filepath.Join(dir, "ca-certificates.crt"), 0)
		}, false},
	} {
		dir := t.TempDir()
		bundle := filepath.Join(dir, "ca-certificates.crt")
		if err := os.WriteFile(bundle, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tt.make(dir); err != nil {
			t.Fatal(err)
		}
		if got := onlyBundled(dir, bundle); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestRootsAreAddedToTheSystems(t *testing.T) {
	system, err := readRoots("")
	if err != nil {
		t.Fatal(err)
	}
	own, err := readRoots("testdata/own-ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	if own.Equal(system) {
		t.Error("the named authority is not among the roots")
	}
	pem, err := os.ReadFile("testdata/own-ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	if system.AppendCertsFromPEM(pem); !own.Equal(system) {
		t.Error("the system's roots did not stay as they are")
	}
}
