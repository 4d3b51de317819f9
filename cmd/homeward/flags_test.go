package main

import (
	"reflect"
	"testing"
)

func TestParseArgs(t *testing.T) {
	known := []flag{configFlag, {name: "--force"}, {name: "--json"}, {name: "--device", value: "NAME=DEVICE", many: true}, {name: "--key-file", value: "FILE"}}
	for _, tt := range []struct {
		name string
		args []string
		want arguments
		err  string
	}{
		{"nothing", nil, arguments{flags: map[string][]string{}}, ""},
		{"flags behind names", []string{"home", "--force", "-c", "FILE", "nas"},
			arguments{flags: map[string][]string{"--force": {""}, "-c": {"FILE"}}, names: []string{"home", "nas"}}, ""},
		{"joined", []string{"-c=a=b", "--key-file=-"},
			arguments{flags: map[string][]string{"-c": {"a=b"}, "--key-file": {"-"}}}, ""},
		{"standard input as a value, and as a name", []string{"--key-file", "-", "-"},
			arguments{flags: map[string][]string{"--key-file": {"-"}}, names: []string{"-"}}, ""},
		{"repeated", []string{"--device", "wan=eth0", "--device=lan=br-lan"},
			arguments{flags: map[string][]string{"--device": {"wan=eth0", "lan=br-lan"}}}, ""},
		{"the end of the flags", []string{"--json", "--", "--force", "-c"},
			arguments{flags: map[string][]string{"--json": {""}}, names: []string{"--force", "-c"}}, ""},
		{"help anywhere", []string{"home", "-h"}, arguments{flags: map[string][]string{}, names: []string{"home"}, help: true}, ""},
		{"unknown", []string{"--forse"}, arguments{}, "no flag --forse here: allowed are --device NAME=DEVICE, --force, --json, --key-file FILE, -c FILE, -h"},
		{"unknown, its value not repeated", []string{"--token=s3cret"}, arguments{}, "no flag --token here: allowed are --device NAME=DEVICE, --force, --json, --key-file FILE, -c FILE, -h"},
		{"no value", []string{"-c"}, arguments{}, "-c needs a value: write -c FILE"},
		{"a flag for a value", []string{"-c", "--json"}, arguments{}, "-c needs a value: write -c FILE"},
		{"an empty value", []string{"-c="}, arguments{}, "-c has an empty value: write -c FILE"},
		{"a value too many", []string{"--json=yes"}, arguments{}, "--json takes no value: write --json alone"},
		{"twice", []string{"-c", "a", "-c", "b"}, arguments{}, "-c is given twice: write it once"},
	} {
		got, err := parseArgs(tt.args, known)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%s: error %v, want %s", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: parseArgs = %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
}
