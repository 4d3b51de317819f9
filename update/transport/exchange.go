// Package transport makes one HTTP exchange over TLS: it finds a way that works
// on a broken line, trusts the system's roots, and tells how far it came.
package transport

import (
	"context"
	"homeward/update/secret"
	"net/netip"
	"time"
)

// Request is one HTTP request as data.
type Request struct {
	Method   string // GET, POST or DELETE
	URL      secret.Text
	Form     secret.Text   // body, application/x-www-form-urlencoded; may be empty
	Bearer   secret.Secret // Authorization: Bearer
	User     string        // Authorization: Basic, with Password
	Login    secret.Secret // in place of User, where the user name is a secret, too
	Password secret.Secret
	Device4  string       // over IPv4 leave by this device, "" as the routes say
	Device6  string       // over IPv6 likewise
	Family   int          // 4 or 6: over that family only, 0 either
	CAFile   string       // more roots to trust
	CAHint   string       // a hint: the Answer.Root of the last time, "" for none
	Known    []netip.Addr // addresses of the host at which it was reached before, the best first: tried at once
	MaxBody  int          // bytes of the answer to keep, 0: 4096

	AllowHTTP bool // http:// to any address, not only to a loopback one
}

// Answer is what a service answered.
type Answer struct {
	Status     int
	Body       []byte       // cut at MaxBody
	Cut        bool         // the body was longer
	RetryAfter string       // the header, as it is
	Date       string       // the header, as it is
	Location   string       // the header, as it is
	CAHint     string       // names the certificate authority's root that vouches for who answered, "" without TLS
	Known      []netip.Addr // where to reach the host the next time, the best first, four at most; none of an address, or without TLS
}

// FaultKind tells how far an exchange came that brought no answer.
type FaultKind int

const (
	FaultResolve  FaultKind = iota + 1 // the name was not resolved
	FaultConnect                       // no route, no answer to the connection
	FaultTLS                           // the handshake failed
	FaultClock                         // the certificate is not valid at the time of this machine's clock
	FaultSent                          // sent, but no whole answer came: could not confirm
	FaultRefused                       // the service refuses or resets connections
	FaultCanceled                      // given up by us
)

// Fault is an exchange without an answer. Its text holds no secret.
type Fault struct {
	Kind   FaultKind
	Detail string
	Sent   bool // some of the request may have reached the service
}

// Outcome is an Answer or a Fault; one of them is set.
type Outcome struct {
	Answer *Answer
	Fault  *Fault
	Forget []netip.Addr // of Request.Known, with a Fault: the service is not there any more
}

// BeforeSend is called once when the connection stands and nothing was sent yet,
// with the address it leaves from. False gives the exchange up (FaultCanceled).
type BeforeSend func(local netip.Addr) bool

// Exchange sends one request and returns what came of it. It calls ready once
// the connection stands, from its own goroutine, and gives up when ctx ends.
type Exchange func(ctx context.Context, r Request, ready BeforeSend) Outcome

// Limit is how long a request may be under way.
const Limit = 15 * time.Second
