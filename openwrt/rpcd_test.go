package openwrt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	plugin  = "/usr/libexec/rpcd/homeward"
	methods = `{"status":{},"force":{"account":"str"},"check":{"config":"str"},"log":{"lines":32},"service":{"action":"str"},"services":{},"import":{},"info":{},"stop_ddns":{}}` + "\n"
	noJSON  = "the arguments cannot be read: is the call longer than 64 KiB?"
)

// asked calls a method as rpcd does, with the message as rpcd hands it over,
// and returns the members of the answer.
func (r router) asked(method, message string) map[string]any {
	r.Helper()
	out, errs, code := r.runWith(message, nil, plugin, "call", method)
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || errs != "" || code != 0 {
		r.Fatalf("%s: %v, exit %d, stderr %q, stdout %q", method, err, code, errs, out)
	}
	return got
}

// answers compares an answer of one member.
func (r router) answers(method, message, member, want string) {
	r.Helper()
	got := r.asked(method, message)
	if len(got) != 1 || got[member] != want {
		r.Errorf("%s %.80s:\n%q\nwant %s: %q", method, message, got, member, want)
	}
}

// message spells the arguments of a call.
func message(name string, value any) string {
	text, _ := json.Marshal(map[string]any{name: value, "ubus_rpc_session": "0123456789abcdef"})
	return string(text)
}

// oddTexts are arguments that a script could take for something else.
func oddTexts() []string {
	return []string{"it's", `say "x" \n \\`, "a\nb\n\nc", "$(touch /x)", "`touch /x`", "'; touch /x; '", "-h", "--help", "--", "-c/x",
		"--json", "a  b\t*", "*", "../../x", "ü€\u2028", "${PATH}", "a=b", strings.Repeat("'\"\\$(touch /x)\n", 3000) + "end"}
}

func TestRPCDListsItsMethods(t *testing.T) {
	eachShell(t, func(r router) {
		out, errs, code := r.run(plugin, "list")
		r.equal("list", out+errs, methods)
		if code != 0 {
			r.Errorf("exit %d", code)
		}
		r.answers("reboot", "{}", "error", "no such method")
		r.answers("answer", "{}", "error", "no such method")
	})
}

const running = `{"version":"1.0.0","pid":812,"accounts":{"a":{"error":"\"x\\y\" 100% \u00fc \",\"pid\":1"}}}`

func TestRPCDStatusStartsNoProgram(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/var/run/homeward/status.json", running+"\n")
		r.write("/proc/812/comm", "homeward\n")
		out, errs, code := r.run(plugin, "call", "status")
		r.equal("status", out+errs, running+"\n")
		if calls := r.calls(); calls != "" || code != 0 {
			r.Errorf("exit %d, calls\n%s", code, calls)
		}
	})
}

// Where the file is not a running daemon's, the program tells.
func TestRPCDStatusOfNoDaemon(t *testing.T) {
	const file = "/var/run/homeward/status.json"
	for name, prepare := range map[string]func(r router){
		"no file":           func(router) {},
		"dead":              func(r router) { r.write(file, running); r.mustNot(os.RemoveAll(r.path("/proc"))) },
		"another process":   func(r router) { r.write(file, running); r.write("/proc/812/comm", "dnsmasq\n") },
		"another's JSON":    func(r router) { r.write(file, `{"password":"hunter2","pid":812}`) },
		"no pid":            func(r router) { r.write(file, `{"version":"1","pid":-1}`) },
		"half a file":       func(r router) { r.write(file, running[:40]) },
		"a link of another": func(r router) { r.write("/x.json", running); r.mustNot(os.Symlink("/x.json", r.path(file))) },
	} {
		t.Run(name, func(t *testing.T) {
			eachShell(t, func(r router) {
				r.write("/var/run/homeward/x", "")
				r.write("/proc/812/comm", "homeward\n")
				prepare(r)
				r.write("/status.err", "no daemon \"here\"\tC:\\x\x1b[0m\nstart it\n")
				r.write("/status.code", "3")
				r.answers("status", "{}", "error", "no daemon \"here\"\tC:\\x[0m\nstart it")
				r.equal("calls", r.calls(), "homeward status --json\n")
			})
		})
	}
}

