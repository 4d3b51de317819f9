package uci

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Whatever a value is, it comes through quoting, parsing and TOML as it was.
func FuzzValue(f *testing.F) {
	for _, s := range []string{"", "'", `'\''`, "a\nb", "\\", `"`, "#", "\x00", "\x7f", "ü", "\xff", "\r\n", "'''", "$(x)", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		src := []byte("package homeward\n\nconfig account 'a'\n\toption token " + Quote(v) + "\n\tlist domain " + Quote(v) + "\n")
		sections, fault := Parse(src, "homeward")
		if fault != nil || len(sections) != 1 || sections[0].Options[0].Value != v || sections[0].Options[1].Value != v {
			t.Fatalf("%q became %+v, %v", v, sections, fault)
		}
		got, faults := toTOML(src, nil)
		if !utf8.ValidString(v) {
			if len(faults) != 2 {
				t.Fatalf("%q: no UTF-8, but faults are %v", v, faults)
			}
			return
		}
		var decoded struct {
			Account struct {
				A struct {
					Token   string
					Domains []string
				}
			}
		}
		if _, err := toml.Decode(string(got), &decoded); err != nil || faults != nil {
			t.Fatalf("%q: %v %v\n%s", v, err, faults, got)
		}
		a := decoded.Account.A
		if a.Token != v || v != "" && !slices.Equal(a.Domains, []string{v}) {
			t.Fatalf("%q became %q and %q", v, a.Token, a.Domains)
		}
	})
}

// Whatever comes, it is either TOML or a fault that can be printed.
func FuzzConvert(f *testing.F) {
	f.Add(example)
	f.Add("config homeward main\nconfig account a\noption enabled 1\nlist publish ipv6 #x\n")
	f.Fuzz(func(t *testing.T, src string) {
		got, faults := toTOML([]byte(src), map[string]string{"wan": "eth0"})
		if faults == nil {
			if _, err := toml.Decode(string(got), &map[string]any{}); err != nil {
				t.Fatalf("%v\n%s", err, got)
			}
		}
		var b strings.Builder
		File{Name: "uci export homeward"}.Print(&b, "", faults)
		for _, r := range b.String() {
			if r != '\n' && !strconv.IsPrint(r) {
				t.Fatalf("unprintable %q in %q", r, b.String())
			}
		}
		if strings.Count(b.String(), "\n") != len(faults) {
			t.Fatalf("not a line a fault: %q", b.String())
		}
	})
}
