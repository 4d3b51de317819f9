package netwatch

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// socketpair is two ends of a socket; the filter sits on the second.
func socketpair(t testing.TB) (in, out int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	if err := attach(fds[1], filter()); err != nil {
		t.Fatalf("attach the filter: %v", err)
	}
	return fds[0], fds[1]
}

// passes asks the kernel what the filter says of b.
func passes(t testing.TB, in, out int, b []byte) bool {
	t.Helper()
	if _, err := unix.Write(in, b); err != nil {
		t.Fatalf("write %d bytes: %v", len(b), err)
	}
	_, err := unix.Read(out, make([]byte, len(b)+1))
	if err != nil && err != unix.EAGAIN {
		t.Fatal(err)
	}
	return err == nil
}

// agree fails if the filter and relevant differ on a message.
func agree(t testing.TB, in, out int, b []byte) {
	t.Helper()
	m, _, ok := nextMessage(b)
	if !ok || unix.SizeofNlMsghdr+len(m.body) != len(b) { // the kernel sends whole messages, one by one
		return
	}
	if len(m.body) > unix.SizeofRtMsg {
		for rest := m.body[unix.SizeofRtMsg:]; ; {
			typ, val, r, ok := nextAttr(rest)
			if !ok {
				break
			}
			if typ == unix.RTA_TABLE && len(val) != 4 { // no kernel writes one
				return
			}
			rest = r
		}
	}
	if p := passes(t, in, out, b); p != relevant(m) {
		t.Errorf("the filter passes %x: %v, relevant says %v", b, p, relevant(m))
	}
}

// linkOf is the fixed part of a link message of the family.
func linkOf(family uint8) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	b[0] = family
	return b
}

func TestOnlyMessagesThatCanMatterPass(t *testing.T) {
	in, out := socketpair(t)
	dst := attr(unix.RTA_DST, ipBytes("2001:db8::"))
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"an address", msg(unix.RTM_NEWADDR, make([]byte, 8)), true},
		{"an address goes", msg(unix.RTM_DELADDR, make([]byte, 8)), true},
		{"a link", msg(unix.RTM_NEWLINK, make([]byte, 32)), true},
		{"a link goes", msg(unix.RTM_DELLINK, make([]byte, 32)), true},
		{"a port's state in its bridge", msg(unix.RTM_NEWLINK, linkOf(unix.AF_BRIDGE)), false},
		{"a port leaves its bridge", msg(unix.RTM_DELLINK, linkOf(unix.AF_BRIDGE)), false},
		{"an address of the family of bridges", msg(unix.RTM_NEWADDR, linkOf(unix.AF_BRIDGE)), true},
		{"a link too short to tell", msg(unix.RTM_NEWLINK, linkOf(unix.AF_BRIDGE)[:8]), true},
		{"main's IPv4 default", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 0, 0, 254, uni, 0), table(254)), true},
		{"main's IPv4 default goes", msg(unix.RTM_DELROUTE, rtmsg(v4f, 0, 0, 254, uni, 0), table(254)), true},
		{"main's IPv6 default from a prefix", msg(unix.RTM_NEWROUTE, rtmsg(v6f, 0, 56, 254, uni, 0), table(254)), true},
		{"a delegated prefix", msg(unix.RTM_NEWROUTE, rtmsg(v6f, 56, 0, 254, unre, 0), dst, table(254)), true},
		{"a delegated prefix goes", msg(unix.RTM_DELROUTE, rtmsg(v6f, 56, 0, 254, unre, 0), table(254), dst), true},
		{"main without the attribute", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 0, 0, 254, uni, 0)), true},
		{"a foreign route", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 32, 0, 254, uni, 0), table(254)), false},
		{"a foreign IPv6 route", msg(unix.RTM_NEWROUTE, rtmsg(v6f, 48, 0, 254, uni, 0), table(254)), false},
		{"an unreachable IPv4 route", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 24, 0, 254, unre, 0), table(254)), false},
		{"mwan3's default", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 0, 0, 1, uni, 0), table(1)), false},
		{"mwan3's null route", msg(unix.RTM_NEWROUTE, rtmsg(v6f, 56, 0, 2, unre, 0), dst, table(2)), false},
		{"the default of table 510", msg(unix.RTM_NEWROUTE, rtmsg(v4f, 0, 0, 254, uni, 0), dst, table(510)), false},
		{"the default of table 1000", msg(unix.RTM_DELROUTE, rtmsg(v4f, 0, 0, 252, uni, 0), table(1000)), false},
		{"table local", msg(unix.RTM_NEWROUTE, rtmsg(v6f, 128, 0, 255, unix.RTN_LOCAL, 0), table(255)), false},
		{"a nexthop object", msg(unix.RTM_NEWNEXTHOP, make([]byte, unix.SizeofNhmsg), attr32(unix.NHA_ID, 7)), true},
		{"a nexthop object goes", msg(unix.RTM_DELNEXTHOP, make([]byte, unix.SizeofNhmsg), attr32(unix.NHA_ID, 7)), true},
		{"a route too short to tell", msg(unix.RTM_NEWROUTE, make([]byte, 8)), true},
	} {
		m, _, ok := nextMessage(c.b)
		if !ok || relevant(m) != c.want {
			t.Errorf("%s: relevant = %v, want %v", c.name, !c.want, c.want)
		}
		if p := passes(t, in, out, c.b); p != c.want {
			t.Errorf("%s: the filter passes it: %v, want %v", c.name, p, c.want)
		}
	}
}

