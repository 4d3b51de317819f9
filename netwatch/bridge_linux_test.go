package netwatch

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// waiting are the messages that wait in the socket now.
func waiting(t *testing.T, k *rtnetlink) (take func() []message) {
	t.Helper()
	f, err := k.open()
	must(t, err)
	t.Cleanup(func() { f.Close() })
	conn, err := f.SyscallConn()
	must(t, err)
	return func() (all []message) {
		conn.Read(func(fd uintptr) bool {
			for {
				buf := make([]byte, hintBuf)
				n, err := unix.Read(int(fd), buf)
				if err == unix.EAGAIN {
					return true
				}
				must(t, err)
				m, _, ok := nextMessage(buf[:n])
				if !ok {
					t.Fatalf("a message of %x", buf[:n])
				}
				all = append(all, m)
			}
		})
		return all
	}
}

// ofPorts are those in which a bridge tells of its ports.
func ofPorts(all []message) (ports []message) {
	for _, m := range all {
		if (m.typ == unix.RTM_NEWLINK || m.typ == unix.RTM_DELLINK) && m.body[0] == unix.AF_BRIDGE {
			ports = append(ports, m)
		}
	}
	return ports
}

// The kernel has put all its messages into the sockets when a request returns.
// Others may be among them, of a carrier that came late.
func TestAPortOfABridgeThatLearnsIsNoHint(t *testing.T) {
	e := watchRouter(t, new(rtnetlink))
	e.online()
	filtered, all := waiting(t, new(rtnetlink)), waiting(t, &rtnetlink{unfilter: true})
	for _, c := range []struct {
		name   string
		change func() error
	}{
		{"a port learns", func() error { return e.Relearn("eth1") }},
		{"a port leaves", e.LeaveLAN},
		{"a port is back", e.JoinLAN},
	} {
		must(t, c.change())
		ports := ofPorts(all())
		if len(ports) == 0 {
			t.Errorf("%s: the bridge did not tell, so this shows nothing", c.name)
		}
		for _, m := range ports {
			if relevant(m) {
				t.Errorf("%s: the message %d %x is relevant", c.name, m.typ, m.body[:unix.SizeofIfInfomsg])
			}
		}
	}
	if ports := ofPorts(filtered()); len(ports) > 0 {
		t.Errorf("%d messages of ports came through the filter", len(ports))
	}
}

// What becomes of a bridge and its port as links comes through, and is seen:
// by the link's own message, whatever else the kernel says.
func TestABridgeAndItsPortAreLinksToo(t *testing.T) {
	for _, dev := range []string{"br-lan", "eth1"} {
		e := watchRouter(t, new(rtnetlink))
		e.online()
		mark := pfx("127.2.0.1/32")
		must(t, e.AddAddr(dev, mark, netip.Addr{}, Forever, Forever))
		filtered := waiting(t, new(rtnetlink))
		for _, c := range []struct {
			name   string
			change func() error
			typ    uint16
			on     string // the device that has the mark afterwards
		}{
			{"down", func() error { return e.LinkDown(dev) }, unix.RTM_NEWLINK, ""},
			{"renamed", func() error { return e.Rename(dev, "other") }, unix.RTM_NEWLINK, ""},
			{"up", func() error { return e.LinkUp("other") }, unix.RTM_NEWLINK, "other"},
			{"down again", func() error { return e.LinkDown("other") }, unix.RTM_NEWLINK, ""},
			{"named as before", func() error { return e.Rename("other", dev) }, unix.RTM_NEWLINK, ""},
			{"up again", func() error { return e.LinkUp(dev) }, unix.RTM_NEWLINK, dev},
			{"a port leaves", e.LeaveLAN, unix.RTM_NEWLINK, dev},
			{"a port joins", e.JoinLAN, unix.RTM_NEWLINK, dev},
			{"gone", func() error { return e.DelLink(dev) }, unix.RTM_DELLINK, ""},
		} {
			filtered()
			must(t, c.change())
			if !slices.ContainsFunc(filtered(), func(m message) bool { return m.typ == c.typ && relevant(m) }) {
				t.Errorf("%s %s: no message of the link comes through", dev, c.name)
			}
			e.until(dev+" "+c.name, func(t Tables) bool { return holder(t, mark.Addr()) == c.on })
		}
		must(t, e.Close())
	}
}

// holder is the device that has the address, "" if none has.
func holder(t Tables, a netip.Addr) string {
	for _, x := range t.Addrs {
		if x.Addr == a {
			return x.Dev
		}
	}
	return ""
}
