package update

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		{"no route", with("https://[100::1]:9", func(r *Request) { r.Device = "lo" }), FaultConnect, "cannot connect to 100::1 by lo"},
		{"no such device", with(silent, func(r *Request) { r.Device = "pppoe-none" }), FaultConnect, "cannot connect to 127.0.0.1 by pppoe-none (" + l.Addr().String() + "): no such device"},
		{"plain and not loopback", updateRequest("http://192.0.2.1", ""), FaultConnect, "use https://"},
		{"plain and a name", updateRequest("http://ipv64.net", ""), FaultConnect, "use https://"},
		{"plain where that is allowed", with("http://[100::1]:9", func(r *Request) { r.Device, r.AllowHTTP = "lo", true }), FaultConnect, "cannot connect to 100::1 by lo"},
		{"plain and a name for loopback", updateRequest("http://localhost", ""), FaultConnect, "as 127.0.0.1"},
		{"no URL", updateRequest("ipv64.net", ""), FaultConnect, "must begin with https://"},
		{"a URL with a line break", updateRequest("https://127.0.0.1/\r\nx", ""), FaultConnect, "the URL cannot be used"},
		{"a secret with a line break", with(silent, func(r *Request) { r.Bearer = NewSecret("hunter2\r\nX: y") }), FaultConnect, "line break"},
		{"silence in the handshake", updateRequest(silent, ""), FaultTLS, "not done within 500ms"},
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
	_, late, lateCA := standIn(t, updatetest.Options{NotAfter: time.Now().Add(-time.Minute)})
	_, other, otherCA := standIn(t, updatetest.Options{Names: []string{"other.example"}})
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, tt := range []faultCase{
		{"unknown authority", updateRequest(srv.URL, ""), FaultTLS, "authority unknown here"},
		{"authority of another", updateRequest(srv.URL, otherCA), FaultTLS, "authority unknown here"},
		{"name of another", updateRequest(other.URL, otherCA), FaultTLS, "127.0.0.1"},
		{"not yet valid", updateRequest(early.URL, earlyCA), FaultClock, "its clock says " + time.Now().UTC().Format("2006-01-02")},
		{"expired", updateRequest(late.URL, lateCA), FaultClock, "waiting for NTP"},
		{"not TLS", updateRequest("https"+strings.TrimPrefix(plain.URL, "http"), ""), FaultTLS, "does not speak TLS"},
	} {
		checkFault(t, tt, quick().exchange(t.Context(), tt.req, nil))
	}
	srv.BreakHandshakes(1)
	checkFault(t, faultCase{name: "reset", kind: FaultRefused, detail: "no secure connection"},
		quick().exchange(t.Context(), updateRequest(srv.URL, ca), nil))
	if o := quick().exchange(t.Context(), updateRequest(srv.URL, ca), nil); o.Answer == nil {
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
		{"silence", updatetest.Answer{Delay: 1200 * time.Millisecond}, "no whole answer within 1s"},
		{"a byte now and then", updatetest.Answer{Drip: 300 * time.Millisecond, Body: "good 203.0.113.7"}, "no whole answer within 1s"},
	} {
		s.Next(tt.answer)
		checkFault(t, faultCase{tt.name, Request{}, FaultSent, tt.detail}, quick().exchange(t.Context(), updateRequest(srv.URL, ca), nil))
	}
}

func TestFaultTextIsFitForATerminal(t *testing.T) {
	got := faultText("a\x1b[31m\r\nb\u202e\xff" + strings.Repeat("ü", 200))
	if len(got) > 160 || !strings.HasPrefix(got, "a?[31m??b??ü") || !strings.HasSuffix(got, "ü…") {
		t.Errorf("%q (%d)", got, len(got))
	}
}
