package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
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

// trust is the roots to verify a service by.
type trust struct {
	pool    *x509.CertPool
	partial bool // of the system's only the one that was hinted at, or none
	err     error
}

// readRoots returns the system's roots, and those of caFile if one is named.
// hint (see caHint) is of the root that is expected to do. It widens nothing:
// where it is one of these, the system's others are left out, as to parse them
// all is most of an exchange's cost.
func readRoots(caFile, hint string) trust {
	own, pool := []byte(nil), x509.NewCertPool()
	if caFile != "" {
		var err error
		if own, err = os.ReadFile(caFile); err != nil {
			return trust{err: fmt.Errorf("ca_file: %w", err)}
		}
		if !pool.AppendCertsFromPEM(own) {
			return trust{err: fmt.Errorf("ca_file: no certificate in %s", caFile)}
		}
	}
	if findRoot(own, hint) != nil {
		return trust{pool: pool, partial: true}
	}
	if root := systemRoot(hint); root != nil {
		pool.AddCert(root)
		return trust{pool: pool, partial: true}
	}
	all, err := systemRoots()
	if err != nil {
		return trust{pool: pool, err: noRoots(pool)}
	}
	all.AppendCertsFromPEM(own)
	return trust{pool: all, err: noRoots(all)}
}

// noRoots is an error if there are none.
func noRoots(pool *x509.CertPool) error {
	if pool.Equal(x509.NewCertPool()) {
		return errors.New("this router knows no certificate authority: install the package ca-bundle")
	}
	return nil
}

// caHint returns what tells a root from others in a PEM file: the last whole
// line of it there, which is of its signature. It is looked for as it is, since
// to decode the bundle takes a slow router longer than the network does.
func caHint(der []byte) string {
	const line = 48 // bytes, 64 characters (RFC 7468, section 2)
	end := len(der) / line * line
	return base64.StdEncoding.EncodeToString(der[max(end-line, 0):end])
}

// CAHintLen is how long a hint is. Anything else finds nothing.
const CAHintLen = 64

// findRoot returns the root of a PEM file that the hint is of, or nil. Only
// this one is parsed.
func findRoot(text []byte, hint string) *x509.Certificate {
	at := bytes.Index(text, []byte(hint))
	if len(hint) != CAHintLen || at < 0 {
		return nil
	}
	begin := bytes.LastIndex(text[:at], []byte("-----BEGIN CERTIFICATE-----"))
	if begin < 0 {
		return nil
	}
	block, _ := pem.Decode(text[begin:])
	if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 || caHint(block.Bytes) != hint {
		return nil
	}
	root, _ := x509.ParseCertificate(block.Bytes)
	return root
}

// systemRoot returns the one of systemRoots that the hint is of, or nil. Of
// those outside of the bundle it knows nothing.
func systemRoot(hint string) *x509.Certificate {
	if hint == "" || !usualPlaces() {
		return nil
	}
	text, err := os.ReadFile(bundleFile)
	if err != nil {
		return nil
	}
	return findRoot(text, hint)
}

// systemRoots returns the same roots as x509.SystemCertPool, which reads the
// bundle and then every link to a part of it: three times the time and half
// as much memory again, of what is most of an exchange's cost.
func systemRoots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(bundleFile)
	_, other := os.Stat(otherDir)
	if !usualPlaces() || err != nil || other == nil || !pool.AppendCertsFromPEM(pem) {
		return x509.SystemCertPool()
	}
	for _, path := range extraCertFiles(bundleDir, bundleFile) {
		if pem, err := os.ReadFile(path); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	}
	return pool, nil
}

// usualPlaces tells whether the environment leaves the roots where they are.
func usualPlaces() bool {
	return usual("SSL_CERT_FILE", bundleFile) && usual("SSL_CERT_DIR", bundleDir)
}

// usual tells whether the environment does not name another path.
func usual(name, path string) bool {
	v := os.Getenv(name)
	return v == "" || v == path
}

// extraCertFiles returns the files of a folder that are neither the bundle nor what
// update-ca-certificates linked there when it made the bundle: those that
// somebody put there by hand.
func extraCertFiles(dir, bundle string) []string {
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
