package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update/resolver"
	"homeward/update/updatetest"
)

// raceHost is what a race meets, each thing at its time in ms after it was
// asked for; what does not stand here is silent for ever.
type raceHost struct {
	family   int
	known    string
	resolver map[dnsmessage.Type][]resolved
	address  map[string]reply // by address
}

type resolved struct {
	at int
	resolver.Lookup
}

type reply struct {
	at        int
	fault     FaultKind // 0: it stands
	elsewhere bool
	noRoute   bool
}

// play runs the race in a bubble of fake time, 8 s at the most, and returns
// what was tried when, and what came of it.
func (h raceHost) play(t *testing.T) (tried, end string, r *race) {
	begin := time.Now()
	ms := func() string { return time.Since(begin).Round(time.Millisecond).String() }
	var mu sync.Mutex
	var log []string
	r = newRace(h.family, updatetest.Addrs(h.known))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	whole, done := context.WithCancel(t.Context())
	t.Cleanup(done)
	lookup := func(ctx context.Context, typ dnsmessage.Type, tell func(resolver.Lookup)) {
		for _, l := range h.resolver[typ] {
			select {
			case <-time.After(time.Duration(l.at) * time.Millisecond):
				tell(l.Lookup)
			case <-ctx.Done():
				return
			}
		}
		if len(h.resolver[typ]) == 0 {
			<-ctx.Done()
			tell(resolver.Lookup{Err: errors.New("no answer (asked 192.0.2.53)")})
		}
	}
	attempt := func(ctx context.Context, addr netip.Addr) (connection, *attemptFault) {
		mu.Lock()
		log = append(log, addr.String()+" at "+ms())
		mu.Unlock()
		a, ok := h.address[addr.String()]
		after := time.Duration(a.at) * time.Millisecond
		if !ok {
			after = time.Hour
		}
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return connection{}, &attemptFault{Fault: Fault{Kind: FaultConnect, Detail: "silent"}}
		}
		if a.fault != 0 {
			return connection{}, &attemptFault{Fault: Fault{Kind: a.fault, Detail: addr.String()}, elsewhere: a.elsewhere, noRoute: a.noRoute}
		}
		return connection{tcp: new(net.TCPConn), root: addr.String()}, nil
	}
	first, err := r.run(ctx, whole, lookup, attempt)
	end = ms() + " " + first.root
	if err != nil {
		end = ms() + " resolve: " + r.unresolved()
		if f := r.fault(); f != nil {
			end = ms() + " fault " + [...]string{"", "resolve", "connect", "tls", "clock"}[f.Kind] + " " + f.Detail
		}
	}
	return strings.Join(log, ", "), strings.TrimSpace(end), r
}

func named(at int, addrs string) []resolved {
	return []resolved{{at, resolver.Lookup{Reply: resolver.Reply{Addrs: updatetest.Addrs(addrs)}}}}
}

func unnamed(at int, why string) []resolved {
	return []resolved{{at, resolver.Lookup{Err: errors.New(why)}}}
}

const a1, a2, b1, b2 = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"

