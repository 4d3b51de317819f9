package main

import "strings"

// kind is the TOML type of a key.
type kind int

const (
	text kind = iota
	list
	number
	boolean
	tables
)

// key is one key of the configuration.
type key struct {
	name     string
	kind     kind
	services string // whose key it is, "" everybody's
	example  string // what to write behind the equals sign
}

func (k key) of(service string) bool {
	return k.services == "" || strings.Contains(" "+k.services+" ", " "+service+" ")
}

func topKeys() []key {
	return []key{
		{"state_dir", text, "", `"/var/lib/homeward"`},
		{"run_dir", text, "", `"/var/run/homeward"`},
		{"log_level", text, "", `"info"`},
		{"ca_file", text, "", `"/etc/ssl/own-root.pem"`},
		{"on_change", text, "", `"/etc/homeward.changed"`},
		{"line", tables, "", "[line]"},
		{"account", tables, "", "[account.home]"},
	}
}

func lineKeys() []key {
	return []key{
		{"wan", text, "", `"auto"`},
		{"wan6", text, "", `"auto"`},
		{"lan", text, "", `"auto"`},
	}
}

func accountKeys() []key {
	return append(lineKeys(), []key{
		{"service", text, "", `"ipv64"`},
		{"domains", list, "", `["home.ipv64.net"]`},
		{"token", text, "ipv64 spdyn template", `"…"`},
		{"token_file", text, "ipv64 spdyn template", `"/etc/homeward.token"`},
		{"publish", list, "", `["ipv4", "ipv6"]`},
		{"record", text, "ipv64", `"www"`},
		{"healthcheck", text, "ipv64", `"…"`},
		{"auth", text, "ipv64", `"bearer"`},
		{"prefix", text, "ipv64", `"line"`},
		{"username", text, "spdyn dyndns2 template", `"…"`},
		{"password", text, "spdyn dyndns2 template", `"…"`},
		{"password_file", text, "spdyn dyndns2 template", `"/etc/homeward.password"`},
		{"server", text, "ipv64 spdyn dyndns2", `"https://ipv64.net"`},
		{"template", text, "template", `"dynv6.com"`},
		{"url", text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"url4", text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"url6", text, "template", `"https://…[DOMAIN]…[IP]…"`},
		{"answer", text, "template", `"good|nochg"`},
		{"param_enc", text, "template", `"…"`},
		{"param_opt", text, "template", `"…"`},
		{"allow_http", boolean, "template", "true"},
		{"detect", text, "", `"line"`},
		{"poll", text, "", `"5m"`},
		{"checkip", text, "dyndns2 template", `"https://…"`},
		{"host", text, "", `"::1234:56ff:fe78:9abc"`},
		{"refresh", text, "", `"600h"`},
		{"limit_10s", number, "", "3"},
		{"limit_24h", number, "", "48"},
		{"limit_group", text, "", `"mine"`},
		{"one_address", boolean, "dyndns2", "true"},
		{"enabled", boolean, "", "true"},
	}...)
}

func findKey(keys []key, name string) (key, bool) {
	for _, k := range keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

func keyNames(keys []key) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}
