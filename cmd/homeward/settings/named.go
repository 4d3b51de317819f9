package settings

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"homeward/cmd/homeward/settings/form"
	"homeward/openwrt/services"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/spelling"
)

// The folders of service files. ddns-scripts has its own, changed and loaded ones
// in custom and services.
const ownServices = "/etc/homeward/services"

func ddnsFolders() []string {
	return []string{"/usr/share/ddns/custom", "/usr/share/ddns/services", templateFolder}
}

// named is the kind of a service that a file describes and an account names.
const named = "named"

// kindOfService returns the service as the keys' table names it.
func kindOfService(s string) string {
	if s == "" || slices.Contains(builtIn(), s) {
		return s
	}
	return named
}

// serviceText returns the service file of a name: from /etc/homeward/services, the
// program's own, or one of ddns-scripts. from tells where it is. The error is
// fs.ErrNotExist if there is none.
func serviceText(name string, read FileReader) (text []byte, from string, err error) {
	if !serviceName(name) {
		return nil, "", fs.ErrNotExist
	}
	path := filepath.Join(ownServices, name+".json")
	if text, _, err := read(path, maxTemplate); err == nil || isFile(err) {
		return text, path, err
	}
	if text, ok := services.File(name); ok {
		return text, "", nil
	}
	for _, folder := range ddnsFolders() {
		from = filepath.Join(folder, name+".json")
		if text, _, err = read(from, maxTemplate); err == nil || isFile(err) {
			break
		}
	}
	return text, from, err
}

// serviceName reports whether a name can be that of a service file.
func serviceName(name string) bool {
	return name != "" && len(name) <= 64 && name[0] != '.' &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

// namedService reads the file of the service that an account names. ok is false
// of a faulty one.
func (t table) namedService(name string) (tmpl *service.Template, ok bool) {
	text, from, err := serviceText(name, t.r.read)
	if err != nil && !isFile(err) {
		t.fault("service", noService(name))
		return nil, false
	}
	if err != nil {
		t.fault("service", from+": "+err.Error()+": make it a file that homeward's user can read")
		return nil, false
	}
	from = cmp.Or(from, "homeward's own "+name+".json")
	parsed, err := service.ParseTemplate(text)
	if why, instead := services.ForScript(name); err != nil && why+instead != "" {
		t.fault("service", noService(name))
		return nil, false
	}
	if err == nil {
		err = parsed.Check()
	}
	if err == nil {
		return &parsed, true
	}
	for line := range strings.Lines(err.Error()) {
		t.fault("service", from+": "+strings.TrimSuffix(line, "\n"))
	}
	return nil, false
}

// noService says why an account cannot name a service, and what to write.
func noService(name string) string {
	instead, why := services.ForScript(name)
	switch {
	case why != "":
		return secret.Shown(name) + " is a service that homeward cannot update: " + why
	case instead != "" && instead != name:
		return secret.Shown(name) + ` is a script of ddns-scripts: write service = "` + instead + `"`
	}
	say := secret.Shown(name) + " is not one of " + strings.Join(builtIn(), ", ") + ", and none that homeward services lists"
	if near := NearestService(name); near != "" {
		say += `: did you mean "` + near + `"?`
	}
	return say
}

// NearestService returns the service in the program that a misspelt name means, ""
// if none is near.
func NearestService(name string) string {
	return spelling.Nearest(name, append(builtIn(), services.Names()...))
}

// named checks what the account has against what the file of its service wants.
func (t table) named(a *Account) {
	p := a.Template
	texts := p.Texts()
	a.Zone = t.zone()
	for _, d := range a.Domains {
		if a.Zone != "" && d != a.Zone && !strings.HasSuffix(d, "."+a.Zone) {
			t.fault("zone", d+" is not in "+a.Zone+": write an account for each zone")
		}
	}
	if p.NeedsZone() && t.missing("zone") {
		t.fault("zone", `missing: write zone = "example.org", the domain at the service that the hosts are in`)
	}
	if strings.Contains(texts, "[SERVER]") && t.missing("server") {
		t.fault("server", `missing: write server = "https://…", the base URL of the service`)
	}
	if !strings.Contains(texts, "[SERVER]") && t.has("server") {
		t.fault("server", a.Service+" has servers of its own: take it out")
	}
	if f := p.File; f != nil && f.Warning != "" {
		t.warn("service", f.Warning)
	}
	if f := p.File; f != nil && f.Connection == "ipv4" && !a.Publish.IPv4 {
		t.warn("publish", a.Service+` takes the connection's address for the A record if none is named: write "ipv4", too`)
	}
	switch one := p.OneOfIPv6() && a.Publish.Prefix; {
	case one && !a.Publish.IPv6 && p.File.Prefix != nil:
		t.warn("publish", "prefix: "+a.Service+" may delete the AAAA record of the host itself when it is sent the prefix")
	case one && a.Publish.IPv6:
		t.fault("publish", "ipv6 and prefix: "+a.Service+" takes one of them: take the other out")
	}
}

// namedPublish returns what a service by name publishes if the account does not
// say: the addresses, and the prefix where no IPv6 address goes.
func namedPublish(can service.Publish) service.Publish {
	can.Prefix = can.Prefix && !can.IPv6
	return can
}

// namedLimit returns a limit of the service's file, else the usual one.
func namedLimit(p *service.Template, day bool, usual int) int {
	if p == nil || p.File == nil {
		return usual
	}
	n := p.File.Limit10s
	if day {
		n = p.File.Limit24h
	}
	if n == nil {
		return usual
	}
	return *n
}

// pastedSecret takes the secret out of an update URL that was pasted in its place.
func (t table) pastedSecret(a *service.Account) {
	name := t.given("token", "token_file", "password", "password_file")
	if _, ok := form.URLIn(a.Secret.Reveal()); !ok || name == "" {
		return
	}
	a.Secret = t.alone(name, a.Secret, "the secret")
}

// recordAtRisk warns of an account that may cost a record: deSEC deletes a family
// that a request does not name, and of one that was never accepted there is nothing
// to name while the line does not show it.
func (t table) recordAtRisk(a *Account) {
	at := a.Service
	urls := a.Server
	if p := a.Template; p != nil && a.Service == "template" {
		urls, at = p.URL+" "+p.URL4+" "+p.URL6, t.given("template", "url", "url4", "url6")
	}
	if !strings.Contains(urls, "dedyn.io") || strings.Contains(urls, "preserve") || at != "dyndns2" && a.Service != "template" {
		return
	}
	if at == "dyndns2" {
		at = "server"
	}
	t.warn(at, `deSEC deletes the record of a family that is not named: write service = "desec", which keeps it`)
}
