package uci

type kind int

const (
	kindText kind = iota
	kindBool
	kindInt
	kindList
	kindDevice // the name of a logical interface, or of a device
)

// A key is one option of a section and the TOML key it becomes.
type key struct {
	option string
	key    string // "" is read by the init script alone
	kind   kind
	oneOf  string // the words allowed, "" is any value
}

// The options of `config homeward 'main'`: the keys of the top, those of
// [line], and those of `config account`, in the order they are written.
var (
	topKeys = []key{
		{"enabled", "", kindBool, ""},
		{"state_dir", "state_dir", kindText, ""},
		{"log_level", "log_level", kindText, "debug info warn error"},
		{"ca_file", "ca_file", kindText, ""},
		{"on_change", "on_change", kindText, ""},
	}
	lineKeys = []key{
		{"wan", "wan", kindDevice, ""},
		{"wan6", "wan6", kindDevice, ""},
		{"lan", "lan", kindDevice, ""},
	}
	accountKeys = append([]key{
		{"enabled", "enabled", kindBool, ""},
		{"service", "service", kindText, "ipv64 spdyn dyndns2 template"},
		{"domain", "domains", kindList, ""},
		{"token", "token", kindText, ""},
		{"token_file", "token_file", kindText, ""},
		{"username", "username", kindText, ""},
		{"password", "password", kindText, ""},
		{"password_file", "password_file", kindText, ""},
		{"publish", "publish", kindList, "ipv4 ipv6 prefix"},
		{"record", "record", kindText, ""},
		{"healthcheck", "healthcheck", kindText, ""},
		{"auth", "auth", kindText, "bearer basic form"},
		{"prefix", "prefix", kindText, "line auto"},
		{"server", "server", kindText, ""},
		{"template", "template", kindText, ""},
		{"url4", "url4", kindText, ""},
		{"url6", "url6", kindText, ""},
		{"url", "url", kindText, ""},
		{"answer", "answer", kindText, ""},
		{"param_enc", "param_enc", kindText, ""},
		{"param_opt", "param_opt", kindText, ""},
		{"allow_http", "allow_http", kindBool, ""},
		{"detect", "detect", kindText, "line web"},
		{"poll", "poll", kindText, ""},
		{"checkip", "checkip", kindText, ""},
		{"host", "host", kindText, ""},
		{"refresh", "refresh", kindText, ""},
		{"limit_10s", "limit_10s", kindInt, ""},
		{"limit_24h", "limit_24h", kindInt, ""},
		{"limit_group", "limit_group", kindText, ""},
		{"one_address", "one_address", kindBool, ""},
	}, lineKeys...)
)