func TestRPCDStatusByTheProgram(t *testing.T) {
	eachShell(t, func(r router) {
		for code, want := range map[string]string{"0": "1", "1": "1", "2": ""} {
			r.write("/status.out", `{"version":"1"}`)
			r.write("/status.code", code)
			if got := r.asked("status", "{}"); (got["version"] == "1") != (want != "") || want == "" && got["error"] == nil {
				r.Errorf("exit %s: %q", code, got)
			}
		}
		r.write("/status.out", "")
		r.answers("status", "{}", "error", "homeward says nothing")
	})
}

func TestRPCDForce(t *testing.T) {
	eachShell(t, func(r router) {
		r.answers("force", "{}", "error", "homeward is off: option enabled of config homeward 'main' is not 1, or the configuration has a fault")
		r.write(conf, "token = \"x\"\n")
		for _, all := range []string{"{}", message("account", ""), message("account", nil)} {
			r.write("/once.out", "home: good\n")
			r.answers("force", all, "output", "home: good")
			r.equal("calls of all", r.calls(), "homeward once -c "+conf+" --force\n")
		}
		r.write("/once.err", "home: badauth\n")
		r.write("/once.code", "1")
		r.answers("force", message("account", "home"), "error", "home: good\nhome: badauth")
		r.equal("calls of one", r.calls(), "homeward once -c "+conf+" --force -- home\n")
		for _, name := range oddTexts() {
			r.asked("force", message("account", name))
			r.equal("calls", r.calls(), "homeward once -c "+conf+" --force -- "+strings.TrimRight(name, "\n")+"\n")
		}
		for _, value := range []any{map[string]int{"a": 1}, []string{"x", "y"}, true, 7} {
			text, _ := json.Marshal(value)
			r.asked("force", message("account", value))
			r.equal("calls", r.calls(), "homeward once -c "+conf+" --force -- "+string(text)+"\n")
		}
		if r.read("/x") != "" {
			r.Error("an argument was run")
		}
	})
}

// The configuration goes to the program's stdin byte for byte, and is in no
// command line.
func TestRPCDCheck(t *testing.T) {
	eachShell(t, func(r router) {
		const report = `{"faults":[{"line":3,"option":"token","section":"home","text":"it's \"x\""}],"warnings":[]}`
		r.write("/uci.out", report+"\n")
		for _, code := range []string{"0", "2"} {
			r.write("/uci.code", code)
			for _, text := range append(oddTexts(), on) {
				got, _ := json.Marshal(r.asked("check", message("config", text)))
				r.equal("check", string(got), report)
				r.equal("stdin", r.read("/uci.in"), strings.TrimRight(text, "\n")+"\n")
				r.equal("calls", r.calls(), "homeward uci --check --json --user homeward\n")
			}
		}
		r.write("/uci.out", "")
		r.write("/uci.err", "homeward uci: --user homeward: there is no such user here\n")
		r.answers("check", message("config", on), "error", "homeward uci: --user homeward: there is no such user here")
		r.calls()
		r.answers("check", "{}", "error", "check needs the argument config")
		if calls := r.calls(); calls != "" || r.read("/x") != "" {
			r.Errorf("calls %q", calls)
		}
	})
}

// rpcd hands over 64 KiB of a call: nothing happens on half a call.
func TestRPCDCallThatIsCut(t *testing.T) {
	eachShell(t, func(r router) {
		r.write(conf, "token = \"x\"\n")
		r.write("/etc/init.d/homeward", "#!/bin/sh\necho \"init $*\" >>/calls\n")
		long := message("zone", strings.Repeat("x", 70<<10))
		for method, argument := range map[string]string{"force": "account", "check": "config", "log": "lines", "service": "action"} {
			for _, cut := range []string{message(argument, strings.Repeat("x", 70<<10)), "{\"" + argument + "\":\"start\"," + long[1:]} {
				r.answers(method, cut[:64<<10], "error", noJSON)
			}
			r.answers(method, "", "error", noJSON)
		}
		if calls := r.calls(); calls != "" {
			r.Errorf("calls\n%s", calls)
		}
	})
}

