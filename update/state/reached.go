package state

import (
	"homeward/update/clock"
	"homeward/update/transport"
	"net/netip"
	"net/url"
	"slices"
)

// Reached is an address at which a service was reached, or which the resolver
// named beside it: tried at once the next time. Who answers there is proved by
// TLS.
type Reached struct {
	Host   string     `json:"host"`             // a fingerprint of its name
	Device string     `json:"device,omitempty"` // by which it was reached, "" as the routes said
	Addr   netip.Addr `json:"addr"`
	clock.Timestamp
}

// reachedFor is how long an address is tried again: services move.
const reachedFor = 7 * clock.Day

// reachedMost bounds what is remembered for one key: of four hosts or devices,
// as many addresses as a race hands out.
const reachedMost = 4 * transport.KnownMost

// Destination is a host as it is reached by these devices, "" as the routes say.
type Destination struct{ host, device4, device6 string }

// Destination returns that of a request. Its host is "" where there is nothing to
// remember: of an address.
func (b *Data) Destination(req transport.Request) Destination {
	p := Destination{device4: req.Device4, device6: req.Device6}
	if u, err := url.Parse(req.URL.Reveal()); err == nil {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			p.host = b.Fingerprint(u.Hostname())
		}
	}
	return p
}

// device returns the one by which an address is reached.
func (p Destination) device(a netip.Addr) string {
	if a.Is4() {
		return p.device4
	}
	return p.device6
}

// matches tells whether an address was reached there.
func (p Destination) matches(r Reached) bool {
	return r.Host == p.host && r.Device == p.device(r.Addr)
}

// Addresses returns the addresses at which the place was reached, the best first.
func (k Usage) Addresses(now clock.Now, p Destination) []netip.Addr {
	var out []netip.Addr
	for _, r := range k.Addrs {
		if p.matches(r) && r.Addr.IsValid() && now.Since(r.Timestamp) < reachedFor && len(out) < transport.KnownMost {
			out = append(out, r.Addr)
		}
	}
	return out
}

// Remember takes note of all the addresses at which the place is to be reached the
// next time, the best first.
func (k Usage) Remember(now clock.Now, p Destination, addrs []netip.Addr) Usage {
	if p.host == "" {
		return k
	}
	var out []Reached
	for _, a := range addrs {
		out = append(out, Reached{p.host, p.device(a), a, now.Timestamp()})
	}
	for _, r := range k.Addrs {
		if !p.matches(r) && len(out) < reachedMost {
			out = append(out, r)
		}
	}
	k.Addrs = out
	return k
}

// Forget drops addresses at which the place is not any more.
func (k Usage) Forget(p Destination, addrs []netip.Addr) Usage {
	k.Addrs = slices.DeleteFunc(slices.Clone(k.Addrs), func(r Reached) bool {
		return p.matches(r) && slices.Contains(addrs, r.Addr)
	})
	return k
}
