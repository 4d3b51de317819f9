package settings

import "strings"

// Kind is the type of a key's value.
type Kind int

const (
	Text    Kind = iota
	List         // of texts
	Number       // a whole one
	Boolean      // true or false
	Device       // a text: a device, in UCI a logical interface
	Tables       // not a value: a table, or tables by name
)

// Key is one key of the configuration. The tables below are the only ones: TOML, UCI
// and the advice for a wrong value are derived from them, and tests compare
// example.toml and openwrt/ACCOUNTS.md with them.
type Key struct {
	Name     string
	Kind     Kind
	Services string // the services that have it, named for those with a file; "": all
	Choices  string // the words allowed; "": any value
	Example  string // a value, as TOML
}

// Option returns the option of UCI that is this key, "" if there is none: tables are
// sections there, and the init script chooses run_dir.
func (k Key) Option() string {
	switch {
	case k.Kind == Tables, k.Name == "run_dir":
		return ""
	case k.Name == "domains": // list domain, one for each
		return "domain"
	}
	return k.Name
}

func (k Key) of(service string) bool {
	return k.Services == "" || strings.Contains(" "+k.Services+" ", " "+service+" ")
}

// owners names the services that have the key.
func (k Key) owners() string {
	return strings.ReplaceAll(strings.ReplaceAll(k.Services, " ", ", "), named, "services by name")
}

// TopKeys are the keys above all tables.
func TopKeys() []Key {
	return []Key{
		{"state_dir", Text, "", "", `"/var/lib/homeward"`},
		{"run_dir", Text, "", "", `"/var/run/homeward"`},
		{"log_level", Text, "", "debug info warn error", `"info"`},
		{"ca_file", Text, "", "", `"/etc/ssl/own-root.pem"`},
		{"on_change", Text, "", "", `"/etc/homeward.changed"`},
		{"line", Tables, "", "", "[line]"},
		{"account", Tables, "", "", "[account.home]"},
	}
}

// LineKeys are the keys of [line].
func LineKeys() []Key {
	return []Key{
		{"wan", Device, "", "", `"auto"`},
		{"wan6", Device, "", "", `"auto"`},
		{"lan", Device, "", "", `"auto"`},
	}
}

// AccountKeys are the keys of each account.
func AccountKeys() []Key {
	return append([]Key{
		{"enabled", Boolean, "", "", "true"},
		{"service", Text, "", "", `"ipv64"`},
		{"domains", List, "", "", `["home.ipv64.net"]`},
		{"token", Text, "ipv64 spdyn template named", "", `"…"`},
		{"token_file", Text, "ipv64 spdyn template named", "", `"/etc/homeward.token"`},
		{"username", Text, "spdyn dyndns2 template named", "", `"…"`},
		{"password", Text, "spdyn dyndns2 rfc2136 template named", "", `"…"`},
		{"password_file", Text, "spdyn dyndns2 rfc2136 template named", "", `"/etc/homeward.password"`},
		{"publish", List, "", "ipv4 ipv6 prefix", `["ipv4", "ipv6"]`},
		{"record", Text, "ipv64", "", `"www"`},
		{"healthcheck", Text, "ipv64", "", `"…"`},
		{"auth", Text, "ipv64", "bearer basic form", `"bearer"`},
		{"prefix", Text, "ipv64", "line auto", `"line"`},
		{"server", Text, "ipv64 spdyn dyndns2 rfc2136 named", "", `"https://ipv64.net"`},
		{"zone", Text, "rfc2136 named", "", `"example.org"`},
		{"key_name", Text, "rfc2136", "", `"homeward"`},
		{"key_algorithm", Text, "rfc2136", "hmac-sha256 hmac-sha512", `"hmac-sha256"`},
		{"template", Text, "template", "", `"dynv6.com"`},
		{"url4", Text, "template", "", `"https://…[DOMAIN]…[IP]…"`},
		{"url6", Text, "template", "", `"https://…[DOMAIN]…[IP]…"`},
		{"url", Text, "template", "", `"https://…[DOMAIN]…[IP]…"`},
		{"answer", Text, "template", "", `"good|nochg"`},
		{"param_enc", Text, "template named", "", `"…"`},
		{"param_opt", Text, "template named", "", `"…"`},
		{"allow_http", Boolean, "template named", "", "true"},
		{"detect", Text, "", "line web", `"line"`},
		{"poll", Text, "", "", `"5m"`},
		{"checkip", Text, "dyndns2 rfc2136 template named", "", `"https://…"`},
		{"host", Text, "", "", `"::1234:56ff:fe78:9abc"`},
		{"refresh", Text, "", "", `"600h"`},
		{"limit_10s", Number, "", "", "3"},
		{"limit_24h", Number, "", "", "48"},
		{"limit_group", Text, "", "", `"mine"`},
		{"one_address", Boolean, "dyndns2", "", "true"},
	}, LineKeys()...)
}

func findKey(keys []Key, name string) (Key, bool) {
	for _, k := range keys {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func keyNames(keys []Key) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return names
}
