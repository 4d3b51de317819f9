package resolver

import (
	"net/netip"
	"time"
)

// silent is how long a name server may be silent before the next is asked
// beside it, and, when all were, before they are asked again: a datagram may
// be lost, and a forwarder asks its other servers only when asked again. Each
// further round waits twice as long.
const silent = 300 * time.Millisecond

// schedule is who is asked when, in rounds: it is pure. Times count from the
// beginning of the lookup. The zero schedule asks the first server at once.
type schedule struct {
	servers []netip.AddrPort // as known last
	round   int
	asked   map[netip.AddrPort]bool // in this round: true until it has failed
	failed  int
	at      time.Duration // when the next is asked
}

// next returns the server to ask now, if one is due. servers are the system's
// now: they may be others than a moment ago.
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

// first returns the first server that was not asked in this round, and how
// many there are of these.
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

// fail takes note that a server has refused or could not be asked. The next one
// is asked at once; all is true where there is none left in this round that may
// still answer.
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
