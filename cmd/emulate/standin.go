package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"homeward/update/service"
	"homeward/update/updatetest"
)

const (
	domain = "home.ipv64.net"
	token  = "0123456789abcdefghijklmnopqrstuv"
)

// standIn is the service, on this host's loopback.
type standIn struct {
	*updatetest.Server
	ipv64 *updatetest.IPv64
	addr  string
	came  chan time.Time // when a request arrived, in order
	seen  int            // requests that were awaited so far
}

// serve starts a stand-in whose certificate is for name.
func serve(name string) (*standIn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &standIn{ipv64: updatetest.NewIPv64(token, domain), addr: l.Addr().String(), came: make(chan time.Time, 100)}
	s.Server, err = updatetest.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		s.ipv64.ServeHTTP(w, r)
		s.came <- at
	}), updatetest.Options{Names: []string{name}})
	return s, err
}

// config is the daemon's configuration for a server and a folder to write in.
func config(server, authority, dir string) string {
	return fmt.Sprintf(`state_dir = "%[3]s/state"
run_dir = "%[3]s/run"
ca_file = %[2]q
[account.home]
service = "ipv64"
domains = [%[4]q]
token = %[5]q
server = %[1]q
`, server, authority, dir, domain, token)
}

// fresh returns the requests that were not looked at yet.
func (s *standIn) fresh() []updatetest.Request {
	all := s.ipv64.Requests()
	out := all[s.seen:]
	s.seen = len(all)
	return out
}

// sameRequests tells how the requests differ from the one that should have
// come: its values as the full update, or the prefix alone.
func sameRequests(got []updatetest.Request, want url.Values) error {
	if len(got) != 1 {
		return fmt.Errorf("%d requests came, want 1: %s", len(got), queries(got))
	}
	r := got[0]
	if r.Method != http.MethodGet || r.Path != "/nic/update" || r.Query.Encode() != want.Encode() {
		return fmt.Errorf("%s %s?%s came, want GET /nic/update?%s", r.Method, r.Path, r.Query.Encode(), want.Encode())
	}
	if r.By != "bearer" || r.Key != token || r.Status != http.StatusOK {
		return fmt.Errorf("the request was answered %d; its key came by %q", r.Status, r.By)
	}
	return nil
}

func queries(rs []updatetest.Request) (out []string) {
	for _, r := range rs {
		out = append(out, r.Query.Encode())
	}
	return out
}

// fullUpdate is the query of an update of all values.
func fullUpdate(v service.Values) url.Values {
	q := url.Values{"domain": {domain}}
	if v.IPv4.IsValid() {
		q.Set("ip", v.IPv4.String())
	}
	if v.Prefix.IsValid() {
		q.Set("ipv6prefix", v.Prefix.String())
	}
	return q
}

// prefixUpdate is the query of an update of the prefix alone.
func prefixUpdate(p netip.Prefix) url.Values {
	return url.Values{"domain": {domain}, "ipv6prefix": {p.String()}, "onlyprefix": {"1"}}
}
