package settings

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"homeward/update/service"
)

// files is a FileReader of these files alone.
func files(content map[string]string) FileReader {
	return func(path string, limit int) ([]byte, fs.FileMode, error) {
		if text, ok := content[path]; ok && len(text) <= limit {
			return []byte(text), 0o644, nil
		}
		return nil, 0, fs.ErrNotExist
	}
}

func TestServiceFilesAreFound(t *testing.T) {
	read := files(map[string]string{
		"/usr/share/ddns/default/six.example.json": `{"name":"six.example","ipv6":{"url":"http://six.example/?host=[DOMAIN]&ip=[IP]&key=[PASSWORD]","answer":"updated"}}`,
		"/etc/own/service.json":                    `{"ipv4":{"url":"https://own.example/?ip=[IP]&k=s3cret"},"ipv6":{"url":"https://own.example/?ip=[IP]&k=s3cret"}}`,
	})
	six := service.Template{URL6: "http://six.example/?host=[DOMAIN]&ip=[IP]&key=[PASSWORD]", Answer6: "updated"}
	own := service.Template{URL4: "https://own.example/?ip=[IP]&k=s3cret", URL6: "https://own.example/?ip=[IP]&k=s3cret"}
	const https = "x.toml:3: account.a.template: six.example is asked over https:// in place of http://; if it cannot, write allow_http = true"
	for _, tt := range []struct {
		file, template, extra string
		want                  service.Template
		publish               service.Publish
		warning               string
	}{
		{"/etc/x.toml", "six.example", `token = "t"`, six, service.Publish{IPv6: true}, "/etc/" + https},
		{"/etc/x.toml", "six.example.json", `password = "t"`, six, service.Publish{IPv6: true}, "/etc/" + https},
		{"x.toml", "/usr/share/ddns/default/six.example.json", `token = "t"`, six, service.Publish{IPv6: true}, https},
		{"/etc/x.toml", "own/service.json", "", own, service.Publish{IPv4: true, IPv6: true},
			"/etc/x.toml:3: account.a.template: own.example: there is no answer expression, so every answer with a 2xx code counts as accepted"},
	} {
		src := "[account.a]\nservice = \"template\"\ntemplate = \"" + tt.template + "\"\ndomains = [\"home\"]\n" + tt.extra
		cfg, warnings, faults := Parse(tt.file, []byte(src), 0o600, read)
		if len(faults) > 0 {
			t.Errorf("%s: %v", tt.template, faults)
			continue
		}
		if a := cfg.Accounts[0]; *a.Template != tt.want || a.Publish != tt.publish || warnings.Error() != tt.warning {
			t.Errorf("%s: %+v, %+v, warned %q, want %+v, %+v, %q", tt.template, *a.Template, a.Publish, warnings, tt.want, tt.publish, tt.warning)
		}
	}
}

func TestServiceFilesAreFaulted(t *testing.T) {
	read := files(map[string]string{
		"/usr/share/ddns/default/script.json": `{"ipv4":{"url":"update_script.sh"}}`,
		"/usr/share/ddns/default/page.json":   `<html>`,
		"/usr/share/ddns/default/odd.json":    `{"ipv4":{"url":"https://x.example/?s3cret&ip=[IP]&o=[OTHER]","answer":"good("}}`,
		"/usr/share/ddns/default/four.json":   `{"ipv4":{"url":"https://x.example/?u=[USERNAME]&p=[PASSWORD]&e=[PARAMENC]&ip=[IP]","answer":"good"}}`,
	})
	for _, tt := range []struct{ keys, want string }{
		{`template = "none"`, "x.toml:3: account.a.template: /usr/share/ddns/default/none.json: file does not exist: name a service file that is there (the package ddns-scripts-services brings them), or write url4, url6 and answer here"},
		{`template = "script"`, `x.toml:3: account.a.template: /usr/share/ddns/default/script.json: the service file names the program "update_script.sh", which is not a URL: only ddns-scripts can run it: name another service's file`},
		{`template = "page"`, "x.toml:3: account.a.template: /usr/share/ddns/default/page.json: not a service file: line 1: invalid character '<' looking for beginning of value: name another service's file"},
		{`template = "odd"`, "x.toml:3: account.a.template: answer of the service file: "},
		{`template = "odd"`, "x.toml:3: account.a.template: url4 of the service file: [OTHER] is none of the placeholders"},
		{`template = "four"`, "x.toml:1: account.a.username: missing: write username"},
		{`template = "four"`, "x.toml:1: account.a.password: missing: write password"},
		{`template = "four"`, "x.toml:1: account.a.param_enc: missing: write param_enc"},
		{"template = \"four\"\npublish = [\"ipv4\", \"ipv6\", \"prefix\"]", "x.toml:4: account.a.publish: ipv6 has no URL in the service file: take ipv6 out\nx.toml:4: account.a.publish: prefix has no URL in the service file: take prefix out"},
	} {
		_, _, faults := Parse("x.toml", []byte("[account.a]\nservice = \"template\"\n"+tt.keys+"\ndomains = [\"home\"]\n"), 0o600, read)
		if said := faults.Error(); !strings.Contains(said, tt.want) || strings.Contains(said, "s3cret") {
			t.Errorf("%s:\n%s\nwant %s", tt.keys, said, tt.want)
		}
	}
}

