package service

import (
	"fmt"
	"slices"
	"strings"
)

// IPv64Server is what all of IPv64's hosts are called.
const IPv64Server = "ipv64.net"

// ServerName tells which server a base URL leads to, however it is spelled: its
// host in lower case, without a dot at its end, and its port unless that is the
// scheme's own. All of IPv64's hosts are one server, at whatever port.
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
	case port == "", scheme == "https" && port == "443", scheme == "http" && port == "80":
		return host
	}
	return host + ":" + port
}

// ServerName is ServerName of where the account's requests go; a template's may
// go to several.
func (a *Account) ServerName() string {
	if a.Template == nil {
		return ServerName(a.Server)
	}
	return a.Template.servers()
}

// servers names the servers that the URLs lead to, each once.
func (t Template) servers() string {
	var names []string
	for _, u := range t.urls() {
		s := SplitURL(u.url)
		names = append(names, ServerName(s.scheme+"://"+s.host))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// Key is what a Template's fingerprint is made of.
func (t *Template) Key() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%+v %s", *t, t.ParamEnc.Reveal())
}

// LegacyServer is what older versions took for ServerName.
func (a *Account) LegacyServer() string {
	if a.Template == nil {
		return a.Server
	}
	server := ""
	for _, u := range a.Template.urls() {
		server += SplitURL(u.url).host + " "
	}
	return server
}
