package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"homeward/update/resolver"
)

// connection is a TCP connection, or TLS over it.
type connection struct {
	net.Conn
	tcp  *net.TCPConn
	root string // caHint of the root that verified it, "" without TLS

	reached func() []netip.Addr // returns Answer.Known; may be nil
}

func (c connection) local() netip.Addr {
	return c.tcp.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}

// connect returns a connection after the handshake, or a fault and the known
// addresses that are no longer the host's. It closes all other connections. The
// resolver may go on until whole ends.
func (c client) connect(whole context.Context, e endpoint) (connection, []netip.Addr, *Fault) {
	ctx, cancel := context.WithTimeout(whole, c.connectWithin)
	defer cancel()
	some, all := e.startRoots()
	attempt := func(ctx context.Context, addr netip.Addr) (connection, *attemptFault) {
		return c.attempt(ctx, e, addr, some, all)
	}
	if addr, err := netip.ParseAddr(e.host); err == nil {
		if r := newRace(e.family, []netip.Addr{addr.Unmap()}); r.known == nil {
			return connection{}, nil, Failed(FaultResolve, false, "cannot resolve "+e.host+": it has no address of the family asked for").Fault
		}
		conn, failed := attempt(ctx, addr.Unmap())
		if failed != nil {
			return conn, nil, &failed.Fault
		}
		return conn, nil, nil
	}
	r := newRace(e.family, e.known)
	lookup := func(ctx context.Context, typ dnsmessage.Type, tell func(resolver.Lookup)) {
		c.resolver.Lookup(ctx, e.host, typ, tell)
	}
	conn, err := r.run(ctx, whole, lookup, attempt)
	switch {
	case err == nil && e.proof:
		conn.reached = func() []netip.Addr { return r.reached(conn.addr) }
		return conn.connection, nil, nil
	case err == nil:
		return conn.connection, nil, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return connection{}, nil, canceled(false)
	}
	fault := r.fault()
	if fault == nil {
		fault = Failed(FaultResolve, false, "cannot resolve "+e.host+": "+r.unresolved()).Fault
	}
	return connection{}, r.forgotten(), fault
}

// attempt connects to one address. If the root of the hint does not verify the
// service, which may have changed its authority, attempt connects once more
// with all roots.
func (c client) attempt(ctx context.Context, e endpoint, addr netip.Addr, some, all func() trust) (connection, *attemptFault) {
	tcp, fault := c.dial(ctx, e, addr)
	if fault != nil || !e.tls {
		return connection{Conn: tcp, tcp: tcp}, fault
	}
	roots := some()
	if roots.err != nil {
		tcp.Close()
		return connection{}, &attemptFault{Fault: Fault{Kind: FaultTLS, Detail: FaultText(roots.err.Error())}}
	}
	conn, err := e.handshake(ctx, tcp, roots.pool)
	if unverified := new(tls.CertificateVerificationError); roots.partial && errors.As(err, &unverified) {
		if tcp, fault = c.dial(ctx, e, addr); fault != nil {
			return connection{}, fault
		}
		conn, err = e.handshake(ctx, tcp, all().pool)
	}
	if err != nil {
		return connection{}, e.tlsFault(ctx, c.connectWithin, err)
	}
	return conn, nil
}

// handshake makes the TLS handshake over tcp, and closes tcp if that fails.
func (e endpoint) handshake(ctx context.Context, tcp *net.TCPConn, roots *x509.CertPool) (connection, error) {
	t := tls.Client(tcp, &tls.Config{ServerName: e.host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		tcp.Close()
		return connection{}, err
	}
	chain := t.ConnectionState().VerifiedChains[0]
	return connection{Conn: t, tcp: tcp, root: caHint(chain[len(chain)-1].Raw)}, nil
}

// dial makes the TCP connection to one address.
func (c client) dial(ctx context.Context, e endpoint, addr netip.Addr) (*net.TCPConn, *attemptFault) {
	device := e.device4
	if addr.Is6() {
		device = e.device6
	}
	d := net.Dialer{KeepAlive: -1, Control: func(_, _ string, s syscall.RawConn) error { return prepare(s, device) }}
	tcp, err := d.DialTCP(ctx, "tcp", netip.AddrPort{}, netip.AddrPortFrom(addr, e.port))
	if err != nil {
		return nil, e.dialFault(ctx, c.connectWithin, device, err)
	}
	// If this process is killed, the kernel drops what it has not sent: the
	// address may be outdated when a broken uplink works again.
	tcp.SetLinger(0)
	return tcp, nil
}

// segment is the TCP maximum segment size in bytes. With the headers of IPv6
// and TCP it makes 1280, which every link carries (RFC 8200, section 5), so that
// a tunnel that silently drops larger packets does no harm.
const segment = 1280 - 40 - 20

// prepare sets a socket's options before it connects, and binds it to a device
// unless that is "". Since Linux 5.7 this needs no privilege.
func prepare(s syscall.RawConn, device string) error {
	var err error
	cerr := s.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment) // may fail: only some uplinks need it
		if device != "" {
			err = unix.BindToDevice(int(fd), device)
		}
	})
	if err == unix.EPERM {
		err = errors.New("binding to a device needs Linux 5.7: take wan and wan6 out of the account")
	}
	return errors.Join(cerr, err)
}

// startRoots starts reading the roots while the connection is made: on a router
// that takes as long as a round trip. some returns the roots for the hint, all
// returns all roots.
func (e endpoint) startRoots() (some, all func() trust) {
	some = sync.OnceValue(func() trust { return readRoots(e.caFile, e.caHint) })
	if e.tls {
		go some()
	}
	return some, sync.OnceValue(func() trust { return readRoots(e.caFile, "") })
}
