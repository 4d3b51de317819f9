package transport

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/updatetest"
)

// faultCase is an exchange that goes wrong, and what is said of it.
type faultCase struct {
	name   string
	req    Request
	kind   FaultKind
	detail string
}

func checkFault(t *testing.T, tt faultCase, o Outcome) {
	t.Helper()
	f := o.Fault
	if f == nil || o.Answer != nil {
		t.Errorf("%s: outcome %+v, want a fault", tt.name, o.Answer)
		return
	}
	if f.Kind != tt.kind || f.Sent != (tt.kind == FaultSent) || !strings.Contains(f.Detail, tt.detail) {
		t.Errorf("%s: fault %+v, want kind %d, %q", tt.name, *f, tt.kind, tt.detail)
	}
	if len(f.Detail) > 160 || strings.Contains(f.Detail, "hunter2") || strings.Contains(f.Detail, "domain=") {
		t.Errorf("%s: detail %q", tt.name, f.Detail)
	}
}

func TestFaultsBeforeTheHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepted by the kernel, never by us
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent := "https://" + l.Addr().String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "https://" + closed.Addr().String()
	closed.Close()
	noCA := filepath.Join(t.TempDir(), "none.pem")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(base string, set func(*Request)) Request {
		r := updateRequest(base, "")
		set(&r)
		return r
	}
	for _, tt := range []faultCase{
		{"no such name", updateRequest("https://name.invalid", ""), FaultResolve, "cannot resolve name.invalid: "},
		{"no address of the family", with("https://127.0.0.1:9", func(r *Request) { r.Family = 6 }), FaultResolve, "no address of the family"},
		{"refused", updateRequest(refused, ""), FaultRefused, "cannot connect to 127.0.0.1 (127.0.0.1:" + refused[len("https://127.0.0.1:"):] + "): connection refused"},
		{"no route", with("https://[100::1]:9", func(r *Request) { r.Device6 = "lo" }), FaultConnect, "cannot connect to 100::1 by lo"},
		{"no such device", with(silent, func(r *Request) { r.Device4 = "pppoe-none" }), FaultConnect, "cannot connect to 127.0.0.1 by pppoe-none (" + l.Addr().String() + "): no such device"},
		{"plain and not loopback", updateRequest("http://192.0.2.1", ""), FaultConnect, "use https://"},
		{"plain and a name", updateRequest("http://ipv64.net", ""), FaultConnect, "use https://"},
		{"plain where that is allowed", with("http://[100::1]:9", func(r *Request) { r.Device6, r.AllowHTTP = "lo", true }), FaultConnect, "cannot connect to 100::1 by lo"},
		{"plain and a name for loopback", updateRequest("http://localhost", ""), FaultConnect, "as 127.0.0.1"},
		{"no URL", updateRequest("ipv64.net", ""), FaultConnect, "must begin with https://"},
		{"a URL with a line break", updateRequest("https://127.0.0.1/\r\nx", ""), FaultConnect, "the URL cannot be used"},
		{"a secret with a line break", with(silent, func(r *Request) { r.Bearer = secret.New("hunter2\r\nX: y") }), FaultConnect, "line break"},
		{"silence in the handshake", updateRequest(silent, ""), FaultSilent, "not done within 500ms"},
		{"no CA file", updateRequest(silent, noCA), FaultTLS, "ca_file: open " + noCA[:20]},
		{"empty CA file", updateRequest(silent, empty), FaultTLS, "ca_file: no certificate in"},
	} {
		checkFault(t, tt, quick().exchange(t.Context(), tt.req, func(netip.Addr) bool {
			t.Errorf("%s: ready was called", tt.name)
			return true
		}))
	}
}

