package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"homeward/openwrt/services"
)

// Every service of the configuration is listed, and each needs keys that are
// its own.
func TestServicesAreThoseOfTheConfiguration(t *testing.T) {
	names := map[string]int{}
	all := Services()
	for i, s := range all {
		if names[s.Name]++; len(s.Publishes) == 0 || s.File == "" && len(s.Needs) == 0 {
			t.Errorf("%+v", s)
		}
		if i < len(builtIn()) && s.Name != builtIn()[i] {
			t.Errorf("%d is %s, the configuration knows %q", i, s.Name, builtIn())
		}
	}
	for _, name := range slices.Concat(builtIn(), services.Names()) {
		if names[name] != 1 {
			t.Errorf("%s is listed %d times", name, names[name])
		}
	}
}

func TestServiceFilesAreListed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"both.example.json":   `{"ipv4":{"url":"https://[USERNAME]:[PASSWORD]@both.example/[IP]"},"ipv6":{"url":"https://both.example/[IP]?k=[PARAMENC]"}}`,
		"script.example.json": `{"ipv4":{"url":"update_script.sh"}}`,
		"broken.json":         `{`,
		"odd.example.json":    `{"ipv4":{"url":"https://odd.example/[NOSUCH]"}}`,
		"own.example.json":    `{"secret":"a key","warning":"careful","limit_24h":0,"headers":{"X-Key":"[PASSWORD]"},"ipv4":{"method":"PUT","url":"[SERVER]/[ZONE]/[NAME]","body":["[IP]"]}}`,
		"README":              "no file of a service",
		"six.example.json":    `{"ipv6":{"url":"https://six.example/[DOMAIN]/[IP]","answer":"good"}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []Service{
		{Name: "both.example", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{"username", "password", "param_enc"},
			File: filepath.Join(dir, "both.example.json"), Hosts: []string{"both.example"}, Limit10s: 3, Limit24h: 48},
		{Name: "own.example", Publishes: []string{"ipv4"}, Needs: []string{"token", "server", "zone"}, File: filepath.Join(dir, "own.example.json"),
			Hosts: []string{}, Secret: "a key", Warning: "careful", Limit10s: 3, Limit24h: 0},
		{Name: "six.example", Publishes: []string{"ipv6"}, Needs: []string{}, File: filepath.Join(dir, "six.example.json"), Hosts: []string{"six.example"}, Limit10s: 3, Limit24h: 48},
	}
	if got := serviceFiles(dir); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := serviceFiles(filepath.Join(dir, "not-there")); got != nil {
		t.Errorf("a folder that is not there: %+v", got)
	}
}

// What a service does to a record that an account does not mean is said by check.
func TestWhatAServiceDoesToOtherRecords(t *testing.T) {
	const prefixDeletes = "prefix: nsupdate.info may delete the AAAA record of the host itself when it is sent the prefix"
	const unnamed = `deSEC deletes the record of a family that is not named: write service = "desec", which keeps it`
	for _, tt := range []struct{ keys, faults, warnings string }{
		{`service = "duckdns"; publish = ["ipv6"]`, "", ""},
		{`service = "do.de"; username = "u"; publish = ["prefix"]`, "", `publish: do.de takes the connection's address for the A record if none is named: write "ipv4", too`},
		{`service = "dyndns2"; server = "https://update.dedyn.io"; username = "u"`, "", "server: " + unnamed},
		{`service = "template"; answer = "good"; url = "https://[DOMAIN]:[PASSWORD]@update.dedyn.io/?myipv4=[IPV4]&myipv6=[IPV6]"`, "", "url: " + unnamed},
		{`service = "template"; answer = "good"; url = "https://[DOMAIN]:[PASSWORD]@update.dedyn.io/?myipv4=[IPV4]&myipv6=preserve"`, "", ""},
		{`service = "nsupdate.info"; publish = ["ipv4", "ipv6"]`, "", ""},
		{`service = "nsupdate.info"; publish = ["ipv6", "prefix"]`, "publish: ipv6 and prefix: nsupdate.info takes one of them: take the other out", ""},
		{`service = "nsupdate.info"; publish = ["ipv4", "prefix"]`, "", prefixDeletes},
		{`service = "desec"; publish = ["ipv4", "prefix"]`, "", ""},
	} {
		src := "[account.a]\ndomains = [\"home.example.org\"]\npassword = \"p\"\n" + strings.ReplaceAll(tt.keys, "; ", "\n") + "\n"
		_, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		for what, said := range map[string][2]string{"fault": {faults.Error(), tt.faults}, "warning": {warnings.Error(), tt.warnings}} {
			if !strings.Contains(said[0], said[1]) || said[1] == "" && said[0] != "" {
				t.Errorf("%s: the %s is %q, want %q", tt.keys, what, said[0], said[1])
			}
		}
	}
}
