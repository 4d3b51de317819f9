package netwatch

import (
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a look costs is what the idle daemon pays at every router
// advertisement, for years. `go test -run '^$' -bench . -benchmem ./netwatch`;
// with -gcflags=all=-l it is as the program is shipped.

// BenchmarkTables is a look at the kernel: nothing has changed, a lifetime has
// (they run down by the second), everything has.
func BenchmarkTables(b *testing.B) {
	e := watchRouter(b, new(rtnetlink))
	e.online()
	for _, c := range []struct {
		name   string
		change func(*snapshot)
	}{
		{"same", func(*snapshot) {}},
		{"lifetime", func(l *snapshot) { l.ring[l.latest].Addrs[0].Preferred-- }},
		{"other", func(l *snapshot) { l.ring[l.latest].Addrs = l.ring[l.latest].Addrs[:0] }},
	} {
		b.Run(c.name, func(b *testing.B) {
			k := new(rtnetlink)
			if _, err := k.Tables(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				c.change(&k.snapshot)
				if _, err := k.Tables(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(k.requests)), "dumps/op")
		})
	}
}

func BenchmarkView(b *testing.B) {
	e := watchRouter(b, new(rtnetlink))
	e.online()
	private := e.Tables
	private.Addrs = slices.Clone(e.Addrs)
	for i, a := range private.Addrs {
		if a.Addr == lease.Addr() {
			private.Addrs[i].Addr = ip("100.64.1.2")
		}
	}
	for name, t := range map[string]Tables{"public": e.Tables, "carrierNAT": private} {
		b.Run(name, func(b *testing.B) {
			last := View(t, Devices{}, State{})
			var s State
			b.ReportAllocs()
			for b.Loop() {
				if ViewInto(&s, t, Devices{}, last); !s.Equal(last) {
					b.Fatalf("View = %+v, want %+v", s, last)
				}
			}
		})
	}
}

// BenchmarkMessage is one message from the socket to the hint, or to nothing.
func BenchmarkMessage(b *testing.B) {
	address := msg(unix.RTM_NEWADDR, []byte{v6f, 64, 0, 0, 2, 0, 0, 0}, attr(unix.IFA_ADDRESS, make([]byte, 16)))
	foreign := msg(unix.RTM_NEWROUTE, rtmsg(v4f, 24, 0, 254, uni, 0), table(254), attr(unix.RTA_DST, make([]byte, 4)), oif(3))
	b.Run("matters", func(b *testing.B) {
		send, hints := receiving(b)
		b.ReportAllocs()
		for b.Loop() {
			send(address)
			<-hints
		}
	})
	b.Run("foreign", func(b *testing.B) {
		send, hints := receiving(b)
		b.ReportAllocs()
		for b.Loop() {
			send(foreign)
		}
		send(address)
		<-hints
	})
}

// receiving is a receive at the other end of send.
func receiving(b testing.TB) (send func([]byte), hints <-chan time.Time) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(b, err)
	must(b, unix.SetNonblock(fds[1], true))
	f := os.NewFile(uintptr(fds[1]), "messages")
	c, ended := make(chan time.Time, 1), make(chan struct{})
	go func() {
		receive(b.Context(), f, c)
		close(ended)
	}()
	b.Cleanup(func() {
		unix.Close(fds[0])
		f.Close()
		<-ended
	})
	return func(m []byte) {
		if _, err := unix.Write(fds[0], m); err != nil {
			b.Fatal(err)
		}
	}, c
}
