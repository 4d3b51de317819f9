package transport

import (
	"net/netip"
	"slices"
	"time"

	"homeward/update/resolver"
)

// nextAfter is how long after one address the next is tried beside it (RFC
// 8305, section 5).
const nextAfter = 250 * time.Millisecond

// otherFamilyWithin is how long, from the beginning, the other family's
// addresses are waited for where all of one family have failed.
const otherFamilyWithin = 2 * time.Second

// attemptsMost bounds the connections of one exchange.
const attemptsMost = 16

// race decides which address of a host is tried when: it is pure. Times count
// from its beginning. The addresses at which the host was reached last come
// first, before the resolver has answered; from then on only those that it
// names.
type race struct {
	known    []netip.Addr  // where the host was reached last, the best first
	lookups  [2]lookup     // of IPv4 and IPv6
	attempts []raceAttempt // in the order they began
	begun    time.Duration // when the last of them did
	hurry    bool          // an attempt has failed since
	answers  chan func()   // what the resolver has said and nobody has taken yet
}

// lookup is what the resolver has said of one family.
type lookup struct {
	wanted bool
	ended  bool // there is an answer, or all servers have failed
	resolver.Lookup
}

// raceAttempt is one address that is tried.
type raceAttempt struct {
	addr  netip.Addr
	fault *attemptFault // nil while it is under way
	stale bool          // given up: the resolver does not name it any more
}

// attemptFault is why one address was not reached.
type attemptFault struct {
	Fault
	elsewhere bool // nobody, or another, answers there
	noRoute   bool // this line does not lead there
}

// farther tells whether an attempt came farther than another one; that there is
// no route, of one family perhaps, tells less than any other fault.
func (f attemptFault) farther(o attemptFault) bool {
	return f.Kind > o.Kind || f.Kind == o.Kind && o.noRoute && !f.noRoute
}

// newRace returns the race to a host in these families, 0 being both. known are
// addresses at which it was reached before, the best first.
func newRace(family int, known []netip.Addr) *race {
	r := &race{}
	r.lookups[0].wanted, r.lookups[1].wanted = family != 6, family != 4
	for _, a := range known {
		if r.lookup(a).wanted {
			r.known = append(r.known, a)
		}
	}
	return r
}

// lookup returns the one of an address's family.
func (r *race) lookup(a netip.Addr) *lookup {
	if a.Is4() {
		return &r.lookups[0]
	}
	return &r.lookups[1]
}

// resolved takes what the resolver says of one family, and returns the attempts
// to be given up: at addresses that the host does not have any more.
func (r *race) resolved(family int, l resolver.Lookup) (stale []netip.Addr) {
	own := &r.lookups[family/6]
	own.ended, own.Lookup = true, l
	for i, a := range r.attempts {
		if r.outdated(a.addr) && a.fault == nil && !a.stale {
			r.attempts[i].stale, r.hurry = true, true
			stale = append(stale, a.addr)
		}
	}
	return stale
}

// outdated tells whether the resolver has answered, and not with this address.
func (r *race) outdated(a netip.Addr) bool {
	l := r.lookup(a)
	return l.ended && l.Err == nil && !slices.Contains(l.Addrs, a)
}

// failed takes note that an address was tried in vain.
func (r *race) failed(addr netip.Addr, f *attemptFault) {
	for i, a := range r.attempts {
		if a.addr == addr {
			r.attempts[i].fault, r.hurry = f, true
		}
	}
}

// next returns the address to try now, or none, and when to ask again, or that
// the race is over as there is nothing left to wait for.
func (r *race) next(now time.Duration) (addr netip.Addr, at time.Duration, over bool) {
	const never = time.Hour
	addr = r.candidate()
	switch {
	case !addr.IsValid() && r.running():
		return addr, never, false
	case !addr.IsValid():
		at, over = r.waitUntil()
		return addr, at, over || now >= at
	case r.running() && !r.hurry && now < r.begun+nextAfter:
		return netip.Addr{}, r.begun + nextAfter, false
	}
	r.attempts = append(r.attempts, raceAttempt{addr: addr})
	r.begun, r.hurry = now, false
	return addr, now + nextAfter, false
}

