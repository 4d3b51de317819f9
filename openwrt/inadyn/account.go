package inadyn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An account is a section on its way to a `config account`.
type account struct {
	section  *section
	name     string
	on       bool
	ipv6     bool // the family of the section
	families int  // 2 once a section of the other family was joined
	domains  []string
	options  []option // what sections of one host must share to be joined
	url4     string
	url6     string
	wan      string
	wan6     string
	notes    []string // one line each, without a secret
}

type option struct{ name, value string }

// add adds an option that is not empty.
func (a *account) add(name, value string) {
	if value != "" {
		a.options = append(a.options, option{name, value})
	}
}

// note adds a comment, once.
func (a *account) note(text string) {
	if !slices.Contains(a.notes, text) {
		a.notes = append(a.notes, text)
	}
}

func (a *account) service() string { return a.options[0].value }

// convert fills the account in, or tells why there can be none.
func (a *account) convert(outside *section) (why string) {
	for _, set := range append(slices.Clone(a.section.settings), setting{values: []string{a.section.title}}) {
		switch {
		case set.name == "include":
			return "it includes another file: put that file's lines here, and import again"
		case set.env:
			return "a value names a variable, ${…}: write the value itself, and import again"
		case !isText(set.values):
			return "a value is no text in UTF-8, or has a control character in it"
		}
	}
	var s service
	if a.section.kind == "custom" {
		why = a.custom()
	} else if s, a.ipv6, why = a.provider(); why == "" {
		why = a.known(s)
	}
	if why != "" {
		return why
	}
	a.hosts(s.zone)
	if len(a.domains) == 0 {
		return "it has no hostname that homeward can take"
	}
	a.address(outside)
	if isOff(a.section.value("ssl")) {
		a.note("ssl was off: it is asked over https:// now; for a service without: option allow_http '1', and http:// in option url4")
	}
	for _, set := range a.section.settings {
		if why, lost := lostSetting(set); lost {
			a.note("not taken over: " + shown(set) + why)
		}
	}
	return ""
}

// isText tells whether UCI and TOML can hold the values.
func isText(values []string) bool {
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			return false
		}
	}
	return true
}

// provider finds the service of a provider{}.
func (a *account) provider() (s service, ipv6 bool, why string) {
	s, ipv6, ok := findService(a.section.title)
	if !ok {
		return s, ipv6, elsewhere(s.name)
	}
	return s, ipv6, ""
}

// known turns a service of inadyn's into options of ours, or tells why that is
// not possible.
func (a *account) known(s service) (why string) {
	user, pass := a.section.value("username"), a.section.value("password")
	switch {
	case s.name == "ipv64.net":
		a.add("service", "ipv64")
		if user == "" {
			user = pass
		}
		a.add("token", user)
	case s.name == "spdyn.de":
		a.spdyn(user, pass)
	case s.name == "nsupdate.info" && a.ipv6:
		a.dyndns2("ipv6."+s.server, user, pass)
	case s.name == "nsupdate.info":
		a.dyndns2("ipv4."+s.server, user, pass)
	case s.server != "":
		a.dyndns2(s.server, user, pass)
	case a.ipv6 && s.url6 == "":
		return "homeward has no update URL for IPv6 at " + s.name + ": write option url6 by hand"
	default:
		if s.token {
			pass = user
		}
		if a.ipv6 {
			a.url6 = "https://" + s.url6
		} else {
			a.url4 = "https://" + s.url4
		}
		a.template(user, pass, s.answer)
	}
	return ""
}

func (a *account) spdyn(user, pass string) {
	a.add("service", "spdyn")
	if set := a.section.find("hostname"); set != nil && slices.Equal(set.values, []string{user}) {
		a.add("token", pass)
		return
	}
	a.add("username", user)
	a.add("password", pass)
}

func (a *account) dyndns2(server, user, pass string) {
	a.add("service", "dyndns2")
	a.add("server", "https://"+server)
	a.add("username", user)
	a.add("password", pass)
}

// template takes over what the URL has placeholders for.
func (a *account) template(user, pass, answer string) {
	a.add("service", "template")
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

// hosts takes over the names that homeward takes, without the zone at their
// end.
func (a *account) hosts(zone string) {
	set := a.section.find("hostname")
	if set == nil {
		set = a.section.find("alias")
	}
	if set == nil {
		return
	}
	for _, name := range set.values {
		name = strings.TrimSuffix(name, zone)
		switch {
		case !isHost(name) || a.service() != "template" && !isDomain(name):
			a.note("not taken over: hostname '" + printable(name) + "': no whole domain name")
		case !slices.Contains(a.domains, name):
			a.domains = append(a.domains, name)
		}
	}
}

// isHost tells whether a template takes the name: it goes into a URL.
func isHost(name string) bool {
	bare := func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	rest := strings.TrimPrefix(name, "*.")
	return rest != "" && len(name) <= 253 && strings.Trim(rest, ".-") == rest && !strings.Contains(rest, "..") && !strings.ContainsFunc(rest, bare)
}

// isDomain tells whether the name has a dot, and no * in front.
func isDomain(name string) bool {
	return strings.Contains(name, ".") && !strings.HasPrefix(name, "*")
}

// address takes over where the address comes from.
func (a *account) address(outside *section) {
	device := a.section.value("iface")
	if set := outside.find("iface"); device == "" && set != nil && !set.env && isText(set.values) {
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
		least := uint64(1) // minutes: what option poll allows
		if a.service() == "dyndns2" {
			least = 10
		}
		a.add("poll", fmt.Sprintf("%dm", max((n+59)/60, least)))
	}
	if a.service() == "ipv64" || a.service() == "spdyn" {
		return // it says itself where a request comes from
	}
	a.add("checkip", "https://"+server+"/"+strings.TrimPrefix(a.section.value("checkip-path"), "/"))
	if isOff(a.section.value("checkip-ssl")) {
		a.note("checkip-ssl was off; option checkip takes https:// alone")
	}
}

// offerIPv6 says how to publish IPv6, too, where nothing but a word is missing.
func (a *account) offerIPv6() {
	if !a.ipv6 && a.families == 1 && a.service() != "template" {
		a.note("allow-ipv6 was on: for IPv6, too, add: list publish 'ipv6'")
	}
}
