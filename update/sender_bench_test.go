package update

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"homeward/update/updatetest"
)

// BenchmarkSenderCold and BenchmarkSenderWarm make one exchange with a service
// on loopback, by a process that is started for it, and by one that was
// started 5 ms before: as long as the line settles. ns/op is all of it, without
// those; wire-µs is until the request was with the service.
func BenchmarkSenderCold(b *testing.B) { benchmarkSender(b, func(*Sender) {}) }

func BenchmarkSenderWarm(b *testing.B) {
	benchmarkSender(b, func(s *Sender) {
		b.StopTimer()
		s.Warm()
		time.Sleep(5 * time.Millisecond)
		b.StartTimer()
	})
}

func benchmarkSender(b *testing.B, before func(*Sender)) {
	s, srv, ca := standIn(b, updatetest.Options{})
	sender, req := new(Sender), updateRequest(srv.URL, ca)
	wire := time.Duration(0)
	for b.Loop() {
		before(sender)
		began := time.Now()
		o := sender.Exchange(b.Context(), req, func(netip.Addr) bool { return true })
		if o.Answer == nil {
			b.Fatalf("%+v", o.Fault)
		}
		seen := s.Requests()
		wire += seen[len(seen)-1].At.Sub(began)
		req.Root = o.Answer.Root
	}
	b.ReportMetric(float64(wire.Microseconds())/float64(b.N), "wire-µs")
}

// BenchmarkClient makes the same exchange in this process: what TLS and HTTP
// take, the service's half included.
func BenchmarkClient(b *testing.B) {
	_, srv, ca := standIn(b, updatetest.Options{})
	c, req := newClient("homeward/1.2.3 (test)"), updateRequest(srv.URL, ca)
	for b.Loop() {
		o := c.exchange(b.Context(), req, nil)
		if o.Answer == nil {
			b.Fatalf("%+v", o.Fault)
		}
		req.Root = o.Answer.Root
	}
}

// BenchmarkStoreDo writes a Book to the disk of the temporary folder, as before
// each request and after each answer.
func BenchmarkStoreDo(b *testing.B) {
	s := OpenStore(filepath.Join(b.TempDir(), "state"), "", func(text string) { b.Log(text) })
	now := Now{Boot: "b", Up: time.Hour, Wall: time.Now()}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.Do(now, func(book *Book) { book.Quotas["k"] = Quota{Step: n + 1} })
	}
	if got := s.Known(now).Seq; got != uint64(b.N) {
		b.Errorf("written %d times of %d", got, b.N)
	}
}
