package settings

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"homeward/cmd/homeward/settings/form"
	"homeward/update/secret"
	"homeward/update/service"
)

// templateFolder is where ddns-scripts keeps its service files.
const templateFolder = "/usr/share/ddns/default"

// template reads a service that is described by its URLs, here or in a file.
func (t table) template(a *Account) {
	if a.Template == nil {
		return
	}
	a.Template.ParamEnc, a.Template.ParamOpt = t.inlineSecret("param_enc"), t.text("param_opt")
	a.Template.AllowHTTP = t.boolean("allow_http", false)
	if a.Service != "template" {
		t.pastedSecret(&a.Account)
		t.checkTemplate(a)
		return
	}
	inline := t.given("url", "url4", "url6")
	switch {
	case t.has("template"):
		if inline != "" {
			t.fault(inline, "stands beside template: keep one of the two")
		}
		if t.has("answer") {
			t.fault("answer", "stands beside template, which brings its own: take it out")
		}
	case inline == "" && t.missing("template") && t.missing("url") && t.missing("url4") && t.missing("url6"):
		t.fault("template", `missing: write template = "dynv6.com" (a file below `+templateFolder+`), or url and answer`)
	case inline != "":
		t.inlineTemplate(a.Template)
	}
	t.checkTemplate(a)
}

// serviceFile reads a service file, named by its path or by the service's bare
// name.
func (t table) serviceFile(p *service.Template) {
	v := t.text("template")
	if strings.HasSuffix(v, ".sh") {
		t.fault("template", "is a script, and homeward runs none: name a .json file with a URL in it")
		return
	}
	path, b, err := t.r.path(filepath.Clean(v)), []byte(nil), error(nil)
	if strings.Contains(v, "/") {
		b, _, err = t.r.read(path, maxTemplate)
	} else {
		name := strings.TrimSuffix(v, ".json")
		if b, path, err = serviceText(name, t.r.read); path == "" {
			path = filepath.Join(templateFolder, name+".json")
		}
	}
	if err != nil {
		do := ": make it a file that homeward's user can read"
		if errors.Is(err, fs.ErrNotExist) {
			do = ": name a service file that is there (the package ddns-scripts-services brings them), or write url4, url6 and answer here"
		}
		if secret.Shown(v) == "this" && !isFile(err) {
			path, err = "this", fs.ErrNotExist
		}
		t.fault("template", path+": "+err.Error()+do)
		return
	}
	parsed, err := service.ParseTemplate(b)
	if err != nil {
		t.fault("template", path+": "+err.Error()+": name another service's file")
		return
	}
	*p = parsed
}

// ownFile checks a template that is a service file of ours as a service by name.
func (t table) ownFile(a *Account) {
	if p := a.Template; p.NeedsZone() || strings.Contains(p.Texts(), "[SERVER]") {
		t.fault("template", "asks for a zone or a server, which a service by name has: put the file into "+ownServices+
			`, and write its name without .json as service`)
		return
	}
	t.named(a)
}

func (t table) inlineTemplate(p *service.Template) {
	p.URL, p.URL4, p.URL6 = t.templateURL("url"), t.templateURL("url4"), t.templateURL("url6")
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
func (t table) templateURL(name string) string {
	v := t.text(name)
	scheme, rest, ok := strings.Cut(v, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case v == "":
		return ""
	case strings.HasSuffix(v, ".sh"):
		t.fault(name, "is a script, and homeward runs none: write a URL")
	case form.OddSecret(v) != "":
		t.fault(name, form.OddSecret(v))
	case !ok || scheme != "https" && scheme != "http":
		t.fault(name, "is no URL: write it with https:// at its beginning")
	default:
		return scheme + "://" + rest
	}
	return ""
}

// checkTemplate names what is wrong with the URLs and the answer expressions,
// and which secret they ask for.
func (t table) checkTemplate(a *Account) {
	p := *a.Template
	if !hasURL(p) {
		return
	}
	at := func(key string) string {
		switch {
		case t.has("template"):
			return "template"
		case a.Service != "template":
			return "service"
		}
		return key
	}
	if err := p.Check(); err != nil {
		for line := range strings.Lines(err.Error()) {
			key, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if p.File != nil {
				text = key + ": " + text
			} else if at(key) != key {
				text = key + " of the service file: " + text
			}
			t.fault(at(key), text)
		}
	} else if !t.bad["answer"] {
		for _, w := range p.Warnings() {
			t.warn(at(t.given("url", "url4", "url6")), w)
		}
	}
	t.placeholders(a.Service, p)
}

// placeholders faults what the requests ask for and the account does not have.
func (t table) placeholders(name string, p service.Template) {
	texts := p.Texts()
	what := func(words, placeholder string) string {
		if words != "" {
			return words
		}
		return "for the [" + placeholder + "] of the URL"
	}
	var f service.File
	if p.File != nil {
		f = *p.File
	}
	secrets := []string{"password", "password_file", "token", "token_file"}
	if strings.Contains(texts, "[USERNAME]") && t.missing("username") {
		t.fault("username", `missing: write username = "…", `+what(f.Username, "USERNAME"))
	}
	if strings.Contains(texts, "[PASSWORD]") && !slices.ContainsFunc(secrets, func(name string) bool { return !t.missing(name) }) {
		t.fault("password", `missing: write password = "…" or token = "…", `+what(f.Secret, "PASSWORD"))
	}
	if strings.Contains(texts, "[PARAMENC]") && t.missing("param_enc") {
		t.fault("param_enc", `missing: write param_enc = "…", for the [PARAMENC] of the URL`)
	}
}

func hasURL(p service.Template) bool { return p.URL+p.URL4+p.URL6 != "" || p.File != nil }

// templateCarries faults what is to be published and has no place in the URLs.
func (t table) templateCarries(a *Account) {
	if !hasURL(*a.Template) || t.bad["url"] || t.bad["url4"] || t.bad["url6"] {
		return
	}
	carries := a.Template.Carries()
	say := func(wanted, carried bool, value, do string) {
		switch {
		case !wanted || carried:
		case a.Service != "template":
			or := ""
			if value == "prefix" {
				or = ", write \"ipv6\" with host for a host behind the router, or choose one of " + strings.Join(prefixServices(), ", ")
			}
			t.fault("publish", a.Service+" cannot publish "+value+": take "+value+" out"+or)
		case t.has("template"):
			t.fault("publish", value+" has no URL in the service file: take "+value+" out")
		default:
			t.fault("publish", value+" has no URL: "+do+", or take "+value+" out")
		}
	}
	say(a.Publish.IPv4, carries.IPv4, "ipv4", "write url4")
	say(a.Publish.IPv6, carries.IPv6, "ipv6", "write url6")
	say(a.Publish.Prefix, carries.Prefix, "prefix", "write url with [PREFIX] in it")
}
