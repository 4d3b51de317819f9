package netwatch

import "net/netip"

// Public tells whether a can be reached from the whole internet: an address
// that somebody else has seen is published only if it can.
func Public(a netip.Addr) bool {
	for _, r := range reserved4 {
		if r.net.Contains(a) {
			return false
		}
	}
	return a.Is4() || global6(a)
}
