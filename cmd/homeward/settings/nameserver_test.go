package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"homeward/netwatch"
	"homeward/update/secret"
	"homeward/update/service"
)

const dnsSecret = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyAhISE="

// ownServer is an account at a name server with these keys in place of its own, ""
// for none.
func ownServer(keys ...string) string {
	lines := []string{`service = "rfc2136"`, `server = "ns.example.org"`, `domains = ["home.example.org"]`, `key_name = "homeward"`, `password = "` + dnsSecret + `"`}
	for _, k := range keys {
		name, _, _ := strings.Cut(k, " ")
		for i, l := range lines {
			if strings.HasPrefix(l, name+" ") {
				lines = append(lines[:i], lines[i+1:]...)
				break
			}
		}
		if strings.Contains(k, "=") {
			lines = append(lines, k)
		}
	}
	return "[account.own]\n" + strings.Join(lines, "\n") + "\n"
}

func TestNameServerAccount(t *testing.T) {
	auto := netwatch.Devices{WAN: "auto", WAN6: "auto", LAN: "auto"}
	want := Account{
		Account: service.Account{Name: "own", Service: "rfc2136", Server: "dns://ns.example.org:53", Domains: []string{"home.example.org"},
			Publish: service.Publish{IPv4: true, IPv6: true}, Username: "homeward", Secret: secret.New(dnsSecret), Algorithm: "hmac-sha256",
			Auth: "bearer", Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48},
		Devices: auto, Detect: "line", Poll: 5 * time.Minute, Enabled: true,
	}
	if got := wellFormed(t, ownServer()).Accounts[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("the smallest:\n%+v, want\n%+v", got, want)
	}
	want.Server, want.Zone, want.Algorithm, want.Username = "dns://[2001:db8::53]:5353", "example.org", "hmac-sha512", "ddns.router"
	want.Publish = service.Publish{IPv6: true}
	got := wellFormed(t, ownServer(`server = "[2001:DB8::53]:5353"`, `zone = "Example.ORG."`, `key_algorithm = "hmac-sha512"`,
		`key_name = "DDNS.Router."`, `publish = ["ipv6"]`)).Accounts[0]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("with every key:\n%+v, want\n%+v", got, want)
	}
}

func TestNameServerFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys []string
		want string
	}{
		{"no server", []string{"server"}, `account.own.server: missing: write server = "ns.example.org", the primary name server of the zone`},
		{"a URL", []string{`server = "https://ns.example.org"`}, `server: is a URL: write the name server alone`},
		{"no key", []string{"key_name"}, `key_name: missing: write key_name = "…", the name of the TSIG key as the server has it`},
		{"a key that is no name", []string{`key_name = "a key"`}, `key_name: "a key" is no name of the DNS: write letters, digits, - and _, with dots between`},
		{"no secret", []string{"password"}, `password: missing: write password = "…", the secret of the key in base64, or password_file = "/path"`},
		{"a secret that is no base64", []string{`password = "hunter2-hunter2"`}, `password: is no base64: write the secret of the key as tsig-keygen or keymgr -t prints it`},
		{"an algorithm that is broken", []string{`key_algorithm = "hmac-md5"`}, `key_algorithm: "hmac-md5" is not one of hmac-sha256, hmac-sha512`},
		{"a domain outside", []string{`zone = "example.net"`}, `domains: "home.example.org" is outside of the zone "example.net": take it out, or correct zone`},
		{"a domain beside", []string{`zone = "ome.example.org"`}, `is outside of the zone "ome.example.org"`},
		{"a zone that is none", []string{`zone = "example..org"`}, `zone: "example..org" is no name of the DNS`},
		{"a token", []string{`token = "` + dnsSecret + `"`}, `token: belongs to ipv64, spdyn, template, services by name, and this account's service is rfc2136: write it as password`},
		{"a user", []string{`username = "me"`}, `username: belongs to`},
		{"a prefix", []string{`publish = ["prefix"]`}, `publish: "prefix" is not known to rfc2136: write "ipv6", with host for a host behind the router`},
		{"a web page that is not named", []string{`detect = "web"`}, `checkip: rfc2136 cannot be asked for our address`},
	} {
		_, _, faults := Parse("/etc/x.toml", []byte(ownServer(tt.keys...)), 0o600, noFiles)
		if len(faults) != 1 || !strings.Contains(faults.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, faults, tt.want)
		}
		if said := faults.Error(); strings.Contains(said, dnsSecret) || strings.Contains(said, "hunter2") {
			t.Errorf("%s: %s", tt.name, said)
		}
	}
	two := ownServer() + strings.Replace(ownServer(`server = "NS.example.org:53"`), "account.own", "account.too", 1)
	_, _, faults := Parse("/etc/x.toml", []byte(two), 0o600, noFiles)
	if !strings.Contains(faults.Error(), "publishes the ipv4 of home.example.org, too") {
		t.Errorf("two accounts for one record: %v", faults)
	}
}
