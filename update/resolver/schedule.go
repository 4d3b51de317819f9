package resolver

import (
	"net/netip"
	"time"
)

// silent is how long to wait for a name server before the next is asked in
// parallel and, after the last, before the next round: a datagram may be lost,
// and a forwarder asks its other servers only when asked again. The wait at the
// end of a round doubles with each.
const silent = 300 * time.Millisecond

// schedule decides when to ask which server, in rounds. It does no I/O. Times
// count from the start of the lookup. The zero schedule asks the first server at
// once.
type schedule struct {
	servers []netip.AddrPort // of the last call of next
	round   int
	asked   map[netip.AddrPort]bool // in this round: true until it has failed
	failed  int
	at      time.Duration // when to ask the next
}

// next returns the server to ask now, if one is due. servers are the system's
// present ones, which may change during a lookup.
func (s *schedule) next(now time.Duration, servers []netip.AddrPort) (server netip.AddrPort, due bool) {
	if s.servers = servers; now < s.at {
		return netip.AddrPort{}, false
	}
	server, left := s.first()
	if left == 0 { // the round is over
		s.round++
		s.asked, s.failed = nil, 0
		server, left = s.first()
	}
	if s.asked == nil {
		s.asked = map[netip.AddrPort]bool{}
	}
	s.asked[server] = true
	s.at = now + silent
	if left == 1 {
		s.at = now + silent<<min(s.round, 5)
	}
	return server, true
}

// first returns the first server not asked in this round, and how many there
// are.
func (s *schedule) first() (server netip.AddrPort, left int) {
	for _, a := range s.servers {
		if _, ok := s.asked[a]; !ok {
			if left == 0 {
				server = a
			}
			left++
		}
	}
	return server, left
}

// fail records the failure of a server. The next one is due at once; all is true
// if no server of this round may still answer.
func (s *schedule) fail(now time.Duration, round int, server netip.AddrPort) (all bool) {
	if pending, asked := s.asked[server]; round != s.round || !asked || !pending {
		return false
	}
	s.asked[server] = false
	s.failed++
	if _, left := s.first(); left > 0 {
		s.at = now
		return false
	}
	return s.failed == len(s.asked)
}
