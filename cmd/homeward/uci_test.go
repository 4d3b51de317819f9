package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"homeward/cmd/homeward/settings"
	"homeward/openwrt/uci"
)

// What a person has written, and what uci makes of it.
const (
	uciWritten = `# my router
config homeward main
	option	enabled	1	# yes
	option wan "wan"
	option lan 'br_lan_of_the_house'

config account "home"; option service 'ipv64'
	list domain 'home.ipv64.net'
	list domain srv.ipv64.net
	list domain "srv."'ipv64.net'
	# a comment with a ' in it
	option token 'two
lines'

c account
	o service spd\
yn
	l domain 'nas.spdns.org'
	o token_file '/nowhere/token'
	o tokn 'x'

config account
	option service spdyn
	option domain 'third'
	option password 'p'

config account home
	option poll '1s'
	option detect 'web'
`
	uciExported = `package homeward

config homeward 'main'
	option enabled '1'
	option wan 'wan'
	option lan 'br_lan_of_the_house'

config account 'home'
	option service 'ipv64'
	list domain 'home.ipv64.net'
	list domain 'srv.ipv64.net'
	list domain 'srv.ipv64.net'
	option token 'two
lines'
	option poll '1s'
	option detect 'web'
	option refresh 'never'

config account
	option service 'spdyn'
	list domain 'nas.spdns.org'
	option token_file '/nowhere/token'
	option tokn 'x'

config account
	option service 'spdyn'
	option domain 'third'
	option password 'p'
`
)

// uciCheck runs homeward uci --check for a file that was exported.
func uciCheck(t *testing.T, written, exported string, args ...string) (file, stdout, stderr string, code int) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "homeward")
	if err := os.WriteFile(file, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	code = run(t.Context(), append([]string{"uci", "--check", "--file", file}, args...), strings.NewReader(exported), &out, &errs)
	return file, out.String(), strings.ReplaceAll(errs.String(), file, "FILE"), code
}

func TestUCICheckNamesTheFaultsOfAllLayersByTheFilesLines(t *testing.T) {
	const want = `FILE: homeward.home.refresh: "never" is no duration: write hours (h), minutes (m) or seconds (s), as in option refresh '600h' (a change that is not in the file yet: uci changes homeward)
FILE:5: homeward.main.lan: "br_lan_of_the_house" is no device: write a device's name as ip link shows it, at most 15 letters, or "auto"
FILE:10: homeward.home.domain: "srv.ipv64.net" stands here twice: take one of the two out
FILE:12: homeward.home.token: has a line break in it: write it on one line
FILE:19: homeward.@account[1].token_file: names no file that is there: write the secret into a file, and the file's path here
FILE:20: homeward.@account[1].tokn: no such option; did you mean token?
FILE:22: homeward.@account[2].username: missing: write option username '…' and option password '…', or token for a single host
FILE:24: homeward.@account[2].domain: "third" is no whole domain name: write it as in "home.ipv64.net"
FILE:28: homeward.home.poll: is below 1m, the least here: write option poll '5m'
`
	_, out, errs, code := uciCheck(t, uciWritten, uciExported)
	if code != 2 || out != "" || errs != want {
		t.Errorf("exit %d, stdout %q\n%s\nwant\n%s", code, out, errs, want)
	}
}

const uciFine = `config homeward 'main'
	option enabled '1'

config account 'home'
	option service 'ipv64'
	list domain 'home.ipv64.net'
	option token 'a b'
	list publish 'ipv4'
	list publish 'ipv6'
	list publish 'prefix'
`

func TestUCICheckWritesTheTOMLAndWarnsOfTheFilesLines(t *testing.T) {
	file, out, errs, code := uciCheck(t, uciFine, "package homeward\n\n"+uciFine, "--device", "wan=eth0")
	if want := settings.UCI().Convert([]byte(uciFine), uci.File{}, map[string]string{"wan": "eth0"}, uci.Defaults{}).TOML(); code != 0 || out != want {
		t.Errorf("exit %d, stdout\n%s\nwant\n%s", code, out, want)
	}
	for _, want := range []string{"warning: FILE:7: homeward.home.token: is of an odd form", "warning: FILE:8: homeward.home.publish: ipv6 and prefix on one record"} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr lacks %q:\n%s", want, errs)
		}
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	run(t.Context(), []string{"uci", "--check", "--file", file}, strings.NewReader(uciFine), &stdout, &stderr)
	if want := "warning: " + file + ": others can read this file, and a secret stands in it: chmod 600 " + file + "\n"; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("of a file that others can read: %s", stderr.String())
	}
}

func TestUCILANWhereNoneIsNamed(t *testing.T) {
	named := strings.Replace(uciFine, "option enabled '1'\n", "option enabled '1'\n\toption lan 'guest'\n", 1)
	for _, tt := range []struct{ src, device, want string }{
		{uciFine, "lan=br-lan.1", "[line]\nlan = \"br-lan.1\"\n"},
		{uciFine, "wan=eth0", "\n\n[account.home]"},
		{named, "lan=br-lan.1", "[line]\nlan = \"guest\"\n"},
	} {
		if _, out, errs, code := uciCheck(t, tt.src, tt.src, "--lan", "lan", "--device", tt.device); code != 0 || !strings.Contains(out, tt.want) || strings.Count(out, "lan = ") > 1 {
			t.Errorf("%s: exit %d, %s\n%s", tt.device, code, errs, out)
		}
	}
}