func TestFaultsInTheHandshake(t *testing.T) {
	_, srv, ca := standIn(t, updatetest.Options{})
	_, early, earlyCA := standIn(t, updatetest.Options{NotBefore: time.Now().Add(time.Hour)})
	end := time.Now().Add(-time.Minute)
	_, late, lateCA := standIn(t, updatetest.Options{NotAfter: end})
	_, other, otherCA := standIn(t, updatetest.Options{Names: []string{"other.example"}})
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, tt := range []faultCase{
		{"unknown authority", updateRequest(srv.URL, ""), FaultTLS, "authority unknown here"},
		{"authority of another", updateRequest(srv.URL, otherCA), FaultTLS, "authority unknown here"},
		{"name of another", updateRequest(other.URL, otherCA), FaultTLS, "127.0.0.1"},
		{"not yet valid", updateRequest(early.URL, earlyCA), FaultClock, "clock says " + time.Now().UTC().Format("2006-01-02")},
		{"expired", updateRequest(late.URL, lateCA), FaultTLS, "the certificate of 127.0.0.1 expired at " + end.UTC().Format("2006-01-02 15:04 MST")},
		{"not TLS", updateRequest("https"+strings.TrimPrefix(plain.URL, "http"), ""), FaultTLS, "does not speak TLS"},
	} {
		checkFault(t, tt, steady().exchange(t.Context(), tt.req, nil))
	}
	srv.BreakHandshakes(1)
	checkFault(t, faultCase{name: "reset", kind: FaultRefused, detail: "no secure connection"},
		steady().exchange(t.Context(), updateRequest(srv.URL, ca), nil))
	if o := steady().exchange(t.Context(), updateRequest(srv.URL, ca), nil); o.Answer == nil {
		t.Errorf("afterwards: %+v", o.Fault)
	}
}

func TestFaultsAfterSending(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	for _, tt := range []struct {
		name   string
		answer updatetest.Answer
		detail string
	}{
		{"reset", updatetest.Answer{Fault: updatetest.Reset}, "connection reset by peer"},
		{"half the headers", updatetest.Answer{Fault: updatetest.Half, Status: 200}, "in the middle of the answer"},
		{"half the body", updatetest.Answer{Fault: updatetest.Short, Body: "good"}, "in the middle of the answer"},
		{"silence", updatetest.Answer{Delay: 3 * time.Second}, "no whole answer within 2s"},
		{"a byte now and then", updatetest.Answer{Drip: 300 * time.Millisecond, Body: "good 203.0.113.7"}, "no whole answer within 2s"},
	} {
		c := steady()
		if tt.answer.Delay+tt.answer.Drip > 0 {
			c.within = 2 * time.Second
		}
		s.Next(tt.answer)
		checkFault(t, faultCase{tt.name, Request{}, FaultSent, tt.detail}, c.exchange(t.Context(), updateRequest(srv.URL, ca), nil))
	}
}

func TestFaultTextIsFitForATerminal(t *testing.T) {
	got := FaultText("a\x1b[31m\r\nb\u202e\xff" + strings.Repeat("ü", 200))
	if len(got) > 160 || !strings.HasPrefix(got, "a?[31m??b??ü") || !strings.HasSuffix(got, "ü…") {
		t.Errorf("%q (%d)", got, len(got))
	}
}

// A certificate that is not valid now is the clock's fault before it begins,
// and the service's after its end.
func TestExpiredIsToldFromAClockThatIsBehind(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	cert := &x509.Certificate{NotBefore: at("2026-10-01"), NotAfter: at("2026-12-30")}
	for now, want := range map[string]string{
		"1970-01-01": "4 waiting for NTP: this router's clock says 1970-01-01 00:00 UTC, and the certificate of a.example is valid from 2026-10-01 00:00 UTC",
		"2027-01-01": "3 the certificate of a.example expired at 2026-12-30 00:00 UTC (this router's clock says 2027-01-01 00:00 UTC): the service has to renew it",
	} {
		kind, text := endpoint{host: "a.example"}.expired(cert, at(now))
		if got := fmt.Sprint(int(kind), " ", text); got != want {
			t.Errorf("%s: %s, want %s", now, got, want)
		}
	}
}
