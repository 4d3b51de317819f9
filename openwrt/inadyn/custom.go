package inadyn

import (
	"net/url"
	"strings"
)

// custom turns a custom{} into options of ours, or tells why that is not
// possible.
func (a *account) custom() (why string) {
	server, path := a.section.value("ddns-server"), a.section.value("ddns-path")
	if server == "" || strings.ContainsAny(server, "/@[]?#% \t") {
		return "its ddns-server is no host's name"
	}
	query, ok := fillPath(path)
	if !ok {
		return "its ddns-path has a % that inadyn does not know"
	}
	switch {
	case strings.Contains(path, "%"):
	case is(a.section.value("append-myip"), "on"):
		query += "[IP]"
	default:
		query += "[DOMAIN]"
	}
	query = strings.TrimPrefix(query, "/")
	user, pass := a.section.value("username"), a.section.value("password")
	switch {
	case a.ipv64(server, query, user, pass):
	case isNIC(query) && (server == "update.spdyn.de" || server == "update.spdns.de"):
		a.spdyn(user, pass)
	case isNIC(query):
		a.dyndns2(server, user, pass)
	default:
		a.url4 = "https://" + server + "/" + query
		if user != "" && !strings.Contains(query, "[PASSWORD]") {
			a.url4 = "https://" + withBasic + server + "/" + query
		}
		a.template(user, pass, a.answer())
	}
	return ""
}

// fillPath writes the path and query of inadyn with our placeholders, encoded
// as inadyn encodes them.
func fillPath(path string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '%' && i+1 < len(path):
			i++
			at := strings.IndexByte("uphi%", path[i])
			if at < 0 {
				return "", false
			}
			b.WriteString([]string{"[USERNAME]", "[PASSWORD]", "[DOMAIN]", "[IP]", percent(path[i+1:])}[at])
		case c == '%':
			return "", false
		case c == ' ':
			b.WriteByte('+')
		case strings.IndexByte("-_.~/?&=", c) >= 0, '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			b.WriteByte(c)
		default:
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String(), true
}

// percent spells a % that rest follows: alone where it is part of %20, say.
func percent(rest string) string {
	if len(rest) >= 2 && strings.Trim(rest[:2], "0123456789abcdefABCDEF") == "" {
		return "%"
	}
	return "%25"
}

// isNIC reports whether a request is what dyndns2 servers are asked.
func isNIC(query string) bool {
	return query == nicUpdate || query == "nic/update?myip=[IP]&hostname=[DOMAIN]"
}

// ipv64 takes an update URL of IPv64 over, and reports whether it was one with
// nothing in it that homeward would say otherwise.
func (a *account) ipv64(server, query, user, pass string) bool {
	path, params, _ := strings.Cut(query, "?")
	if !strings.Contains(" ipv64.net ipv4.ipv64.net ipv6.ipv64.net ", " "+server+" ") ||
		path != "nic/update" && path != "update" && path != "update.php" {
		return false
	}
	token, record := pass, ""
	for _, pair := range strings.Split(params, "&") {
		name, value, _ := strings.Cut(pair, "=")
		ok := false
		switch name {
		case "key", "token", "user", "username":
			token, ok = literal(value, user, pass)
		case "praefix":
			record, ok = literal(value, user, pass)
		case "domain", "host", "hostname":
			ok = value == "[DOMAIN]"
		case "ip", "ipv4", "ip4", "myip", "ip6", "ipv6", "myip6", "myipv6":
			ok = value == "[IP]"
		}
		if !ok {
			return false
		}
	}
	if token == "" {
		return false
	}
	a.ipv6 = server == "ipv6.ipv64.net"
	a.use("ipv64")
	a.add("token", token)
	a.add("record", record)
	return true
}

// literal returns the decoded value of a URL's parameter, with a placeholder
// replaced. It returns false for a value that mixes text and placeholders, and for
// one that is not printable text after decoding.
func literal(value, user, pass string) (string, bool) {
	switch value {
	case "[USERNAME]":
		return user, true
	case "[PASSWORD]":
		return pass, true
	}
	plain, err := url.QueryUnescape(value)
	return plain, err == nil && !strings.Contains(value, "[") && isText(plain)
}

// answer takes over which answers are a success.
func (a *account) answer() string {
	set := a.section.find("ddns-response")
	if set == nil || len(set.values) == 0 {
		// what inadyn looks for, in upper or lower case
		return "OK|Ok|ok|good|Good|true|True|updated|Updated|success|Success|nochg"
	}
	for _, word := range set.values {
		if word == "" || strings.ContainsAny(word, `|^$\()[]{}*+?.`) {
			a.note("ddns-response has a character that option answer does not take")
			return anyAnswer
		}
	}
	return strings.Join(set.values, "|")
}
