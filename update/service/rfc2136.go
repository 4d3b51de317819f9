package service

import (
	"strconv"
	"strings"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/transport"
)

// rfc2136Service is any name server that takes DNS UPDATE signed by TSIG. Hosts of
// one zone go in one message. 50 hosts fit, whatever their names: each takes 300
// bytes at most for a record that is deleted, one that is added, and its alias.
func rfc2136Service() Service { return Service{Protocol: &dnsUpdate{}, MaxHosts: 50} }

// dnsUpdate is the protocol of package rfc2136.
type dnsUpdate struct{}

func (*dnsUpdate) Request(a *Account, c Update) transport.Request {
	return transport.Request{Method: "UPDATE", URL: secret.Text{}.Plain(a.Server), Device4: a.Device4, Device6: a.Device6,
		DNS: &rfc2136.Update{Key: rfc2136.Key{Name: a.Username, Algorithm: a.Algorithm, Secret: a.Secret},
			Zone: a.Zone, Hosts: c.Hosts, IPv4: c.Values.IPv4, IPv6: c.Values.IPv6}}
}

// Parse returns one verdict for all hosts, or, if the server judges those of one
// zone otherwise than those of another, one for each host.
func (*dnsUpdate) Parse(a *Account, c Update, ans transport.Answer) Result {
	var hosts []HostResult
	var first returnCode
	same := true
	for i := range ans.DNS {
		z := &ans.DNS[i]
		r := dnsVerdict(z)
		if i == 0 {
			first = r
		}
		if r.verdict == Temporary || z.Code == rfc2136.NoReply {
			first, hosts = r, nil
			break
		}
		same = same && r.verdict == first.verdict
		for _, host := range z.Hosts {
			hosts = append(hosts, HostResult{Host: host, Verdict: hostVerdict(r.verdict), Detail: r.what, Hint: r.do})
		}
	}
	switch {
	case !same && len(hosts) > 0:
		r := combine(hosts, false)
		r.Understood = r.Verdict == Unknown
		return r
	case first.verdict == Accepted && len(hosts) != len(c.Hosts):
		first = returnCode{what: "an answer that does not mention each host"}
	}
	return Result{Verdict: first.verdict, Overload: first.verdict == Temporary, Understood: first.verdict == Unknown, Detail: first.what, Hint: first.do}
}

// dnsVerdict returns what a name server's answer for one zone means. openwrt/TROUBLE.md shows
// this table.
func dnsVerdict(z *rfc2136.Result) returnCode {
	const unproven = "check that the server has the zone and the key, and that nothing in between intercepts port 53"
	r := returnCode{verdict: Refused}
	switch z.Code {
	case rfc2136.NoError:
		r.verdict = Accepted
	case rfc2136.ServFail:
		r.verdict, r.what = Temporary, "SERVFAIL: the name server has trouble"
	case rfc2136.BadSig:
		r.verdict, r.what = Unauthorized, "BADSIG: the name server has another secret for the key"
		r.do = "write the key's secret, as the server has it, in password"
	case rfc2136.BadKey:
		r.verdict, r.what = Unauthorized, "BADKEY: the name server does not know the key"
		r.do = "write key_name and key_algorithm as the server has them, and allow the key to update the zone"
	case rfc2136.NotAuth:
		r.what = "NOTAUTH: not the primary name server of " + Quote([]byte(z.Zone))
		r.do = "write the zone's primary in server, or correct zone"
	case rfc2136.Refused:
		r.what = "REFUSED: the key may not change records of " + Quote([]byte(z.Zone))
		r.do = "allow it at the server: update-policy in BIND, acl in Knot"
	case rfc2136.NotZone:
		r.what, r.do = "NOTZONE: a host is outside of "+Quote([]byte(z.Zone)), "look at "+someHosts(z.Hosts)+": correct zone or domains"
	case rfc2136.YXRRSet:
		r.what, r.do = "YXRRSET: a host is an alias (CNAME)", "look at "+someHosts(z.Hosts)+": delete the CNAME record, or take the host out of domains"
	case rfc2136.NotImp, rfc2136.FormErr:
		r.what, r.do = "the server takes no updates", "write another server"
	case rfc2136.NoZone:
		r.what = "the server answers for no zone of " + Quote([]byte(strings.Join(z.Hosts, ", ")))
		r.do = "correct server, or write zone"
	case rfc2136.Unsigned:
		r.verdict, r.what, r.do = Unknown, "the answer is not signed", unproven
	case rfc2136.BadSignature:
		r.verdict, r.what, r.do = Unknown, "the answer's signature is wrong", unproven
	case rfc2136.NoReply:
		r.verdict, r.what, r.do = Unknown, "not the answer of a name server", unproven
	default:
		r.verdict, r.what = Unknown, "the name server answers with error "+strconv.Itoa(int(z.Code))
	}
	return r
}

// someHosts lists the hosts of a zone, ten at most: the server does not say which of
// them it refuses.
func someHosts(hosts []string) string {
	text := strings.Join(hosts[:min(len(hosts), 10)], ", ")
	if n := len(hosts) - 10; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	return Clean([]byte(text))
}
