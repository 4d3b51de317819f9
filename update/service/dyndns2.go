package service

import (
	"net/netip"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// dyndns2Service is any server that speaks the Remote Access API.
func dyndns2Service(a *Account) Service {
	return Service{Protocol: dyndns2{}, MaxHosts: 20, OneAddress: a.OneAddress, DeletesUnnamed: !a.OneAddress}
}

// dyndns2 is the Remote Access API of most services: one GET, answered by one
// return code for each host.
type dyndns2 struct{}

func (dyndns2) Request(a *Account, c Update) transport.Request {
	r := nicUpdate(a, c)
	r.User = a.Username
	return r
}

func (dyndns2) Parse(a *Account, c Update, ans transport.Answer) Result {
	return parseReturnCodes(a, c, ans, returnCodeOf)
}

// nicUpdate returns the request of the Remote Access API. The caller sets User.
func nicUpdate(a *Account, c Update) transport.Request {
	u := strings.TrimSuffix(a.Server, "/nic/update") + "/nic/update?hostname=" + strings.Join(c.Hosts, ",")
	if ips := addresses(c.Values); ips != "" {
		u += "&myip=" + ips
	}
	return transport.Request{Method: "GET", URL: secret.Text{}.Plain(u), Password: a.Secret, Device4: a.Device4, Device6: a.Device6, CAFile: a.CAFile}
}

// addresses lists the valid addresses, IPv4 first.
func addresses(v Values) string {
	var out []string
	for _, ip := range []netip.Addr{v.IPv4, v.IPv6} {
		if ip.IsValid() {
			out = append(out, ip.String())
		}
	}
	return strings.Join(out, ",")
}