// TestOrderOfAttempts: who is tried when, to the millisecond, and when it ends.
func TestOrderOfAttempts(t *testing.T) {
	const a, aaaa = dnsmessage.TypeA, dnsmessage.TypeAAAA
	type answers = map[dnsmessage.Type][]resolved
	type replies = map[string]reply
	stands, refuses := reply{at: 20}, reply{at: 20, fault: FaultConnect, elsewhere: true}
	both := answers{a: named(10, a1+" "+a2), aaaa: named(12, b1+" "+b2)}
	one := answers{a: named(10, a1), aaaa: named(12, b1)}
	for _, tt := range []struct {
		name       string
		host       raceHost
		tried, end string
	}{
		{"both stand", raceHost{resolver: one, address: replies{a1: stands, b1: stands}}, a1 + " at 10ms", "30ms " + a1},
		{"the first is silent", raceHost{resolver: one, address: replies{b1: stands}}, a1 + " at 10ms, " + b1 + " at 260ms", "280ms " + b1},
		{"the first refuses", raceHost{resolver: one, address: replies{a1: refuses, b1: stands}}, a1 + " at 10ms, " + b1 + " at 30ms", "50ms " + b1},
		{"the first is slow, and first all the same", raceHost{resolver: one, address: replies{a1: {at: 300}, b1: {at: 400}}},
			a1 + " at 10ms, " + b1 + " at 260ms", "310ms " + a1},
		{"a broken handshake is no winner", raceHost{resolver: one, address: replies{a1: {at: 30, fault: FaultTLS}, b1: stands}},
			a1 + " at 10ms, " + b1 + " at 40ms", "60ms " + b1},
		{"AAAA is dropped", raceHost{resolver: answers{a: named(10, a1)}, address: replies{a1: stands}}, a1 + " at 10ms", "30ms " + a1},
		{"A is dropped", raceHost{resolver: answers{aaaa: named(10, b1)}, address: replies{b1: stands}}, b1 + " at 10ms", "30ms " + b1},
		{"the other family's answer joins", raceHost{resolver: answers{a: named(10, a1), aaaa: named(900, b1)}, address: replies{b1: stands}},
			a1 + " at 10ms, " + b1 + " at 900ms", "920ms " + b1},
		{"three of four are dead", raceHost{resolver: both, address: replies{b2: stands}},
			a1 + " at 10ms, " + b1 + " at 260ms, " + a2 + " at 510ms, " + b2 + " at 760ms", "780ms " + b2},
		{"one family alone", raceHost{family: 6, resolver: both, address: replies{b2: stands}}, b1 + " at 12ms, " + b2 + " at 262ms", "282ms " + b2},
		{"known, and no resolver", raceHost{known: b1 + " " + a1, address: replies{b1: stands}}, b1 + " at 0s", "20ms " + b1},
		{"known, silent, and no resolver", raceHost{known: b1 + " " + a1, address: replies{a1: stands}}, b1 + " at 0s, " + a1 + " at 250ms", "270ms " + a1},
		{"known, and refused: the resolver's answer is waited for", raceHost{known: b1, resolver: answers{a: named(100, a1)}, address: replies{b1: refuses, a1: stands}},
			b1 + " at 0s, " + a1 + " at 100ms", "120ms " + a1},
		{"known, and not named any more", raceHost{known: b1, resolver: answers{aaaa: named(10, b2)}, address: replies{b1: stands, b2: stands}},
			b1 + " at 0s, " + b2 + " at 10ms", "30ms " + b2},
		{"known, and another answers there", raceHost{known: a1, resolver: answers{a: unnamed(5, "refused"), aaaa: unnamed(5, "refused")}, address: replies{a1: {at: 20, fault: FaultTLS, elsewhere: true}}},
			a1 + " at 0s", "20ms resolve: refused"},
		{"known, of the family not asked for", raceHost{family: 4, known: b1, resolver: one, address: replies{a1: stands}}, a1 + " at 10ms", "30ms " + a1},
		{"no resolver", raceHost{}, "", "8s resolve: no answer (asked 192.0.2.53)"},
		{"a resolver that refuses", raceHost{resolver: answers{a: unnamed(5, "refused"), aaaa: unnamed(6, "refused")}}, "", "6ms resolve: refused"},
		{"a resolver that refuses at first, while an address is tried", raceHost{known: b1,
			resolver: answers{a: append(unnamed(5, "refused"), named(400, a1)...), aaaa: unnamed(6, "refused")}, address: replies{a1: stands}},
			b1 + " at 0s, " + a1 + " at 405ms", "425ms " + a1},
		{"no such name", raceHost{resolver: answers{a: {{5, resolver.Lookup{Reply: resolver.Reply{Code: 3}}}}, aaaa: {{6, resolver.Lookup{Reply: resolver.Reply{Code: 3}}}}}},
			"", "6ms resolve: no such name"},
		{"no address", raceHost{resolver: answers{a: named(5, ""), aaaa: named(6, "")}}, "", "6ms resolve: it has no address"},
		{"no address of the family", raceHost{family: 6, resolver: answers{aaaa: named(6, "")}}, "", "6ms resolve: it has no address of IPv6"},
		{"all of one family fail: the other gets 2 s", raceHost{resolver: answers{a: named(10, a1)}, address: replies{a1: refuses}}, a1 + " at 10ms", "2s fault connect " + a1},
		{"the farthest fault is told", raceHost{resolver: one, address: replies{a1: {at: 20, fault: FaultClock}, b1: refuses}}, a1 + " at 10ms, " + b1 + " at 30ms", "50ms fault clock " + a1},
		{"a silent handshake tells less than the clock", raceHost{resolver: one, address: replies{a1: {at: 20, fault: FaultSilent}, b1: {at: 20, fault: FaultClock}}}, a1 + " at 10ms, " + b1 + " at 30ms", "50ms fault clock " + b1},
		{"no route is told where nothing else is to tell", raceHost{resolver: one, address: replies{a1: {at: 1, fault: FaultConnect, noRoute: true}, b1: refuses}},
			a1 + " at 10ms, " + b1 + " at 12ms", "32ms fault connect " + b1},
		{"all are silent", raceHost{resolver: one}, a1 + " at 10ms, " + b1 + " at 260ms", "8s fault connect silent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tried, end, _ := tt.host.play(t)
				if tried != tt.tried || end != tt.end {
					t.Errorf("tried %s: %s\nwant  %s: %s", tried, end, tt.tried, tt.end)
				}
			})
		})
	}
}

