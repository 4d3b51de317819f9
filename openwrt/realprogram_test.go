package openwrt_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// eachShellWithTheProgram is eachShell with the real program, and its user.
func eachShellWithTheProgram(t *testing.T, test func(r router)) {
	t.Helper()
	uid := 864
	if os.Getuid() != 0 {
		uid = 0 // the only user that a namespace of ours has
	}
	eachShell(t, func(r router) {
		r.program(builtProgram, "/usr/bin/homeward")
		r.write("/etc/passwd", fmt.Sprintf("homeward:x:%d:%d:homeward:/:/bin/false\n", uid, uid))
		for _, dir := range []string{r.root, r.path("/etc")} {
			r.mustNot(os.Chmod(dir, 0o755))
		}
		test(r)
	})
}

// A token with every kind of quote arrives, and a reconnect leaves the file as
// it was.
func TestRealProgramThroughAReconnect(t *testing.T) {
	eachShellWithTheProgram(t, func(r router) {
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

// What is wrong is told by the lines of the file, on the terminal and in the
// log, and never with a secret that stands in the wrong place.
func TestRealProgramTellsOfFaults(t *testing.T) {
	eachShellWithTheProgram(t, func(r router) {
		const token = "4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2"
		r.write("/etc/config/homeward", "config homeward 'main'\n\toption enabled '1'\n\toption log_level 'loud'\n\n"+
			"# mine\nconfig account 'home'\n\toption service 'ipv64'\n\toption domains 'x'\n\toption token_file '"+token+"'\n\toption poll '1s'\n\tlist domain '$(touch /x)'\n")
		r.mustNot(os.Chmod(r.path("/etc/config/homeward"), 0o600))
		const said = `warning: /etc/config/homeward:10: homeward.home.poll: has no effect with option detect 'line': take it out, or write option detect 'web'
/etc/config/homeward:3: homeward.main.log_level: "loud" is not one of debug, info, warn, error
/etc/config/homeward:8: homeward.home.domains: no such option; write: list domain 'VALUE'
/etc/config/homeward:9: homeward.home.token_file: names no file that is there: write the secret into a file, and the file's path here
/etc/config/homeward:10: homeward.home.poll: is below 1m, the least here: write option poll '5m'
/etc/config/homeward:11: homeward.home.domain: this is a URL: write the name alone, as in "home.ipv64.net"
`
		_, errs, code := r.run(initd, "start")
		r.equal("stderr", errs, said+"homeward is not started: mend /etc/config/homeward, then: service homeward start\n")
		calls := r.calls()
		for line := range strings.Lines(said) {
			if !strings.Contains(calls, "logged "+strings.TrimPrefix(line, "warning: ")) {
				r.Errorf("not logged: %s%s", line, calls)
			}
		}
		if code != 1 || strings.Contains(calls+errs, token) || strings.Contains(calls, "instance") || r.read("/x") != "" {
			r.Errorf("exit %d, calls\n%s", code, calls)
		}
	})
}

// A token's file that the daemon's user cannot read any more leaves the daemon
// as it is.
func TestRealProgramFindsWhatTheDaemonCannotRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("run this as root: the daemon's user is another one")
	}
	eachShellWithTheProgram(t, func(r router) {
		r.write("/etc/config/homeward", "config homeward 'main'\n\toption enabled '1'\n\nconfig account 'home'\n\toption service 'ipv64'\n"+
			"\tlist domain 'home.ipv64.net'\n\toption token_file '/etc/token'\n")
		r.mustNot(os.Chmod(r.path("/etc/config/homeward"), 0o600))
		r.write("/etc/token", "t0ken\n")
		r.mustNot(os.Chmod(r.path("/etc/token"), 0o640))
		r.mustNot(os.Chown(r.path("/etc/token"), 0, 864))
		if _, errs, code := r.run(initd, "start"); code != 0 || errs != "" || !strings.Contains(r.calls(), instance) {
			r.Fatalf("start: exit %d, %s", code, errs)
		}
		r.mustNot(os.Chown(r.path("/etc/token"), 0, 0))
		const fault = "/etc/config/homeward:7: homeward.home.token_file: /etc/token: the user homeward cannot read it: chgrp homeward /etc/token; chmod 640 /etc/token\n"
		_, errs, code := r.run(initd, "check")
		r.equal("check", errs, fault)
		if code != 2 {
			r.Errorf("check: exit %d", code)
		}
		_, errs, code = r.run(initd, "restart")
		r.equal("restart", errs, fault+"warning: homeward goes on with the last configuration that had no fault\n")
		if calls := r.calls(); code != 1 || strings.Contains(calls, "procd_kill") || !strings.Contains(calls, instance) {
			r.Errorf("restart: exit %d, calls\n%s", code, calls)
		}
	})
}

// What the ubus object hands over is data for the real program, too.
func TestRealProgramAnswersTheUbusObject(t *testing.T) {
	eachShellWithTheProgram(t, func(r router) {
		got := r.asked("check", message("config", "config account 'home'\n\toption service 'ipv64'\n\tlist domain '$(touch /x)'\n\toption token 'it'\\''s \"a\\b\"'\n"))
		const faults = "[map[line:3 option:domain section:home text:this is a URL: write the name alone, as in \"home.ipv64.net\"]]"
		r.equal("faults", fmt.Sprint(got["faults"]), faults)
		many := strings.Repeat("\tlist domain 'home.ipv64.net'\n", 1500)
		got = r.asked("check", message("config", "config account 'home'\n\toption service 'ipv64'\n\toption token '"+strings.Repeat("x", 32)+"'\n"+many))
		if len(got) != 2 || got["faults"] == nil || got["warnings"] == nil {
			r.Errorf("48 KiB: %.200v", got)
		}

		r.write("/etc/config/ddns", "package ddns\n\nconfig service 'a'\n\toption service_name 'ipv64.net'\n\toption domain 'a.ipv64.net'\n\toption password 'it'\\''s\t$(touch /x)'\n")
		if all, _ := r.asked("services", "{}")["services"].([]any); len(all) < 4 || fmt.Sprint(all[1].(map[string]any)["name"]) != "ipv64" {
			r.Errorf("services are %v", all)
		}
		if text, _ := r.asked("import", "{}")["config"].(string); !strings.HasSuffix(text, "\toption token 'it'\\''s\t$(touch /x)'\n\tlist domain 'a.ipv64.net'\n\tlist publish 'ipv4'\n") {
			r.Errorf("import: %q", text)
		}

		r.write(conf, "[account.home]\nservice = \"ipv64\"\ndomains = [\"home.ipv64.net\"]\ntoken = \""+strings.Repeat("x", 32)+"\"\n")
		r.mustNot(os.Chmod(r.path(conf), 0o600))
		for _, name := range oddTexts() {
			if got := r.asked("force", message("account", name)); len(got) != 1 || !strings.Contains(fmt.Sprint(got["error"]), "no account") {
				r.Errorf("force %.80q: %.300q", name, got)
			}
		}
		if r.read("/x") != "" {
			r.Error("an argument was run")
		}
	})
}
