// Package services holds the service files that come with the program, so that
// the binary alone knows them.
package services

import (
	"embed"
	"strings"
)

//go:embed *.json
var files embed.FS

// Names returns the names of the shipped files, sorted.
func Names() []string {
	list, _ := files.ReadDir(".") // of an embedded folder: sorted, and no error
	var names []string
	for _, f := range list {
		names = append(names, strings.TrimSuffix(f.Name(), ".json"))
	}
	return names
}

// File returns the shipped file of a name; ok is false if there is none.
func File(name string) (text []byte, ok bool) {
	text, err := files.ReadFile(name + ".json")
	return text, err == nil
}

// ForScript returns what homeward has in place of a script of ddns-scripts, by
// the name of its service file or the beginning of that (netcup for netcup.com): the
// name of a service, or why there is none. Both are "" for a name that is no script.
func ForScript(name string) (service, why string) {
	for line := range strings.Lines(scripts) {
		script, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if end, ok := strings.CutPrefix(script, strings.ToLower(name)); !ok || name == "" || end != "" && end[0] != '.' && end[0] != '-' {
			continue
		}
		if strings.Contains(rest, " ") {
			return "", rest
		}
		return rest, ""
	}
	return "", ""
}

// Scripts returns the names of all service files of ddns-scripts that name a
// script.
func Scripts() (names []string) {
	for line := range strings.Lines(scripts) {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	return names
}

// scripts has the script services of ddns-scripts: what is here in their place,
// or why nothing is.
const scripts = `aliyun.com each request is signed (HMAC-SHA1 over its parameters and the time), which no service file can do
beget.com beget
bind-nsupdate rfc2136
blazingfast.io it wants a session: a login, and a token for the calls after it
cloud.google.com-v1 it wants a signed login (a JWT by the key of a service account), which no service file can do
cloudflare.com-v4 cloudflare
cnkuai.cn it has no interface for programs: its pages ask for the letters of a picture
digitalocean.com-v2 digitalocean
dnspod.cn dnspod
dnspod.cn-v3 each request is signed (TC3-HMAC-SHA256); the service's older interface works: service = "dnspod"
freedns.42.pl freedns42
gandi.net gandi
godaddy.com-v1 godaddy
hetzner.cloud hetzner
huaweicloud.com each request is signed (SDK-HMAC-SHA256), which no service file can do
luadns.com-v1 luadns
namesilo.com-v1 namesilo
netcup.com it wants a session: a login, the whole list of records back, and a logout
no-ip.com no-ip
ns1.com ns1
one.com it has no interface for programs: a script logs in to its pages as a browser does
pdns pdns
porkbun.com-v3 porkbun
route53-v1 each request is signed (AWS Signature 4), which no service file can do
scaleway.com scaleway
servercow.de servercow
transip.nl it wants a login signed by a private key, which no service file can do
`
