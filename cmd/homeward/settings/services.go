package settings

import (
	"os"
	"path/filepath"
	"strings"

	"homeward/update/service"
)

// Service is a service that an account can name.
type Service struct {
	Name      string   `json:"name"`      // what to write as service, or, of a service file, as template
	Publishes []string `json:"publishes"` // of ipv4, ipv6 and prefix, those that it can
	Needs     []string `json:"needs"`     // the keys of an account that it needs besides domains
	File      string   `json:"file,omitempty"`
}

// Services lists the services that the program knows, and then those of the
// service files of ddns-scripts on this machine, by name. Files that name a
// script are left out: homeward runs none.
func Services() []Service {
	all := []Service{
		{Name: "dyndns2", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"server", "username", "password"}},
		{Name: "ipv64", Publishes: []string{"ipv4", "ipv6", "prefix"}, Needs: []string{"token"}},
		{Name: "rfc2136", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"server", "key_name", "password"}},
		{Name: "spdyn", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"token, or username and password"}},
		{Name: "template", Publishes: []string{"ipv4", "ipv6", "prefix"}, Needs: []string{"template, or url4, url6 or url, and answer"}},
	}
	return append(all, serviceFiles(templateFolder)...)
}

// serviceFiles lists the service files of a folder.
func serviceFiles(dir string) (all []Service) {
	files, _ := os.ReadDir(dir) // in the order of their names; none where it is not there
	for _, f := range files {
		name, isFile := strings.CutSuffix(f.Name(), ".json")
		path := filepath.Join(dir, f.Name())
		text, _, err := ReadFile(path, maxTemplate)
		if !isFile || err != nil {
			continue
		}
		t, err := service.ParseTemplate(text)
		if err != nil || t.Check() != nil {
			continue
		}
		can := t.Carries()
		s := Service{Name: name, File: path, Needs: []string{`service = "template"`, "template"}}
		for _, p := range []struct {
			name string
			can  bool
		}{{"ipv4", can.IPv4}, {"ipv6", can.IPv6}, {"prefix", can.Prefix}} {
			if p.can {
				s.Publishes = append(s.Publishes, p.name)
			}
		}
		for _, k := range [...]struct{ placeholder, key string }{{"[USERNAME]", "username"}, {"[PASSWORD]", "password"}, {"[PARAMENC]", "param_enc"}, {"[PARAMOPT]", "param_opt"}} {
			if strings.Contains(t.URL4+t.URL6, k.placeholder) {
				s.Needs = append(s.Needs, k.key)
			}
		}
		all = append(all, s)
	}
	return all
}
