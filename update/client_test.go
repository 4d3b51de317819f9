package update

import (
	"context"
	"fmt"
	"io"
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

func TestRequestOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  Request
		want string
	}{
		{
			"bearer", Request{Method: "GET", URL: Text{}.Plain("http://127.0.0.1:1/nic/update?domain=a.de&ip=203.0.113.7"), Bearer: NewSecret("hunter2")},
			"GET /nic/update?domain=a.de&ip=203.0.113.7 HTTP/1.1|Host: 127.0.0.1:1|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Bearer hunter2||",
		}, {
			"basic", Request{Method: "GET", URL: Text{}.Plain("http://localhost"), User: "me", Password: NewSecret("hunter2")},
			"GET / HTTP/1.1|Host: localhost|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Basic bWU6aHVudGVyMg==||",
		}, {
			"basic from the URL", Request{Method: "GET", URL: Text{}.Plain("http://me:hunter2@[::1]/a b?c d")},
			"GET /a%20b?c%20d HTTP/1.1|Host: [::1]|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Basic bWU6aHVudGVyMg==||",
		}, {
			"form", Request{Method: "DELETE", URL: Text{}.Plain("https://ipv64.net/api"), Form: Text{}.Plain("del_domain=a.de")},
			"DELETE /api HTTP/1.1|Host: ipv64.net|User-Agent: agent|Accept-Encoding: identity|Connection: close|Content-Type: application/x-www-form-urlencoded|Content-Length: 15||del_domain=a.de",
		}, {
			"empty POST", Request{Method: "POST", URL: Text{}.Plain("https://ipv64.net/api")},
			"POST /api HTTP/1.1|Host: ipv64.net|User-Agent: agent|Accept-Encoding: identity|Connection: close|Content-Length: 0||",
		},
	} {
		e, err := newEndpoint(tt.req)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got, err := e.message(tt.req, "agent")
		if want := strings.ReplaceAll(tt.want, "|", "\r\n"); err != nil || string(got) != want {
			t.Errorf("%s:\n%s%v, want\n%s", tt.name, got, err, want)
		}
	}
}

func TestExchange(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	var local netip.Addr
	req := updateRequest(srv.URL, ca)
	o := quick().exchange(t.Context(), req, func(a netip.Addr) bool {
		local = a
		return len(s.Requests()) == 0
	})
	if o.Answer == nil || o.Answer.Status != 200 || string(o.Answer.Body) != "good" || o.Answer.Cut || o.Answer.Date == "" {
		t.Fatalf("outcome %+v %+v", o.Answer, o.Fault)
	}
	if local != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("ready was told %v", local)
	}
	got := s.Requests()
	if len(got) != 1 || got[0].By != "bearer" || got[0].Header.Get("User-Agent") != "homeward/1.2.3 (test)" {
		t.Errorf("the service saw %+v", got)
	}
}

func TestReadyThatSaysNoSendsNothing(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	o := quick().exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool { return false })
	if o.Fault == nil || o.Fault.Kind != FaultGiven || o.Fault.Sent || len(s.Requests()) != 0 {
		t.Errorf("fault %+v, requests %v", o.Fault, s.Requests())
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Status: 302, Header: http.Header{"Location": {srv.URL + "/elsewhere"}, "Retry-After": {"7"}}})
	o := quick().exchange(t.Context(), updateRequest(srv.URL, ca), nil)
	if o.Answer == nil || o.Answer.Status != 302 || o.Answer.RetryAfter != "7" || len(s.Requests()) != 1 {
		t.Errorf("outcome %+v %+v, %d requests", o.Answer, o.Fault, len(s.Requests()))
	}
}

func TestEndlessAnswerIsCut(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Fault: updatetest.Endless, Body: "good"})
	o := quick().exchange(t.Context(), updateRequest(srv.URL, ca), nil)
	if o.Answer == nil || !o.Answer.Cut || len(o.Answer.Body) != 4096 || string(o.Answer.Body[:4]) != "good" {
		t.Errorf("outcome %+v %+v", o.Answer, o.Fault)
	}
}

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
		{"refused", updateRequest(refused, ""), FaultConnect, "cannot connect to 127.0.0.1 (127.0.0.1:" + refused[len("https://127.0.0.1:"):] + "): connection refused"},
		{"no route", with("https://[100::1]:9", func(r *Request) { r.Device = "lo" }), FaultConnect, "cannot connect to 100::1 by lo"},
		{"no such device", with(silent, func(r *Request) { r.Device = "pppoe-none" }), FaultConnect, "cannot connect to 127.0.0.1 by pppoe-none (" + l.Addr().String() + "): no such device"},
		{"plain and not loopback", updateRequest("http://192.0.2.1", ""), FaultConnect, "use https://"},
		{"plain and a name", updateRequest("http://ipv64.net", ""), FaultConnect, "use https://"},
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
	checkFault(t, faultCase{name: "reset", kind: FaultTLS, detail: "no secure connection"},
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

// TestGivenUpInTheMiddle ends the context once the request has been sent, and
// sees the connection reset, not closed.
func TestGivenUpInTheMiddle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	saw := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			saw <- err
			return
		}
		c.Read(make([]byte, 4096))
		cancel()
		_, err = io.ReadAll(c)
		saw <- err
	}()
	o := quick().exchange(ctx, updateRequest("http://"+l.Addr().String(), ""), nil)
	if o.Fault == nil || o.Fault.Kind != FaultGiven || !o.Fault.Sent {
		t.Errorf("outcome %+v", o.Fault)
	}
	if err := <-saw; err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("the service saw %v, want a reset", err)
	}
}

func TestAgainstNetHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			io.WriteString(w, "good")
		case "/chunks":
			w.Header().Set("Trailer", "X-After")
			for range 3 {
				io.WriteString(w, "good ")
				http.NewResponseController(w).Flush()
			}
			w.Header().Set("X-After", "y")
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "good")
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), b)
		case "/big":
			w.Write(make([]byte, 10000))
		}
	}))
	defer srv.Close()
	for path, want := range map[string]string{
		"/length": `200 "good" false`, "/chunks": `200 "good good good " false`, "/hints": `200 "good" false`, "/nothing": `204 "" false`,
		"/echo": `200 "POST application/x-www-form-urlencoded a=b" false`, "/big": fmt.Sprintf("200 %q true", make([]byte, 4096)),
	} {
		o := quick().exchange(t.Context(), Request{Method: "POST", URL: Text{}.Plain(srv.URL + path), Form: Text{}.Plain("a=b")}, nil)
		if o.Answer == nil {
			t.Errorf("%s: %+v", path, o.Fault)
		} else if got := fmt.Sprintf("%d %q %v", o.Answer.Status, o.Answer.Body, o.Answer.Cut); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestFaultTextIsFitForATerminal(t *testing.T) {
	got := faultText("a\x1b[31m\r\nb\u202e\xff" + strings.Repeat("ü", 200))
	if len(got) > 160 || !strings.HasPrefix(got, "a?[31m??b??ü") || !strings.HasSuffix(got, "ü…") {
		t.Errorf("%q (%d)", got, len(got))
	}
}
