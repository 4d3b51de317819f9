package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// The packages ca-bundle (OpenWrt) and ca-certificates (Debian) put the system's
// roots in one file, and links to each root in its folder.
const (
	bundleFile = "/etc/ssl/certs/ca-certificates.crt"
	bundleDir  = "/etc/ssl/certs"
)

// trust holds the roots to verify a service with.
type trust struct {
	pool    *x509.CertPool
	partial bool // without the system's roots, but for that of the hint
	err     error
}

// readRoots returns the system's roots, and those of caFile unless that is "".
// If hint (see caHint) identifies one of these roots, the system's others are
// left out: to parse them all is most of the cost of an exchange. A hint never
// adds a root.
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

// noRoots returns an error if pool is empty.
func noRoots(pool *x509.CertPool) error {
	if pool.Equal(x509.NewCertPool()) {
		return errors.New("this router knows no certificate authority: install the package ca-bundle")
	}
	return nil
}

// caHint identifies a root by its last full line in a PEM file, which is part of
// its signature. A search for this text avoids decoding the bundle, which takes
// a slow router longer than the network does.
func caHint(der []byte) string {
	const line = 48 // bytes, 64 characters (RFC 7468, section 2)
	end := len(der) / line * line
	return base64.StdEncoding.EncodeToString(der[max(end-line, 0):end])
}

// CAHintLen is the length of a hint. A text of another length finds no root.
const CAHintLen = 64

// findRoot returns the hint's root in a PEM file, or nil. It parses no other.
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

// systemRoot returns the hint's root in the bundle, or nil.
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

// systemRoots returns the roots of x509.SystemCertPool, which also reads each link
// in the folder to a part of the bundle: that takes three times as long and half
// as much memory again.
func systemRoots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(bundleFile)
	if !usualPlaces() || err != nil || !pool.AppendCertsFromPEM(pem) {
		return x509.SystemCertPool()
	}
	for _, path := range extraCertFiles(bundleDir, bundleFile) {
		if pem, err := os.ReadFile(path); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	}
	return pool, nil
}

// usualPlaces reports whether the environment leaves the roots' paths unchanged.
func usualPlaces() bool {
	return usual("SSL_CERT_FILE", bundleFile) && usual("SSL_CERT_DIR", bundleDir)
}

// usual reports whether the variable is unset or names path.
func usual(name, path string) bool {
	v := os.Getenv(name)
	return v == "" || v == path
}

// extraCertFiles returns the files in dir beside the bundle: roots that somebody
// has put there. Links are the packages'.
func extraCertFiles(dir, bundle string) (own []string) {
	entries, _ := os.ReadDir(dir) // none where there is no such folder
	for _, e := range entries {
		if path := dir + "/" + e.Name(); e.Type().IsRegular() && path != bundle {
			own = append(own, path)
		}
	}
	return own
}
