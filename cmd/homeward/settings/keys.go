package settings

import "strings"

// Kind is the TOML type of a key.
type Kind int

const (
	Text    Kind = iota
	List         // of texts
	Number       // a whole one
	Boolean      // true or false
	Tables       // not a value: a table, or tables by name
)

// Key is one key of the configuration.
type Key struct {
	Name     string
	Kind     Kind
	Services string // whose key it is, "" everybody's
	Example  string // what to write behind the equals sign
}

func (k Key) of(service string) bool {
	return k.Services == "" || strings.Contains(" "+k.Services+" ", " "+service+" ")
}

// TopKeys are the keys above all tables.
func TopKeys() []Key {
	return []Key{
		{"state_dir", Text, "", `"/var/lib/homeward"`},
		{"run_dir", Text, "", `"/var/run/homeward"`},
		{"log_level", Text, "", `"info"`},
		{"on_change", Text, "", `"/etc/homeward.changed"`},
		{"ca_file", Text, "", `"/etc/ssl/own-root.pem"`},
		{"line", Tables, "", "[line]"},
		{"account", Tables, "", "[account.home]"},
	}
}

// LineKeys are the keys of [line].
func LineKeys() []Key {
	return []Key{
		{"wan", Text, "", `"auto"`},
		{"wan6", Text, "", `"auto"`},
		{"lan", Text, "", `"auto"`},
	}
}

// AccountKeys are the keys of each account.
func AccountKeys() []Key {
	return append(LineKeys(), []Key{
		{"service", Text, "", `"ipv64"`},
		{"domains", List, "", `["home.ipv64.net"]`},
		{"token", Text, "ipv64 spdyn template", `"…"`},
		{"token_file", Text, "ipv64 spdyn template", `"/etc/homeward.token"`},
		{"publish", List, "", `["ipv4", "ipv6"]`},
		{"record", Text, "ipv64", `"www"`},
		{"healthcheck", Text, "ipv64", `"…"`},
		{"auth", Text, "ipv64", `"bearer"`},
		{"prefix", Text, "ipv64", `"line"`},
		{"username", Text, "spdyn dyndns2 template", `"…"`},
		{"password", Text, "spdyn dyndns2 template", `"…"`},
		{"password_file", Text, "spdyn dyndns2 template", `"/etc/homeward.password"`},
		{"server", Text, "ipv64 spdyn dyndns2", `"https://ipv64.net"`},
		{"template", Text, "template", `"dynv6.com"`},
		{"url", Text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"url4", Text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"url6", Text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"answer", Text, "template", `"good|nochg"`},
		{"param_enc", Text, "template", `"…"`},
		{"param_opt", Text, "template", `"…"`},
		{"allow_http", Boolean, "template", "true"},
		{"detect", Text, "", `"line"`},
		{"poll", Text, "", `"5m"`},
		{"checkip", Text, "dyndns2 template", `"https://…"`},
		{"host", Text, "", `"::1234:56ff:fe78:9abc"`},
		{"refresh", Text, "", `"600h"`},
		{"limit_10s", Number, "", "3"},
		{"limit_24h", Number, "", "48"},
		{"limit_group", Text, "", `"mine"`},
		{"one_address", Boolean, "dyndns2", "true"},
		{"enabled", Boolean, "", "true"},
	}...)
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
