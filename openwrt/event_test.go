package openwrt_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	onChange  = "/usr/libexec/homeward-on-change"
	eventCall = "ubus -t 28 call homeward-event tell\n"
	hookCall  = "hotplug-call homeward\n"
)

// An event as the daemon tells it: its variables, without HOMEWARD_.
type event map[string]string

func (e event) env() []string {
	var env []string
	for name, value := range e {
		env = append(env, "HOMEWARD_"+name+"="+value)
	}
	return env
}

func accepted() event {
	return event{"EVENT": "accepted", "ACCOUNT": "home", "SERVICE": "ipv64", "DOMAINS": "home.ipv64.net srv.any64.de",
		"IPV4": "203.0.113.7", "IPV6": "2001:db8::7", "PREFIX": "2001:db8:1200::/64"}
}

// hook puts a program of the owner's there that notes the variables it gets.
func (r router) hook() {
	r.Helper()
	r.write("/etc/hotplug.d/homeward/10-note", "env >>/hook.env\n")
}

// noted returns the HOMEWARD_ variables that the hook got, and empties its notes.
func (r router) noted() []string {
	r.Helper()
	var lines []string
	for line := range strings.Lines(r.read("/hook.env")) {
		if strings.HasPrefix(line, "HOMEWARD_") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(lines)
	r.write("/hook.env", "")
	return lines
}

// told compares what the hook got with an event: one line for each variable.
func (r router) told(want event) {
	r.Helper()
	var lines []string
	for _, name := range []string{"EVENT", "ACCOUNT", "SERVICE", "DOMAINS", "IPV4", "IPV6", "PREFIX", "ERROR"} {
		lines = append(lines, "HOMEWARD_"+name+"="+want[name])
	}
	slices.Sort(lines)
	r.equal("variables", strings.Join(r.noted(), "\n"), strings.Join(lines, "\n"))
}

func TestAnEventReachesTheOwnersPrograms(t *testing.T) {
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.hook()
		r.write("/etc/hotplug.d/homeward/20-fails", "exit 1\n")
		r.write("/etc/hotplug.d/homeward/30-last", "env >>/hook.env\n")
		for _, name := range []string{"accepted", "stopped", "failing", "recovered"} {
			e := accepted()
			e["EVENT"] = name
			if out, errs, code := r.runWith("{}", e.env(), onChange); out+errs != "" || code != 0 {
				r.Errorf("%s: exit %d, %q", name, code, out+errs)
			}
			r.equal("calls", r.calls(), eventCall+hookCall)
			if n := len(r.noted()); n != 16 {
				r.Errorf("%s: %d variables in the first and the last program", name, n)
			}
		}
	})
}

// Whatever a service says, the owner's program gets it as one line of text.
func TestAnEventsValuesAreData(t *testing.T) {
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.hook()
		for _, odd := range oddTexts() {
			if strings.ContainsAny(odd, "\n\t") {
				odd = odd[:min(len(odd), 20<<10)]
			}
			e := event{"EVENT": "stopped", "ACCOUNT": odd, "SERVICE": odd, "DOMAINS": "x", "ERROR": "\x1b[0m" + odd}
			if out, errs, code := r.runWith("", e.env(), onChange); out+errs != "" || code != 0 {
				r.Errorf("exit %d, %q", code, out+errs)
			}
			line := strings.NewReplacer("\n", " ", "\t", " ").Replace(odd)
			r.told(event{"EVENT": "stopped", "ACCOUNT": line, "SERVICE": line, "DOMAINS": "x", "ERROR": "[0m" + line})
		}
		if r.read("/x") != "" {
			r.Error("a value was run")
		}
	})
}

// Without a program of the owner's nothing runs as root.
func TestNoProgramNoCall(t *testing.T) {
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		for range 2 {
			if out, errs, code := r.runWith("", accepted().env(), onChange); out+errs != "" || code != 0 {
				r.Errorf("exit %d, %q", code, out+errs)
			}
			r.equal("calls", r.calls(), "")
			r.mustNot(os.MkdirAll(r.path("/etc/hotplug.d/homeward"), 0o755))
		}
	})
}

