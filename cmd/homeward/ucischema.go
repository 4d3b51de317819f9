package main

type uciKind int

const (
	uciString uciKind = iota
	uciBool
	uciInt
	uciList
	uciDevice // the name of a logical interface, or of a device
)

// A uciKey is one option of a section and the TOML key it becomes.
type uciKey struct {
	option string
	key    string // "" is read by the init script alone
	kind   uciKind
	oneOf  string // the words allowed, "" is any value
}

// The options of `config homeward 'main'`: the keys of the top, those of
// [line], and those of `config account`, in the order they are written.
var (
	uciTopKeys = []uciKey{
		{"enabled", "", uciBool, ""},
		{"state_dir", "state_dir", uciString, ""},
		{"log_level", "log_level", uciString, "debug info warn error"},
		{"ca_file", "ca_file", uciString, ""},
		{"on_change", "on_change", uciString, ""},
	}
	uciLineKeys = []uciKey{
		{"wan", "wan", uciDevice, ""},
		{"wan6", "wan6", uciDevice, ""},
		{"lan", "lan", uciDevice, ""},
	}
	uciAccountKeys = append([]uciKey{
		{"enabled", "enabled", uciBool, ""},
		{"service", "service", uciString, "ipv64 spdyn dyndns2 template"},
		{"domain", "domains", uciList, ""},
		{"token", "token", uciString, ""},
		{"token_file", "token_file", uciString, ""},
		{"username", "username", uciString, ""},
		{"password", "password", uciString, ""},
		{"password_file", "password_file", uciString, ""},
		{"publish", "publish", uciList, "ipv4 ipv6 prefix"},
		{"record", "record", uciString, ""},
		{"healthcheck", "healthcheck", uciString, ""},
		{"auth", "auth", uciString, "bearer basic form"},
		{"prefix", "prefix", uciString, "line auto"},
		{"server", "server", uciString, ""},
		{"template", "template", uciString, ""},
		{"url4", "url4", uciString, ""},
		{"url6", "url6", uciString, ""},
		{"url", "url", uciString, ""},
		{"answer", "answer", uciString, ""},
		{"param_enc", "param_enc", uciString, ""},
		{"param_opt", "param_opt", uciString, ""},
		{"allow_http", "allow_http", uciBool, ""},
		{"detect", "detect", uciString, "line web"},
		{"poll", "poll", uciString, ""},
		{"checkip", "checkip", uciString, ""},
		{"host", "host", uciString, ""},
		{"refresh", "refresh", uciString, ""},
		{"limit_10s", "limit_10s", uciInt, ""},
		{"limit_24h", "limit_24h", uciInt, ""},
		{"limit_group", "limit_group", uciString, ""},
		{"one_address", "one_address", uciBool, ""},
	}, uciLineKeys...)
)
