package openwrt_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The real program behind the real script: a token with every kind of quote
// arrives, and a reconnect leaves the file as it was.
func TestRealProgramThroughAReconnect(t *testing.T) {
	bin := t.TempDir() + "/homeward"
	build := exec.Command("go", "build", "-o", bin, "homeward/cmd/homeward")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	eachShell(t, func(r router) {
		r.copy(bin, "/usr/bin/homeward")
		r.write("/etc/config/homeward", "package homeward\n\nconfig homeward 'main'\n\toption enabled '1'\n\toption wan 'wan'\n\n"+
			"config account 'home'\n\toption service 'ipv64'\n\tlist domain 'home.ipv64.net'\n\toption token 'it'\\''s \"a\\b\" $HOME'\n")
		const body = "[line]\nwan = \"pppoe-wan\"\n\n[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \"it's \\\"a\\\\b\\\" $HOME\"\n"
		for _, up := range []string{"wan pppoe-wan\n", "", "wan pppoe-wan\n"} {
			r.write("/up", up)
			_, errs, _ := r.run(initd, "reload")
			if got := r.read(conf); !strings.HasSuffix(got, "\n# device wan=pppoe-wan\n\n"+body) {
				r.Errorf("with %q up, stderr %q:\n%s", up, errs, got)
			}
		}
	})
}
