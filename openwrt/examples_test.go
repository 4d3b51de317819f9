package openwrt_test

import (
	"strings"
	"testing"
	"time"
)

// switchOn puts one of the examples where its head says.
func (r router) switchOn(name string) {
	r.Helper()
	r.copy("hotplug/"+name, "/etc/hotplug.d/homeward/50-"+name)
}

// tell lets the daemon tell an event, and returns what the examples called.
func (r router) tell(e event) string {
	r.Helper()
	r.runOnChange(e)
	return strings.TrimPrefix(r.calls(), eventCall+hookCall)
}

// tellUntil is tell for what goes on in the background, up to the call last.
func (r router) tellUntil(last string, e event) string {
	r.Helper()
	r.runOnChange(e)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(r.read("/calls"), last); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("no call %q in\n%s", last, r.read("/calls"))
		}
	}
	return strings.TrimPrefix(r.calls(), eventCall+hookCall)
}

func (r router) runOnChange(e event) {
	r.Helper()
	if out, errs, code := r.runWith("", e.env(), onChange); out+errs != "" || code != 0 {
		r.Errorf("exit %d, %q", code, out+errs)
	}
}

func TestExampleWireGuard(t *testing.T) {
	const network = `config interface 'lan'
	option proto 'static'
config interface 'wg0'
	option proto 'wireguard'
config wireguard_wg0 'office'
	option public_key 'KEY1='
	option endpoint_host 'office.example.org'
	option endpoint_port '51821'
config wireguard_wg0
	option public_key 'KEY2='
	option endpoint_host '$(touch /x)'
config wireguard_wg0 'fixed'
	option public_key 'KEY3='
	option endpoint_host '192.0.2.1'
config wireguard_wg0 'fixed6'
	option public_key 'KEY4='
	option endpoint_host '2001:db8::1'
config wireguard_wg0 'roadwarrior'
	option public_key 'KEY5='
config wireguard_wg0 'off'
	option public_key 'KEY6='
	option endpoint_host 'off.example.org'
	option disabled '1'
config wireguard_lan 'none'
	option public_key 'KEY7='
	option endpoint_host 'none.example.org'
`
	const resolved = "wg set wg0 peer KEY1= endpoint office.example.org:51821\nwg set wg0 peer KEY2= endpoint $(touch /x):51820\n"
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.write("/etc/config/network", network)
		r.switchOn("wireguard")
		for _, name := range []string{"stopped", "failing", "recovered"} {
			e := accepted()
			e["EVENT"] = name
			r.equal(name, r.tell(e), "")
		}
		r.equal("accepted", r.tellUntil("KEY2", accepted()), resolved)
		r.write("/wg.code", "1")
		const warned = "logger -t homeward-wireguard -p daemon.warn interface wg0: no endpoint for "
		if calls := r.tellUntil(warned+"$(touch /x):51820\n", accepted()); !strings.Contains(calls, warned+"office.example.org:51821\n") {
			r.Errorf("calls\n%s", calls)
		}
		if r.read("/x") != "" {
			r.Error("a value was run")
		}
	})
}

func TestExampleNtfy(t *testing.T) {
	const settings = "config ntfy 'main'\n\toption url 'https://ntfy.example.org/topic'\n"
	eachShell(t, func(r router) {
		r.copy("on-change", onChange)
		r.switchOn("ntfy")
		r.write("/etc/config/homeward_ntfy", settings)
		r.equal("accepted", r.tell(accepted()), "")
		const call = "curl -q --silent --show-error --fail --proto =https --max-time 20 --config -\n"
		stopped := accepted()
		stopped["EVENT"], stopped["ERROR"] = "stopped", "badauth: \"x\" \\n\n$(touch /x)\nurl = \"file:///etc/shadow\""
		r.equal("stopped", r.tell(stopped), call)
		r.equal("request", r.read("/curl.in"), `url = "https://ntfy.example.org/topic"
header = "Title: homeward: home stopped"
data-raw = "home.ipv64.net srv.any64.de: badauth: \"x\" \\n $(touch /x) url = \"file:///etc/shadow\""
`)
		// topic and token are secrets: in no command line
		r.write("/etc/config/homeward_ntfy", settings+"\toption token 'tk_hunter2'\n\tlist event 'accepted'\n\tlist event 'recovered'\n")
		r.equal("accepted, now", r.tell(accepted()), call)
		r.equal("request", r.read("/curl.in"), `url = "https://ntfy.example.org/topic"
header = "Authorization: Bearer tk_hunter2"
header = "Title: homeward: home accepted"
data-raw = "home.ipv64.net srv.any64.de: 203.0.113.7 2001:db8::7 2001:db8:1200::/64"
`)
		r.equal("stopped, now", r.tell(stopped), "")
		r.write("/curl.code", "22")
		r.equal("refused", r.tell(accepted()), call+"logger -t homeward-ntfy -p daemon.warn the message about home was not sent\n")
		if r.read("/x") != "" {
			r.Error("a value was run")
		}
	})
}
