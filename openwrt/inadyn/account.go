package inadyn

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"homeward/openwrt/uci"
)

// An account is a section on its way to a `config account`.
type account struct {
	section  *section
	name     string
	service  string
	on       bool
	ipv6     bool     // the family of the section
	families int      // 2 once a section of the other family was joined
	notes    []string // comments without a secret
	// As they are written: sections of one host must share them to be joined.
	domains, options      string
	url4, url6, wan, wan6 string
}

// add adds an option that is not empty.
func (a *account) add(name, value string) { a.options += uci.Line("option "+name, value) }

// use adds the option service.
func (a *account) use(service string) {
	a.service = service
	a.add("service", service)
}

// note adds a comment, once.
func (a *account) note(text string) {
	for _, n := range a.notes {
		if n == text {
			return
		}
	}
	a.notes = append(a.notes, text)
}

// convert fills the account in, or tells why there can be none.
func (a *account) convert(outside *section) (why string) {
	for _, set := range a.section.settings {
		switch {
		case set.name == "include":
			return "it includes another file: put that file's lines here, and import again"
		case set.env:
			return "a value names a variable, ${…}: write the value itself, and import again"
		case !set.isText():
			return "a value is no text in UTF-8, or has a control character in it"
		}
	}
	if a.section.kind == "custom" {
		why = a.custom()
	} else {
		why = a.provider()
	}
	if why != "" {
		return why
	}
	a.hosts()
	if a.domains == "" {
		return "it has no hostname that homeward can take"
	}
	a.address(outside)
	if is(a.section.value("ssl"), "off") {
		a.note("ssl was off: it is asked over https:// now; for a service without: option allow_http '1', and http:// in option url4")
	}
	for _, set := range a.section.settings {
		if n := lost(set); n != "" {
			a.note(n)
		}
	}
	return ""
}

// isText reports whether UCI and TOML can hold the values, and there is one.
func (s *setting) isText() bool {
	for _, v := range s.values {
		if !isText(v) {
			return false
		}
	}
	return len(s.values) > 0 && !s.env
}

func isText(v string) bool {
	for i := range len(v) {
		if v[i] < ' ' || v[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(v)
}

// provider turns a provider{} into options of ours, or tells why that is not
// possible.
func (a *account) provider() (why string) {
	s, ipv6 := findService(a.section.title)
	if s == nil {
		return elsewhere(a.section.title)
	}
	a.ipv6 = ipv6
	user, pass := a.section.value("username"), a.section.value("password")
	switch {
	case s[colName] == "ipv64.net":
		a.use("ipv64")
		if user == "" {
			user = pass
		}
		a.add("token", user)
	case s[colName] == "spdyn.de":
		a.spdyn(user, pass)
	case s[colName] == "nsupdate.info" && ipv6:
		a.dyndns2("ipv6."+s[colServer], user, pass)
	case s[colName] == "nsupdate.info":
		a.dyndns2("ipv4."+s[colServer], user, pass)
	case s[colServer] != "":
		a.dyndns2(s[colServer], user, pass)
	case ipv6 && s[colURL6] == "":
		return "homeward has no update URL for IPv6 at " + s[colName] + ": write option url6 by hand"
	default:
		if s[colToken] != "" {
			pass = user
		}
		if ipv6 {
			a.url6 = "https://" + s[colURL6]
		} else {
			a.url4 = "https://" + s[colURL4]
		}
		a.template(user, pass, s[colAnswer])
	}
	return ""
}

func (a *account) spdyn(user, pass string) {
	a.use("spdyn")
	if set := a.section.find("hostname"); set != nil && len(set.values) == 1 && set.values[0] == user {
		a.add("token", pass)
		return
	}
	a.add("username", user)
	a.add("password", pass)
}

func (a *account) dyndns2(server, user, pass string) {
	a.use("dyndns2")
	a.add("server", "https://"+server)
	a.add("username", user)
	a.add("password", pass)
}

// template takes over what the URL has placeholders for.
func (a *account) template(user, pass, answer string) {
	a.use("template")
	if strings.Contains(a.url4+a.url6, "[USERNAME]") {
		a.add("username", user)
	}
	if strings.Contains(a.url4+a.url6, "[PASSWORD]") {
		a.add("password", pass)
	}
	a.add("answer", answer)
	if answer == anyAnswer {
		a.note("any answer is a success; better: option answer 'WHAT THE SERVICE SAYS'")
	}
}

// hosts takes over the names that homeward takes.
func (a *account) hosts() {
	set := a.section.find("hostname")
	if set == nil {
		set = a.section.find("alias")
	}
	if set == nil {
		return
	}
	for _, name := range set.values {
		if strings.Contains(a.url4+a.url6, "://www.duckdns.org/") {
			name = strings.TrimSuffix(name, ".duckdns.org") // the service takes the first label
		}
		item := uci.Line("list domain", name)
		switch {
		case !isHost(name) || a.service != "template" && (name[0] == '*' || !strings.Contains(name, ".")):
			a.note("not taken over: hostname '" + printable(name) + "': no whole domain name")
		case !strings.Contains(a.domains, item):
			a.domains += item
		}
	}
}

// isHost reports whether a template takes the name: it goes into a URL.
func isHost(name string) bool {
	rest := strings.TrimPrefix(name, "*.")
	for _, c := range []byte(rest) {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return rest != "" && len(name) <= 253 && strings.Trim(rest, ".-") == rest && !strings.Contains(rest, "..")
}

// address takes over where the address comes from.
func (a *account) address(outside *section) {
	device := a.section.value("iface")
	if set := outside.find("iface"); device == "" && set != nil && set.isText() {
		device = outside.value("iface")
	}
	server := a.section.value("checkip-server")
	switch {
	case a.section.value("checkip-command") != "":
		a.on = false
		a.note("off, for its address came from a program (checkip-command); homeward reads it from the line: if that is the one, set enabled to 1")
	case device != "" && a.ipv6:
		a.wan6 = device
	case device != "":
		a.wan = device
	case server == "" || strings.EqualFold(server, "default"):
	case a.ipv6:
		a.note("IPv6 is read from the line, not asked for on the web (checkip-server)")
	default:
		a.web(server, outside)
	}
}

// web takes over that the address is asked for on the web.
func (a *account) web(server string, outside *section) {
	a.add("detect", "web")
	if n, err := strconv.ParseUint(outside.value("period"), 10, 20); err == nil {
		least := 1 // minutes: what option poll allows
		if a.service == "dyndns2" {
			least = 10
		}
		a.add("poll", strconv.Itoa(max((int(n)+59)/60, least))+"m")
	}
	if a.service == "ipv64" || a.service == "spdyn" {
		return // it says itself where a request comes from
	}
	a.add("checkip", "https://"+server+"/"+strings.TrimPrefix(a.section.value("checkip-path"), "/"))
	if is(a.section.value("checkip-ssl"), "off") {
		a.note("checkip-ssl was off; option checkip takes https:// alone")
	}
}

// offerIPv6 says how to publish IPv6, too, where nothing but a word is missing.
func (a *account) offerIPv6() {
	if !a.ipv6 && a.families == 1 && a.service != "template" {
		a.note("allow-ipv6 was on: for IPv6, too, add: list publish 'ipv6'")
	}
}
