package transport

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"flag"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var rewriteFaults = flag.Bool("rewrite-faults", false, "write testdata/faults.json")

// testdata/faults.json has the words of each kind of fault; the scheduler's tests
// read it. Inside synctest the time is always the same, and so is the file.
func TestWordsOfFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, c, e := context.Background(), newClient(""), endpoint{host: "ipv64.net"}
		cert := &x509.Certificate{NotBefore: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)}
		notYet := x509.CertificateInvalidError{Cert: cert, Reason: x509.Expired}
		got, _ := json.MarshalIndent(map[string]*Fault{
			"the resolver does not answer":                    Failed(FaultResolve, false, "cannot resolve ipv64.net: "+new(race).unresolved()).Fault,
			"no route, no answer to the connection":           &e.dialFault(ctx, c.connectWithin, "", syscall.EHOSTUNREACH).Fault,
			"the service refuses connections, or resets them": &e.dialFault(ctx, c.connectWithin, "", syscall.ECONNREFUSED).Fault,
			"TLS fails, or half of it comes":                  &e.tlsFault(ctx, c.connectWithin, x509.UnknownAuthorityError{}).Fault,
			"this router's clock is wrong":                    &e.tlsFault(ctx, c.connectWithin, notYet).Fault,
			"a name server's clock is another":                endpoint{host: "ns.example.org"}.otherClock(cert.NotBefore, time.Now()),
			"sent, and no answer: hangs, drips, resets":       e.sentFault(ctx, c.within, os.ErrDeadlineExceeded),
		}, "", "\t")
		const path = "testdata/faults.json"
		if *rewriteFaults {
			os.WriteFile(path, append(got, '\n'), 0o644)
		}
		want, _ := os.ReadFile(path)
		if string(want) != string(got)+"\n" {
			t.Errorf("%s does not hold what the functions say (-rewrite-faults writes it):\n%s", path, got)
		}
	})
}
