package service

import (
	"strings"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/transport"
)

// rfc2136Service is any name server that takes DNS UPDATE signed by TSIG. Hosts of
// one zone go in one message. 50 hosts fit, whatever their names: each takes 300
// bytes at most for a record that is deleted, one that is added, and its alias.
func rfc2136Service() Service { return Service{Protocol: dnsUpdate{}, MaxHosts: 50} }

// dnsUpdate is the protocol of package rfc2136.
type dnsUpdate struct{}

func (dnsUpdate) Request(a *Account, c Update) transport.Request {
	return transport.Request{Method: "UPDATE", URL: secret.Text{}.Plain(a.Server), Device4: a.Device4, Device6: a.Device6,
		DNS: &rfc2136.Update{Key: rfc2136.Key{Name: a.Username, Algorithm: a.Algorithm, Secret: a.Secret},
			Zone: a.Zone, Hosts: c.Hosts, IPv4: c.Values.IPv4, IPv6: c.Values.IPv6}}
}

// Parse returns one verdict for all hosts, or, if the server judges those of one
// zone otherwise than those of another, one for each host.
func (dnsUpdate) Parse(a *Account, c Update, ans transport.Answer) Result {
	var hosts []HostResult
	var first Result
	same := true
	for i, z := range ans.DNS {
		r := dnsVerdict(z)
		if i == 0 {
			first = r
		}
		if r.Verdict == Temporary || z.Code == rfc2136.NoReply {
			return r
		}
		same = same && r.Verdict == first.Verdict
		for _, host := range z.Hosts {
			hosts = append(hosts, HostResult{Host: host, Verdict: hostVerdict(r.Verdict), Detail: r.Detail, Hint: r.Hint})
		}
	}
	switch {
	case len(hosts) == 0, first.Verdict == Accepted && len(hosts) != len(c.Hosts):
		return Result{Verdict: Unknown, Detail: "an answer that does not mention each host"}
	case same:
		return first
	}
	return combine(hosts, false)
}

// dnsVerdict returns what a name server's answer for one zone means. README lists
// this table.
func dnsVerdict(z rfc2136.Result) Result {
	zone := Quote([]byte(z.Zone))
	refused := func(what, do string) Result {
		return Result{Verdict: Refused, Detail: z.Code.String() + ": " + what, Hint: do}
	}
	unproven := func(what string) Result {
		return Result{Verdict: Unknown, Detail: what,
			Hint: "check that the server has the zone and the key, and that nothing in between intercepts port 53"}
	}
	switch z.Code {
	case rfc2136.NoError:
		return Result{Verdict: Accepted}
	case rfc2136.ServFail:
		return Result{Verdict: Temporary, Overload: true, Detail: "SERVFAIL: the name server has trouble"}
	case rfc2136.BadSig:
		return Result{Verdict: Unauthorized, Detail: "BADSIG: the name server has another secret for the key", Hint: "write the key's secret, as the server has it, in password"}
	case rfc2136.BadKey:
		return Result{Verdict: Unauthorized, Detail: "BADKEY: the name server does not know the key", Hint: "write key_name and key_algorithm as the server has them, and allow the key to update the zone"}
	case rfc2136.NotAuth:
		return refused("not the primary name server of "+zone, "write the zone's primary in server, or correct zone")
	case rfc2136.Refused:
		return refused("the key may not change records of "+zone, "allow it at the server: update-policy in BIND, acl in Knot")
	case rfc2136.NotZone:
		return refused("a host is outside of "+zone, "correct zone or domains")
	case rfc2136.YXRRSet:
		return refused("a host is an alias (CNAME)", "delete its CNAME record, or take the host out of domains")
	case rfc2136.NotImp:
		return refused("the server takes no updates", "write another server")
	case rfc2136.FormErr:
		return refused("the server does not understand the update", "write another server")
	case rfc2136.NoZone:
		return Result{Verdict: Refused, Detail: "the server answers for no zone of " + Quote([]byte(strings.Join(z.Hosts, ", "))), Hint: "correct server, or write zone"}
	case rfc2136.Unsigned:
		return unproven("the answer is not signed")
	case rfc2136.BadSignature:
		return unproven("the answer's signature is wrong")
	case rfc2136.NoReply:
		return unproven("not the answer of a name server")
	}
	return Result{Verdict: Unknown, Detail: "the name server answers with " + z.Code.String()}
}
