package update

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Where the packages ca-bundle (OpenWrt) and ca-certificates (Debian) put the
// system's roots: all in one file, and beside it a folder with links to each.
const (
	bundleFile = "/etc/ssl/certs/ca-certificates.crt"
	bundleDir  = "/etc/ssl/certs"
	otherDir   = "/etc/pki/tls/certs" // crypto/x509 looks there, too
)

// readRoots returns the system's roots, and those of caFile if one is named.
func readRoots(caFile string) (*x509.CertPool, error) {
	pool, err := systemRoots()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if caFile == "" {
		if pool.Equal(x509.NewCertPool()) {
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

// systemRoots returns the same roots as x509.SystemCertPool, which reads the
// bundle and then every link to a part of it: three times the time and half
// as much memory again, of what is most of an exchange's cost.
func systemRoots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(bundleFile)
	_, other := os.Stat(otherDir)
	if !usual("SSL_CERT_FILE", bundleFile) || !usual("SSL_CERT_DIR", bundleDir) ||
		err != nil || other == nil || !pool.AppendCertsFromPEM(pem) {
		return x509.SystemCertPool()
	}
	for _, path := range beside(bundleDir, bundleFile) {
		if pem, err := os.ReadFile(path); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	}
	return pool, nil
}

// usual tells whether the environment does not name another path.
func usual(name, path string) bool {
	v := os.Getenv(name)
	return v == "" || v == path
}

// beside returns the files of a folder that are neither the bundle nor what
// update-ca-certificates linked there when it made the bundle: those that
// somebody put there by hand.
func beside(dir, bundle string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var own []string
	for _, e := range entries {
		path := dir + "/" + e.Name()
		target, err := os.Readlink(path)
		linked := err == nil && (!strings.Contains(target, "/") || strings.Contains(target, "/share/ca-certificates/") || target == bundle)
		if path != bundle && !linked {
			own = append(own, path)
		}
	}
	return own
}
