package service

import (
	"fmt"
	"slices"
	"strings"
)

// IPv64Server is the ServerName of all of IPv64's hosts.
const IPv64Server = "ipv64.net"

// ServerName returns the same name for all spellings of a base URL: the host in
// lower case, without a dot at its end, and the port unless that is the scheme's
// default. All of IPv64's hosts and ports are one server.
func ServerName(base string) string {
	scheme, rest, _ := strings.Cut(strings.ToLower(base), "://")
	host := rest[:endOfHost(rest)]
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	host = strings.TrimSuffix(host, ".")
	switch {
	case host == IPv64Server || strings.HasSuffix(host, "."+IPv64Server):
		return IPv64Server
	case port == "", scheme == "https" && port == "443", scheme == "http" && port == "80", scheme == "dns" && port == "53":
		return host
	}
	return host + ":" + port
}

// ServerName returns the names of the servers that the account's requests go to:
// a template may have several.
func (a *Account) ServerName() string {
	if a.Template == nil {
		return ServerName(a.Server)
	}
	return a.Template.servers(a.Server)
}

// HostNames returns the hosts that the requests go to, sorted; of [SERVER], which
// the account names, nothing.
func (t Template) HostNames() []string { return strings.Fields(t.servers("")) }

// servers returns the ServerNames of the URLs, sorted, each once; server is that
// of the account.
func (t Template) servers(server string) string {
	var names []string
	for _, u := range t.urls() {
		s := splitURL(strings.Replace(u.URL, "[SERVER]", server, 1))
		names = append(names, ServerName(s.scheme+"://"+s.host))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// Key returns the text for a template's fingerprint. It holds the secrets.
func (t *Template) Key() string {
	if t == nil {
		return ""
	}
	key := fmt.Sprintf("{URL4:%s URL6:%s URL:%s Answer4:%s Answer6:%s Answer:%s ParamEnc:%v ParamOpt:%s AllowHTTP:%v} %s",
		t.URL4, t.URL6, t.URL, t.Answer4, t.Answer6, t.Answer, t.ParamEnc, t.ParamOpt, t.AllowHTTP, t.ParamEnc.Reveal())
	if t.File != nil {
		key += t.File.text
	}
	return key
}

// LegacyServer returns what older versions used in place of ServerName.
func (a *Account) LegacyServer() string {
	if a.Template == nil {
		return a.Server
	}
	server := ""
	for _, u := range a.Template.urls() {
		server += splitURL(u.URL).host + " "
	}
	return server
}
