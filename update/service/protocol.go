package service

import (
	"strings"
	"time"

	"homeward/update/transport"
)

// Protocol encodes updates for a service and parses its answers. It does no I/O,
// keeps no state, and is safe for concurrent use.
type Protocol interface {
	// Request returns the request for one update.
	Request(a *Account, c Update) transport.Request
	// Parse returns what the answer means. ans may hold anything; Parse never
	// panics.
	Parse(a *Account, c Update, ans transport.Answer) Result
}

// Service is a service's protocol and its properties.
type Service struct {
	Protocol
	Server         string // default base URL
	MaxHosts       int    // hosts in one request; 0: all of an account, with one verdict
	OneAddress     bool   // one address family a request
	PrefixOnly     bool   // a request with a prefix alone leaves the addresses unchanged
	DeletesUnnamed bool   // may delete what a request does not name: name all published values
	ConnectionIPv4 bool   // takes the connection's IPv4 address from a request that names none
}

// Update is one update: Values for Hosts. PrefixOnly leaves the addresses
// unchanged.
type Update struct {
	Hosts      []string
	Values     Values
	Repeated   Publish // Values that the service holds already, and the uplink does not show
	PrefixOnly bool
	Auto       bool              // the service takes the prefix of the request's source, over IPv6
	Lookup     bool              // the next request is a look-up, which changes nothing
	Found      map[string]string // what look-ups have found for the host
}

// ShownValues returns the values that the uplink shows.
func (c Update) ShownValues() Values { return c.Values.Without(c.Repeated) }

// SameRequest reports whether c and o differ in their hosts only.
func (c Update) SameRequest(o Update) bool {
	return c.Values == o.Values && c.Repeated == o.Repeated && c.PrefixOnly == o.PrefixOnly && c.Auto == o.Auto
}

// HostsOf returns the account's domains, or one name for all if they have one verdict.
func (s Service) HostsOf(a *Account) []string { return s.judged(a.Domains) }

// Judged returns the hosts of an update, likewise.
func (s Service) Judged(c Update) []string { return s.judged(c.Hosts) }

func (s Service) judged(hosts []string) []string {
	if s.MaxHosts == 0 {
		return []string{strings.Join(hosts, ",")}
	}
	return hosts
}

// Verdict is what an answer means for the account.
type Verdict int

const (
	Unknown      Verdict = iota // not understood (a captive portal's page?): passes
	Accepted                    // good or nochg
	Temporary                   // the service's own trouble, 5xx, or a redirect
	Limited                     // the service names a limit: wait whatever happens on the uplink
	Busy                        // 911, dnserr: not before 30 minutes
	Unauthorized                // the secret is wrong, or locked
	Refused                     // a person must change something
	Locked                      // a refusal that may be a lock for a while, of the key or of one host
	Learned                     // a look-up was answered: the update can go on
)

// Result is a parsed answer.
type Result struct {
	Verdict    Verdict
	Overload   bool              // with Temporary: the service may be overloaded (5xx)
	Understood bool              // with Unknown: it is no hotspot's page; Detail says why it is not used
	Fallback   Verdict           // with Locked: the verdict if the credential was never accepted, Refused or Unknown
	Wait       time.Duration     // with Limited and Temporary: as the service asks (RetryAfter), 0 if it does not
	Detail     string            // the service's words, printable, at most 80 characters
	Hint       string            // what the owner can do, "" if nothing
	Found      map[string]string // what is known of the host from now on, nil if that stays
	Hosts      []HostResult      // in the order of Update.Hosts; nil if all have one verdict
}

// HostResult is the verdict on one host: Accepted, Refused, Locked or Unknown.
type HostResult struct {
	Host    string
	Verdict Verdict
	Detail  string
	Hint    string
}
