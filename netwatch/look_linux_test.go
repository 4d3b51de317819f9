package netwatch

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
)

// Tables are with other goroutines when the next look is taken.
func TestTablesAreNotChangedByTheNextLook(t *testing.T) {
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
		for j, told := range all {
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
	}) && slices.Equal(a.Defaults, b.Defaults) && slices.Equal(a.Null, b.Null)
}

// A look at a line that has not changed, but for its lifetimes, leaves next to
// nothing behind for the garbage collector: what it does is the addresses.
func TestALookLeavesLittleBehind(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	k := new(rtnetlink)
	got, err := k.Tables()
	must(t, err)
	last := View(got, Devices{}, State{})
	const n, most = 200, 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		k.look.told.Addrs = nil // as if each had another lifetime
		got, err := k.Tables()
		must(t, err)
		last = View(got, Devices{}, last)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > most {
		t.Errorf("%d bytes for each look at %d addresses, want at most %d", each, len(got.Addrs), most)
	}
}

func TestANameIsMadeOnce(t *testing.T) {
	link := slices.Concat(make([]byte, 4), native.AppendUint32(nil, 4), native.AppendUint32(nil, unix.IFF_UP), make([]byte, 4), attr(unix.IFLA_IFNAME, []byte("pppoe-wan\x00")))
	before, up := links{4: "pppoe-wan"}, links{4: ""}
	if n := testing.AllocsPerRun(100, func() { up.parseLink(link, before) }); n > 0 || up[4] != "pppoe-wan" {
		t.Errorf("%v allocations for %q, whose name is known", n, up[4])
	}
	before[4] = "pppoe-wan2"
	if up.parseLink(link, before); up[4] != "pppoe-wan" {
		t.Errorf("a link named anew is %q, want pppoe-wan", up[4])
	}
}
