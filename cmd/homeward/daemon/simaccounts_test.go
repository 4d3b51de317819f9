package daemon

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"homeward/cmd/homeward/settings"
	"homeward/update"
	"homeward/update/service"
)

// oneAccount is the configuration of most lives. The record tells the service which
// version a request is of.
const oneAccount = `
on_change = "/program"

[account.home]
service = "ipv64"
domains = ["home.ipv64.net"]
token = "t0ken"
record = "r%d"
`

// webAccount is an account whose address a page tells.
const webAccount = `
[account.seen]
service = "ipv64"
server = "https://seen.example"
token = "hunter2"
domains = ["home.seen.example"]
detect = "web"
poll = "1h"
`

// everyKind is a configuration with accounts of every kind beside that one: built-in
// services and files, look-ups, a name server, addresses that a page tells, hosts
// behind the router, a second WAN, a key that two accounts share. Their exchanges run
// beside each other: a seed may have to be replayed a few times.
const everyKind = webAccount + `
[line]
wan = "wan"
wan6 = "wan"

[account.shared-1]
service = "ipv64"
server = "https://shared.example"
token = "hunter2"
domains = ["one.shared.example"]

[account.shared-2]
service = "ipv64"
server = "https://shared.example"
token = "hunter2"
domains = ["two.shared.example"]
publish = ["ipv6"]
host = "::5"

[account.mobile]
service = "dyndns2"
server = "https://mobile.example"
username = "u"
password = "hunter2"
domains = ["home.mobile.example"]
publish = ["ipv4"]
wan = "wwan"

[account.page]
service = "dyndns2"
server = "https://page.example"
username = "u"
password = "hunter2"
domains = ["home.page.example"]
publish = ["ipv4"]
detect = "web"
checkip = "https://checkip.example/"
poll = "1h"

[account.dyn]
service = "dyndns2"
server = "https://dyn.example"
username = "u"
password = "hunter2"
domains = ["a.dyn.example", "b.dyn.example"]
host = "::1:2:3:4"

[account.spdyn]
service = "spdyn"
token = "abcd-efgh-ijkl"
domains = ["a.spdns.org"]
host = "::1:2:3:4"

[account.template]
service = "template"
url = "https://t.example/nic/update?hostname=[DOMAIN]&myip=[IP]&key=[PASSWORD]"
answer = "^good|^nochg"
password = "hunter2"
domains = ["a.t.example", "b.t.example"]
publish = ["ipv4"]

[account.zone]
service = "rfc2136"
server = "ns.example.org"
key_name = "homeward"
password = "aHVudGVyMg=="
domains = ["a.example.org", "b.sub.example.org"]
host = "::7"

[account.desec]
service = "desec"
token = "hunter2"
domains = ["home.dedyn.io"]
publish = ["ipv4", "prefix"]

[account.dynv6]
service = "dynv6"
token = "hunter2"
domains = ["home.dynv6.net"]
publish = ["ipv4", "prefix"]

[account.duckdns]
service = "duckdns"
token = "hunter2"
domains = ["home.duckdns.org"]
host = "::8"

[account.no-ip]
service = "no-ip"
username = "u"
password = "hunter2"
domains = ["home.ddns.net"]
host = "::9"

[account.cloudflare]
service = "cloudflare"
token = "hunter2"
domains = ["home.example.org", "www.example.org"]
host = "::a"

[account.hetzner]
service = "hetzner"
token = "hunter2"
domains = ["home.example.org"]
zone = "example.org"
host = "::b"

[account.gandi]
service = "gandi"
token = "hunter2"
domains = ["home.example.org"]
publish = ["ipv4"]

[account.porkbun]
service = "porkbun"
username = "u"
password = "hunter2"
domains = ["home.example.org"]
host = "::c"

[account.pdns]
service = "pdns"
server = "https://pdns.example"
token = "hunter2"
domains = ["home.example.org"]
host = "::d"
`

// simAccount is an account beside that of IPv64, at a server that keeps records for
// its domains.
type simAccount struct {
	settings.Account
	server    *simServer
	accepted  service.Values  // by the status
	confirmed service.Publish // some value of it was accepted once
	stopped   time.Duration   // since when the status says so; 0: it does not
}

