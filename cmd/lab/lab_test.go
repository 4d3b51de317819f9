package main

import (
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update/updatetest"
)

func TestDumpdepIsAddedToTheLinkersFlags(t *testing.T) {
	flags := []string{"-trimpath", "-ldflags=-s -w", "-gcflags=all=-l"}
	want := []string{"-trimpath", "-ldflags=-s -w -dumpdep", "-gcflags=all=-l"}
	if got := dumpdep(flags); !slices.Equal(got, want) {
		t.Errorf("dumpdep = %q, want %q", got, want)
	}
	if flags[1] != "-ldflags=-s -w" {
		t.Errorf("its argument became %q", flags)
	}
	if got := dumpdep([]string{"-trimpath"}); got != nil {
		t.Errorf("dumpdep without linker flags = %q, want nil", got)
	}
}

func TestField(t *testing.T) {
	text := []byte("Rss:                6540 kB\nPrivate_Dirty:      1308 kB\nVmHWM:\t    7724 kB\n")
	for name, want := range map[string]int{"Rss:": 6540, "Private_Dirty:": 1308, "VmHWM:": 7724} {
		if got, err := field(text, name); got != want || err != nil {
			t.Errorf("field(%s) = %d, %v, want %d", name, got, err, want)
		}
	}
	if _, err := field(text, "Dirty:"); err == nil {
		t.Error("a name was found in the midst of a line")
	}
}

func TestARequestIsToldWithoutItsSecret(t *testing.T) {
	r := updatetest.Request{Method: "GET", Path: "/nic/update", By: "query", Key: "hunter2",
		Query: url.Values{"domain": {"home.ipv64.net"}, "token": {"hunter2"}, "ipv6prefix": {"2001:db8::/64"}}}
	want := "GET /nic/update?domain=home.ipv64.net&ipv6prefix=2001:db8::/64&token=***"
	if got := requestText(r); got != want {
		t.Errorf("requestText = %s, want %s", got, want)
	}
	if got := verdictText(r); strings.Contains(got, "hunter2") {
		t.Errorf("verdictText = %s", got)
	}
}

func TestTheLastMessageBefore(t *testing.T) {
	now := time.Now()
	at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
	s := scene{ear: &ear{last: []time.Time{at(0), at(1), at(8)}}}
	// The message at 8 ms came within the settling window of a request at 10 ms.
	if got := s.latency(updatetest.Request{At: at(10)}); got != 9*time.Millisecond {
		t.Errorf("latency = %v, want 9ms", got)
	}
}

// What the ear passes over must be what homeward does: a route of another
// table, or to somewhere.
func TestOnlyMainsDefaultAndUnreachableRoutesMatter(t *testing.T) {
	route := func(family, bits, table, kind byte) syscall.NetlinkMessage {
		return syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_NEWROUTE},
			Data: []byte{family, bits, 0, 0, table, unix.RTPROT_STATIC, 0, kind, 0, 0, 0, 0}}
	}
	for _, tt := range []struct {
		name    string
		m       syscall.NetlinkMessage
		matters bool
	}{
		{"the IPv4 default route", route(unix.AF_INET, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST), true},
		{"a default route of mwan3's table 1", route(unix.AF_INET, 0, 1, unix.RTN_UNICAST), false},
		{"a delegated prefix", route(unix.AF_INET6, 56, unix.RT_TABLE_MAIN, unix.RTN_UNREACHABLE), true},
		{"a route to a neighbour", route(unix.AF_INET6, 64, unix.RT_TABLE_MAIN, unix.RTN_UNICAST), false},
		{"an unreachable IPv4 network", route(unix.AF_INET, 16, unix.RT_TABLE_MAIN, unix.RTN_UNREACHABLE), false},
	} {
		e := &ear{names: map[int]string{}, addrs: map[string]bool{}}
		if _, matters := e.read(tt.m); matters != tt.matters {
			t.Errorf("%s matters: %v, want %v", tt.name, matters, tt.matters)
		}
	}
}