func TestUCICheckTellsPrograms(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"uci", "--check", "--json"}, strings.NewReader(uciExported), &out, &errs); code != 2 || errs.Len() > 0 {
		t.Errorf("exit %d, %s", code, errs.String())
	}
	var got uciReport
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got.Faults) != 9 {
		t.Fatalf("%v, %s", err, out.String())
	}
	if want := (uciJSON{"@account[1]", "tokn", 23, "no such option; did you mean token?"}); !slices.Contains(got.Faults, want) {
		t.Errorf("%+v, want %+v in it", got.Faults, want)
	}
	out.Reset()
	if code := run(t.Context(), []string{"uci", "--check", "--json"}, strings.NewReader(uciFine), &out, &errs); code != 0 || !strings.HasPrefix(out.String(), `{"faults":[],"warnings":[{"section":"home","option":"token","line":7,`) {
		t.Errorf("exit %d, %s", code, out.String())
	}
}

func TestUCICheckOfNoAccount(t *testing.T) {
	for src, want := range map[string]string{
		"config homeward 'main'\n": "FILE: there is no account: write config account 'home' with option service, list domain and option token\n",
		strings.Replace(uciFine, "'a b'", "'ab'\n\toption enabled '0'", 1):            "FILE: every account is switched off: write option enabled '1' in one of them\n",
		strings.Replace(uciFine, "option service 'ipv64'", "", 1):                     "FILE:4: homeward.home.service: missing: write option service 'ipv64', or another of dyndns2, ipv64, rfc2136, spdyn, template, or a name that homeward services lists\n",
		strings.Replace(uciFine, "list domain 'home.ipv64.net'", "", 1):               "FILE:4: homeward.home.domain: missing: write list domain 'home.ipv64.net', the names to keep up to date\n",
		strings.Replace(uciFine, "\toption service 'ipv64'\n", "\toption s '1'\n", 1): "FILE:5: homeward.home.s: no such option",
	} {
		if _, _, errs, code := uciCheck(t, src, src); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("exit %d, %s\nwant %s", code, errs, want)
		}
	}
}

// A section without a name is looked at all the same.
func TestUCICheckOfANamelessAccount(t *testing.T) {
	const src = "config account\n\toption service 'ipv64'\n\toption poll '1s'\n"
	const want = `FILE:1: homeward.@account[0]: it has neither a name nor a domain; write: config account 'NAME'
FILE:1: homeward.@account[0].domain: missing: write list domain 'home.ipv64.net', the names to keep up to date
FILE:1: homeward.@account[0].token: missing: write option token '…', the account's update token, or option token_file '/path'
FILE:3: homeward.@account[0].poll: is below 1m, the least here: write option poll '5m'
`
	_, _, errs, code := uciCheck(t, src, src)
	if _, errs, _ = strings.Cut(errs, "take it out, or write option detect 'web'\n"); code != 2 || errs != want {
		t.Errorf("exit %d\n%s\nwant\n%s", code, errs, want)
	}
}

func TestUCIArguments(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--device"}, "homeward uci: --device needs a value"},
		{[]string{"--device", "wan"}, "homeward uci: --device takes INTERFACE=DEVICE"},
		{[]string{"--device=wan="}, "homeward uci: --device takes INTERFACE=DEVICE"},
		{[]string{"--device", "wan=a\nb"}, "homeward uci: --device takes INTERFACE=DEVICE"},
		{[]string{"homeward"}, "homeward uci: takes no names"},
	}
	for _, tt := range tests {
		var out, errs strings.Builder
		code := run(t.Context(), append([]string{"uci"}, tt.args...), strings.NewReader(uciFine), &out, &errs)
		if code != 2 || out.Len() > 0 || !strings.HasPrefix(errs.String(), tt.want) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", tt.args, code, out.String(), errs.String())
		}
	}
	var out, errs strings.Builder
	big := strings.NewReader(strings.Repeat("\n", uciMax+1))
	if code := run(t.Context(), []string{"uci"}, big, &out, &errs); code != 2 || !strings.Contains(errs.String(), "longer than") {
		t.Errorf("too long: exit %d, stderr %q", code, errs.String())
	}
}

// Of two devices for one interface the last counts.
func TestUCIDevices(t *testing.T) {
	var out, errs strings.Builder
	args := []string{"uci", "--device", "wan=old", "--device=wanb=eth2", "--device", "wan=pppoe-wan"}
	if code := run(t.Context(), args, strings.NewReader(uciFine), &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d, stderr %s", code, errs.String())
	}
	if want := "\n# device wan=pppoe-wan\n# device wanb=eth2\n"; !strings.Contains(out.String(), want) || strings.Contains(out.String(), "old") {
		t.Errorf("%s\nwant%s in it", out.String(), want)
	}
}

// The file that is shipped is read here as it would come out of uci: it has
// no quoting but uci's own.
func TestUCIReadsTheShippedFile(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("..", "..", "openwrt", "homeward.config"))
	if err != nil {
		t.Fatal(err)
	}
	if faults := settings.UCI().Convert(src, uci.File{}, nil, uci.Defaults{}).Faults(); faults != nil {
		t.Error(faults)
	}
	var examples strings.Builder
	for line := range strings.Lines(string(src)) {
		words := strings.Fields(strings.TrimPrefix(line, "#"))
		if line[0] == '#' && len(words) > 2 && slices.Contains([]string{"config", "option", "list"}, words[0]) {
			examples.WriteString(line[1:])
		}
	}
	conv := settings.UCI().Convert([]byte(examples.String()), uci.File{}, nil, uci.Defaults{})
	if conv.Faults() != nil || strings.Count(conv.TOML(), "\n[account.") != 4 {
		t.Errorf("examples in comments: %v\n%s", conv.Faults(), conv.TOML())
	}
}
