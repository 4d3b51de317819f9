package openwrt_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const (
	initd = "/etc/init.d/homeward"
	conf  = "/var/etc/homeward.toml"

	off = "config homeward 'main'\n\toption enabled '0'\n\toption wan 'wan'\n"
	on  = "config homeward 'main'\n\toption enabled '1'\n\nconfig account 'home'\n\toption service 'ipv64'\n"
	two = "config homeward 'main'\n\toption enabled '1'\n\toption wan 'wan'\n\toption wan6 'auto'\n" +
		"\nconfig account 'home'\n\toption wan 'wan'\n\nconfig account\n\toption wan6 'wanb'\n"

	open  = "procd_open_service homeward /etc/init.d/homeward\n"
	build = "homeward check -c /var/etc/homeward.toml.new\n600 /var/etc/homeward.toml.new\n" +
		"chown root:homeward /var/etc/homeward.toml.new\n"
	dirs     = "chown homeward:homeward /var/run/homeward\nchown homeward:homeward /var/lib/homeward\n"
	instance = `procd_open_instance
procd_set_param command /usr/bin/homeward run -c /var/etc/homeward.toml
procd_set_param file /var/etc/homeward.toml /usr/bin/homeward
procd_set_param env GOMAXPROCS=1
procd_set_param user homeward
procd_set_param group homeward
procd_set_param no_new_privs 1
procd_set_param respawn
procd_set_param stderr 1
procd_close_instance
procd_add_reload_trigger homeward
`
	triggers = "procd_add_reload_interface_trigger wan\nprocd_add_reload_interface_trigger wanb\n"
	closed   = "procd_close_service set\n"
	asked    = "network_get_device wan\nnetwork_get_device wanb\n"
)

// want runs the init script and compares the calls it made, what it said on
// stderr, and its exit code.
func (r router) want(action, calls, stderr string, code int) {
	r.Helper()
	out, errs, got := r.run(append([]string{initd}, strings.Fields(action)...)...)
	r.equal(action+": calls", r.calls(), calls)
	r.equal(action+": stderr", errs, stderr)
	if got != code || out != "" {
		r.Errorf("%s: exit %d, stdout %q, want exit %d and nothing", action, got, out, code)
	}
	for _, left := range []string{conf + ".new", conf + ".check"} {
		if _, err := os.Stat(r.path(left)); err == nil {
			r.Errorf("%s: %s is left behind", action, left)
		}
	}
}

func (r router) mode(name string, want os.FileMode) {
	r.Helper()
	info, err := os.Stat(r.path(name))
	r.mustNot(err)
	if info.Mode().Perm() != want {
		r.Errorf("%s has the mode %o, want %o", name, info.Mode().Perm(), want)
	}
}

func TestDisabledStartsNothing(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", off)
		const hint = "homeward is off: uci set homeward.main.enabled=1; uci commit homeward\n"
		r.want("start", open+"procd_add_reload_trigger homeward\n"+closed, hint, 0)
		r.want("reload", open+"procd_add_reload_trigger homeward\n"+closed, hint, 0)
		if r.read(conf) != "" {
			r.Error("a configuration was written")
		}
	})
}

func TestEnabledRunsUnprivileged(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.want("start", open+"homeward uci\n"+build+dirs+instance+closed, "", 0)
		r.equal(conf, r.read(conf), on)
		r.mode(conf, 0o640)
		r.mode("/var/run/homeward", 0o755)
		r.mode("/var/lib/homeward", 0o750)
		r.write("/etc/config/homeward", off)
		r.run(initd, "reload")
		if calls := r.calls(); strings.Contains(calls, "instance") || !strings.Contains(calls, closed) {
			r.Errorf("disabled again: the instance is not taken away:\n%s", calls)
		}
	})
}

func TestInterfaceWithoutDeviceIsWaitedFor(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", two)
		r.want("start", open+asked+"homeward uci\n"+build+dirs+instance+triggers+closed, "", 0)
		r.write("/up", "wan pppoe-wan\n")
		r.want("reload", asked+"homeward uci --device wan=pppoe-wan\n"+build+open+dirs+instance+triggers+closed, "", 0)
		r.equal(conf, r.read(conf), "# device wan=pppoe-wan\n"+two)
	})
}

func TestReconnectChangesNothing(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", two)
		r.write("/up", "wan pppoe-wan\nwanb eth2\n")
		r.run(initd, "start")
		r.calls()
		before, err := os.Stat(r.path(conf))
		r.mustNot(err)
		want := asked + "homeward uci --device wan=pppoe-wan --device wanb=eth2\n" + build + open + dirs + instance + triggers + closed
		for _, up := range []string{"wanb eth2\n", "", "wan pppoe-wan\n", "wan pppoe-wan\nwanb eth2\n"} {
			r.write("/up", up)
			r.want("reload", want, "", 0)
			after, err := os.Stat(r.path(conf))
			r.mustNot(err)
			if !os.SameFile(before, after) {
				r.Errorf("with %q up the file was replaced", up)
			}
		}
		r.equal(conf, r.read(conf), "# device wan=pppoe-wan\n# device wanb=eth2\n"+two)
		r.write("/up", "wan wwan0\n")
		r.run(initd, "reload")
		r.equal(conf, r.read(conf), "# device wan=wwan0\n# device wanb=eth2\n"+two)
	})
}

