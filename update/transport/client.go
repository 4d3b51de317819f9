package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"homeward/update/resolver"
	"homeward/update/rfc2136"
)

// client makes exchanges with services, one connection each. It always
// verifies TLS and does not follow redirects. It is safe for concurrent use.
type client struct {
	agent         string        // User-Agent
	connectWithin time.Duration // resolve, TCP and TLS
	within        time.Duration // the whole exchange
	resolver      resolver.Resolver
}

// New returns the Exchange of a client whose User-Agent is homeward/version.
func New(version string) Exchange {
	return newClient(fmt.Sprintf("homeward/%s (%s/%s)", version, runtime.GOOS, runtime.GOARCH)).exchange
}

// newClient returns a client with the User-Agent agent. After 8 s without a
// connection a new attempt is worth more; no working service takes 15 s.
func newClient(agent string) client {
	return client{agent: agent, connectWithin: 8 * time.Second, within: Limit}
}

// exchange implements Exchange. ready may be nil. When ctx ends, exchange resets
// the connection, so that the kernel drops what it has not sent yet.
func (c client) exchange(ctx context.Context, req Request, ready BeforeSend) Outcome {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	e, err := newEndpoint(req)
	if err != nil {
		return Failed(FaultConnect, false, err.Error())
	}
	message, err := e.message(req, c.agent)
	if err != nil {
		return Failed(FaultConnect, false, err.Error())
	}
	conn, gone, fault := c.connect(ctx, e)
	if fault != nil {
		return Outcome{Fault: fault, Forget: gone}
	}
	defer conn.tcp.Close()
	if ready != nil && !ready(conn.local()) || ctx.Err() != nil {
		return Failed(FaultCanceled, false, "given up before anything was sent")
	}
	stop := context.AfterFunc(ctx, func() { conn.tcp.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answer, err := converse(conn, req, message)
	if err != nil {
		out := Outcome{Fault: e.sentFault(ctx, c.within, err)}
		if !e.tls && out.Fault.Kind == FaultSent {
			out.Forget = e.known // nothing has proved that the host is there
		}
		return out
	}
	conn.tcp.SetLinger(-1)
	conn.Close()
	answer.CAHint = conn.root
	if conn.reached != nil && (e.tls || rfc2136.Proven(answer.DNS)) {
		answer.Known = conn.reached()
	}
	return Outcome{Answer: answer}
}

// converse sends the request and reads the answer.
func converse(conn connection, req Request, message []byte) (*Answer, error) {
	if req.DNS != nil {
		results, err := req.DNS.Exchange(conn, time.Now)
		return &Answer{DNS: results}, err
	}
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	return readAnswer(conn, req.maxBody())
}

// maxBody returns how many bytes of the answer to keep. 4 KiB hold any answer
// to an update.
func (r Request) maxBody() int {
	if r.MaxBody > 0 {
		return r.MaxBody
	}
	return 4096
}

// endpoint is where a request goes, and how.
type endpoint struct {
	url     *url.URL
	host    string // without a port
	port    uint16
	family  int // 4, 6, or 0 for both
	tls     bool
	proof   bool // the answer proves that the host has sent it: TLS, or a signature
	device4 string
	device6 string
	caFile  string
	caHint  string       // see readRoots
	known   []netip.Addr // where the host was reached last
}

// A URL may hold secrets: these errors do not show it.
var (
	errURL   = errors.New("the URL cannot be used: it must begin with https:// and a host")
	errPlain = errors.New("http:// is for a loopback address only, as 127.0.0.1: use https://")
)

// newEndpoint returns the endpoint of req's URL.
func newEndpoint(req Request) (endpoint, error) {
	u, err := url.Parse(req.URL.Reveal())
	if err != nil || u.Hostname() == "" {
		return endpoint{}, errURL
	}
	e := endpoint{url: u, host: u.Hostname(), family: req.Family, device4: req.Device4, device6: req.Device6,
		caFile: req.CAFile, caHint: req.CAHint}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "0"), 10, 16)
	if err != nil {
		return endpoint{}, errURL
	}
	switch scheme := u.Scheme; {
	case (scheme == "dns") != (req.DNS != nil):
		return endpoint{}, errURL
	case scheme == "dns":
		e.proof, e.known = true, req.Known
		if port == 0 {
			port = 53
		}
	case scheme == "https":
		e.tls, e.proof, e.known = true, true, req.Known
		if port == 0 {
			port = 443
		}
	case scheme == "http":
		addr, _ := netip.ParseAddr(e.host)
		if !req.AllowHTTP && !addr.Unmap().IsLoopback() {
			return endpoint{}, errPlain
		}
		if port == 0 {
			port = 80
		}
	default:
		return endpoint{}, errURL
	}
	e.port = uint16(port)
	return e, nil
}

// message returns the whole request; a DNS update has none, as it is a conversation.
func (e endpoint) message(req Request, agent string) ([]byte, error) {
	if req.DNS != nil {
		return nil, nil
	}
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
	// A line break would let an attacker add a header. url.Parse refuses one
	// in the URL.
	foreign := []string{req.Method, auth, agent}
	for _, h := range req.Headers {
		header(h.Name, h.Value.Reveal())
		foreign = append(foreign, h.Name, h.Value.Reveal())
	}
	body := req.Body.Reveal()
	if body != "" {
		header("Content-Type", cmp.Or(req.BodyType, "application/x-www-form-urlencoded"))
	}
	if body != "" || req.Method != "GET" && req.Method != "DELETE" {
		header("Content-Length", fmt.Sprint(len(body)))
	}
	for _, s := range foreign {
		if strings.ContainsAny(s, "\r\n\x00") {
			return nil, errors.New("the secret holds a line break: write it without")
		}
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String()), nil
}