func TestOnChangeSaysWhatWentWrong(t *testing.T) {
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.hook()
		const (
			missing = "no ubus object homeward-event: install rpcd, then: service rpcd restart\n"
			refused = "homeward-event refused the event\n"
			slow    = "the programs in /etc/hotplug.d/homeward take longer than 28 s\n"
		)
		for said, want := range map[string]string{ // by ubus of 24.10, and later
			"Command failed: Not found\n":                                           missing,
			"Command failed: ubus call homeward-event tell {…} (Not found)\n":       missing,
			"Command failed: Invalid argument\n":                                    refused,
			"Command failed: ubus call homeward-event tell {…} (No response)\n":     refused,
			"Command failed: Request timed out\n":                                   slow,
			"Command failed: ubus call … (Request timed out)\n":                     slow,
			"Command failed: ubus call … {Not found (No response)} (Permission…)\n": "ubus call homeward-event failed\n",
			"": "ubus call homeward-event failed\n",
		} {
			r.write("/ubus.err", said)
			out, errs, code := r.runWith("", accepted().env(), onChange)
			r.equal("stderr", out+errs, want)
			if code != 1 {
				r.Errorf("exit %d, want 1", code)
			}
		}
		r.mustNot(os.Remove(r.path("/ubus.err")))
		r.calls()
		_, errs, code := r.runWith("", []string{"HOMEWARD_EVENT=due"}, onChange)
		r.equal("a wrong name", errs, refused)
		if calls := r.calls(); code != 1 || calls != eventCall {
			r.Errorf("exit %d, calls\n%s", code, calls)
		}
	})
}

// Whoever is the daemon's user may call the object with anything.
func TestRootsSideDropsWhatIsNoEvent(t *testing.T) {
	const object = "/usr/libexec/rpcd/homeward-event"
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.hook()
		bad := []string{"", "{}", "[]", "null", `{"event":"accepted"`, `{"event":["accepted"]}`, `{"event":{"accepted":1}}`,
			`{"event":"stopped","error":"` + strings.Repeat("x", 64<<10)}
		for _, name := range append(oddTexts(), "", "Accepted", "accepted\nx", "accepted x", "accept*", "due") {
			bad = append(bad, message("event", name))
		}
		for _, member := range []string{"ipv4", "ipv6", "prefix"} {
			for _, odd := range oddTexts() {
				bad = append(bad, `{"event":"accepted",`+message(member, odd)[1:])
			}
		}
		for _, message := range bad {
			out, errs, _ := r.runWith(message, nil, object, "call", "tell")
			if calls := r.calls(); out+errs != "" || calls != "" {
				r.Errorf("%.80s: %q, calls\n%s", message, out+errs, calls)
			}
		}
		for _, args := range [][]string{{}, {"call"}, {"call", "event"}, {"call", "text"}, {"tell"}} {
			if out, _, _ := r.runWith(`{"event":"accepted"}`, nil, append([]string{object}, args...)...); out+r.calls() != "" {
				r.Errorf("%q: %q", args, out)
			}
		}
		if r.read("/x")+r.read("/hook.env") != "" {
			r.Error("something was run")
		}
	})
}

// No member of the message becomes a variable but those of an event.
func TestRootsSideKeepsItsOwnEnvironment(t *testing.T) {
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.hook()
		const foreign = `{"event":"accepted","PATH":"/tmp","LD_PRELOAD":"/tmp/x.so","ENV":"/tmp/x","DEBUG":"/tmp/x","UCI_CONFIG_DIR":"/tmp",` +
			`"HOMEWARD_X":"x","env":["CURL_HOME=/tmp"],"account":"home"}`
		out, errs, _ := r.runWith(foreign, nil, "/usr/libexec/rpcd/homeward-event", "call", "tell")
		r.equal("answer", out+errs, "{}\n")
		for line := range strings.Lines(r.read("/hook.env")) {
			switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "="); {
			case strings.HasPrefix(name, "HOMEWARD_"), name == "PWD", name == "LD_LIBRARY_PATH", name == "SHLVL", name == "OLDPWD":
			case name == "PATH" && value == "/usr/bin:/bin":
			default:
				r.Errorf("a variable of another's: %s", line)
			}
		}
		r.told(event{"EVENT": "accepted", "ACCOUNT": "home"})
	})
}

// The daemon's user may call one method of one object, which has no other.
func TestACLOfTheDaemonsUser(t *testing.T) {
	data, err := os.ReadFile("ubus-acl.json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if want := "map[access:map[homeward-event:map[methods:[tell]]] user:homeward]"; fmt.Sprint(got) != want {
		t.Errorf("the ACL is %v, want %s", got, want)
	}
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		out, errs, _ := r.run("/usr/libexec/rpcd/homeward-event", "list")
		var listed map[string]map[string]string
		if err := json.Unmarshal([]byte(out), &listed); err != nil || errs != "" || len(listed) != 1 || len(listed["tell"]) != 8 {
			r.Errorf("%v: %q", err, out+errs)
		}
	})
}
