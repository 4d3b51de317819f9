package settings

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"homeward/cmd/homeward/settings/form"
	"homeward/cmd/homeward/settings/keylines"
	"homeward/update/service"
)

// server reads the base URL of the account's service.
func (t table) server(service string) string {
	usual := map[string]string{"ipv64": "https://ipv64.net", "spdyn": "https://update.spdyn.de"}[service]
	v := t.text("server")
	if v == "" {
		switch {
		case service == "dyndns2" && t.missing("server"):
			t.fault("server", `missing: write server = "https://…", the base URL of the service (its page on dyndns2 names it)`)
		case service == "rfc2136" && t.missing("server"):
			t.fault("server", `missing: write server = "ns.example.org", the primary name server of the zone`)
		}
		return usual
	}
	if service == "rfc2136" {
		base, wrong := form.NameServerURL(v)
		if wrong != "" {
			t.fault("server", wrong)
		}
		return base
	}
	base, wrong := form.ServerURL(v)
	if wrong != "" {
		t.fault("server", wrong)
		return usual
	}
	if u, err := url.Parse(base); err == nil && u.Hostname() == "update.spdns.de" {
		t.warn("server", "update.spdns.de is the old name of update.spdyn.de: write the new one")
	}
	return base
}

// certificate begins a certificate in PEM form.
const certificate = "-----BEGIN CERTIFICATE-----"

// roots reads the path of a file with certificates, at least one.
func (t table) roots(name string) string {
	path := t.r.path(t.text(name))
	if path == "" {
		return ""
	}
	b, _, err := t.r.read(path, maxRoots)
	switch {
	case err != nil && !isFile(err):
		t.fault(name, "names no file that is there: name a file of certificates in PEM form that homeward's user can read")
	case err != nil:
		t.fault(name, path+": "+err.Error()+": name a file of certificates in PEM form that homeward's user can read")
	case !bytes.Contains(b, []byte(certificate)):
		t.fault(name, path+" holds no certificate in PEM form: name another file")
	}
	return path
}

// claims holds which account publishes what, to find two that would overwrite each
// other for ever.
type claims map[string]claim

type claim struct {
	account string
	line    int
}

// spelled writes a URL with the canonical name of its server.
func spelled(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	path := ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		path = rest[i:]
	}
	return service.ServerName(u) + path
}

// check records what the account publishes, and reports what another one publishes,
// too.
func (c claims) check(t table, a Account) {
	if a.Service == "" {
		return
	}
	service, server := a.Service, service.ServerName(a.Server)
	if server == "ipv64.net" {
		service = "ipv64" // it speaks dyndns2, too
	}
	identity := []string{service, server, strings.TrimPrefix(a.Record, "@")}
	if a.Template != nil {
		identity = append(identity, spelled(a.Template.URL), spelled(a.Template.URL4), spelled(a.Template.URL6))
	}
	what := map[string]bool{"ipv4": a.Publish.IPv4, "ipv6": a.Publish.IPv6, "prefix": a.Publish.Prefix}
	for _, value := range []string{"ipv4", "ipv6", "prefix"} {
		for _, d := range a.Domains {
			if !what[value] {
				continue
			}
			k := keylines.Join(append([]string{value, d}, identity...))
			first, taken := c[k]
			if !taken {
				c[k] = claim{a.Name, t.line("domains")}
				continue
			}
			t.fault("domains", "account "+ShownPath([]string{first.account})+" (line "+strconv.Itoa(first.line)+") publishes the "+
				value+" of "+d+", too: take it out of one of the two accounts")
		}
	}
}
