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
