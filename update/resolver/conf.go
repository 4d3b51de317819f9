package resolver

import (
	"bufio"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// serversMost bounds how many name servers of resolv.conf are used.
const serversMost = 6

// servers returns the name servers of a resolv.conf, or loopback if it has none
// or is missing (resolv.conf(5)). Search domains and options are not used.
func servers(path string) []netip.AddrPort {
	var out []netip.AddrPort
	eachLine(path, func(fields []string) {
		if fields[0] != "nameserver" || len(fields) < 2 || len(out) == serversMost {
			return
		}
		addr, err := netip.ParseAddr(fields[1])
		if server := netip.AddrPortFrom(addr.Unmap(), 53); err == nil && !slices.Contains(out, server) {
			out = append(out, server)
		}
	})
	if out == nil {
		out = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53"), netip.MustParseAddrPort("[::1]:53")}
	}
	return out
}

// hosts returns the addresses of a name in a hosts file. localhost always has
// some (RFC 6761, section 6.3).
func hosts(path, name string) []netip.Addr {
	var out []netip.Addr
	eachLine(path, func(fields []string) {
		if !slices.ContainsFunc(fields[1:], func(f string) bool { return sameName(f, name) }) {
			return
		}
		if addr, err := netip.ParseAddr(fields[0]); err == nil {
			out = append(out, addr.Unmap())
		}
	})
	if out == nil && sameName(name, "localhost") {
		out = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return out
}

// eachLine calls f with the fields of each line, without comments and blank
// lines.
func eachLine(path string, f func(fields []string)) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	for s := bufio.NewScanner(file); s.Scan(); {
		line := s.Text()
		if i := strings.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		if fields := strings.Fields(line); len(fields) > 0 {
			f(fields)
		}
	}
}
