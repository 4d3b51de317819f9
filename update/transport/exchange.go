// Package transport makes one HTTP exchange over TLS, or a DNS update over TCP: it
// tries a host's addresses until one works, trusts the system's roots, and reports
// how far it came.
package transport

import (
	"context"
	"net/netip"
	"time"

	"homeward/update/rfc2136"
	"homeward/update/secret"
)

// Request is one HTTP request as data, or a DNS update.
type Request struct {
	Method   string // GET, POST, PUT, PATCH or DELETE
	URL      secret.Text
	Headers  []Header      // beside those that the transport writes
	Body     secret.Text   // may be empty
	BodyType string        // its Content-Type, "" for application/x-www-form-urlencoded
	Bearer   secret.Secret // Authorization: Bearer
	User     string        // Authorization: Basic, with Password
	Login    secret.Secret // in place of User, if the user name is a secret
	Password secret.Secret
	Device4  string       // over IPv4 leave by this device, "" as the routes say
	Device6  string       // over IPv6 likewise
	Family   int          // 4 or 6: over that family only; 0: either
	CAFile   string       // more roots to trust
	CAHint   string       // Answer.CAHint of the last exchange, "" for none
	Known    []netip.Addr // Answer.Known of the last exchange: tried before the resolver answers
	MaxBody  int          // bytes of the answer to keep, 0: 4096

	AllowHTTP bool // allow http:// to any address, not only to loopback

	DNS *rfc2136.Update // in place of HTTP; URL is dns://HOST:PORT
}

// Header is one line of a request. Name is not one that the transport writes.
type Header struct {
	Name  string
	Value secret.Text
}

// Answer is what a service answered.
type Answer struct {
	Status     int
	Body       []byte       // cut at MaxBody
	Cut        bool         // the body was longer
	RetryAfter string       // the header, unparsed
	Date       string       // the header, unparsed
	Location   string       // the header, unparsed
	CAHint     string       // identifies the root that verified the service, "" without TLS
	Known      []netip.Addr // where to reach the host next time, the best first, at most KnownMost; nil if the host is an address, and without proof that it has answered
	DNS        []rfc2136.Result
}

// FaultKind is how far an exchange without an answer came.
type FaultKind int

const (
	FaultResolve  FaultKind = iota + 1 // the name was not resolved
	FaultConnect                       // no route, or no TCP connection
	FaultTLS                           // the handshake failed
	FaultClock                         // the certificate is not valid yet by this machine's clock, or a name server's is another
	FaultSent                          // sent, but no whole answer came
	FaultRefused                       // the service refused or reset the connection
	FaultCanceled                      // ctx ended, or BeforeSend returned false
	FaultSilent                        // connected, and no answer to the handshake
)

// Fault is an exchange without an answer. Its text holds no secret.
type Fault struct {
	Kind   FaultKind
	Detail string
	Sent   bool // part of the request may have reached the service
}

// Outcome is an Answer or a Fault: exactly one is set.
type Outcome struct {
	Answer *Answer
	Fault  *Fault
	Forget []netip.Addr // with a Fault: addresses in Request.Known that are no longer the host's
}

// BeforeSend is called once, after the handshake and before the request is sent,
// with the connection's local address. False cancels the exchange
// (FaultCanceled).
type BeforeSend func(local netip.Addr) bool

// Exchange sends one request and returns the outcome. It calls ready from the
// caller's goroutine, and gives up when ctx ends.
type Exchange func(ctx context.Context, r Request, ready BeforeSend) Outcome

// Limit bounds the time of one exchange.
const Limit = 15 * time.Second
