package main

import (
	"strings"
	"testing"
)

// import takes an inadyn.conf, too, and names what it knows.
func TestImportOfInadyn(t *testing.T) {
	convert := func(stdin string, args ...string) (out, errs string, code int) {
		var o, e strings.Builder
		code = run(t.Context(), append([]string{"import"}, args...), strings.NewReader(stdin), &o, &e)
		return o.String(), e.String(), code
	}
	const conf = "provider default@spdyn.de {\n    username = alice\n    password = s3cret\n    hostname = home.spdns.de\n}\n"
	if out, errs, code := convert(conf, "inadyn"); code != 0 || !strings.Contains(out, "option service 'spdyn'") || errs != "" {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	if out, errs, code := convert("provider {", "inadyn"); code != 2 || !strings.HasPrefix(errs, "inadyn.conf:1: ") || out != "" {
		t.Errorf("a fault: exit %d, %s\n%s", code, errs, out)
	}
	if _, errs, code := convert("", "ddclient"); code != 2 || !strings.Contains(errs, "write ddns") {
		t.Errorf("another program: exit %d, %s", code, errs)
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
		{"homeward's own", "config homeward 'main'\n", "uci export ddns:1: ddns: this is homeward's configuration, not that of ddns-scripts: take uci export ddns\n", nil},
		{"an inadyn.conf", "provider default@spdyn.de {\n    username = alice\n    password = s3cret\n    hostname = home.spdns.de\n}\n",
			"uci export ddns:1: neither `config TYPE 'NAME'` nor `option KEY 'VALUE'` nor `list KEY 'VALUE'`\nthis is an inadyn.conf: homeward import inadyn\n", nil},
		{"another program", "package ddns\n", "homeward import: write ddns, which is the default, or inadyn\n", []string{"ddclient"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs strings.Builder
			code := run(t.Context(), append([]string{"import"}, tt.args...), strings.NewReader(tt.src), &out, &errs)
			if code != 2 || out.Len() > 0 || errs.String() != tt.want {
				t.Errorf("exit %d, stdout %q, stderr %q, want exit 2, %q", code, out.String(), errs.String(), tt.want)
			}
		})
	}
}
