// Package direct makes exchanges with a handler in place of a service, without a
// network and without TLS.
package direct

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"homeward/update/transport"
)

// Answer returns what a handler answers to a request from an address, which may be
// invalid where the handler does not look at it. It panics if the URL is none.
func Answer(h http.Handler, req transport.Request, from netip.Addr) transport.Answer {
	r, err := http.NewRequest(req.Method, req.URL.Reveal(), strings.NewReader(req.Body.Reveal()))
	if err != nil {
		panic("direct: " + err.Error())
	}
	r.RemoteAddr = netip.AddrPortFrom(from, 40000).String()
	r.Header.Set("User-Agent", "homeward/1 (linux/mipsle)")
	user := req.User
	if !req.Login.IsZero() {
		user = req.Login.Reveal()
	}
	switch {
	case !req.Bearer.IsZero():
		r.Header.Set("Authorization", "Bearer "+req.Bearer.Reveal())
	case user != "":
		r.SetBasicAuth(user, req.Password.Reveal())
	case r.URL.User != nil:
		password, _ := r.URL.User.Password()
		r.SetBasicAuth(r.URL.User.Username(), password)
	}
	for _, h := range req.Headers {
		r.Header.Set(h.Name, h.Value.Reveal())
	}
	if !req.Body.IsZero() && req.BodyType == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return transport.Answer{Status: out.Code, Body: out.Body.Bytes()}
}
