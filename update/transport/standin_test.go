package transport

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/updatetest"
)

// standIn serves an IPv64 without limits on loopback and returns it with its
// server and the path of its authority's certificate.
func standIn(t testing.TB, o updatetest.Options) (*updatetest.IPv64, *updatetest.Server, string) {
	t.Helper()
	s := updatetest.NewIPv64("hunter2", "a.ipv64.net")
	s.Limit10s, s.Limit24h, s.LockAfter = 0, 0, 0
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := updatetest.Serve(l, s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, srv.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return s, srv, ca
}

// updateRequest is an update with a secret wherever one can stand.
func updateRequest(base, ca string) Request {
	return Request{
		Method: "GET",
		URL:    secret.Text{}.Plain(base+"/nic/update?domain=a.ipv64.net&output=min&ip=203.0.113.7&x=").Secret(secret.New("hunter2"), nil),
		Bearer: secret.New("hunter2"), CAFile: ca,
	}
}

// quick is a client that gives up soon.
func quick() client {
	return client{agent: "homeward/1.2.3 (test)", connectWithin: 500 * time.Millisecond, within: time.Second}
}

// steady is a client that gives up as the program's does.
func steady() client { return newClient("homeward/1.2.3 (test)") }