// Every combination of what the filter looks at.
func TestFilterAndMattersAgree(t *testing.T) {
	in, out := socketpair(t)
	tables := [][]byte{nil, table(254), table(1), table(510), table(254 << 24), attr(unix.RTA_DST, make([]byte, 16))}
	for _, typ := range []uint16{unix.RTM_NEWROUTE, unix.RTM_DELROUTE, unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_NEWADDR, unix.RTM_NEWROUTE << 8, unix.RTM_NEWLINK << 8} {
		for _, family := range []uint8{0, v4f, unix.AF_BRIDGE, v6f} {
			for _, dst := range []uint8{0, 1, 56} {
				for _, tab := range []uint8{0, 1, 252, 254} {
					for _, kind := range []uint8{uni, unre} {
						for _, a := range tables {
							agree(t, in, out, msg(typ, rtmsg(family, dst, 0, tab, kind, 0), slices.Concat(attr32(unix.RTA_OIF, 254), a)))
						}
					}
				}
			}
		}
	}
}

// FuzzMessages: whatever comes, nothing panics or runs on, and the filter
// never drops what Go would look at.
func FuzzMessages(f *testing.F) {
	in, out := socketpair(f)
	f.Add(msg(unix.RTM_NEWROUTE, rtmsg(v6f, 56, 0, 254, unre, 0), table(254)))
	f.Add(msg(unix.RTM_NEWROUTE, rtmsg(v4f, 0, 0, 0, uni, 0), attr(unix.RTA_MULTIPATH, make([]byte, 16)), table(254)))
	f.Add(msg(unix.RTM_NEWLINK, linkOf(unix.AF_BRIDGE)))
	f.Add(msg(unix.RTM_NEWADDR, []byte{v6f, 64, 0, 0, 2, 0, 0, 0}, attr(unix.IFA_ADDRESS, make([]byte, 16))))
	f.Add(append(msg(unix.RTM_NEWLINK, make([]byte, 16), attr(unix.IFLA_IFNAME, []byte("eth0"))), msg(unix.NLMSG_DONE, make([]byte, 4))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > hintBuf {
			return
		}
		agree(t, in, out, b)
		anyRelevant(b)
		n := 0
		for rest := b; ; n++ {
			m, r, ok := nextMessage(rest)
			if !ok {
				break
			}
			rest = r
			errnoOf(m.body)
			new(nexthops).parse(m.body)
			l := links{2: {name: "eth0"}}
			l.parseLink(m.body, nil)
			for _, family := range []uint8{v4f, v6f} {
				if a, ok := l.parseAddr(m.body, family); ok && (a.Dev == "" && l[0].name == "" || !a.Addr.IsValid()) {
					t.Errorf("parseAddr(%x) = %+v", m.body, a)
				}
				r, null, isDefault, isNull := l.parseRoute(m.body, family)
				if isDefault && isNull || isNull && !null.IsValid() || isDefault && r.IPv6 != (family == v6f) {
					t.Errorf("parseRoute(%x) = %+v %v", m.body, r, null)
				}
			}
		}
		if n > len(b)/unix.SizeofNlMsghdr {
			t.Errorf("%d messages in %d bytes", n, len(b))
		}
	})
}