func TestDeviceNamesAreNotAskedFor(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", "config homeward 'main'\n\toption enabled '1'\n\toption wan 'br-lan'\n\toption wan6 '$(touch /x)'\n\toption lan 'eth0.7'\n")
		r.want("start", open+"homeward uci\n"+build+dirs+instance+closed, "", 0)
		if _, err := os.Stat(r.path("/x")); err == nil {
			r.Error("a value was run")
		}
	})
}

func TestFaultyConfigurationStartsNothing(t *testing.T) {
	eachShell(t, func(r router) {
		const trigger = "procd_add_reload_trigger homeward\n"
		ofUCI := "uci export homeward:3: a fault \\n \"of uci\"\n"
		ofCheck := conf + ".new:1: a fault of check\n"
		logged := "logger -t homeward -p daemon.warn\nlogged "
		check := "homeward check -c " + conf + ".new\n600 " + conf + ".new\n"
		bad := strings.Replace(on, "ipv64", "fault of uci", 1)
		worse := strings.Replace(on, "ipv64", "fault of check", 1)

		r.write("/etc/config/homeward", bad)
		r.want("start", open+"homeward uci\n"+logged+ofUCI+trigger+closed, ofUCI, 0)
		r.write("/etc/config/homeward", worse)
		r.want("start", open+"homeward uci\n"+check+logged+ofCheck+trigger+closed, ofCheck, 0)
		if r.read(conf) != "" {
			r.Error("a faulty configuration was written")
		}

		r.write("/etc/config/homeward", on)
		r.run(initd, "start")
		r.calls()
		r.write("/etc/config/homeward", bad)
		r.want("reload", "homeward uci\n"+logged+ofUCI, ofUCI, 1)
		r.write("/etc/config/homeward", worse)
		r.want("reload", "homeward uci\n"+check+logged+ofCheck, ofCheck, 1)
		r.equal("the file after faults", r.read(conf), on)
	})
}

func TestWarningIsToldAndStarts(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", strings.Replace(on, "ipv64", "warning", 1))
		warning := conf + ".new:1: a warning\n"
		built := strings.Replace(build, "chown", "logger -t homeward -p daemon.warn\nlogged "+warning+"chown", 1)
		r.want("start", open+"homeward uci\n"+built+dirs+instance+closed, warning, 0)
	})
}

func TestMissingUserStartsNothing(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.write("/no-such-user", "")
		_, errs, _ := r.run(initd, "start")
		if calls := r.calls(); strings.Contains(calls, "instance") || !strings.Contains(errs, "unknown user") || r.read(conf) != "" {
			r.Errorf("stderr %q, calls:\n%s", errs, calls)
		}
	})
}

func TestStateDirOfOthersStaysTheirs(t *testing.T) {
	eachShell(t, func(r router) {
		for dir, file := range map[string]string{"/etc": "", "/mnt/theirs": "photos", "/mnt/ours": "state.json", "/mnt/a/new": ""} {
			if file != "" {
				r.write(dir+"/"+file, "")
			}
			r.write("/etc/config/homeward", strings.Replace(on, "'1'\n", "'1'\n\toption state_dir '"+dir+"'\n", 1))
			r.run(initd, "start")
			owned := strings.Contains(r.calls(), "chown homeward:homeward "+dir+"\n")
			if want := dir == "/mnt/ours" || dir == "/mnt/a/new"; owned != want {
				r.Errorf("%s given to the service: %v, want %v", dir, owned, want)
			}
		}
		r.mode("/etc", 0o755)
		r.mode("/mnt/theirs", 0o755)
		r.mode("/mnt/ours", 0o750)
	})
}

func TestExtraCommands(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", two)
		out, errs, code := r.run(initd, "check")
		r.equal("check", out+errs, "/etc/config/homeward is without a fault.\n")
		r.equal("calls of check", r.calls(), asked+"homeward uci\nhomeward check -c "+conf+".check\n600 "+conf+".check\n")
		if code != 0 || r.read(conf) != "" {
			r.Errorf("check: exit %d, %s is %q", code, conf, r.read(conf))
		}
		r.write("/etc/config/homeward", strings.Replace(on, "ipv64", "fault of check", 1))
		r.want("check", "homeward uci\nhomeward check -c "+conf+".check\n600 "+conf+".check\n", conf+".check:1: a fault of check\n", 2)

		r.write("/once.err", "not accepted\n")
		r.write("/once.code", "1")
		r.want("force home", "homeward once -c "+conf+" --force home\n", "not accepted\n", 1)
		r.write("/status.err", "no daemon\n")
		r.write("/status.code", "3")
		r.want("status --json", "homeward status --json\n", "no daemon\n", 3)

		help, _, _ := r.run(initd, "help")
		if !strings.Contains(help, "\n\tforce ") || !strings.HasPrefix(help, "\tcheck ") {
			r.Errorf("help is %q", help)
		}
	})
}

func TestShellCheck(t *testing.T) {
	path, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Fatal("shellcheck is missing: apt-get install shellcheck")
	}
	// rc.common is not there, and gives meaning to variables; ash knows local
	out, err := exec.Command(path, "-s", "dash", "-e", "SC1091,SC2034,SC2154,SC3043", "../init.d/homeward", "rpcd-homeward").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