// waitUntil tells until when the resolver is waited for where nothing is left to
// try, or that the race is over.
func (r *race) waitUntil() (until time.Duration, over bool) {
	some, all := false, true
	for _, l := range r.lookups {
		some, all = some || l.wanted && l.ended, all && (l.ended || !l.wanted)
	}
	if some {
		return otherFamilyWithin, all
	}
	return time.Hour, false
}

// stale tells whether the attempt at an address was given up.
func (r *race) stale(addr netip.Addr) bool {
	return slices.ContainsFunc(r.attempts, func(a raceAttempt) bool { return a.addr == addr && a.stale })
}

func (r *race) running() bool {
	return slices.ContainsFunc(r.attempts, func(a raceAttempt) bool { return a.fault == nil && !a.stale })
}

// candidate returns the address to be tried next: of the other family than the
// last one if there is one.
func (r *race) candidate() netip.Addr {
	if len(r.attempts) == attemptsMost {
		return netip.Addr{}
	}
	var first netip.Addr
	for _, a := range r.candidates() {
		if len(r.attempts) == 0 || a.Is4() != r.attempts[len(r.attempts)-1].addr.Is4() {
			return a
		}
		if !first.IsValid() {
			first = a
		}
	}
	return first
}

// candidates are the addresses not tried yet, the best first.
func (r *race) candidates() []netip.Addr {
	var out []netip.Addr
	add := func(a netip.Addr) {
		tried := slices.ContainsFunc(r.attempts, func(t raceAttempt) bool { return t.addr == a })
		if !tried && !r.outdated(a) {
			out = append(out, a)
		}
	}
	for _, a := range r.known {
		add(a)
	}
	for _, i := range [...]int{1, 0} {
		for _, a := range r.lookups[i].Addrs {
			add(a)
		}
	}
	return out
}

// fault returns why no address was reached: that of the attempt that came
// farthest, at an address that the resolver names; where it names none, why.
func (r *race) fault() *Fault {
	var worst *attemptFault
	for _, a := range r.attempts {
		if l := r.lookup(a.addr); a.fault != nil && slices.Contains(l.Addrs, a.addr) && (worst == nil || a.fault.farther(*worst)) {
			worst = a.fault
		}
	}
	if worst == nil {
		return nil
	}
	return &worst.Fault
}

// unresolved says why there is no address to try.
func (r *race) unresolved() string {
	text, server := "no answer", netip.Addr{}
	for _, l := range r.lookups {
		switch {
		case !l.wanted || !l.ended:
			continue
		case l.Err != nil:
			return l.Err.Error()
		case l.Code != 0:
			text = "no such name"
		case !r.lookups[0].wanted:
			text = "it has no address of IPv6"
		case !r.lookups[1].wanted:
			text = "it has no address of IPv4"
		case text == "no answer":
			text = "it has no address"
		}
		server = l.Server
	}
	if server.IsValid() {
		text += " (asked " + server.String() + ")"
	}
	return text
}

// KnownMost bounds how many addresses of a host are remembered.
const KnownMost = 4

// reached returns where to reach the host the next time: at the address that has
// answered, at those known before which still hold, and at one of each other
// family that the resolver names. It takes what the resolver says until now.
func (r *race) reached(winner netip.Addr) []netip.Addr {
	r.takeAnswers()
	var out []netip.Addr
	gone := r.forgotten()
	for _, a := range append([]netip.Addr{winner}, r.known...) {
		if len(out) < KnownMost && !slices.Contains(out, a) && !slices.Contains(gone, a) && !r.outdated(a) {
			out = append(out, a)
		}
	}
	for _, l := range r.lookups {
		same := func(a netip.Addr) bool { return len(l.Addrs) > 0 && a.Is4() == l.Addrs[0].Is4() }
		if len(l.Addrs) > 0 && len(out) < KnownMost && !slices.ContainsFunc(out, same) {
			out = append(out, l.Addrs[0])
		}
	}
	return out
}

// forgotten returns the known addresses that are not the host's any more: it
// is named without them, or another answers there, or refuses.
func (r *race) forgotten() []netip.Addr {
	var out []netip.Addr
	for _, a := range r.known {
		wrong := func(t raceAttempt) bool { return t.addr == a && t.fault != nil && t.fault.elsewhere }
		if r.outdated(a) || slices.ContainsFunc(r.attempts, wrong) {
			out = append(out, a)
		}
	}
	return out
}