func TestTemplateDomains(t *testing.T) {
	const keys = "\nurl = \"https://x.example/?h=[DOMAIN]&ip=[IP]\"\nanswer = \"ok\"\n"
	for _, name := range []string{"home", "Home@Zone.example", "home.example.com", "12345", "*.example.com"} {
		src := "[account.a]\nservice = \"template\"\ndomains = [\"" + name + "\"]" + keys
		cfg, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
		if len(faults) > 0 || cfg.Accounts[0].Domains[0] != name {
			t.Errorf("%s: %v", name, faults)
		}
		src = "[account.a]\nservice = \"ipv64\"\ntoken = \"t\"\ndomains = [\"" + name + "\"]\n"
		if _, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles); (len(faults) == 0) != (name == "home.example.com") {
			t.Errorf("ipv64 %s: %v", name, faults)
		}
	}
	for _, name := range []string{"", "@", "a&b=c", "https://x.example/", "203.0.113.7", "a b", "a..b", "a?b", "-"} {
		src := "[account.a]\nservice = \"template\"\ndomains = [\"" + name + "\"]" + keys
		if _, _, faults := Parse("x.toml", []byte(src), 0o600, noFiles); !strings.Contains(faults.Error(), "x.toml:3: account.a.domains: ") {
			t.Errorf("%q is taken: %v", name, faults)
		}
	}
}

// A service file of ours has its limits and its checks under template, too.
func TestServiceFilesOfOursAreTemplates(t *testing.T) {
	read := files(map[string]string{
		"/etc/own/own.json":  `{"limit_10s":2,"limit_24h":7,"warning":"careful","keep":"k","both":{"url":"https://x.example/?k=[PASSWORD]&4=[IPV4]&6=[IPV6PREFIX]","answer":"good"}}`,
		"/etc/own/zone.json": `{"ipv4":{"method":"PUT","url":"https://x.example/[ZONE]/[NAME]","body":["[IP]"]}}`,
		"/etc/own/base.json": `{"keep":"k","ipv4":{"url":"[SERVER]/[IP]"}}`,
	})
	for _, tt := range []struct{ keys, limits, says string }{
		{`template = "own/own.json"`, "2 7", "/etc/x.toml:2: account.a.service: careful"},
		{"template = \"own/own.json\"\nlimit_24h = 5", "2 5", ""},
		{`template = "cloudflare"`, "40 0", ""},
		{"template = \"own/own.json\"\npublish = [\"ipv6\", \"prefix\"]", "", "ipv6 and prefix: template takes one of them"},
		{`template = "own/zone.json"`, "", "account.a.template: asks for a zone or a server"},
		{`template = "own/base.json"`, "", "account.a.template: asks for a zone or a server"},
	} {
		src := "[account.a]\nservice = \"template\"\n" + tt.keys + "\ndomains = [\"a.example.org\"]\ntoken = \"t\"\n"
		cfg, warnings, faults := Parse("/etc/x.toml", []byte(src), 0o600, read)
		limits := ""
		if len(faults) == 0 {
			limits = fmt.Sprint(cfg.Accounts[0].Limit10s, cfg.Accounts[0].Limit24h)
		}
		if said := faults.Error() + warnings.Error(); limits != tt.limits || !strings.Contains(said, tt.says) {
			t.Errorf("%s: limits %q, want %q, says\n%s, want %s", tt.keys, limits, tt.limits, said, tt.says)
		}
	}
}

// Two accounts of one host at one service overwrite each other, with a zone named or
// not.
func TestTheZoneIsNoIdentity(t *testing.T) {
	const account = "service = \"cloudflare\"\ndomains = [\"a.example.org\"]\ntoken = \"t\"\n"
	_, _, faults := Parse("x.toml", []byte("[account.a]\n"+account+"[account.b]\n"+account+"zone = \"example.org\"\n"), 0o600, noFiles)
	if want := "publishes the ipv4 of a.example.org, too"; !strings.Contains(faults.Error(), want) {
		t.Errorf("%v, want %s", faults, want)
	}
}
