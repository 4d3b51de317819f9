package settings

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"homeward/cmd/homeward/settings/keylines"
	"homeward/netwatch"
	"homeward/update/secret"
	"homeward/update/service"
)

// noFiles is a system without any file.
func noFiles(string, int) ([]byte, fs.FileMode, error) { return nil, 0, fs.ErrNotExist }

// wellFormed parses a configuration that must hold no fault.
func wellFormed(t *testing.T, src string) *Config {
	t.Helper()
	cfg, _, faults := Parse("/etc/x.toml", []byte(src), 0o600, noFiles)
	if len(faults) > 0 {
		t.Fatalf("faults in\n%s\n%v", src, faults)
	}
	return cfg
}

func TestDefaults(t *testing.T) {
	cfg := wellFormed(t, `
account.b = {service = "dyndns2", domains = ["B.Example.com."], server = "https://dyn.example.com/", username = "u", password = "p"}
[account.a]
service = "ipv64"
domains = ["a.ipv64.net"]
token = "t0ken"
token_file = ""   # an empty text is none, as in UCI
record = ""
refresh = ""
wan = ""
`)
	auto := netwatch.Devices{WAN: "auto", WAN6: "auto", LAN: "auto"}
	want := &Config{
		File: "/etc/x.toml", StateDir: "/var/lib/homeward", RunDir: "/var/run/homeward", LogLevel: "info", Line: auto,
		Accounts: []Account{{
			Account: service.Account{
				Name: "a", Service: "ipv64", Server: "https://ipv64.net", Domains: []string{"a.ipv64.net"},
				Publish: service.Publish{IPv4: true, Prefix: true}, Secret: secret.New("t0ken"), Token: true,
				Auth: "bearer", Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48,
			},
			Devices: auto, Detect: "line", Poll: 5 * time.Minute, Enabled: true,
		}, {
			Account: service.Account{
				Name: "b", Service: "dyndns2", Server: "https://dyn.example.com", Domains: []string{"b.example.com"},
				Publish: service.Publish{IPv4: true, IPv6: true}, Username: "u", Secret: secret.New("p"),
				Auth: "bearer", Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48,
			},
			Devices: auto, Detect: "line", Poll: 10 * time.Minute, Enabled: true,
		}},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("parse =\n%+v, want\n%+v", cfg, want)
	}
}

func TestEveryKeyIsHonoured(t *testing.T) {
	cfg := wellFormed(t, `
state_dir = "state"
run_dir = "/run/h"
log_level = "debug"
[line]
wan = "eth1"
lan = "br-lan"
[account.a]
service = "ipv64"
domains = ["a.ipv64.net", "b.ipv64.net"]
token = "t0ken"
publish = ["ipv6", "prefix"]
record = "WWW"
healthcheck = "h"
auth = "form"
prefix = "auto"
limit_group = "ours"
server = "http://127.0.0.1:8080/base/"
detect = "web"
poll = "1m"
host = "12:34:56:78:9a:bc"
refresh = "0"
limit_10s = 0
limit_24h = 512
wan = "auto"
wan6 = "pppoe-wan"
lan = "auto"
enabled = false
[account.b]
service = "template"
domains = ["b.example.com"]
url4 = "HTTP://[PASSWORD]@x.example/[IP]"
answer = "good"
token = "s3cret"
param_enc = "e"
param_opt = "o"
allow_http = true
wan = "pppoe-wan2"
wan6 = "he-tunnel"
detect = "web"
checkip = "https://ip.example/?format=text"
`)
	want := &Config{
		File: "/etc/x.toml", StateDir: "/etc/state", RunDir: "/run/h", LogLevel: "debug",
		Line: netwatch.Devices{WAN: "eth1", WAN6: "auto", LAN: "br-lan"},
		Accounts: []Account{{
			Account: service.Account{
				Name: "a", Service: "ipv64", Server: "http://127.0.0.1:8080/base", Domains: []string{"a.ipv64.net", "b.ipv64.net"},
				Publish: service.Publish{IPv6: true, Prefix: true}, Secret: secret.New("t0ken"), Token: true,
				PrefixAuto: true, LimitGroup: "ours",
				Auth: "form", Record: "www", Healthcheck: secret.New("h"), Device6: "pppoe-wan", Limit24h: 512,
			},
			Devices: netwatch.Devices{WAN: "auto", WAN6: "pppoe-wan", LAN: "auto"}, Detect: "web", Poll: time.Minute,
			Host: netip.MustParseAddr("::1034:56ff:fe78:9abc"),
		}, {
			Account: service.Account{
				Name: "b", Service: "template", Domains: []string{"b.example.com"},
				Publish: service.Publish{IPv4: true}, Secret: secret.New("s3cret"), Token: true, Auth: "bearer",
				Template: &service.Template{URL4: "http://[PASSWORD]@x.example/[IP]", Answer4: "good", ParamEnc: secret.New("e"), ParamOpt: "o", AllowHTTP: true},
				Device4:  "pppoe-wan2", Device6: "he-tunnel", Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48,
			},
			Devices: netwatch.Devices{WAN: "pppoe-wan2", WAN6: "he-tunnel", LAN: "br-lan"}, Detect: "web", Poll: 5 * time.Minute,
			CheckIP: "https://ip.example/?format=text", Enabled: true,
		}},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("parse =\n%+v, want\n%+v", cfg, want)
	}
	if active := cfg.Active(); len(active) != 1 || active[0].Name != "b" {
		t.Errorf("Active = %+v, want b alone", active)
	}
}

