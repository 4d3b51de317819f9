package update

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// client makes exchanges with services: one connection each, TLS always
// verified, a redirect an answer like any other. It runs in the sender
// process only, so that TLS and the roots never weigh on the idle watcher.
type client struct {
	agent         string        // User-Agent
	connectWithin time.Duration // resolve, TCP and TLS
	within        time.Duration // all of it
}

// newClient returns the client that presents itself as agent. A line that
// does not connect within 8 s is better asked anew, and 15 s is more than a
// service that works ever takes.
func newClient(agent string) client {
	return client{agent, 8 * time.Second, exchangeLimit}
}

// exchange sends req once and returns what came of it. ready is called when
// the connection stands and nothing was sent; it may be nil. When ctx ends
// the connection is reset, so that what has not left yet never does.
func (c client) exchange(ctx context.Context, req Request, ready Ready) Outcome {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	e, err := newEndpoint(req)
	if err != nil {
		return failed(FaultConnect, false, err.Error())
	}
	message, err := e.message(req, c.agent)
	if err != nil {
		return failed(FaultConnect, false, err.Error())
	}
	conn, fault := c.connect(ctx, e)
	if fault != nil {
		return Outcome{Fault: fault}
	}
	defer conn.tcp.Close()
	if ready != nil && !ready(conn.local()) || ctx.Err() != nil {
		return failed(FaultGiven, false, "given up before anything was sent")
	}
	stop := context.AfterFunc(ctx, func() { conn.tcp.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(message); err != nil {
		return Outcome{Fault: e.sentFault(ctx, c.within, err)}
	}
	answer, err := readAnswer(conn, req.maxBody())
	if err != nil {
		return Outcome{Fault: e.sentFault(ctx, c.within, err)}
	}
	conn.tcp.SetLinger(-1)
	conn.Close()
	answer.Root = conn.root
	return Outcome{Answer: answer}
}

// maxBody returns how many bytes of the answer to keep. 4 KiB hold whatever
// an update is answered with.
func (r Request) maxBody() int {
	if r.MaxBody > 0 {
		return r.MaxBody
	}
	return 4096
}

// connection is a TCP connection, and what is spoken over it: itself or TLS.
type connection struct {
	net.Conn
	tcp  *net.TCPConn
	root string // what it was verified by (rootHint), "" without TLS
}

func (c connection) local() netip.Addr {
	return c.tcp.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}

// connect returns a connection on which nothing was sent but the handshake.
// Where the root that was hinted at does not verify the service, it connects
// once more, with all roots: the service may have another authority now.
func (c client) connect(ctx context.Context, e endpoint) (connection, *Fault) {
	ctx, cancel := context.WithTimeout(ctx, c.connectWithin)
	defer cancel()
	roots := e.startRoots()
	tcp, fault := c.dial(ctx, e)
	if fault != nil {
		return connection{}, fault
	}
	if !e.tls {
		return connection{tcp, tcp, ""}, nil
	}
	r := <-roots
	if r.err != nil {
		tcp.Close()
		return connection{}, &Fault{Kind: FaultTLS, Detail: faultText(r.err.Error())}
	}
	t := tls.Client(tcp, &tls.Config{ServerName: e.host, RootCAs: r.pool, MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		tcp.Close()
		if unverified := new(tls.CertificateVerificationError); r.some && errors.As(err, &unverified) {
			e.root = ""
			return c.connect(ctx, e)
		}
		return connection{}, e.tlsFault(ctx, c.connectWithin, err)
	}
	chain := t.ConnectionState().VerifiedChains[0]
	return connection{t, tcp, rootHint(chain[len(chain)-1].Raw)}, nil
}

// dial makes the TCP connection.
func (c client) dial(ctx context.Context, e endpoint) (*net.TCPConn, *Fault) {
	d := net.Dialer{KeepAlive: -1, Control: e.bind}
	conn, err := d.DialContext(ctx, e.network, e.address)
	if err != nil {
		return nil, e.dialFault(ctx, c.connectWithin, err)
	}
	tcp := conn.(*net.TCPConn)
	// Should this process be killed, what was not sent yet is thrown away: the
	// address in it may be old by the time a dead line could deliver it.
	tcp.SetLinger(0)
	return tcp, nil
}

// endpoint is where a request goes, and how.
type endpoint struct {
	url     *url.URL
	host    string // without a port
	address string // with one
	network string // tcp, tcp4 or tcp6
	tls     bool
	device  string
	caFile  string
	root    string // a hint (readRoots)
}

// The text of a URL may hold secrets: none of these errors shows it.
var (
	errURL   = errors.New("the URL cannot be used: it must begin with https:// and a host")
	errPlain = errors.New("http:// is for a loopback address only, as 127.0.0.1: use https://")
)

// newEndpoint reads where req goes from its URL.
func newEndpoint(req Request) (endpoint, error) {
	u, err := url.Parse(req.URL.Reveal())
	if err != nil || u.Hostname() == "" {
		return endpoint{}, errURL
	}
	e := endpoint{url: u, host: u.Hostname(), network: "tcp", device: req.Device, caFile: req.CAFile, root: req.Root}
	port := u.Port()
	switch u.Scheme {
	case "https":
		e.tls = true
		if port == "" {
			port = "443"
		}
	case "http":
		addr, _ := netip.ParseAddr(e.host)
		if !req.AllowHTTP && !addr.Unmap().IsLoopback() {
			return endpoint{}, errPlain
		}
		if port == "" {
			port = "80"
		}
	default:
		return endpoint{}, errURL
	}
	e.address = net.JoinHostPort(e.host, port)
	switch req.Family {
	case 4:
		e.network = "tcp4"
	case 6:
		e.network = "tcp6"
	}
	return e, nil
}

// bind makes the connection leave by the request's device. Linux lets anybody
// do that since 5.7.
func (e endpoint) bind(_, _ string, c syscall.RawConn) error {
	if e.device == "" {
		return nil
	}
	var err error
	if cerr := c.Control(func(fd uintptr) { err = syscall.BindToDevice(int(fd), e.device) }); cerr != nil {
		return cerr
	}
	return err
}

// startRoots reads the roots while the connection is made: on a router that
// takes as long as a round trip.
func (e endpoint) startRoots() <-chan trust {
	ch := make(chan trust, 1)
	if e.tls {
		go func() { ch <- readRoots(e.caFile, e.root) }()
	}
	return ch
}

// message spells the whole request.
func (e endpoint) message(req Request, agent string) ([]byte, error) {
	var b strings.Builder
	header := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	b.WriteString(req.Method + " " + strings.ReplaceAll(e.url.RequestURI(), " ", "%20") + " HTTP/1.1\r\n")
	header("Host", e.url.Host)
	header("User-Agent", agent)
	header("Accept-Encoding", "identity")
	header("Connection", "close")
	auth := e.authorization(req)
	if auth != "" {
		header("Authorization", auth)
	}
	form := req.Form.Reveal()
	if form != "" {
		header("Content-Type", "application/x-www-form-urlencoded")
	}
	if form != "" || req.Method == "POST" {
		header("Content-Length", fmt.Sprint(len(form)))
	}
	// A header after a line break would be an attacker's. The URL holds none:
	// url.Parse refuses it.
	for _, s := range []string{req.Method, auth, agent} {
		if strings.ContainsAny(s, "\r\n\x00") {
			return nil, errors.New("the secret holds a line break: write it without")
		}
	}
	b.WriteString("\r\n" + form)
	return []byte(b.String()), nil
}
