package uci

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const example = `package homeward

config homeward 'main'
	option enabled '1'
	option log_level 'debug'
	option state_dir '/etc/homeward state'
	option ca_file ''
	option wan 'wan'
	option wan6 'auto'
	option lan 'br-lan'

config account 'home'
	option service 'ipv64'
	list domain 'home.ipv64.net'
	list domain 'srv.any64.de'
	option token 'it'\''s "a" \n $HOME über
two lines	and a tab'
	list publish 'ipv4'
	list publish 'prefix'
	option limit_10s '007'
	option limit_24h '0'
	option one_address 'off'
	option enabled 'yes'
	option wan 'wanb'

config account
	option service 'spdyn'
	option domain 'zwei.spdns.de drei.spdns.de'
	option token ''
	option enabled '0'

`

// sample has the options of the tests' configurations.
var sample = Schema{
	Top: []Key{{Option: "enabled", Kind: Boolean}, {"state_dir", "state_dir", Text, ""}, {"log_level", "log_level", Text, "debug info warn error"},
		{"ca_file", "ca_file", Text, ""}, {"on_change", "on_change", Text, ""}},
	Line: sampleDevices,
	Account: append([]Key{{"enabled", "enabled", Boolean, ""}, {"service", "service", Text, "ipv64 spdyn"}, {"domain", "domains", List, ""},
		{"token", "token", Text, ""}, {"server", "server", Text, ""}, {"password", "password", Text, ""}, {"publish", "publish", List, "ipv4 ipv6 prefix"},
		{"limit_10s", "limit_10s", Number, ""}, {"limit_24h", "limit_24h", Number, ""}, {"one_address", "one_address", Boolean, ""}}, sampleDevices...),
}

var sampleDevices = []Key{{"wan", "wan", Interface, ""}, {"wan6", "wan6", Interface, ""}, {"lan", "lan", Interface, ""}}

// toTOML converts an export without a file. Where there are faults it returns them
// alone.
func toTOML(src []byte, devices map[string]string) ([]byte, []Fault) {
	c := sample.Convert(src, File{Name: "uci export homeward"}, devices, Defaults{})
	if len(c.Faults()) > 0 {
		return nil, c.Faults()
	}
	return []byte(c.TOML()), nil
}

func TestBecomesTOML(t *testing.T) {
	const want = `# Made from /etc/config/homeward: write there, what is written here is lost.
# device wan=pppoe-wan
# device wanb=eth2
state_dir = "/etc/homeward state"
log_level = "debug"

[line]
wan = "pppoe-wan"
wan6 = "auto"
lan = "br-lan"

[account.home]
enabled = true
service = "ipv64"
domains = ["home.ipv64.net", "srv.any64.de"]
token = "it's \"a\" \\n $HOME über\u000Atwo lines\u0009and a tab"
publish = ["ipv4", "prefix"]
limit_10s = 7
limit_24h = 0
one_address = false
wan = "eth2"

[account."zwei.spdns.de"]
enabled = false
service = "spdyn"
domains = ["zwei.spdns.de", "drei.spdns.de"]
`
	out, faults := toTOML([]byte(example), map[string]string{"wanb": "eth2", "wan": "pppoe-wan"})
	if faults != nil {
		t.Fatal(faults)
	}
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	var decoded struct {
		Account map[string]struct{ Token string }
	}
	if _, err := toml.Decode(string(out), &decoded); err != nil {
		t.Fatal(err)
	}
	if got, want := decoded.Account["home"].Token, "it's \"a\" \\n $HOME über\ntwo lines\tand a tab"; got != want {
		t.Errorf("token is %q, want %q", got, want)
	}
}

func TestOrderOfSectionsAndOptionsChangesNothing(t *testing.T) {
	parts := strings.Split(strings.TrimPrefix(example, "package homeward\n"), "\nconfig ")[1:]
	slices.Reverse(parts)
	turned := "package homeward\n\nconfig " + strings.Join(parts, "\nconfig ")
	turned = strings.Replace(turned, "\toption limit_10s '007'\n\toption limit_24h '0'", "\toption limit_24h '0'\n\toption limit_10s '007'", 1)
	a, faults := toTOML([]byte(example), nil)
	b, faultsTurned := toTOML([]byte(turned), nil)
	if faults != nil || faultsTurned != nil {
		t.Fatal(faults, faultsTurned)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("%s\nbecame\n%s", a, b)
	}
}