// TestWhereToReachTheHostNextTime: what is remembered of a race.
func TestWhereToReachTheHostNextTime(t *testing.T) {
	const a, aaaa = dnsmessage.TypeA, dnsmessage.TypeAAAA
	type answers = map[dnsmessage.Type][]resolved
	type replies = map[string]reply
	stands, refuses := reply{at: 20}, reply{at: 5, fault: FaultConnect, elsewhere: true}
	for _, tt := range []struct {
		name string
		host raceHost
		want string
	}{
		{"the first time", raceHost{resolver: answers{a: named(1, a1+" "+a2)}, address: replies{a1: stands}}, a1},
		{"one of the other family, too", raceHost{resolver: answers{a: named(1, a1), aaaa: named(2, b1+" "+b2)}, address: replies{a1: stands}}, a1 + " " + b1},
		{"what is known stays where the resolver says nothing", raceHost{known: b1 + " " + a1, address: replies{a1: stands}}, a1 + " " + b1},
		{"one that refuses goes", raceHost{known: b1 + " " + a1, address: replies{b1: refuses, a1: stands}}, a1},
		{"one that is not named goes", raceHost{known: a1 + " " + b1, resolver: answers{aaaa: named(1, b2)}, address: replies{a1: stands}}, a1 + " " + b2},
		{"what the resolver says meanwhile counts", raceHost{known: a1, resolver: answers{a: named(30, a2)}, address: replies{a1: stands}}, a2},
		{"four at most", raceHost{known: a1 + " " + b1 + " " + b2 + " 192.0.2.3 192.0.2.4", address: replies{a1: stands}}, a1 + " " + b1 + " " + b2 + " 192.0.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, end, r := tt.host.play(t)
				_, winner, _ := strings.Cut(end, " ")
				time.Sleep(20 * time.Millisecond) // the service's answer
				synctest.Wait()
				if got := r.reached(netip.MustParseAddr(winner)); !slices.Equal(got, updatetest.Addrs(tt.want)) {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestALostRaceForgetsWhereTheHostIsNot: silence is no reason, nor is an answer
// that does not come.
func TestALostRaceForgetsWhereTheHostIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := raceHost{known: a1 + " " + a2 + " " + b1 + " " + b2,
			resolver: map[dnsmessage.Type][]resolved{dnsmessage.TypeAAAA: named(4000, b2), dnsmessage.TypeA: unnamed(1, "refused")},
			address:  map[string]reply{a1: {at: 20, fault: FaultTLS, elsewhere: true}, b2: {at: 10, fault: FaultTLS}}}
		_, _, r := h.play(t)
		if got := r.forgotten(); !slices.Equal(got, updatetest.Addrs(a1+" "+b1)) {
			t.Errorf("forgotten %v, want %s, where another answers, and %s, which is not named any more", got, a1, b1)
		}
	})
}

// TestHoweverManyAddresses: the number of connections is bounded.
func TestHoweverManyAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var many []string
		for a := netip.MustParseAddr(a1); len(many) < 100; a = a.Next() {
			many = append(many, a.String())
		}
		tried, end, _ := raceHost{resolver: map[dnsmessage.Type][]resolved{dnsmessage.TypeA: named(0, strings.Join(many, " "))}}.play(t)
		if n := len(strings.Split(tried, ", ")); n != attemptsMost || end != "8s fault connect silent" {
			t.Errorf("%d addresses were tried: %s", n, end)
		}
	})
}
