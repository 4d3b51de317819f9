package update

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where the packages ca-bundle (OpenWrt) and ca-certificates (Debian) put the
// system's roots: all in one file, and beside it a folder of the same, one by
// one.
const (
	bundleFile = "/etc/ssl/certs/ca-certificates.crt"
	bundleDir  = "/etc/ssl/certs"
	otherDir   = "/etc/pki/tls/certs" // looked at by crypto/x509, too
)

// useBundleAlone keeps crypto/x509 from reading all roots a second time from
// the folder beside the bundle: half the time and memory of a request, where
// nothing stands there that the bundle does not hold.
func useBundleAlone() {
	if os.Getenv("SSL_CERT_FILE") != "" || os.Getenv("SSL_CERT_DIR") != "" {
		return
	}
	if _, err := os.Stat(otherDir); err == nil || !onlyBundled(bundleDir, bundleFile) {
		return
	}
	os.Setenv("SSL_CERT_DIR", "/nonexistent")
}

// onlyBundled tells whether a folder holds nothing but the bundle and what
// update-ca-certificates linked there when it made the bundle. A certificate
// that somebody put there by hand is a reason to read them all.
func onlyBundled(dir, bundle string) bool {
	if st, err := os.Stat(bundle); err != nil || st.Size() == 0 {
		return false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if path == bundle {
			continue
		}
		target, err := os.Readlink(path)
		if err != nil {
			return false
		}
		if strings.Contains(target, "/") && !strings.Contains(target, "/share/ca-certificates/") && target != bundle {
			return false
		}
	}
	return true
}

// readRoots returns the system's roots, and those of caFile if one is named.
func readRoots(caFile string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if caFile == "" {
		if err != nil || pool.Equal(x509.NewCertPool()) {
			return nil, errors.New("this router knows no certificate authority: install the package ca-bundle")
		}
		return pool, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file: no certificate in %s", caFile)
	}
	return pool, nil
}
