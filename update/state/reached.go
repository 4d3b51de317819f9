package state

import (
	"net/netip"
	"net/url"
	"slices"

	"homeward/update/clock"
	"homeward/update/transport"
)

// Reached is an address at which a service was reached, or another of its
// addresses. The next request tries it before the resolver answers; TLS proves
// that the service answers there.
type Reached struct {
	Host   string     `json:"host"`             // fingerprint of its name
	Device string     `json:"device,omitempty"` // by which it was reached, "" as the routes say
	Addr   netip.Addr `json:"addr"`
	clock.Timestamp
}

// reachedFor is how long an address is remembered: services move.
const reachedFor = 7 * clock.Day

// reachedMost bounds the addresses of one credential: those of four hosts or
// devices.
const reachedMost = 4 * transport.KnownMost

// Destination is a host and the devices to reach it by, "" as the routes say.
type Destination struct{ host, device4, device6 string }

// Destination returns the destination of a request. Its host is "", and nothing
// is remembered, if the URL names an address.
func (b *Data) Destination(req transport.Request) Destination {
	p := Destination{device4: req.Device4, device6: req.Device6}
	if u, err := url.Parse(req.URL.Reveal()); err == nil {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			p.host = b.Fingerprint(u.Hostname())
		}
	}
	return p
}

// device returns the device for an address's family.
func (p Destination) device(a netip.Addr) string {
	if a.Is4() {
		return p.device4
	}
	return p.device6
}

// matches reports whether r is an address of this destination.
func (p Destination) matches(r Reached) bool {
	return r.Host == p.host && r.Device == p.device(r.Addr)
}

// Addresses returns Request.Known for a destination.
func (k Usage) Addresses(now clock.Now, p Destination) []netip.Addr {
	var out []netip.Addr
	for _, r := range k.Addrs {
		if p.matches(r) && r.Addr.IsValid() && now.Since(r.Timestamp) < reachedFor && len(out) < transport.KnownMost {
			out = append(out, r.Addr)
		}
	}
	return out
}

// Remember replaces the addresses of a destination, the best first.
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

// Forget removes addresses of a destination.
func (k Usage) Forget(p Destination, addrs []netip.Addr) Usage {
	k.Addrs = slices.DeleteFunc(slices.Clone(k.Addrs), func(r Reached) bool {
		return p.matches(r) && slices.Contains(addrs, r.Addr)
	})
	return k
}
