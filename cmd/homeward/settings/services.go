package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"homeward/openwrt/services"
	"homeward/update/service"
)

// Service is a service that an account can name.
type Service struct {
	Name      string   `json:"name"`      // what to write as service
	Publishes []string `json:"publishes"` // of ipv4, ipv6 and prefix, those that it can
	Needs     []string `json:"needs"`     // the keys of an account that it needs besides domains
	File      string   `json:"file,omitempty"`

	// Of a service with a file that says so:
	Secret   string   `json:"secret,omitempty"`   // what token or password is
	Username string   `json:"username,omitempty"` // what username is
	Warning  string   `json:"warning,omitempty"`
	Hosts    []string `json:"hosts,omitempty"` // that its requests go to
	Limit10s int      `json:"limit_10s"`       // 0 is none
	Limit24h int      `json:"limit_24h"`
}

// Services lists the services that an account can name: those built in, and those
// of the service files in /etc/homeward/services, in the program, and in the
// folders of ddns-scripts. The first of a name counts. Files that name a script
// are left out: homeward runs none.
func Services() []Service {
	all := []Service{
		{Name: "dyndns2", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"server", "username", "password"}},
		{Name: "ipv64", Publishes: []string{"ipv4", "ipv6", "prefix"}, Needs: []string{"token"}},
		{Name: "rfc2136", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"server", "key_name", "password"}},
		{Name: "spdyn", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"token, or username and password"}},
		{Name: "template", Publishes: []string{"ipv4", "ipv6", "prefix"}, Needs: []string{"template, or url4, url6 or url, and answer"}},
	}
	for i := range all {
		all[i].Limit10s, all[i].Limit24h = limit10s, limit24h
	}
	all = addServices(all, serviceFiles(ownServices))
	var shipped []Service
	for _, name := range services.Names() {
		text, _ := services.File(name)
		shipped = appendService(shipped, name, "", text)
	}
	all = addServices(all, shipped)
	for _, folder := range ddnsFolders() {
		all = addServices(all, serviceFiles(folder))
	}
	return all
}

// prefixServices returns the services that can publish a prefix.
func prefixServices() (names []string) {
	for _, s := range Services() {
		if s.Name != "template" && slices.Contains(s.Publishes, "prefix") {
			names = append(names, s.Name)
		}
	}
	return names
}

// addServices appends those of more whose name is not there yet.
func addServices(all, more []Service) []Service {
	for _, s := range more {
		if !slices.ContainsFunc(all, func(o Service) bool { return o.Name == s.Name }) {
			all = append(all, s)
		}
	}
	return all
}

// serviceFiles lists the service files of a folder.
func serviceFiles(dir string) (all []Service) {
	files, _ := os.ReadDir(dir) // in the order of their names; none where it is not there
	for _, f := range files {
		name, isFile := strings.CutSuffix(f.Name(), ".json")
		path := filepath.Join(dir, f.Name())
		if !isFile || !serviceName(name) {
			continue
		}
		if text, _, err := ReadFile(path, maxTemplate); err == nil {
			all = appendService(all, name, path, text)
		}
	}
	return all
}

// appendService appends the service that a file describes, unless it is faulty.
func appendService(all []Service, name, path string, text []byte) []Service {
	t, err := service.ParseTemplate(text)
	if err != nil || t.Check() != nil {
		return all
	}
	s := Service{Name: name, File: path, Needs: []string{}, Publishes: publishNames(t.Carries()), Hosts: t.HostNames(),
		Limit10s: namedLimit(&t, false, limit10s), Limit24h: namedLimit(&t, true, limit24h)}
	texts, key := t.Texts(), "token"
	if strings.Contains(texts, "[USERNAME]") {
		s.Needs, key = append(s.Needs, "username"), "password"
	}
	for _, k := range [...]struct {
		needed bool
		key    string
	}{
		{strings.Contains(texts, "[PASSWORD]"), key},
		{strings.Contains(texts, "[PARAMENC]"), "param_enc"},
		{strings.Contains(texts, "[PARAMOPT]"), "param_opt"},
		{strings.Contains(texts, "[SERVER]"), "server"},
		{t.NeedsZone(), "zone"},
	} {
		if k.needed {
			s.Needs = append(s.Needs, k.key)
		}
	}
	if f := t.File; f != nil {
		s.Secret, s.Username, s.Warning = f.Secret, f.Username, f.Warning
	}
	return append(all, s)
}

func publishNames(can service.Publish) (names []string) {
	for _, p := range []struct {
		name string
		can  bool
	}{{"ipv4", can.IPv4}, {"ipv6", can.IPv6}, {"prefix", can.Prefix}} {
		if p.can {
			names = append(names, p.name)
		}
	}
	return names
}
