package uci

import (
	"strings"
	"testing"
)

func TestReword(t *testing.T) {
	for toml, want := range map[string]string{
		`missing: write server = "https://…", the base URL`:          `missing: write option server 'https://…', the base URL`,
		`is empty: write publish = ["ipv4", "ipv6"], or x`:           `is empty: write list publish 'ipv4', list publish 'ipv6', or x`,
		`with detect = "line": take it out, or write detect = "web"`: `with option detect 'line': take it out, or write option detect 'web'`,
		`write limit_10s = 3, without quotes`:                        `write option limit_10s '3'`,
		`if it cannot, write allow_http = true`:                      `if it cannot, write option allow_http '1'`,
		`nothing to change`:                                          `nothing to change`,
		`an odd end = `:                                              `an odd option end ''`,
	} {
		if got := (&Conversion{schema: sample}).reword(toml); got != want {
			t.Errorf("reword(%s) = %s, want %s", toml, got, want)
		}
	}
}

// What a person has written, and what uci makes of it.
const (
	written = `# my router
config homeward main
	option	enabled	1	# yes
config account "home"; option service 'ipv64'
	list domain "srv."'ipv64.net'
	# a comment with a ' in it
	option token 'two
lines'
c account
	o service spd\
yn
config account home
	option poll '1s'
`
	exported = `package homeward

config homeward 'main'
	option enabled '1'

config account 'home'
	option service 'ipv64'
	list domain 'srv.ipv64.net'
	option token 'two
lines'
	option poll '1s'

config account
	option service 'spdyn'
`
)

// Whatever is written, the lines are found or not; nothing panics.
func FuzzLines(f *testing.F) {
	f.Add(written, exported)
	f.Add("config a \"\\", "config a 'b'\n\toption c 'd'\n")
	f.Fuzz(func(t *testing.T, raw, src string) {
		conv := sample.Convert([]byte(src), File{Name: "f", Raw: []byte(raw)}, nil, Defaults{})
		lines := strings.Count(raw, "\n") + 1
		for _, f := range conv.faults {
			if f.Path != "" && f.Path != "homeward" && (f.Line < 0 || f.Line > lines) {
				t.Errorf("line %d of %d: %+v", f.Line, lines, f)
			}
		}
	})
}
