package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each file in testdata/import is an export of ddns-scripts, each .want beside
// it what it becomes.
func TestImport(t *testing.T) {
	files, err := filepath.Glob("testdata/import/*.ddns")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, "ddns") + "want")
			if err != nil {
				t.Fatal(err)
			}
			var out, errs strings.Builder
			if code := cmdImport(t.Context(), nil, strings.NewReader(string(in)), &out, &errs); code != 0 || errs.Len() > 0 {
				t.Fatalf("exit %d, stderr %s", code, errs.String())
			}
			if out.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
			if _, faults := uciToTOML([]byte(out.String()), nil); faults != nil {
				t.Errorf("homeward uci refuses it: %v", faults)
			}
			checkNothingLost(t, string(in), out.String())
		})
	}
}

// checkNothingLost looks for each option of the input by its value or, in a
// comment, by its name; and for secrets in comments. All secrets of the files
// begin with hunter2.
func checkNothingLost(t *testing.T, in, out string) {
	t.Helper()
	sections, fault := parseUCI([]byte(in), "ddns")
	if fault != nil {
		t.Fatal(*fault)
	}
	for _, s := range sections {
		for _, o := range s.Options {
			switch o.Name {
			case "enabled", "use_ipv6", "use_https", "ip_source", "ip_network", "interface", "service_name", "check_unit", "check_interval":
				continue // become another form; the files show which
			}
			if !strings.Contains(out, uciQuote(o.Value)) && !strings.Contains(out, "option "+o.Name) && o.Name != "update_url" && o.Name != "domain" {
				t.Errorf("option %s of %s is lost", o.Name, s.Path)
			}
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "#") && strings.Contains(line, "hunter2") {
			t.Errorf("a secret in a comment: %s", line)
		}
	}
}

func TestImportFaults(t *testing.T) {
	tests := []struct {
		name, src, want string
		args            []string
	}{
		{"nothing", "", "uci export ddns:1: ddns: nothing to read: is there an /etc/config/ddns?\n", nil},
		{"another package", "package network\n", "uci export ddns:1: this is package network; write: uci export ddns\n", nil},
		{"the file itself", "config service \"a\"\n", "uci export ddns:1: double quotes, which `uci export` never writes\n", nil},
		{"an argument", "package ddns\n", "homeward: import: usage: uci export ddns | homeward import\n", []string{"ddns"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs strings.Builder
			code := cmdImport(t.Context(), tt.args, strings.NewReader(tt.src), &out, &errs)
			if code != 2 || out.Len() > 0 || errs.String() != tt.want {
				t.Errorf("exit %d, stdout %q, stderr %q, want exit 2, %q", code, out.String(), errs.String(), tt.want)
			}
		})
	}
}

// What import writes, uci reads.
func FuzzImport(f *testing.F) {
	files, err := filepath.Glob("testdata/import/*.ddns")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, src string) {
		out, fault := importDDNS([]byte(src))
		if fault != nil || !utf8.ValidString(src) {
			return
		}
		if _, faults := uciToTOML([]byte(out), nil); faults != nil {
			t.Fatalf("%v\n%s", faults, out)
		}
	})
}
