package main

import (
	"bytes"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"homeward/update"
)

// server reads the base URL of the account's service.
func (t table) server(service string) string {
	usual := map[string]string{"ipv64": "https://ipv64.net", "spdyn": "https://update.spdyn.de"}[service]
	v := t.text("server")
	if v == "" {
		if service == "dyndns2" && t.missing("server") {
			t.fault("server", `missing: write server = "https://…", the base URL of the service (its page on dyndns2 names it)`)
		}
		return usual
	}
	base, wrong := serverURL(v)
	if wrong != "" {
		t.fault("server", wrong)
		return usual
	}
	if u, err := url.Parse(base); err == nil && u.Hostname() == "update.spdns.de" {
		t.warn("server", "update.spdns.de is the old name of update.spdyn.de: write the new one")
	}
	return base
}

// roots reads the path of a file of certificates, which must hold one.
func (t table) roots(name string) string {
	path := t.r.path(t.text(name))
	if path == "" {
		return ""
	}
	b, _, err := t.r.read(path, maxRoots)
	switch {
	case err != nil:
		t.fault(name, path+": "+err.Error()+": name a file of certificates in PEM form that homeward's user can read")
	case !bytes.Contains(b, []byte("-----BEGIN CERTIFICATE-----")):
		t.fault(name, path+" holds no certificate in PEM form: name another file")
	}
	return path
}

// template reads a service that is described by its URLs, here or in a file.
func (t table) template(a *Account) {
	if a.Service != "template" {
		return
	}
	a.AllowHTTP = t.boolean("allow_http", false)
	a.Template = &update.Template{ParamEnc: t.text("param_enc"), ParamOpt: t.text("param_opt")}
	t.r.inline = t.r.inline || a.Template.ParamEnc != ""
	inline := t.given("url", "url4", "url6")
	switch {
	case t.has("template"):
		a.TemplateFile = t.templateFile()
		if inline != "" {
			t.fault(inline, "stands beside template: keep one of the two")
		}
		if t.has("answer") {
			t.fault("answer", "stands beside template, which brings its own: take it out")
		}
	case inline == "" && t.missing("template") && t.missing("url") && t.missing("url4") && t.missing("url6"):
		t.fault("template", `missing: write template = "dynv6.com" (a file below /usr/share/ddns/default), or url and answer`)
	case inline != "":
		t.inlineTemplate(a)
	}
}

// templateFile reads the path of a service file; a bare name stays one.
func (t table) templateFile() string {
	v := t.text("template")
	if strings.HasSuffix(v, ".sh") {
		t.fault("template", "is a script, and homeward runs none: name a .json file with a URL in it")
	}
	if strings.Contains(v, "/") {
		return t.r.path(filepath.Clean(v))
	}
	return v
}

func (t table) inlineTemplate(a *Account) {
	p := a.Template
	p.URL = t.templateURL("url", a)
	p.URL4 = t.templateURL("url4", a)
	p.URL6 = t.templateURL("url6", a)
	if t.missing("answer") {
		t.fault("answer", `missing: write answer = "good|nochg", the words that mean success`)
	}
	answer := t.text("answer")
	p.Answer, p.Answer4, p.Answer6 = only(p.URL, answer), only(p.URL4, answer), only(p.URL6, answer)
}

// only returns answer where there is a URL that it belongs to.
func only(url, answer string) string {
	if url == "" {
		return ""
	}
	return answer
}

// templateURL reads a URL with placeholders. It may hold a secret and is never
// repeated.
func (t table) templateURL(name string, a *Account) string {
	v := t.text(name)
	lower := strings.ToLower(v)
	switch {
	case v == "":
		return ""
	case strings.HasSuffix(v, ".sh"):
		t.fault(name, "is a script, and homeward runs none: write a URL")
	case oddSecret(v) != "":
		t.fault(name, oddSecret(v))
	case strings.HasPrefix(lower, "http://") && !a.AllowHTTP:
		t.warn(name, "is http, which everybody on the way can read and change; https is used: write https, or allow_http = true")
		v = "https" + v[len("http"):]
	case !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://"):
		t.fault(name, "is no URL: write it with https:// at its beginning")
	}
	if strings.Contains(v, "[USERNAME]") && t.missing("username") {
		t.fault("username", `missing: write username = "…", for the [USERNAME] of `+name)
	}
	return v
}

// templateFamilies faults what is to be published and has no URL.
func (t table) templateFamilies(a *Account) {
	p := a.Template
	if p.URL != "" || t.given("url4", "url6") == "" || t.bad["url"] {
		return
	}
	if a.Publish.IPv4 && p.URL4 == "" {
		t.fault("publish", "ipv4 has no URL: write url4, or take ipv4 out")
	}
	if a.Publish.IPv6 && p.URL6 == "" {
		t.fault("publish", "ipv6 has no URL: write url6, or take ipv6 out")
	}
}

// claims remembers which account publishes what, to find two that would undo
// each other's work for ever.
type claims map[string]claim

type claim struct {
	account string
	line    int
}

// check notes what the account publishes, and faults what another one does.
func (c claims) check(t table, a Account) {
	if a.Service == "" {
		return
	}
	identity := []string{a.Service, a.Server, a.Record, a.TemplateFile}
	if a.Template != nil {
		identity = append(identity, a.Template.URL, a.Template.URL4, a.Template.URL6)
	}
	what := map[string]bool{"ipv4": a.Publish.IPv4, "ipv6": a.Publish.IPv6, "prefix": a.Publish.Prefix}
	for _, value := range []string{"ipv4", "ipv6", "prefix"} {
		for _, d := range a.Domains {
			if !what[value] {
				continue
			}
			k := pathKey(append([]string{value, d}, identity...))
			first, taken := c[k]
			if !taken {
				c[k] = claim{a.Name, t.line("domains")}
				continue
			}
			t.fault("domains", "account "+shownPath([]string{first.account})+" (line "+strconv.Itoa(first.line)+") publishes the "+
				value+" of "+d+", too: take it out of one of the two accounts")
		}
	}
}
