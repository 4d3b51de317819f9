package router

import (
	"errors"
	"net"
	"net/http"
	"net/netip"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// wan is the router's device to its provider.
const wan = "pppoe-wan"

// Services are the stand-ins at the provider, at the services' own names.
type Services struct {
	IPv64 *updatetest.IPv64
	Spdyn *updatetest.Spdyn
}

// line is what the provider gives to the router, by PPPoE, and the services
// behind it, in a network namespace of their own.
type line struct {
	*netwatchtest.Router
	addr   string
	prefix netip.Prefix
}

// reset makes the line what it is at the start.
func (l *line) reset() error {
	const addr, prefix = "203.0.113.7", "2001:db8:1200::/56"
	var err error
	if l.addr != addr {
		err = l.Dial(addr)
	}
	if l.prefix != netip.MustParsePrefix(prefix) {
		err = errors.Join(err, l.Delegate(prefix))
	}
	return err
}

// services serves the stand-ins behind the line, and makes the router find them
// by their names and trust them.
func (l *line) services(r root, s Services) error {
	hosts, roots := "127.0.0.1 localhost\n", ""
	for addr, service := range map[string]struct {
		names   []string
		handler http.Handler
	}{
		"198.51.100.64": {[]string{"ipv64.net", "ipv4.ipv64.net", "ipv6.ipv64.net"}, s.IPv64},
		"198.51.100.65": {[]string{"update.spdyn.de"}, s.Spdyn},
	} {
		a := netip.MustParseAddr(addr)
		if err := l.ISP.AddAddr("lo", netip.PrefixFrom(a, 32)); err != nil {
			return err
		}
		listener, err := l.ISP.Listen("tcp", net.JoinHostPort(addr, "443"))
		if err != nil {
			return err
		}
		server, err := updatetest.Serve(listener, service.handler, updatetest.Options{Names: append(service.names, addr)})
		if err != nil {
			return err
		}
		roots += string(server.CA)
		for _, name := range service.names {
			hosts += addr + " " + name + "\n"
		}
	}
	return errors.Join(r.write("/etc/hosts", hosts, 0o644), r.write("/etc/ssl/certs/ca-certificates.crt", roots, 0o644),
		r.write("/etc/resolv.conf", "nameserver 127.0.0.1\n", 0o644))
}

// Dial gives the line another address, as a reconnect does.
func (l *line) Dial(addr string) error {
	var err error
	if l.addr != "" {
		err = l.DelLink(wan)
	}
	l.addr = addr
	err = errors.Join(err, l.Router.Dial(wan, netip.MustParseAddr(addr), netip.MustParseAddr("192.0.2.1")))
	if l.prefix.IsValid() {
		err = errors.Join(err, l.ipv6())
	}
	return err
}

// ipv6 is the WAN's own address, and the default route for packets from the
// prefix.
func (l *line) ipv6() error {
	return errors.Join(l.AddAddr(wan, netip.MustParsePrefix("2001:db8:ff00::7/128"), netip.Addr{}, 1800, 3600),
		l.SetRoute(netwatchtest.Default6(wan, netip.MustParseAddr("fe80::1"), l.prefix, 512)))
}

// Delegate gives the LAN another prefix, as a DHCPv6 renewal does; "" takes it
// away.
func (l *line) Delegate(prefix string) error {
	lan := func(p netip.Prefix) netip.Prefix { return netip.PrefixFrom(p.Addr().Next(), 60) }
	var err error
	if l.prefix.IsValid() {
		err = errors.Join(l.DelLANAddr(lan(l.prefix)), l.Undelegate(l.prefix))
	}
	if l.prefix = (netip.Prefix{}); prefix == "" {
		return err
	}
	l.prefix = netip.MustParsePrefix(prefix)
	return errors.Join(err, l.Router.Delegate(l.prefix), l.LANAddr(lan(l.prefix), 1800, 3600), l.ipv6())
}
