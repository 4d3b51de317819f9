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

	open = "procd_open_service homeward /etc/init.d/homeward\n"
	// build is a configuration without a fault, after homeward uci
	build    = "chown root:homeward /var/etc/homeward.toml.new\n"
	dirs     = "chown homeward:homeward /var/run/homeward\nchown homeward:homeward /var/lib/homeward\n"
	instance = `procd_open_instance
procd_set_param command /usr/bin/homeward run --syslog -c /var/etc/homeward.toml
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
	askedLAN = "network_get_device lan\n"
	asked    = "network_get_device wan\nnetwork_get_device wanb\n" + askedLAN
)

// uciCall is the program's call that makes the TOML, in a file for root alone.
func uciCall(devices ...string) string {
	call := "homeward uci --check --user homeward --file /etc/config/homeward --lan lan"
	for _, d := range devices {
		call += " --device " + d
	}
	return call + "\n600 /var/etc/homeward.toml.new\n"
}

// checkCall likewise is that of check.
func checkCall() string { return strings.Replace(uciCall(), ".new", ".check", 1) }

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
		r.write(conf, "token = \"of an earlier time\"\n")
		const hint = "homeward is off: uci set homeward.main.enabled=1; uci commit homeward\n"
		r.want("start", open+"procd_add_reload_trigger homeward\n"+closed, hint, 0)
		r.want("reload", open+"procd_add_reload_trigger homeward\n"+closed, hint, 0)
		if r.read(conf) != "" {
			r.Error("a configuration was written, or is left")
		}
	})
}

func TestEnabledRunsUnprivileged(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.want("start", open+askedLAN+uciCall()+build+dirs+instance+closed, "", 0)
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
		r.want("start", open+asked+uciCall()+build+dirs+instance+triggers+closed, "", 0)
		r.write("/up", "wan pppoe-wan\n")
		r.want("reload", open+asked+uciCall("wan=pppoe-wan")+build+dirs+instance+triggers+closed, "", 0)
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
		want := open + asked + uciCall("wan=pppoe-wan", "wanb=eth2") + build + dirs + instance + triggers + closed
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

// Where no program is named that is told of events, it is the package's, if that
// is installed.
func TestThePackagesProgramIsTheDefault(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.write("/usr/libexec/homeward-on-change", "#!/bin/sh\n")
		r.want("start", open+askedLAN+uciCall()+build+dirs+instance+closed, "", 0)
		r.mustNot(os.Chmod(r.path("/usr/libexec/homeward-on-change"), 0o755))
		call := strings.Replace(uciCall(), "--lan lan", "--lan lan --on-change /usr/libexec/homeward-on-change", 1)
		r.want("reload", open+askedLAN+call+build+dirs+instance+closed, "", 0)
	})
}

// Where no LAN is named it is the interface lan. Nothing is triggered by it, and
// while it is down its device stays.
func TestTheInterfaceLanIsTheLAN(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.write("/up", "lan br-lan.1\n")
		r.want("start", open+askedLAN+uciCall("lan=br-lan.1")+build+dirs+instance+closed, "", 0)
		before, err := os.Stat(r.path(conf))
		r.mustNot(err)
		r.write("/up", "")
		r.want("reload", open+askedLAN+uciCall("lan=br-lan.1")+build+dirs+instance+closed, "", 0)
		if after, err := os.Stat(r.path(conf)); err != nil || !os.SameFile(before, after) {
			r.Errorf("the file was replaced: %v", err)
		}
	})
}

func TestDeviceNamesAreNotAskedFor(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", "config homeward 'main'\n\toption enabled '1'\n\toption wan 'br-lan'\n\toption wan6 '$(touch /x)'\n\toption lan 'eth0.7'\n")
		r.want("start", open+strings.Replace(uciCall(), " --lan lan", "", 1)+build+dirs+instance+closed, "", 0)
		if _, err := os.Stat(r.path("/x")); err == nil {
			r.Error("a value was run")
		}
	})
}

// What is said of a fault, on the terminal and in the log.
const (
	faultWords = "warning: /etc/config/homeward:2: a warning, too\n/etc/config/homeward:3: a fault \\n \"of uci\"\n"
	faultLog   = "logger -t homeward -p daemon.warn\nlogged /etc/config/homeward:2: a warning, too\n" +
		"logger -t homeward -p daemon.err\nlogged /etc/config/homeward:3: a fault \\n \"of uci\"\n"
	brokenWords = "/etc/config/homeward: uci: Parse error (unterminated ') at line 3, byte 18\n"
	brokenLog   = "logger -t homeward -p daemon.err\nlogged " + brokenWords
	goesOn      = "homeward goes on with the last configuration that had no fault\n"
	goesOnLog   = "logger -t homeward -p daemon.warn\nlogged " + goesOn
	notStarted  = "homeward is not started: mend /etc/config/homeward, then: service homeward start\n"
)

// faulty are configurations with a fault, and what is called, said and logged
// because of it.
func faulty() map[string][3]string {
	return map[string][3]string{
		strings.Replace(on, "ipv64", "fault", 1): {askedLAN + uciCall(), faultWords, faultLog},
		on + "\toption x 'BROKEN\n":              {"", brokenWords, brokenLog},
	}
}

func TestFaultWithoutAnEarlierConfigurationStartsNothing(t *testing.T) {
	eachShell(t, func(r router) {
		for src, is := range faulty() {
			r.write("/etc/config/homeward", src)
			stopped := "logger -t homeward -p daemon.err\nlogged " + notStarted
			trigger := "procd_add_reload_trigger homeward\n"
			r.want("start", open+is[0]+is[2]+stopped+trigger+closed, is[1]+notStarted, 1)
			if r.read(conf) != "" {
				r.Error("a faulty configuration was written")
			}
		}
	})
}

// The last configuration without a fault goes on: procd is told of the same
// instance, and leaves the daemon that runs as it is.
func TestFaultLeavesTheDaemonToItsLastConfiguration(t *testing.T) {
	eachShell(t, func(r router) {
		for src, is := range faulty() {
			for action, code := range map[string]int{"start": 1, "restart": 1, "reload": 0} {
				r.write("/etc/config/homeward", on)
				r.run(initd, "start")
				before, err := os.Stat(r.path(conf))
				r.mustNot(err)
				r.calls()

				r.write("/etc/config/homeward", src)
				found := is[0] + is[2]
				calls := open + found + goesOnLog + dirs + instance + closed
				if action == "restart" {
					calls = found + open + goesOnLog + dirs + instance + closed
				}
				r.want(action, calls, is[1]+"warning: "+goesOn, code)
				after, err := os.Stat(r.path(conf))
				r.mustNot(err)
				if !os.SameFile(before, after) || r.read(conf) != on {
					r.Errorf("%s: the last configuration was changed", action)
				}
			}
		}
	})
}

// What is off is off, be it all or each account, but a slip of the pen is not.
func TestSlipsInEnabledAreFaults(t *testing.T) {
	eachShell(t, func(r router) {
		for src, running := range map[string]bool{
			strings.Replace(on, "'1'", "'fault'", 1):                                        true,
			strings.Replace(on, "enabled '1'", "enable 'fault'", 1):                         true,
			strings.Replace(on, "\toption enabled '1'\n", "", 1):                            false,
			strings.Replace(on, "'1'", "'0'", 1) + "\toption x 'fault'\n":                   false,
			strings.Replace(on, "'1'", "'disabled'", 1):                                     false,
			on + "\toption enabled '0'\n":                                                   false,
			on + "\toption enabled '0'\n\nconfig acount 'b'\n\toption x 'fault'\n":          true,
			strings.Replace(on, "\toption enabled '1'\n", "", 1) + "\toption enabled '0'\n": false,
			on + "\toption enabled 'no'\n\nconfig account 'b'\n\toption wan 'wan'\n":        true,
			strings.TrimSuffix(on, "\nconfig account 'home'\n\toption service 'ipv64'\n"):   true, // that is a fault
			strings.Replace(strings.Replace(on, "'1'", "'on'", 1), "'1'", "'on'", 1):        true,
		} {
			r.write("/etc/config/homeward", on)
			r.run(initd, "start")
			r.calls()
			r.write("/etc/config/homeward", src)
			_, errs, _ := r.run(initd, "reload")
			if calls := r.calls(); strings.Contains(calls, "procd_open_instance") != running || (r.read(conf) != "") != running {
				r.Errorf("%s\nruns: %v, want %v; stderr %s\n%s", src, !running, running, errs, calls)
			}
			if !running && !strings.Contains(errs, "homeward is off") {
				r.Errorf("%s\nstderr %s", src, errs)
			}
			if _, err := os.Stat(r.path(conf + ".check")); err == nil {
				r.Error("the checked file is left")
			}
		}
	})
}

// An upgrade by opkg stops the daemon before it starts the new one.
func TestUpgradeWithAFaultGoesOn(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.run(initd, "start")
		r.write("/etc/config/homeward", strings.Replace(on, "ipv64", "fault", 1))
		r.run(initd, "stop")
		r.run(initd, "start")
		if calls := r.calls(); !strings.HasSuffix(calls, instance+closed) {
			r.Errorf("calls are\n%s", calls)
		}
	})
}

func TestRestartWithoutAFaultStopsFirst(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.want("restart", askedLAN+uciCall()+build+"procd_kill homeward\n"+open+dirs+instance+closed, "", 0)
	})
}

func TestWarningIsToldAndStarts(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", strings.Replace(on, "ipv64", "warning", 1))
		const warning = "/etc/config/homeward:2: a warning\n"
		logged := "logger -t homeward -p daemon.warn\nlogged " + warning
		r.want("start", open+askedLAN+uciCall()+logged+build+dirs+instance+closed, "warning: "+warning, 0)
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
		for dir, files := range map[string][]string{"/etc": nil, "/mnt/theirs": {"photos"}, "/mnt/both": {"state.json", ".ssh"},
			"/mnt/ours": {"state.json", "state.lock"}, "/mnt/a/new": nil} {
			for _, file := range files {
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

// What root has left there is the service's, but nothing that a link leads to.
func TestFilesOfRootAreHandedOver(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", on)
		r.write("/var/lib/homeward/state.json", "")
		r.write("/var/run/homeward/homeward.lock", "")
		r.write("/etc/shadow", "")
		r.mustNot(os.Symlink("/etc/shadow", r.path("/var/run/homeward/status.json")))
		r.want("start", open+askedLAN+uciCall()+build+"chown -h homeward:homeward /var/run/homeward/homeward.lock\n"+
			"chown homeward:homeward /var/run/homeward\nchown -h homeward:homeward /var/lib/homeward/state.json\n"+
			"chown homeward:homeward /var/lib/homeward\n"+instance+closed, "", 0)
	})
}

// The exporters of OpenWrt find the figures while the daemon is to run, and no
// figures of an earlier time.
func TestExportersFindTheMetrics(t *testing.T) {
	eachShell(t, func(r router) {
		const link, metrics = "/var/prometheus/homeward.prom", "/var/run/homeward/metrics.prom"
		linked := func(after string, want bool) {
			r.Helper()
			to, err := os.Readlink(r.path(link))
			if (err == nil) != want || want && to != metrics {
				r.Errorf("after %s: the link leads to %q, %v", after, to, err)
			}
		}
		r.write("/etc/config/homeward", on)
		r.write("/var/prometheus/other.prom", "")
		for _, action := range []string{"start", "restart", "reload"} {
			r.run(initd, action)
			linked(action, true)
		}
		r.run(initd, "stop")
		linked("stop", false)
		r.run(initd, "start")
		r.write("/etc/config/homeward", strings.Replace(on, "ipv64", "fault", 1))
		r.run(initd, "restart") // a fault takes no daemon away
		linked("a restart with a fault", true)
		r.write("/etc/config/homeward", off)
		r.run(initd, "reload")
		linked("a reload that switches it off", false)
		if _, err := os.Stat(r.path("/var/prometheus/other.prom")); err != nil {
			r.Error(err)
		}
		r.mode("/var/prometheus", 0o755)
	})
}

func TestOddStateDirsAreData(t *testing.T) {
	eachShell(t, func(r router) {
		for _, dir := range []string{"-x", "$(touch /x)", "a b", "`touch /x`", "/mnt/$(touch x)/y z", "../../etc"} {
			r.write("/etc/config/homeward", strings.Replace(on, "'1'\n", "'1'\n\toption state_dir '"+dir+"'\n", 1))
			_, errs, code := r.run(initd, "start")
			if calls := r.calls(); code != 0 || errs != "" || !strings.Contains(calls, instance) {
				r.Errorf("%s: exit %d, %s\n%s", dir, code, errs, calls)
			}
		}
		if r.read("/x") != "" {
			r.Error("a value was run")
		}
		if info, err := os.Stat(r.path("/mnt/$(touch x)/y z")); err != nil || !info.IsDir() {
			r.Errorf("the folder was not made as it is named: %v", err)
		}
	})
}

func TestExtraCommands(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/config/homeward", two)
		out, errs, code := r.run(initd, "check")
		r.equal("check", out+errs, "/etc/config/homeward is without a fault.\n")
		r.equal("calls of check", r.calls(), asked+checkCall())
		if code != 0 || r.read(conf) != "" {
			r.Errorf("check: exit %d, %s is %q", code, conf, r.read(conf))
		}
		for src, is := range faulty() {
			r.write("/etc/config/homeward", src)
			r.want("check", strings.Replace(is[0], ".new", ".check", 1), is[1], 2)
		}

		r.write("/once.err", "not accepted\n")
		r.write("/once.code", "1")
		r.want("force home", "homeward once -c "+conf+" --force home\n", "not accepted\n", 1)
		r.write("/status.err", "no daemon\n")
		r.write("/status.code", "3")
		r.want("status --json", "homeward status --json\n", "no daemon\n", 3)
		r.write(conf, "# the service's, whatever /etc/homeward.toml says\n")
		r.want("status --json", "homeward status -c "+conf+" --json\n", "no daemon\n", 3)

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
	out, err := exec.Command(path, "-s", "dash", "-e", "SC1091,SC2034,SC2154,SC3043", "../init.d/homeward", "rpcd-homeward",
		"rpcd-homeward-event", "on-change", "hotplug/ntfy", "hotplug/wireguard").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