func TestPublishDefaults(t *testing.T) {
	both := service.Publish{IPv4: true, IPv6: true}
	for _, tt := range []struct {
		name, keys string
		want       service.Publish
	}{
		{"ipv64: the router and the LAN's prefix", `service = "ipv64"
token = "t"`, service.Publish{IPv4: true, Prefix: true}},
		{"ipv64 of a host behind the router", `service = "ipv64"
token = "t"
host = "::1"`, both},
		{"spdyn", `service = "spdyn"
token = "abcd-efgh-ijkl"`, both},
		{"a template with a prefix", `service = "template"
url = "https://x.example/?ip=[IPV4]&net=[PREFIX]&k=[PASSWORD]"
answer = "ok"
token = "t"`, service.Publish{IPv4: true, Prefix: true}},
		{"a template for IPv6 alone", `service = "template"
url6 = "https://x.example/[IP]"
answer = "ok"
token = "t"`, service.Publish{IPv6: true}},
		{"a template for either", `service = "template"
url = "https://x.example/[IP]"
answer = "ok"
token = "t"`, both},
	} {
		cfg := wellFormed(t, "[account.a]\ndomains = [\"a.example.com\"]\n"+tt.keys+"\n")
		if got := cfg.Accounts[0].Publish; got != tt.want {
			t.Errorf("%s: publish %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestUpdateURLGivesItsKey(t *testing.T) {
	src := "[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"https://ipv64.net/nic/update?key=k3yk3y&domain=a.ipv64.net\"\n"
	cfg, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if got := cfg.Accounts[0].Secret.Reveal(); got != "k3yk3y" {
		t.Errorf("secret %q, want the URL's key", got)
	}
	if said := warnings.Error(); strings.Contains(said, "k3yk3y") || !strings.HasPrefix(said, "x.toml:4: account.a.token: ") {
		t.Errorf("warned %q", said)
	}
}

func TestTokenFileIsTrimmedOfOneNewline(t *testing.T) {
	for content, want := range map[string]string{"tok en\n": "tok en", "tok\r\n": "tok", "tok": "tok", " tok \n": " tok "} {
		read := func(path string, _ int) ([]byte, fs.FileMode, error) {
			if path != "/etc/keys/token" {
				return nil, 0, fs.ErrNotExist
			}
			return []byte(content), 0o640, nil
		}
		src := "[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken_file = \"keys/token\"\n"
		cfg, _, faults := Parse("/etc/x.toml", []byte(src), 0o644, read)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if got := cfg.Accounts[0].Secret.Reveal(); got != want {
			t.Errorf("%q: secret %q, want %q", content, got, want)
		}
	}
}

// TestParseReference reads the reference configuration, as it stands and with
// every key that is a comment there, so that it cannot fall behind the code.
func TestParseReference(t *testing.T) {
	cfg := wellFormed(t, Example)
	if len(cfg.Accounts) != 6 || len(cfg.Active()) != 6 {
		t.Errorf("%d accounts, %d of them active, want 6 and 6", len(cfg.Accounts), len(cfg.Active()))
	}
	all := slices.Concat(TopKeys(), LineKeys(), AccountKeys())
	shown := map[string]string{} // the lines of each key
	for line := range strings.Lines(Example) {
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "#"), " = ")
		if !ok || !keylines.Bare(name) {
			continue
		}
		shown[name] += value
		if _, known := findKey(all, name); !known {
			t.Errorf("example.toml shows %s, which is no key", name)
		}
		if _, fault := decode("x", []byte(name+" = "+value)); fault != nil {
			t.Errorf("%s: %v", line, fault)
		}
	}
	for _, k := range all {
		if k.Kind != Tables && shown[k.Name] == "" {
			t.Errorf("example.toml does not show %s", k.Name)
		}
		for _, word := range strings.Fields(k.Choices) {
			if !strings.Contains(shown[k.Name], word) {
				t.Errorf("example.toml does not name %s, a choice of %s", word, k.Name)
			}
		}
	}
}

func TestLoadNamesWhatToDo(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, make([]byte, maxConfig+1), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe:                            "is not a regular file",
		filepath.Join(dir, "none.toml"): "no such file or directory: write it (homeward help config prints one with every key), or name another with -c FILE",
		dir:                             "is not a regular file",
		"/dev/zero":                     "is not a regular file",
		big:                             "is larger than 262144 bytes",
	} {
		_, _, err := Load(path)
		if err == nil || err.Error() != path+": "+want {
			t.Errorf("load(%s) = %v, want %s", path, err, want)
		}
	}
	if _, _, err := Load(filepath.Join(dir, "none.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func TestRootsAreHonouredOrRefused(t *testing.T) {
	read := func(path string, _ int) ([]byte, fs.FileMode, error) {
		switch path {
		case "/etc/own.pem":
			return []byte("a comment\n-----BEGIN CERTIFICATE-----\n"), 0o644, nil
		case "/etc/key.pem":
			return []byte("-----BEGIN PRIVATE KEY-----\n"), 0o644, nil
		}
		return nil, 0, fs.ErrNotExist
	}
	account := "\n[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\n"
	cfg, _, faults := Parse("/etc/x.toml", []byte("ca_file = \"own.pem\""+account), 0o600, read)
	if len(faults) > 0 || cfg.CAFile != "/etc/own.pem" || cfg.Accounts[0].CAFile != "/etc/own.pem" {
		t.Errorf("%+v, %v", cfg, faults)
	}
	_, _, faults = Parse("/etc/x.toml", []byte("ca_file = \"key.pem\""+account), 0o600, read)
	if want := "/etc/x.toml:1: ca_file: /etc/key.pem holds no certificate in PEM form: name another file"; faults.Error() != want {
		t.Errorf("%v, want %s", faults, want)
	}
}

func TestPrefixAutoHasNoEffectWithoutThePrefix(t *testing.T) {
	src := "[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\nprefix = \"auto\"\npublish = [\"ipv4\"]\n"
	if _, warnings, faults := Parse("x.toml", []byte(src), 0o600, noFiles); len(faults) > 0 ||
		warnings.Error() != `x.toml:5: account.a.prefix: has no effect without "prefix" in publish: write it there, or take prefix out` {
		t.Errorf("without the prefix in publish: %v, %v", warnings, faults)
	}
}
