package inadyn

import (
	"slices"
	"strings"
)

// A service is what inadyn calls a plugin, in our words: a dyndns2 server, or
// the URLs of a template.
type service struct {
	name   string // what follows the @ of inadyn's name
	server string // dyndns2: its base URL without https://
	url4   string // template: likewise, with placeholders
	url6   string
	answer string
	token  bool   // the [PASSWORD] is inadyn's username
	zone   string // what is cut off a host's name
}

const (
	nicUpdate  = "/nic/update?hostname=[DOMAIN]&myip=[IP]"
	withBasic  = "[USERNAME]:[PASSWORD]@"
	goodAnswer = "good|nochg|OK"
	anyAnswer  = "."
)

// services lists those that inadyn 2.13 knows and homeward can ask, in
// inadyn's order: the first that a part of a name fits counts.
var services = []service{
	{name: "all-inkl.com", url4: withBasic + "dyndns.kasserver.com/?myip=[IP]", answer: goodAnswer},
	{name: "changeip.com", url4: withBasic + "nic.changeip.com/nic/update?system=dyndns&hostname=[DOMAIN]&myip=[IP]", answer: goodAnswer},
	{name: "ovh.com", url4: withBasic + "www.ovh.com/nic/update?system=dyndns&hostname=[DOMAIN]&myip=[IP]", answer: goodAnswer},
	{name: "strato.com", server: "dyndns.strato.com"},
	{name: "core-networks.de", url4: withBasic + "dyndns.core-networks.de/?hostname=[DOMAIN]&myip=[IP]&keepipv6=1",
		url6: withBasic + "dyndns.core-networks.de/?hostname=[DOMAIN]&myip=[IP]&keepipv4=1", answer: goodAnswer},
	{name: "ddnss.de", url4: "ddnss.de/upd.php?user=[USERNAME]&pwd=[PASSWORD]&host=[DOMAIN]&ip=[IP]", answer: "Updated|No change"},
	{name: "desec.io", url4: "update.dedyn.io/?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&myipv4=[IP]&myipv6=preserve",
		url6: "update.dedyn.io/?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&myipv6=[IP]&myipv4=preserve", answer: "good"},
	{name: "dnshome.de", url4: withBasic + "www.dnshome.de/dyndns.php?u=[DOMAIN]&ip=[IP]",
		url6: withBasic + "www.dnshome.de/dyndns.php?u=[DOMAIN]&ip6=[IP]", answer: goodAnswer},
	{name: "domaindiscount24.com", url4: "dynamicdns.key-systems.net/update.php?hostname=[DOMAIN]&password=[PASSWORD]&ip=[IP]", answer: "success"},
	{name: "moniker.com", url4: "dynamicdns.key-systems.net/update.php?hostname=[DOMAIN]&password=[PASSWORD]&ip=[IP]", answer: "success"},
	{name: "domene.shop", url4: withBasic + "api.domeneshop.no/v0/dyndns/update?hostname=[DOMAIN]&myip=[IP]", answer: anyAnswer},
	{name: "duckdns.org", url4: "www.duckdns.org/update?domains=[DOMAIN]&token=[PASSWORD]&ip=[IP]",
		url6: "www.duckdns.org/update?domains=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]", answer: "OK|good", token: true, zone: ".duckdns.org"},
	{name: "dyndns.org", server: "members.dyndns.org"},
	{name: "dnsomatic.com", server: "updates.dnsomatic.com"},
	{name: "selfhost.de", server: "carol.selfhost.de"},
	{name: "no-ip.com", server: "dynupdate.no-ip.com"},
	{name: "noip.com", server: "dynupdate.noip.com"},
	{name: "3322.org", url4: withBasic + "members.3322.org/dyndns/update?hostname=[DOMAIN]&myip=[IP]", answer: goodAnswer},
	{name: "he.net", server: "dyn.dns.he.net"},
	{name: "spdyn.de"},
	{name: "nsupdate.info", server: "nsupdate.info"},
	{name: "loopia.com", url4: withBasic + "dns.loopia.se/XDynDNSServer/XDynDNS.php?hostname=[DOMAIN]&myip=[IP]", answer: goodAnswer},
	{name: "dynu.com", server: "api.dynu.com"},
	{name: "dy.fi", server: "www.dy.fi"},
	{name: "do.de", server: "ddns.do.de"},
	{name: "domopoli", server: "dyndns.domopoli.de"},
	{name: "inwx.com", server: "dyndns.inwx.com"},
	{name: "itsdns.de", url4: withBasic + "www.itsdns.de/update.php?hostname=[DOMAIN]&myip=[IP]", answer: goodAnswer},
	{name: "opendns.com", server: "updates.opendns.com"},
	{name: "joker.com", server: "svc.joker.com"},
	{name: "schokokeks.org", server: "dyndns.schokokeks.org"},
	{name: "variomedia.de", server: "dyndns.variomedia.de"},
	{name: "udmedia.de", server: "www.udmedia.de"},
	{name: "dyndns.it", server: "update.dyndns.it"},
	{name: "infomaniak.com", server: "infomaniak.com"},
	{name: "simply.com", server: "ddns.simply.com"},
	{name: "dynv6.com", url4: "ipv4.dynv6.com/api/update?hostname=[DOMAIN]&token=[PASSWORD]&ipv4=[IP]",
		url6: "dynv6.com/api/update?hostname=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]", answer: "updated|unchanged", token: true},
	{name: "easydns.com", url4: withBasic + "api.cp.easydns.com/dyn/dynsite.php?hostname=[DOMAIN]&myip=[IP]&wildcard=OFF", answer: "NOERROR|no update required|OK"},
	{name: "freemyip.com", url4: "freemyip.com/update?token=[PASSWORD]&domain=[DOMAIN]&myip=[IP]", answer: "OK"},
	{name: "goip.de", url4: "www.goip.de/setip?username=[USERNAME]&password=[PASSWORD]&subdomain=[DOMAIN]&ip=[IP]",
		url6: "www.goip.de/setip?username=[USERNAME]&password=[PASSWORD]&subdomain=[DOMAIN]&ip6=[IP]", answer: anyAnswer},
	{name: "ipv64.net"},
	{name: "myonlineportal.net", url4: "myonlineportal.net/updateddns?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&ip=[IP]",
		url6: "myonlineportal.net/updateddns?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&ip6=[IP]", answer: "good|nochg"},
	{name: "namecheap.com", url4: "dynamicdns.park-your-domain.com/update?domain=[USERNAME]&password=[PASSWORD]&host=[DOMAIN]&ip=[IP]", answer: "<ErrCount>0</ErrCount>"},
	{name: "regfish.de", url4: "dyndns.regfish.de/?fqdn=[DOMAIN]&forcehost=1&authtype=secure&token=[PASSWORD]&ip=[IP]",
		url6: "dyndns.regfish.de/?fqdn=[DOMAIN]&forcehost=1&authtype=secure&token=[PASSWORD]&ipv6=[IP]", answer: "success|100|101", token: true},
	{name: "twodns.de", url4: withBasic + "update.twodns.de/update?hostname=[DOMAIN]&ip=[IP]", answer: goodAnswer},
	{name: "zoneedit.com", url4: withBasic + "api.cp.zoneedit.com/dyn/dynsite.php?hostname=[DOMAIN]&myip=[IP]&wildcard=OFF", answer: "NOERROR|no update required|OK"},
}

