package transport

import (
	"net/netip"
	"slices"
	"time"

	"homeward/update/resolver"
)

// nextAfter is the delay before the next address is tried in parallel (RFC
// 8305, section 5).
const nextAfter = 250 * time.Millisecond

// otherFamilyWithin is how long, from the start, to wait for the other family's
// addresses when all of one family have failed.
const otherFamilyWithin = 2 * time.Second

// attemptsMost bounds the connections of one exchange.
const attemptsMost = 16

// race decides when to try which address of a host. It does no I/O. Times count
// from its start. The known addresses come first; once the resolver has
// answered, only addresses in its answer are tried.
type race struct {
	known    []netip.Addr  // where the host was reached last, the best first
	lookups  [2]lookup     // of IPv4 and IPv6
	attempts []raceAttempt // in the order they began
	begun    time.Duration // start of the last attempt
	hurry    bool          // an attempt has failed since
	answers  chan func()   // the resolver's answers, not yet applied
}

// lookup is the resolver's answer for one family.
type lookup struct {
	wanted bool
	ended  bool // a server has answered, or all have failed
	resolver.Lookup
}

// raceAttempt is an attempt at one address.
type raceAttempt struct {
	addr  netip.Addr
	fault *attemptFault // nil while it is running
	stale bool          // canceled: not in the resolver's answer
}

// attemptFault is why one address was not reached.
type attemptFault struct {
	Fault
	elsewhere bool // connection refused, or the certificate did not verify
	noRoute   bool // no route or no source address
}

// farther reports whether f says more than o: it came farther, or o only lacks a
// route, as one family often does.
func (f attemptFault) farther(o attemptFault) bool {
	return f.reached() > o.reached() || f.reached() == o.reached() && o.noRoute && !f.noRoute
}

// reached returns how far the attempt came: a FaultSilent is a FaultTLS.
func (f attemptFault) reached() FaultKind {
	if f.Kind == FaultSilent {
		return FaultTLS
	}
	return f.Kind
}

// newRace returns a race in family 4, 6, or 0 for both. known are addresses at
// which the host was reached before, the best first.
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

// lookup returns the lookup of a's family.
func (r *race) lookup(a netip.Addr) *lookup {
	if a.Is4() {
		return &r.lookups[0]
	}
	return &r.lookups[1]
}

// resolved records the resolver's answer for one family. It returns the attempts
// to cancel: the answer does not have their addresses.
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

// outdated reports whether the resolver has answered without this address.
func (r *race) outdated(a netip.Addr) bool {
	l := r.lookup(a)
	return l.ended && l.Err == nil && !slices.Contains(l.Addrs, a)
}

// failed records the fault of an attempt.
func (r *race) failed(addr netip.Addr, f *attemptFault) {
	for i, a := range r.attempts {
		if a.addr == addr {
			r.attempts[i].fault, r.hurry = f, true
		}
	}
}

// next returns the address to try now, or an invalid one, and when to call next
// again. over is true if nothing is left to wait for.
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

// waitUntil returns how long to wait for the resolver when no address is left to
// try. over is true if all lookups have ended.
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

// stale reports whether the attempt at an address was canceled.
func (r *race) stale(addr netip.Addr) bool {
	return slices.ContainsFunc(r.attempts, func(a raceAttempt) bool { return a.addr == addr && a.stale })
}

func (r *race) running() bool {
	return slices.ContainsFunc(r.attempts, func(a raceAttempt) bool { return a.fault == nil && !a.stale })
}

// candidate returns the address to try next: of the other family than the last
// attempt, if there is one.
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

// candidates returns the addresses not tried yet, the best first.
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

// fault returns the fault of the attempt that came farthest, at an address in
// the resolver's answer; nil if there is none.
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

// reached returns where to reach the host next time: the address that answered,
// the known ones that are still valid, and one of the resolver's of a family
// that has none yet. It applies the resolver's answers first.
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

// forgotten returns the known addresses that are no longer the host's: they are
// not in the resolver's answer, or refuse, or their certificate does not verify.
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
