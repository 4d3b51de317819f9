package ddnsscripts

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"homeward/openwrt/services"
	"homeward/openwrt/uci"
)

// dyndns2Servers has the services of ddns-scripts whose files spell dyndns2, with
// user and password in front of the host, and the server of each.
var dyndns2Servers = [...]struct{ service, server string }{
	{"apertodns.com", "https://api.apertodns.com"},
	{"dnsomatic.com", "https://updates.dnsomatic.com"},
	{"domopoli.de", "https://dyndns.domopoli.de"},
	{"dyn.com", "https://members.dyndns.org"},
	{"dyndns.org", "https://members.dyndns.org"},
	{"hosting.de", "https://ddns.hosting.de"},
	{"infomaniak.com", "https://infomaniak.com"},
	{"no-ip.com", "https://dynupdate.no-ip.com"},
	{"opendns.com", "https://updates.opendns.com"},
	{"strato.com", "https://dyndns.strato.com"},
	{"variomedia.de", "https://dyndns.variomedia.de"},
	{"xlhost.de", "https://nsupdate.xlhost.de"},
}

func dyndns2Server(service string) string {
	for _, s := range dyndns2Servers {
		if s.service == service {
			return s.server
		}
	}
	return ""
}

// service turns the service of a section into options of ours, or tells why
// that is not possible.
func (d *account) service() (why string) {
	name := d.take("service_name")
	instead, why := services.ForScript(name)
	switch {
	case name == "" || name == "-" || name == "custom":
		return d.custom()
	case name == "ipv64.net":
		d.add("service", "ipv64")
		d.add("token", d.take("password"))
	case name == "spdyn.de" || name == "spdns.de":
		d.spdyn(d.take("username"), d.take("password"))
	case name == "nsupdate.info" && d.ipv6:
		d.dyndns2("https://ipv6.nsupdate.info")
	case name == "nsupdate.info":
		d.dyndns2("https://ipv4.nsupdate.info")
	case dyndns2Server(name) != "":
		d.dyndns2(dyndns2Server(name))
	case why != "":
		return "the service " + uci.Printable(name) + " is a script, and no file can take its place: " + why
	case instead != "":
		d.script(instead)
	default:
		d.template()
		d.add("template", name)
		d.note("keep the package ddns-scripts-services: the account reads its file")
	}
	return ""
}

// custom is service for a section with a URL or a program of its own.
func (d *account) custom() (why string) {
	raw := d.take("update_url")
	switch {
	case raw == "" && d.take("update_script") != "":
		return "its update_script is a program, and homeward runs none"
	case raw == "":
		return "it has neither a service_name nor an update_url"
	}
	u := cutURL(raw)
	if d.ipv64URL(u) || d.spdynURL(u) || d.dyndns2URL(u) {
		return ""
	}
	d.template()
	if d.ipv6 {
		d.url6 = raw
	} else {
		d.url4 = raw
	}
	d.add("answer", ".")
	d.note("any answer is a success, as it was for ddns-scripts; better: option answer 'WHAT THE SERVICE SAYS'")
	return ""
}

func (d *account) spdyn(user, pass string) {
	d.add("service", "spdyn")
	if slices.Equal(d.domains, []string{user}) {
		d.add("token", pass)
		return
	}
	d.add("username", user)
	d.add("password", pass)
}

func (d *account) dyndns2(server string) {
	d.add("service", "dyndns2")
	d.add("server", server)
	d.add("username", d.take("username"))
	d.add("password", d.take("password"))
}

func (d *account) template() {
	d.add("service", "template")
	for _, k := range []string{"username", "password", "param_enc", "param_opt"} {
		d.add(k, d.take(k))
	}
	if !uci.On(d.section.Value("use_https")) {
		d.note("http:// becomes https://; for a service without: option allow_http '1'")
	}
}

// An updateURL is a URL with placeholders, cut into its parts and not decoded.
type updateURL struct {
	user, pass, host, path string
	query                  [][2]string
}

func cutURL(raw string) updateURL {
	var u updateURL
	_, rest, _ := strings.Cut(raw, "://")
	rest, query, _ := strings.Cut(rest, "?")
	u.host, u.path, _ = strings.Cut(rest, "/")
	if i := strings.LastIndexByte(u.host, '@'); i >= 0 {
		u.user, u.pass, _ = strings.Cut(u.host[:i], ":")
		u.host = u.host[i+1:]
	}
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		u.query = append(u.query, [2]string{k, v})
	}
	return u
}

// ipv64URL takes an update URL of IPv64 over, and reports whether it was one
// with nothing in it that homeward would say otherwise.
func (d *account) ipv64URL(u updateURL) bool {
	if u.host != "ipv64.net" && u.host != "ipv4.ipv64.net" && u.host != "ipv6.ipv64.net" ||
		u.path != "nic/update" && u.path != "update" && u.path != "update.php" {
		return false
	}
	token, record, domains := u.pass, "", d.domains
	for _, q := range u.query {
		switch q[0] {
		case "key", "token", "user", "username":
			token = q[1]
		case "domain", "host", "hostname":
			if q[1] != "[DOMAIN]" {
				domains = splitDomains(q[1])
			}
		case "praefix":
			record = q[1]
		case "ip", "ipv4", "ip4", "myip", "ip6", "ipv6", "myip6", "myipv6":
			if q[1] != "[IP]" {
				return false
			}
		case "output": // how the answer is spelled: homeward reads JSON
		default:
			return false
		}
	}
	token, ok := d.fill(token)
	if !ok || token == "" || strings.Contains(record+strings.Join(domains, ""), "[") {
		return false
	}
	d.domains = domains
	d.add("service", "ipv64")
	d.add("token", token)
	d.add("record", record)
	return true
}

// spdynURL does the same for SPDYN.
func (d *account) spdynURL(u updateURL) bool {
	if u.host != "update.spdyn.de" && u.host != "update.spdns.de" || u.path != "nic/update" {
		return false
	}
	for _, q := range u.query {
		switch {
		case q[0] == "user":
			u.user = q[1]
		case q[0] == "pass":
			u.pass = q[1]
		case q != [2]string{"hostname", "[DOMAIN]"} && q != [2]string{"myip", "[IP]"}:
			return false
		}
	}
	if u.user == "[DOMAIN]" && len(d.domains) == 1 {
		u.user = d.domains[0]
	}
	user, ok := d.fill(u.user)
	pass, okPass := d.fill(u.pass)
	if !ok || !okPass || user == "" || pass == "" {
		return false
	}
	d.spdyn(user, pass)
	return true
}

// dyndns2URL does the same for any server that is asked as dyndns2 asks.
func (d *account) dyndns2URL(u updateURL) bool {
	if u.path != "nic/update" || u.user != "[USERNAME]" || u.pass != "[PASSWORD]" || strings.ContainsAny(u.host, "[] ") ||
		!slices.Equal(u.query, [][2]string{{"hostname", "[DOMAIN]"}, {"myip", "[IP]"}}) {
		return false
	}
	d.dyndns2("https://" + u.host)
	return true
}

// fill returns what a placeholder stands for, or a literal, decoded. False is
// a mixture of both, and what is no text when it is decoded: the URL can say
// it, an option cannot.
func (d *account) fill(v string) (string, bool) {
	switch v {
	case "[USERNAME]":
		return d.take("username"), true
	case "[PASSWORD]":
		return d.take("password"), true
	case "[PARAMENC]":
		return d.take("param_enc"), true
	}
	plain, err := url.QueryUnescape(v)
	return plain, err == nil && utf8.ValidString(plain) && !strings.Contains(v, "[")
}

func splitDomains(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
