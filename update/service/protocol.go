package service

import (
	"homeward/update/transport"
	"time"
)

// Protocol is how a service spells an update and its answers. It does no I/O
// and keeps nothing.
type Protocol interface {
	// Request spells one update.
	Request(a *Account, c Update) transport.Request
	// Parse tells what the service said to it. It is given whatever came and
	// never panics.
	Parse(a *Account, c Update, ans transport.Answer) Result
}

// Service is one service with what the plan must know of it.
type Service struct {
	Protocol
	Server         string // default base URL
	MaxHosts       int    // hosts in one request, 0: all of an account together, with one verdict
	OneAddress     bool   // one address family a request
	PrefixOnly     bool   // takes a prefix without an address, and leaves the addresses alone then
	DeletesUnnamed bool   // may delete what a request does not name: each names all that is published
}

// Update is one update to make: for these hosts, these values. PrefixOnly leaves
// the addresses alone.
type Update struct {
	Hosts      []string
	Values     Values
	Repeated   Publish // which of Values the service holds already, and the line does not show
	PrefixOnly bool
	Auto       bool // the prefix is that which the request comes from, over IPv6
}

// ShownValues returns the values of the call that the line showed.
func (c Update) ShownValues() Values { return c.Values.Without(c.Repeated) }

// SameRequest tells whether two calls differ in their hosts alone.
func (c Update) SameRequest(o Update) bool {
	return c.Values == o.Values && c.Repeated == o.Repeated && c.PrefixOnly == o.PrefixOnly && c.Auto == o.Auto
}

// HostsOf returns the hosts that are judged one by one: the account's domains,
// or "" where they have one verdict.
func (s Service) HostsOf(a *Account) []string {
	if s.MaxHosts == 0 {
		return []string{""}
	}
	return a.Domains
}

// Judged returns the hosts of a call that are judged one by one, "" where they
// have one verdict.
func (s Service) Judged(c Update) []string {
	if s.MaxHosts == 0 {
		return []string{""}
	}
	return c.Hosts
}

// Verdict is what an answer means for the account.
type Verdict int

const (
	Unknown      Verdict = iota // says nothing known (a hotspot's page): passes
	Accepted                    // good or nochg
	Temporary                   // the service's own trouble, 5xx, or a redirect
	Limited                     // the service names a limit: wait whatever the line does
	Busy                        // 911, dnserr: not before 30 minutes
	Unauthorized                // the secret is wrong, or locked
	Refused                     // a person must change something
	Locked                      // a refusal that may be a lock for a while, of the key or of one host
)

// Result is a parsed answer.
type Result struct {
	Verdict  Verdict
	Overload bool          // of Passing: the service may have more to do than it can, 5xx
	Fallback Verdict       // of Locked: what it means of a key that was never accepted, Refused or Unknown
	Wait     time.Duration // Limited, Passing: as the service asks, clamped; 0: it does not say
	Detail   string        // the service's words, printable, at most 80 characters
	Hint     string        // what the owner can do, "" if nothing
	Hosts    []HostResult  // where hosts were judged one by one: in the order of Call.Hosts; else nil
}

// HostResult is the verdict on one host: Accepted, Refused, Locked or Unknown.
type HostResult struct {
	Host    string
	Verdict Verdict
	Detail  string
	Hint    string
}
