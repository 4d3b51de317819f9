package openwrt_test

import (
	"encoding/json"
	"os"
	"testing"
)

const plugin = "/usr/libexec/rpcd/homeward"

func TestRPCDListsItsMethods(t *testing.T) {
	eachShell(t, func(r router) {
		out, errs, code := r.run(plugin, "list")
		r.equal("list", out+errs, "{\"status\":{},\"force\":{}}\n")
		if code != 0 {
			r.Errorf("exit %d", code)
		}
	})
}

func TestRPCDAnswers(t *testing.T) {
	status := "{\"version\":\"1.0.0\",\n \"accounts\":{\"a\":{\"error\":\"\\\"x\\\\y\\\" 100% \\u00fc\"}}}"
	tests := []struct {
		name, method   string
		out, err, code string
		want           string
		member         string // the one that is there, with want in it
	}{
		{"all current", "status", status, "", "0", status + "\n", ""},
		{"something is not", "status", status, "a warning\n", "1", status + "\n", ""},
		{"no daemon", "status", "", "no daemon \"here\"\tC:\\x\x1b[0m\nstart it\n", "3", `no daemon "here" C:\x[0m start it`, "error"},
		{"no daemon, no words", "status", "", "", "3", "homeward status ended with 3", "error"},
		{"accepted", "force", "home: good\n", "", "0", "home: good", "output"},
		{"refused", "force", "", "home: badauth\n", "1", "home: badauth", "error"},
		{"unknown method", "reboot", "", "", "0", "no such method", "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachShell(t, func(r router) {
				r.write("/etc/config/homeward", on)
				for _, command := range []string{"/status", "/once"} {
					r.write(command+".out", tt.out)
					r.write(command+".err", tt.err)
					r.write(command+".code", tt.code)
				}
				out, errs, code := r.run(plugin, "call", tt.method)
				if errs != "" || code != 0 {
					r.Errorf("exit %d, stderr %q", code, errs)
				}
				want := tt.want
				if tt.member != "" {
					var got map[string]string
					if err := json.Unmarshal([]byte(out), &got); err != nil {
						r.Fatalf("%v in %q", err, out)
					}
					if len(got) != 1 {
						r.Errorf("members are %v", got)
					}
					out = got[tt.member]
				}
				r.equal(tt.method, out, want)
			})
		})
	}
}

// The ACL lets a login see the state without letting it send.
func TestACLSeparatesReadingFromSending(t *testing.T) {
	data, err := os.ReadFile("acl.json")
	if err != nil {
		t.Fatal(err)
	}
	type rights struct {
		UBUS map[string][]string
		UCI  []string
	}
	var acl map[string]struct{ Read, Write rights }
	if err := json.Unmarshal(data, &acl); err != nil {
		t.Fatal(err)
	}
	got := acl["homeward"]
	if r := got.Read; len(r.UBUS) != 1 || len(r.UBUS["homeward"]) != 1 || r.UBUS["homeward"][0] != "status" || r.UCI != nil {
		t.Errorf("read is %+v: it may hold the status, and never the configuration with its secrets", r)
	}
	if w := got.Write.UBUS["homeward"]; len(w) != 1 || w[0] != "force" {
		t.Errorf("write is %v, want force", w)
	}
}