func TestNameWithoutDeviceStays(t *testing.T) {
	got, faults := toTOML([]byte("config homeward 'main'\n\toption wan 'wan'\n"), map[string]string{"wan6": "eth1"})
	if faults != nil || !strings.Contains(string(got), "\nwan = \"wan\"\n") {
		t.Errorf("%s%v", got, faults)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name, src string
		want      string
	}{
		{"all of them at once", `package homeward

config homeward 'main'
	option enabled 'maybe'
	option run_dir '/x'
	option log_level 'loud'
	list wan 'wan'

config account 'home'
	option service 'dyndns3'
	option domains 'a.example'
	option tokn 'hunter2
hunter2'
	option limit_24h '-1'
	option limit_24h '3'
	option password 'hunter2'
	option password 'hunter2'

config account
	list publish 'ip6'

config acount 'x'
`, `uci export homeward:4: homeward.main.enabled: "maybe" is no switch; write 1 or 0
uci export homeward:5: homeward.main.run_dir: no such option; there are: enabled, state_dir, log_level, ca_file, on_change, wan, wan6, lan
uci export homeward:6: homeward.main.log_level: "loud" is not one of debug, info, warn, error
uci export homeward:7: homeward.main.wan: this is no list; write: option wan 'VALUE'
uci export homeward:10: homeward.home.service: "dyndns3" is not one of ipv64, spdyn
uci export homeward:11: homeward.home.domains: no such option; write: list domain 'VALUE'
uci export homeward:12: homeward.home.tokn: no such option; did you mean token?
uci export homeward:14: homeward.home.limit_24h: "-1" is no number; write one of digits alone, or 0 for none
uci export homeward:15: homeward.home.limit_24h: it is there twice
uci export homeward:17: homeward.home.password: it is there twice
uci export homeward:19: homeward.@account[1]: it has neither a name nor a domain; write: config account 'NAME'
uci export homeward:20: homeward.@account[1].publish: "ip6" is not one of ipv4, ipv6, prefix
uci export homeward:22: homeward.x: no such section; write: config homeward 'main', or config account 'NAME'
`},
		{"a name twice", "config account 'a.example'\nconfig account\nlist domain 'a.example'\n",
			"uci export homeward:2: homeward.@account[1]: another account has this name (one without has that of its first domain); write: config account 'NAME'\n"},
		{"another section of the program", "config homeward 'other'\nconfig homeward\n",
			"uci export homeward:1: homeward.other: there is one such section; write: config homeward 'main'\nuci export homeward:2: homeward.@homeward[1]: there is one such section; write: config homeward 'main'\n"},
		{"no UTF-8", "config account 'a'\n\toption token 'hunter2\xff'\n", "uci export homeward:2: homeward.a.token: a byte in it is no UTF-8; write it anew\n"},
		{"nothing", "\n", "uci export homeward:1: homeward: nothing to read: is there an /etc/config/homeward?\n"},
		{"another package", "package ddns\n", "uci export homeward:1: this is package ddns; write: uci export homeward\n"},
		{"an open quote", "config account 'a'\n\toption token 'hunter2\n\n", "uci export homeward:2: the quote opened here is never closed\n"},
		{"double quotes", "config account 'a'\n\toption token \"hunter2\"\n", "uci export homeward:2: double quotes, which `uci export` never writes\n"},
		{"a continued line", "config account \\\n 'a'\n", "uci export homeward:1: a line is continued here, which `uci export` never does\n"},
		{"a word too many", "config account 'a'\n\toption token hunter2 hunter2\n",
			"uci export homeward:2: neither `config TYPE 'NAME'` nor `option KEY 'VALUE'` nor `list KEY 'VALUE'`\n"},
		{"an option of no section", "option token 'hunter2'\n", "uci export homeward:1: an option before the first `config`\n"},
		{"a name that would colour the terminal", "config account 'a'\n\toption '\x1b[31m\n' 'x'\n",
			"uci export homeward:2: homeward.a.?[31m?: no such option; there are: enabled,"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, faults := toTOML([]byte(tt.src), nil)
			if out != nil {
				t.Errorf("TOML beside faults: %s", out)
			}
			var errs strings.Builder
			File{Name: "uci export homeward"}.Print(&errs, "", faults)
			if got := errs.String(); got != tt.want && !(strings.HasSuffix(tt.want, ",") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if strings.Contains(errs.String(), "hunter2") {
				t.Error("a value is repeated in a message")
			}
		})
	}
}

func TestReadsTheOldSpellingOfExport(t *testing.T) {
	got, faults := toTOML([]byte("package 'homeward'\n\nconfig 'account' 'a'\n\toption 'token' 'x'\n"), nil)
	if faults != nil || !strings.HasSuffix(string(got), "\n[account.a]\ntoken = \"x\"\n") {
		t.Errorf("%s%v", got, faults)
	}
}