func TestRPCDLog(t *testing.T) {
	const at = "Sat Nov 21 20:00:%02d 2026 [17642880%02d.%03d] "
	var log strings.Builder
	for i, line := range []string{"daemon.info homeward[812]: ipv4 is now 203.0.113.7", "daemon.err dnsmasq[1]: homeward[1]: not ours",
		"daemon.warn homeward: said by the init script", "kern.info kernel: homeward[2]: nor this", "daemon.info homewards[3]: nor this",
		`daemon.err homeward[812]: a "quote", C:\x, $(touch /x), ` + "\x1b[0m\ttab ü", "daemon.debug homeward[812]: x [1.2] daemon.err homeward[1]: y"} {
		fmt.Fprintf(&log, at+"%s\n", i, i, i, line)
	}
	all := []string{`{"time":1764288000,"severity":"info","text":"ipv4 is now 203.0.113.7"}`,
		`{"time":1764288002,"severity":"warn","text":"said by the init script"}`,
		`{"time":1764288005,"severity":"err","text":"a \"quote\", C:\\x, $(touch /x), [0mtab ü"}`,
		`{"time":1764288006,"severity":"debug","text":"x [1.2] daemon.err homeward[1]: y"}`}
	eachShell(t, func(r router) {
		r.write("/log", log.String())
		for message, lines := range map[string]int{"{}": 4, message("lines", 2): 2, message("lines", 1): 1, message("lines", 1000): 4, message("lines", 0): 4,
			message("lines", -1): 4, message("lines", "1; touch /x"): 4, message("lines", "+1"): 4, message("lines", []int{1}): 4} {
			out, errs, _ := r.runWith(message, nil, plugin, "call", "log")
			var want, got any
			r.mustNot(json.Unmarshal([]byte(`{"log":[`+strings.Join(all[4-lines:], ",")+`]}`), &want))
			r.mustNot(json.Unmarshal([]byte(out), &got))
			r.equal(message, fmt.Sprint(got)+errs, fmt.Sprint(want))
		}
		r.write("/log", "")
		if got := r.asked("log", "{}"); fmt.Sprint(got) != "map[log:[]]" {
			r.Errorf("an empty log is %v", got)
		}
		if r.read("/x") != "" {
			r.Error("something was run")
		}
	})
}

func TestRPCDService(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/etc/init.d/homeward", "#!/bin/sh\necho \"init $*\" >>/calls\necho 'a \"hint\"' >&2\n[ \"$1\" != restart ]\n")
		for _, action := range []string{"start", "stop", "restart", "enable", "disable"} {
			member := "output"
			if action == "restart" {
				member = "error"
			}
			r.answers("service", message("action", action), member, `a "hint"`)
			r.equal("calls", r.calls(), "init "+action+"\n")
		}
		refused := []string{"{}", message("action", ""), message("action", "reload"), message("action", "start stop"), message("action", []string{"start"})}
		for _, odd := range oddTexts() {
			refused = append(refused, message("action", odd))
		}
		for _, call := range refused {
			r.answers("service", call, "error", "no such action: it is one of start, stop, restart, enable, disable")
		}
		if calls := r.calls(); calls != "" || r.read("/x") != "" {
			r.Errorf("calls\n%s", calls)
		}
	})
}

func TestRPCDServices(t *testing.T) {
	eachShell(t, func(r router) {
		r.write("/services.out", `{"services":[{"name":"ipv64"}]}`)
		if got := r.asked("services", "{}"); fmt.Sprint(got) != "map[services:[map[name:ipv64]]]" {
			r.Errorf("services are %v", got)
		}
		r.equal("calls", r.calls(), "homeward services --json\n")
		r.write("/services.out", "")
		r.write("/services.err", "a fault\n")
		r.answers("services", "{}", "error", "a fault")
	})
}

