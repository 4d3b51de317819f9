package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/updatetest"
)

func TestRequestOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  Request
		want string
	}{
		{
			"bearer", Request{Method: "GET", URL: secret.Text{}.Plain("http://127.0.0.1:1/nic/update?domain=a.de&ip=203.0.113.7"), Bearer: secret.New("hunter2")},
			"GET /nic/update?domain=a.de&ip=203.0.113.7 HTTP/1.1|Host: 127.0.0.1:1|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Bearer hunter2||",
		}, {
			"basic", Request{Method: "GET", URL: secret.Text{}.Plain("https://localhost"), User: "me", Password: secret.New("hunter2")},
			"GET / HTTP/1.1|Host: localhost|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Basic bWU6aHVudGVyMg==||",
		}, {
			"basic from the URL", Request{Method: "GET", URL: secret.Text{}.Plain("http://me:hunter2@[::1]/a b?c d")},
			"GET /a%20b?c%20d HTTP/1.1|Host: [::1]|User-Agent: agent|Accept-Encoding: identity|Connection: close|Authorization: Basic bWU6aHVudGVyMg==||",
		}, {
			"form", Request{Method: "DELETE", URL: secret.Text{}.Plain("https://ipv64.net/api"), Body: secret.Text{}.Plain("del_domain=a.de")},
			"DELETE /api HTTP/1.1|Host: ipv64.net|User-Agent: agent|Accept-Encoding: identity|Connection: close|Content-Type: application/x-www-form-urlencoded|Content-Length: 15||del_domain=a.de",
		}, {
			"empty POST", Request{Method: "POST", URL: secret.Text{}.Plain("https://ipv64.net/api")},
			"POST /api HTTP/1.1|Host: ipv64.net|User-Agent: agent|Accept-Encoding: identity|Connection: close|Content-Length: 0||",
		}, {
			"headers and a body of another type", Request{Method: "PATCH", URL: secret.Text{}.Plain("https://api.example/r"), Headers: []Header{{"X-Key", secret.Text{}.Secret(secret.New("hunter2"), nil)}},
				Body: secret.Text{}.Plain(`{"content":"192.0.2.1"}`), BodyType: "application/json"},
			`PATCH /r HTTP/1.1|Host: api.example|User-Agent: agent|Accept-Encoding: identity|Connection: close|X-Key: hunter2|Content-Type: application/json|Content-Length: 23||{"content":"192.0.2.1"}`,
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

func TestALineBreakMakesNoHeader(t *testing.T) {
	for _, h := range []Header{{"X", secret.Text{}.Plain("a\r\nY: b")}, {"X\nY", secret.Text{}.Plain("a")}} {
		req := Request{Method: "GET", URL: secret.Text{}.Plain("https://api.example/"), Headers: []Header{h}}
		e, err := newEndpoint(req)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.message(req, "agent"); err == nil {
			t.Errorf("%q is sent", got)
		}
	}
}

func TestExchange(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	var local netip.Addr
	req := updateRequest(srv.URL, ca)
	o := steady().exchange(t.Context(), req, func(a netip.Addr) bool {
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
	o := steady().exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool { return false })
	if o.Fault == nil || o.Fault.Kind != FaultCanceled || o.Fault.Sent || len(s.Requests()) != 0 {
		t.Errorf("fault %+v, requests %v", o.Fault, s.Requests())
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Status: 302, Header: http.Header{"Location": {srv.URL + "/elsewhere"}, "Retry-After": {"7"}}})
	o := steady().exchange(t.Context(), updateRequest(srv.URL, ca), nil)
	if o.Answer == nil || o.Answer.Status != 302 || o.Answer.RetryAfter != "7" || len(s.Requests()) != 1 {
		t.Errorf("outcome %+v %+v, %d requests", o.Answer, o.Fault, len(s.Requests()))
	}
}

func TestEndlessAnswerIsCut(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Fault: updatetest.Endless, Body: "good"})
	o := steady().exchange(t.Context(), updateRequest(srv.URL, ca), nil)
	if o.Answer == nil || !o.Answer.Cut || len(o.Answer.Body) != 4096 || string(o.Answer.Body[:4]) != "good" {
		t.Errorf("outcome %+v %+v", o.Answer, o.Fault)
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
	o := steady().exchange(ctx, updateRequest("http://"+l.Addr().String(), ""), nil)
	if o.Fault == nil || o.Fault.Kind != FaultCanceled || !o.Fault.Sent {
		t.Errorf("outcome %+v", o.Fault)
	}
	if err := <-saw; err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("the service saw %v, want a reset", err)
	}
}

// TestGoodbyeAfterTheAnswer sees a whole exchange end without a reset.
func TestGoodbyeAfterTheAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	saw := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
			_, err = io.ReadAll(c)
		}
		saw <- err
	}()
	if o := steady().exchange(t.Context(), updateRequest("http://"+l.Addr().String(), ""), nil); o.Answer == nil {
		t.Errorf("fault %+v", o.Fault)
	}
	if err := <-saw; err != nil {
		t.Errorf("the service saw %v", err)
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
		o := steady().exchange(t.Context(), Request{Method: "POST", URL: secret.Text{}.Plain(srv.URL + path), Body: secret.Text{}.Plain("a=b")}, nil)
		if o.Answer == nil {
			t.Errorf("%s: %+v", path, o.Fault)
		} else if got := fmt.Sprintf("%d %q %v", o.Answer.Status, o.Answer.Body, o.Answer.Cut); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
