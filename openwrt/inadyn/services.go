package inadyn

import "strings"

// A service is what inadyn calls a plugin, in our words: a dyndns2 server, or
// the URLs of a template.
type service []string

// What stands in a service.
const (
	colName   = iota // what follows the @ of inadyn's name
	colServer        // dyndns2: its base URL without https://
	colURL4          // template: likewise, with placeholders
	colURL6
	colAnswer
	colToken // not "": the [PASSWORD] is inadyn's username
	columns
)

const (
	nicUpdate = "nic/update?hostname=[DOMAIN]&myip=[IP]"
	withBasic = "[USERNAME]:[PASSWORD]@"
	anyAnswer = "."
)

// services lists those that inadyn knows and homeward can ask, one a line, in
// inadyn's order: the first that a part of a name fits counts. Between tabs are
// name, server, url4, url6, answer and token; ~ is withBasic.
const services = `
all-inkl.com		~dyndns.kasserver.com/?myip=[IP]		good|nochg|OK
changeip.com		~nic.changeip.com/nic/update?system=dyndns&hostname=[DOMAIN]&myip=[IP]		good|nochg|OK
ovh.com		~www.ovh.com/nic/update?system=dyndns&hostname=[DOMAIN]&myip=[IP]		good|nochg|OK
strato.com	dyndns.strato.com
core-networks.de		~dyndns.core-networks.de/?hostname=[DOMAIN]&myip=[IP]&keepipv6=1	~dyndns.core-networks.de/?hostname=[DOMAIN]&myip=[IP]&keepipv4=1	good|nochg|OK
ddnss.de		ddnss.de/upd.php?user=[USERNAME]&pwd=[PASSWORD]&host=[DOMAIN]&ip=[IP]		Updated|No change
desec.io		update.dedyn.io/?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&myipv4=[IP]&myipv6=preserve	update.dedyn.io/?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&myipv6=[IP]&myipv4=preserve	good
dnshome.de		~www.dnshome.de/dyndns.php?u=[DOMAIN]&ip=[IP]	~www.dnshome.de/dyndns.php?u=[DOMAIN]&ip6=[IP]	good|nochg|OK
domaindiscount24.com		dynamicdns.key-systems.net/update.php?hostname=[DOMAIN]&password=[PASSWORD]&ip=[IP]		success
moniker.com		dynamicdns.key-systems.net/update.php?hostname=[DOMAIN]&password=[PASSWORD]&ip=[IP]		success
domene.shop		~api.domeneshop.no/v0/dyndns/update?hostname=[DOMAIN]&myip=[IP]		.
duckdns.org		www.duckdns.org/update?domains=[DOMAIN]&token=[PASSWORD]&ip=[IP]	www.duckdns.org/update?domains=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]	OK|good	token
dyndns.org	members.dyndns.org
dnsomatic.com	updates.dnsomatic.com
selfhost.de	carol.selfhost.de
no-ip.com	dynupdate.no-ip.com
noip.com	dynupdate.noip.com
3322.org		~members.3322.org/dyndns/update?hostname=[DOMAIN]&myip=[IP]		good|nochg|OK
he.net	dyn.dns.he.net
spdyn.de
nsupdate.info	nsupdate.info
loopia.com		~dns.loopia.se/XDynDNSServer/XDynDNS.php?hostname=[DOMAIN]&myip=[IP]		good|nochg|OK
dynu.com	api.dynu.com
dy.fi	www.dy.fi
do.de	ddns.do.de
domopoli	dyndns.domopoli.de
inwx.com	dyndns.inwx.com
itsdns.de		~www.itsdns.de/update.php?hostname=[DOMAIN]&myip=[IP]		good|nochg|OK
opendns.com	updates.opendns.com
joker.com	svc.joker.com
schokokeks.org	dyndns.schokokeks.org
variomedia.de	dyndns.variomedia.de
udmedia.de	www.udmedia.de
dyndns.it	update.dyndns.it
infomaniak.com	infomaniak.com
simply.com	ddns.simply.com
dynv6.com		ipv4.dynv6.com/api/update?hostname=[DOMAIN]&token=[PASSWORD]&ipv4=[IP]	dynv6.com/api/update?hostname=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]	updated|unchanged	token
easydns.com		~api.cp.easydns.com/dyn/dynsite.php?hostname=[DOMAIN]&myip=[IP]&wildcard=OFF		NOERROR|no update required|OK
freemyip.com		freemyip.com/update?token=[PASSWORD]&domain=[DOMAIN]&myip=[IP]		OK
goip.de		www.goip.de/setip?username=[USERNAME]&password=[PASSWORD]&subdomain=[DOMAIN]&ip=[IP]	www.goip.de/setip?username=[USERNAME]&password=[PASSWORD]&subdomain=[DOMAIN]&ip6=[IP]	.
ipv64.net
myonlineportal.net		myonlineportal.net/updateddns?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&ip=[IP]	myonlineportal.net/updateddns?username=[USERNAME]&password=[PASSWORD]&hostname=[DOMAIN]&ip6=[IP]	good|nochg
namecheap.com		dynamicdns.park-your-domain.com/update?domain=[USERNAME]&password=[PASSWORD]&host=[DOMAIN]&ip=[IP]		<ErrCount>0</ErrCount>
regfish.de		dyndns.regfish.de/?fqdn=[DOMAIN]&forcehost=1&authtype=secure&token=[PASSWORD]&ip=[IP]	dyndns.regfish.de/?fqdn=[DOMAIN]&forcehost=1&authtype=secure&token=[PASSWORD]&ipv6=[IP]	success|100|101	token
twodns.de		~update.twodns.de/update?hostname=[DOMAIN]&ip=[IP]		good|nochg|OK
zoneedit.com		~api.cp.zoneedit.com/dyn/dynsite.php?hostname=[DOMAIN]&myip=[IP]&wildcard=OFF		NOERROR|no update required|OK
`

// elsewhere says why a service of inadyn is none of those above.
func elsewhere(title string) string {
	for _, row := range strings.Split(`cloudflare: by hand, please: homeward services cloudflare says what it needs
porkbun: by hand, please: homeward services porkbun says what it needs
google: the service has ended
freedns: its key is made of user and password: write the update URL that its page shows into option url4
tunnelbroker: its host is a tunnel's number: write the update URL of the tunnel's page into option url4`, "\n") {
		if part, why, _ := strings.Cut(row, ": "); strings.Contains(title, part) {
			return why
		}
	}
	return "homeward does not know the service: homeward services lists those it knows, and with its update URL option url4 does"
}

// findService returns the service that a provider's title names, nil if homeward
// does not know it, and whether it is for IPv6.
func findService(title string) (found service, ipv6 bool) {
	title, _, _ = strings.Cut(strings.ToLower(title), ":")
	family, host, exact := strings.Cut(title, "@")
	switch {
	case !exact:
		family, host = "default", title
	case host == "ipv4.dynv6.com":
		host = "dynv6.com"
	case host == "dynv6.com" && family == "default":
		family = "ipv6" // for inadyn
	}
	if host == "" || !strings.Contains(" default ipv4 ipv6 dyndns ", " "+family+" ") {
		return nil, false
	}
	for _, row := range strings.Split(services, "\n") {
		s := append(strings.Split(strings.ReplaceAll(row, "~", withBasic), "\t"), make([]string, columns)...)
		if s[colName] == host || !exact && strings.Contains(s[colName], host) {
			return s, family == "ipv6"
		}
	}
	return nil, false
}