func TestRPCDImport(t *testing.T) {
	eachShell(t, func(r router) {
		const ddns = "config service 'a'\n\toption password 'it'\\''s'\n"
		r.write("/etc/config/ddns", ddns)
		r.write("/import.out", "# made\n\nconfig account 'a'\n\toption token 'it'\\''s \"x\"'\n")
		r.answers("import", "{}", "config", "# made\n\nconfig account 'a'\n\toption token 'it'\\''s \"x\"'\n")
		r.equal("stdin", r.read("/import.in"), ddns)
		r.write("/import.out", "")
		r.write("/import.err", "uci export ddns:1: ddns: nothing to read\n")
		r.write("/import.code", "2")
		r.answers("import", "{}", "error", "uci export ddns:1: ddns: nothing to read")
	})
}

// What there is to see without a daemon holds no secret, and starts no program.
func TestRPCDInfo(t *testing.T) {
	const account = "config account 'a'\n\toption token 'hunter2'\n"
	for name, c := range map[string]struct {
		config, want string
		files        []string
	}{
		"nothing there":     {"", `{"enabled":false,"boot":false,"accounts":0,"ddns":false}`, nil},
		"on":                {"config homeward 'main'\n\toption enabled '1'\n\n" + account + "\n" + strings.Replace(account, " 'a'", "", 1), `{"enabled":true,"boot":false,"accounts":2,"ddns":false}`, nil},
		"off":               {"config homeward 'main'\n\toption enabled '0'\n\n" + account, `{"enabled":false,"boot":true,"accounts":1,"ddns":true}`, []string{"/etc/rc.d/S95homeward", "/etc/config/ddns"}},
		"enabled not there": {"config homeward 'main'\n", `{"enabled":false,"boot":false,"accounts":0,"ddns":false}`, []string{"/etc/rc.d/K10homeward"}},
		"uci cannot read":   {"BROKEN", `{"enabled":false,"boot":false,"accounts":0,"ddns":false}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachShell(t, func(r router) {
				if c.config != "" {
					r.write("/etc/config/homeward", c.config)
				}
				for _, file := range c.files {
					r.write(file, "")
				}
				out, errs, code := r.runWith("{}", nil, plugin, "call", "info")
				r.equal("info", out+errs, c.want+"\n")
				if calls := r.calls(); calls != "" || code != 0 {
					r.Errorf("exit %d, calls\n%s", code, calls)
				}
			})
		})
	}
}

func TestRPCDStopDDNS(t *testing.T) {
	const script = "/etc/init.d/ddns"
	eachShell(t, func(r router) {
		r.answers("stop_ddns", "{}", "output", "")
		r.write(script, "#!/bin/sh\necho \"ddns $*\" >>/calls\necho \"$1 said\"\n[ \"$1\" != disable ]\n")
		r.mustNot(os.Chmod(r.path(script), 0o755))
		r.answers("stop_ddns", message("action", "start"), "output", "stop said")
		r.equal("calls", r.calls(), "ddns disable\nddns stop\n")
		r.write(script, "#!/bin/sh\nexit 3\n")
		r.answers("stop_ddns", "{}", "error", script+" ended with 3")
	})
}

// The ACL lets a login see the state without letting it do anything, and has
// each method once.
func TestACLSeparatesReadingFromTheRest(t *testing.T) {
	data, err := os.ReadFile("acl.json")
	if err != nil {
		t.Fatal(err)
	}
	var acl map[string]struct {
		Read, Write map[string]map[string][]string
	}
	if err := json.Unmarshal(data, &acl); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(acl["homeward"].Read); got != "map[ubus:map[homeward:[status info]]]" || len(acl) != 1 {
		t.Errorf("read is %s: it may hold the status, and never the configuration with its secrets", got)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(methods), &all); err != nil {
		t.Fatal(err)
	}
	delete(all, "status")
	delete(all, "info")
	write := acl["homeward"].Write
	got := slices.Sorted(slices.Values(write["ubus"]["homeward"]))
	if want := slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) || len(write) != 1 || len(write["ubus"]) != 1 {
		t.Errorf("write is %v, want %v", write, want)
	}
}
