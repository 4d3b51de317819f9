package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"homeward/openwrt/uci"
)

// value is one for a key that is not what holds without it.
func value(k Key) string {
	words := strings.Fields(k.Choices)
	switch {
	case k.Kind == Number:
		return "7"
	case k.Kind == Boolean:
		return fmt.Sprint(k.Name != "enabled")
	case k.Kind == List && len(words) > 0:
		return fmt.Sprintf("[%q]", words[0])
	case k.Kind == List:
		return `["other.example.org"]`
	case len(words) > 0:
		return fmt.Sprintf("%q", words[len(words)-1])
	}
	return `"7m"`
}

// TestEveryKeyIsRead: each key of the table decides something, or is a fault
// where it stands alone: none is there that nobody reads.
func TestEveryKeyIsRead(t *testing.T) {
	read := func(top, line, account string) (cfg *Config, said []string) {
		src := top + "\n[line]\n" + line + "\n[account.a]\n" + account + "\n"
		cfg, warnings, faults := Parse("/x.toml", []byte(src), 0o600, ReadFile)
		for _, f := range slices.Concat(warnings, faults) {
			said = append(said, f.Key+f.Text)
		}
		return cfg, said
	}
	for i, keys := range [][]Key{TopKeys(), LineKeys(), AccountKeys()} {
		for _, k := range keys {
			if k.Kind == Tables {
				continue
			}
			service := "ipv64"
			if k.Services != "" {
				service, _, _ = strings.Cut(k.Services, " ")
			}
			if service == named {
				service = "cloudflare"
			}
			tables := [3]string{2: fmt.Sprintf("service = %q", service)}
			if k.Name == "answer" {
				tables[2] += "\nurl4 = \"https://dyn.example/[IP]\""
			}
			without, saidWithout := read(tables[0], tables[1], tables[2])
			if k.Name == "service" {
				tables[2] = ""
			}
			tables[i] += "\n" + k.Name + " = " + value(k)
			with, said := read(tables[0], tables[1], tables[2])
			if reflect.DeepEqual(with, without) && slices.Equal(said, saidWithout) {
				t.Errorf("%s changes nothing", k.Name)
			}
			for _, s := range said {
				if strings.Contains(s, "unknown key") {
					t.Errorf("%s: %s", k.Name, s)
				}
			}
		}
	}
}

// TestKeysBelongToServices: whose a key is, is a service that there is.
func TestKeysBelongToServices(t *testing.T) {
	for _, k := range slices.Concat(TopKeys(), LineKeys(), AccountKeys()) {
		for _, s := range strings.Fields(k.Services) {
			if !slices.Contains(append(builtIn(), named), s) {
				t.Errorf("%s belongs to %s, which is no service", k.Name, s)
			}
		}
		if _, fault := decode("x", []byte(k.Name+" = "+k.Example)); fault != nil && k.Kind != Tables {
			t.Errorf("%s = %s: %v", k.Name, k.Example, fault)
		}
	}
}

// TestUCIHasEveryKey: each key is an option, but those of the TOML alone.
func TestUCIHasEveryKey(t *testing.T) {
	schema := UCI()
	for i, pair := range []struct {
		keys    []Key
		options []uci.Key
	}{{TopKeys(), schema.Top}, {LineKeys(), schema.Line}, {AccountKeys(), schema.Account}} {
		for _, k := range pair.keys {
			there := slices.ContainsFunc(pair.options, func(o uci.Key) bool { return o.Name == k.Name && o.Choices == k.Choices })
			if alone := i == 0 && slices.Contains([]string{"run_dir", "line", "account"}, k.Name); there == alone {
				t.Errorf("%s is an option: %t", k.Name, there)
			}
		}
	}
}
