package cli

import (
	"reflect"
	"testing"
)

func TestParseArgs(t *testing.T) {
	known := []Flag{ConfigFlag, {Name: "--force"}, {Name: "--json"}, {Name: "--device", Value: "NAME=DEVICE", Many: true}, {Name: "--key-file", Value: "FILE"}}
	for _, tt := range []struct {
		name string
		args []string
		want Arguments
		err  string
	}{
		{"nothing", nil, Arguments{Flags: map[string][]string{}}, ""},
		{"flags behind names", []string{"home", "--force", "-c", "FILE", "nas"},
			Arguments{Flags: map[string][]string{"--force": {""}, "-c": {"FILE"}}, Names: []string{"home", "nas"}}, ""},
		{"joined", []string{"-c=a=b", "--key-file=-"},
			Arguments{Flags: map[string][]string{"-c": {"a=b"}, "--key-file": {"-"}}}, ""},
		{"standard input as a value, and as a name", []string{"--key-file", "-", "-"},
			Arguments{Flags: map[string][]string{"--key-file": {"-"}}, Names: []string{"-"}}, ""},
		{"repeated", []string{"--device", "wan=eth0", "--device=lan=br-lan"},
			Arguments{Flags: map[string][]string{"--device": {"wan=eth0", "lan=br-lan"}}}, ""},
		{"the end of the flags", []string{"--json", "--", "--force", "-c"},
			Arguments{Flags: map[string][]string{"--json": {""}}, Names: []string{"--force", "-c"}}, ""},
		{"help anywhere", []string{"home", "-h"}, Arguments{Flags: map[string][]string{}, Names: []string{"home"}, Help: true}, ""},
		{"unknown", []string{"--forse"}, Arguments{}, "no flag --forse here: allowed are --device NAME=DEVICE, --force, --json, --key-file FILE, -c FILE, -h"},
		{"unknown, its value not repeated", []string{"--token=s3cret"}, Arguments{}, "no flag --token here: allowed are --device NAME=DEVICE, --force, --json, --key-file FILE, -c FILE, -h"},
		{"no value", []string{"-c"}, Arguments{}, "-c needs a value: write -c FILE"},
		{"a flag for a value", []string{"-c", "--json"}, Arguments{}, "-c needs a value: write -c FILE"},
		{"an empty value", []string{"-c="}, Arguments{}, "-c has an empty value: write -c FILE"},
		{"a value too many", []string{"--json=yes"}, Arguments{}, "--json takes no value: write --json alone"},
		{"twice", []string{"-c", "a", "-c", "b"}, Arguments{}, "-c is given twice: write it once"},
	} {
		got, err := Parse(tt.args, known)
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