// shows returns what an account publishes of a line.
func (a *simAccount) shows(l simLine) (v service.Values) {
	if a.Publish.IPv4 {
		v.IPv4 = l.IPv4
		if a.Devices.WAN == "wwan" {
			v.IPv4 = l.second
		}
	}
	if a.Publish.IPv6 && l.Prefix.IsValid() {
		v.IPv6 = compose(l.Prefix, a.Host)
	}
	if a.Publish.Prefix {
		v.Prefix = l.Prefix
	}
	return v
}

// holds tells whether the server has the valid values of want for all domains.
func (a *simAccount) holds(want service.Values) bool {
	return !slices.ContainsFunc(a.Domains, func(name string) bool { return !holds(a.server.record(name), want) })
}

// holds tells whether the service has what the line shows.
func holds(held, line service.Values) bool {
	return (!line.IPv4.IsValid() || held.IPv4 == line.IPv4) && (!line.IPv6.IsValid() || held.IPv6 == line.IPv6) &&
		(!line.Prefix.IsValid() || held.Prefix == line.Prefix)
}

// believeOthers fails where the status says that a server holds what it does not.
func (w *world) believeOthers(all map[string]update.Status) {
	for _, a := range w.others {
		s := all[a.Name]
		w.mu.Lock()
		if s.Accepted != nil {
			a.accepted, a.confirmed = s.Accepted.Values, a.confirmed.Or(s.Accepted.Values.Valid())
		}
		unasked := false
		switch {
		case s.State != update.StateStopped:
			a.stopped = 0
		case a.stopped == 0:
			a.stopped = w.now()
			unasked = a.server.refused == 0 || w.now()-a.server.refused > 15*time.Minute
		}
		wrong := !w.beside && s.State == update.StateCurrent && s.Want != nil && !a.holds(*s.Want)
		w.mu.Unlock()
		if wrong {
			w.fail("%s: current, with %v; the service holds %v", a.Name, *s.Want, a.records())
		}
		if unasked {
			w.fail("%s: stopped: %s", a.Name, s.Error)
		}
	}
}

// records returns what the server has for each domain.
func (a *simAccount) records() (all []service.Values) {
	for _, name := range a.Domains {
		all = append(all, a.server.record(name))
	}
	return all
}

// calmOthers fails unless every other service holds what the line shows.
func (w *world) calmOthers() {
	for _, a := range w.others {
		w.mu.Lock()
		want := a.shows(w.line)
		ok := a.holds(want)
		w.mu.Unlock()
		if !ok {
			w.fail("%s: the service holds %v, the line shows %v", a.Name, a.records(), want)
		}
	}
}

// othersStopped tells whether a person is needed for one of them.
func (w *world) othersStopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.others, func(a *simAccount) bool { return a.stopped != 0 })
}

// newAccounts returns the accounts of a configuration beside home, and their servers
// by the hosts of their URLs.
func newAccounts(cfg *settings.Config) (all []*simAccount, servers map[string]*simServer) {
	servers = map[string]*simServer{"checkip.example": newCheckIP()}
	for _, c := range cfg.Accounts {
		if c.Name == "home" {
			continue
		}
		a := &simAccount{Account: c}
		hosts := simHosts(c)
		if a.server = servers[hosts[0]]; a.server == nil {
			a.server = newServer(c)
			for _, h := range hosts {
				servers[h] = a.server
			}
		}
		a.server.accounts = append(a.server.accounts, a)
		all = append(all, a)
	}
	return all, servers
}

// simHosts returns the hosts that requests for an account go to.
func simHosts(a settings.Account) []string {
	known := map[string][]string{
		"spdyn": {"update.spdyn.de"}, "template": {"t.example"}, "rfc2136": {"ns.example.org"}, "desec": {"update.dedyn.io"}, "dynv6": {"dynv6.com"},
		"duckdns": {"www.duckdns.org"}, "no-ip": {"dynupdate.no-ip.com", "dynupdate6.noip.com"}, "cloudflare": {"api.cloudflare.com"},
		"hetzner": {"api.hetzner.cloud"}, "gandi": {"api.gandi.net"}, "porkbun": {"api.porkbun.com"},
	}
	if hosts := known[a.Service]; hosts != nil {
		return hosts
	}
	return []string{strings.TrimPrefix(a.Server, "https://")}
}

// valid returns an address, invalid where the text is none.
func valid(text string) netip.Addr {
	a, _ := netip.ParseAddr(text)
	return a
}
