package updatetest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start serves s on loopback and returns it with a client that trusts it.
func start(t *testing.T, s *IPv64, o Options) (*Server, *http.Client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := Serve(l, s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(srv.CA) {
		t.Fatal("the authority is no certificate")
	}
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
	return srv, &http.Client{Transport: tr, Timeout: 5 * time.Second}
}

func TestServeWithItsOwnAuthority(t *testing.T) {
	srv, c := start(t, noLimits("a.ipv64.net"), Options{})
	resp, err := c.Get(srv.URL + "/update?key=KEY&domain=a.ipv64.net&output=min")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "good" {
		t.Errorf("answer %q, want good", b)
	}
	if _, err := http.Get(srv.URL); err == nil {
		t.Error("a client without the authority was satisfied")
	}
}

func TestCertificateOutOfItsTime(t *testing.T) {
	for name, o := range map[string]Options{
		"not yet": {NotBefore: time.Now().Add(time.Hour)},
		"expired": {NotAfter: time.Now().Add(-time.Minute)},
	} {
		srv, c := start(t, noLimits(), o)
		_, err := c.Get(srv.URL)
		var invalid x509.CertificateInvalidError
		if !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaultsOnTheWire(t *testing.T) {
	s := noLimits("a.ipv64.net")
	srv, c := start(t, s, Options{})
	get := func() ([]byte, error) {
		resp, err := c.Get(srv.URL + "/update?key=KEY&domain=a.ipv64.net&output=min")
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	}
	s.Next(Answer{Fault: Reset, Process: true})
	if _, err := get(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %v", err)
	}
	if !s.Record("a.ipv64.net", "").A.IsValid() {
		t.Error("the request before the reset was not carried out")
	}
	s.Next(Answer{Fault: Half})
	if _, err := get(); err == nil || !strings.Contains(err.Error(), "Content-Ty") {
		t.Errorf("half: %v", err)
	}
	s.Next(Answer{Fault: Short, Body: "go"})
	if b, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || string(b) != "go" {
		t.Errorf("short: %q, %v", b, err)
	}
	s.Next(Answer{Fault: Endless})
	if b, err := get(); err != nil || len(b) != 1<<20 {
		t.Errorf("endless: %d bytes, %v", len(b), err)
	}
	s.Next(Answer{Delay: 50 * time.Millisecond, Body: "late"})
	begin := time.Now()
	if b, err := get(); string(b) != "late" || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("delay: %q, %v after %v", b, err, time.Since(begin))
	}
	srv.BreakHandshakes(1)
	if _, err := get(); err == nil {
		t.Error("a broken handshake went through")
	}
	if b, err := get(); string(b) != "nochg" {
		t.Errorf("after all: %q, %v", b, err)
	}
}