// elsewhere says why a service of inadyn is none of those above.
func elsewhere(name string) string {
	for _, e := range [][2]string{
		{"cloudflare.com", "by hand, please: homeward services cloudflare says what it needs"},
		{"porkbun.com", "by hand, please: homeward services porkbun says what it needs"},
		{"domains.google.com", "the service has ended"},
		{"freedns.afraid.org", "its key is made of user and password: write the update URL that its page shows into option url4"},
		{"tunnelbroker.net", "its host is a tunnel's number: write the update URL of the tunnel's page into option url4"},
	} {
		if name != "" && strings.Contains(e[0], name) {
			return e[1]
		}
	}
	return "homeward does not know the service: homeward services lists those it knows, and with its update URL option url4 does"
}

// findService returns the service that a provider's title names, and whether
// it is for IPv6.
func findService(title string) (found service, ipv6, ok bool) {
	name, _, _ := strings.Cut(strings.ToLower(title), ":")
	family, host, exact := strings.Cut(name, "@")
	if !exact {
		family, host = "", name
	}
	if exact && host == "ipv4.dynv6.com" {
		family, host = "ipv4", "dynv6.com"
	}
	if exact && !slices.Contains([]string{"default", "ipv4", "ipv6", "dyndns"}, family) {
		return service{name: host}, false, false
	}
	// inadyn's default at dynv6.com is IPv6
	ipv6 = family == "ipv6" || family == "default" && host == "dynv6.com"
	for _, s := range services {
		if s.name == host || !exact && host != "" && strings.Contains(s.name, host) {
			return s, ipv6, true
		}
	}
	return service{name: host}, ipv6, false
}
