package updatetest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Options say how a Server presents itself.
type Options struct {
	Names     []string  // of its certificate, DNS names and addresses; nil: localhost, 127.0.0.1 and ::1
	NotBefore time.Time // of its certificate; zero: an hour ago
	NotAfter  time.Time // zero: ten years on
}

// Server serves a handler over HTTPS, with a certificate of an authority made
// for it alone.
type Server struct {
	URL string // https://address, without a slash at its end
	CA  []byte // the authority's certificate as PEM, for a ca_file

	http   *http.Server
	broken atomic.Int32
}

// Serve serves h on l until Close. It owns l from then on.
func Serve(l net.Listener, h http.Handler, o Options) (*Server, error) {
	ca, cert, err := certificates(o)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "https://" + l.Addr().String(), CA: ca}
	s.http = &http.Server{
		Handler: h, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		// HTTP/2 has no connection to take over and reset.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig:    &tls.Config{Certificates: []tls.Certificate{cert}},
	}
	go s.http.ServeTLS(breaking{l, s}, "", "")
	return s, nil
}

// Close ends the server and its connections.
func (s *Server) Close() error { return s.http.Close() }

// BreakHandshakes makes the server reset the next n connections in the middle
// of the TLS handshake.
func (s *Server) BreakHandshakes(n int) { s.broken.Store(int32(n)) }

// breaking is a listener that resets connections if the server is so told.
type breaking struct {
	net.Listener
	s *Server
}

func (b breaking) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err != nil || b.s.broken.Load() <= 0 {
		return c, err
	}
	b.s.broken.Add(-1)
	return halfTLS{c}, nil
}

// halfTLS resets the connection in place of the server's first TLS messages.
type halfTLS struct{ net.Conn }

func (h halfTLS) Write(b []byte) (int, error) {
	h.Conn.Write(b[:len(b)/2])
	if t, ok := h.Conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	h.Conn.Close()
	return 0, context.Canceled
}

// certificates makes an authority, and a server's certificate by it.
func certificates(o Options) (ca []byte, cert tls.Certificate, err error) {
	if o.Names == nil {
		o.Names = []string{"localhost", "127.0.0.1", "::1"}
	}
	now := time.Now()
	if o.NotBefore.IsZero() {
		o.NotBefore = now.Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = now.AddDate(10, 0, 0)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "updatetest"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: now.AddDate(50, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: o.Names[0]}, NotBefore: o.NotBefore, NotAfter: o.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range o.Names {
		if ip := net.ParseIP(n); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, n)
		}
	}
	return sign(root, leaf)
}

// sign makes the keys and signs both certificates.
func sign(root, leaf *x509.Certificate) (ca []byte, cert tls.Certificate, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, cert, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, cert, err
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, cert, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, caKey)
	if err != nil {
		return nil, cert, err
	}
	var b bytes.Buffer
	err = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return b.Bytes(), tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}, err
}
