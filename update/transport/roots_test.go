package transport

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestRootsBesideTheBundle(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	bundle := in("ca-certificates.crt")
	for _, name := range []string{bundle, in("own.pem")} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"4042bcee.0":       "ISRG_Root_X1.pem",
		"ISRG_Root_X1.pem": "/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt",
		"cert.pem":         bundle,
	} {
		if err := os.Symlink(target, in(name)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{in("own.pem")}
	if got := extraCertFiles(dir, bundle); !reflect.DeepEqual(got, want) {
		t.Errorf("extraCertFiles = %v, want %v", got, want)
	}
	if got := extraCertFiles(in("none"), bundle); got != nil {
		t.Errorf("extraCertFiles of no folder = %v", got)
	}
}

func TestSystemRootsAreThoseOfGo(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "")
	want, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := systemRoots(); err != nil || !got.Equal(want) {
		t.Errorf("systemRoots differs from x509.SystemCertPool (%v)", err)
	}
}

func TestRootsAreAddedToTheSystems(t *testing.T) {
	want, err := systemRoots()
	if err != nil {
		t.Fatal(err)
	}
	r := readRoots("testdata/own-ca.pem", "")
	if r.err != nil || r.partial {
		t.Fatal(r.partial, r.err)
	}
	got := r.pool
	if got.Equal(want) {
		t.Error("the named authority is not among the roots")
	}
	pem, err := os.ReadFile("testdata/own-ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	if want.AppendCertsFromPEM(pem); !got.Equal(want) {
		t.Error("the system's roots did not stay as they are")
	}
}

func TestNamedRootsReplaceTheUsual(t *testing.T) {
	t.Setenv("SSL_CERT_DIR", "/nonexistent")
	if usual("SSL_CERT_DIR", bundleDir) {
		t.Error("another folder passes for the usual one")
	}
	t.Setenv("SSL_CERT_DIR", bundleDir)
	if !usual("SSL_CERT_DIR", bundleDir) || !usual("HOMEWARD_TEST_UNSET", bundleDir) {
		t.Error("the usual folder, or none, passes for another")
	}
}
