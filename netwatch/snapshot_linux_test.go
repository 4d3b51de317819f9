package netwatch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
)

// Tables are with a receiver while the next looks are taken.
func TestTablesAreNotChangedByTheNextLooks(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	k := new(rtnetlink)
	var all []Tables
	var said []string
	for i, change := range []func() error{
		func() error { return nil },
		func() error { return nil },
		func() error { return e.AddAddr("eth0", pfx("85.10.20.78/24"), netip.Addr{}, Forever, Forever) },
		func() error { // as many as before
			return errors.Join(e.AddAddr("eth0", pfx("85.10.20.79/24"), netip.Addr{}, Forever, Forever), e.DelAddr("eth0", pfx("85.10.20.78/24")))
		},
		func() error { return e.DelAddr("eth0", pfx("85.10.20.79/24")) },
		func() error { return e.SetRoute(netwatchtest.Default4("br-lan", netip.Addr{}, netip.Addr{}, 7)) },
		func() error { return e.DelRoute(netwatchtest.Default4("eth0", gateway, lease.Addr(), 0)) },
		func() error { return e.Delegate(pfx("2001:db8:3400::/56")) },
		func() error { return e.Undelegate(del56) },
		e.RemakeLAN,
		func() error { return e.LinkDown("eth0") },
	} {
		must(t, change())
		got, err := k.Tables()
		must(t, err)
		fresh, err := Read()
		must(t, err)
		if i < 9 && !sameLine(got, fresh) { // a link made anew gets an address of its own when it likes
			t.Errorf("look %d: %+v, a first look sees %+v", i, got, fresh)
		}
		all, said = append(all, got), append(said, fmt.Sprint(got))
		for j := max(0, len(all)-8); j < len(all); j++ { // seven before this one
			told := all[j]
			if now := fmt.Sprint(told); now != said[j] {
				t.Errorf("look %d changed the tables of look %d from %s to %s", i, j, said[j], now)
			}
		}
	}
}

// sameLine leaves out the lifetimes, which run down.
func sameLine(a, b Tables) bool {
	return slices.EqualFunc(a.Addrs, b.Addrs, func(x, y Addr) bool {
		x.Preferred, y.Preferred = 0, 0
		return x == y
	}) && slices.Equal(a.Defaults, b.Defaults) && slices.Equal(a.Unreachable, b.Unreachable)
}

// A look at a line that has not changed, or in nothing but its lifetimes,
// leaves nothing behind for the garbage collector.
func TestALookLeavesNothingBehind(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	must(t, e.Delegate(pfx("2001:db8:3400::/56")))
	for name, change := range map[string]func(*snapshot){
		"the same":  func(*snapshot) {},
		"a renewal": func(l *snapshot) { l.ring[l.latest].Addrs[0].Preferred-- },
		"a route":   func(l *snapshot) { l.ring[l.latest].Defaults[0].Metric++ },
	} {
		k := new(rtnetlink)
		var s, last State
		look := func() {
			got, err := k.Tables()
			must(t, err)
			ViewInto(&s, got, Devices{}, last)
			last.IPv6, last.Prefix = s.IPv6, s.Prefix
			change(&k.snapshot)
		}
		for range snapshotRing {
			look()
		}
		if n := testing.AllocsPerRun(100, look); n > 0 || len(s.Delegated) != 2 {
			t.Errorf("%s: %v allocations for each look at %+v", name, n, s)
		}
	}
}

// burstKernel is this machine's kernel, whose messages are the test's.
type burstKernel struct {
	*rtnetlink
	hints chan time.Time
}

func (k burstKernel) Subscribe(ctx context.Context) (<-chan time.Time, error) {
	context.AfterFunc(ctx, func() { close(k.hints) })
	return k.hints, nil
}

// From the hint to what is emitted: no burst leaves anything behind.
func TestABurstLeavesNothingBehind(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	k := burstKernel{new(rtnetlink), make(chan time.Time, 1)}
	var s State
	seen, early := make(chan int), 0
	w := Watcher{kernel: k, Settle: time.Millisecond, Early: func(Tables) { early++ }}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- w.Run(ctx, func(t Tables) {
			ViewInto(&s, t, Devices{}, State{})
			seen <- len(s.Delegated)
		})
	}()
	<-seen
	n := testing.AllocsPerRun(50, func() {
		k.hints <- time.Now()
		if <-seen != 1 {
			t.Error("no prefix is seen")
		}
	})
	cancel()
	must(t, <-ended)
	if n > 0 {
		t.Errorf("%v allocations for each burst", n)
	}
	if early == 0 {
		t.Error("nothing was read early, so this shows half of it only")
	}
}

// From the socket to the hint likewise.
func TestAMessageLeavesNothingBehind(t *testing.T) {
	send, hints := receiving(t)
	address := msg(unix.RTM_NEWADDR, []byte{v6f, 64, 0, 0, 2, 0, 0, 0}, attr(unix.IFA_ADDRESS, make([]byte, 16)))
	if n := testing.AllocsPerRun(100, func() { send(address); <-hints }); n > 0 {
		t.Errorf("%v allocations for each message", n)
	}
}

func TestANameIsMadeOnce(t *testing.T) {
	message := slices.Concat(make([]byte, 4), native.AppendUint32(nil, 4), native.AppendUint32(nil, unix.IFF_UP), make([]byte, 4), attr(unix.IFLA_IFNAME, []byte("pppoe-wan\x00")))
	before, up := links{4: {name: "pppoe-wan"}}, links{4: {}}
	if n := testing.AllocsPerRun(100, func() { up.parseLink(message, before) }); n > 0 || up[4].name != "pppoe-wan" {
		t.Errorf("%v allocations for %q, whose name is known", n, up[4].name)
	}
	before[4] = link{name: "pppoe-wan2"}
	if up.parseLink(message, before); up[4].name != "pppoe-wan" {
		t.Errorf("a link named anew is %q, want pppoe-wan", up[4].name)
	}
}
