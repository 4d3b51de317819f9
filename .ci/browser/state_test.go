package browser_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"browser/router"
)

const (
	stateView = "services/homeward/state"
	card      = `[data-account="home"] `
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// current waits until the account's badge says so.
func (p *page) current(account string) {
	p.Helper()
	p.wait(account+" is current", `document.querySelector('[data-account="`+account+`"] [data-state="current"]')`)
}

// daemon waits until the page says so of the daemon.
func (p *page) daemon(kind string) {
	p.Helper()
	p.wait("the daemon is "+kind, `document.querySelector('[data-daemon="`+kind+`"]')`)
}

// The whole way: a click becomes a request at the service, and a change of the
// line is seen.
func TestAClickSendsAndAChangeOfTheLineIsSeen(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	p.sees(`[data-line="ipv4"]`, "203.0.113.7")
	p.sees(`[data-line="ipv6"]`, "2001:db8:ff00::7")
	p.sees(`[data-line="delegated"]`, "2001:db8:1200::/56")
	p.sees(`[data-line="prefix"]`, "2001:db8:1200::/64")
	p.sees(card+"[data-accepted]", "203.0.113.7, 2001:db8:1200::/64")

	before := len(r.IPv64.Requests())
	p.click(card + `[data-action="force"]`)
	until(t, "the request of the click", func() bool { return len(r.IPv64.Requests()) > before })
	if q := r.IPv64.Requests()[before]; q.Query.Get("ip") != "203.0.113.7" || q.Key != router.Token || q.Status != 200 {
		t.Errorf("the click sent %v with %d", q.Query, q.Status)
	}
	p.wait("the count", `document.querySelector('`+card+`[data-used]').getAttribute('aria-valuenow') == '2'`)

	before = len(r.IPv64.Requests())
	check(t, r.Line.Dial("203.0.113.88"))
	p.sees(`[data-line="ipv4"]`, "203.0.113.88")
	p.sees(card+"[data-accepted]", "203.0.113.88")
	p.current("home")
	if all := r.IPv64.Requests()[before:]; len(all) == 0 || all[0].Query.Get("ip") != "203.0.113.88" {
		t.Errorf("the change sent %v", all)
	}
	check(t, r.Line.Delegate(""))
	p.wait("no prefix, and why", `document.querySelector('[data-line="prefix"]').getAttribute('data-reason')`)
	check(t, r.Line.Delegate("2001:db8:4500::/56"))
	p.sees(card+"[data-accepted]", "2001:db8:4500::/64")
}

// An account that the service refuses is shown with its words and what to do,
// and a token that is put right lifts it.
func TestARefusedAccountSaysWhatToDo(t *testing.T) {
	begin(t, on+strings.Replace(home, router.Token, "0123456789abcdef0123456789abcdef", 1))
	p := open(t, "root", stateView)
	p.wait("stopped", `document.querySelector('`+card+`[data-state="stopped"]')`)
	for _, part := range []string{"[data-error]", "[data-remedy]", "[data-due]"} {
		p.wait(part, `document.querySelector('`+card+part+`').textContent.trim()`)
	}
	check(t, r.Configure(on+home))
	p.current("home")
	if p.has(card + "[data-error]") {
		t.Error("the error stays")
	}
}

// Stop, start, an end that nobody asked for, off and on: each has its sentence
// and its button.
func TestTheDaemonsEndIsSaidAndMended(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	r.Kill()
	p.daemon("ended")
	p.click(`[data-daemon="ended"] [data-action="start"]`)
	p.daemon("running")
	p.current("home")
	if !r.Running() {
		t.Error("it does not run")
	}
	p.click(`[data-action="stop"]`)
	p.daemon("ended")
	if r.Running() {
		t.Error("it runs on")
	}

	begin(t, strings.Replace(on+home, "'1'", "'0'", 1))
	p = open(t, "root", stateView)
	p.click(`[data-daemon="disabled"] [data-action="enable"]`)
	p.current("home")
	if c := r.Config("homeward"); !strings.Contains(c, "option enabled '1'") {
		t.Errorf("the configuration is\n%s", c)
	}
}

// A poll is one request of two calls, and no program starts on the router.
func TestAPollStartsNoProgram(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	r.Calls()
	p.polls(4)
	calls, started := r.Calls()
	if started != 0 {
		t.Errorf("%d programs started", started)
	}
	for _, c := range calls {
		if name := c.Object + "." + c.Method; name != "file.read" && name != "service.list" {
			t.Errorf("a poll calls %s", name)
		}
	}
}

// polls waits until the page has read the status n times more.
func (p *page) polls(n int) {
	p.Helper()
	seen := r.Reads()
	until(p.T, "polls", func() bool { return r.Reads() >= seen+n })
}

// A slow ubus gets one question at a time, and one that fails is said: what is
// shown then stays, and is right again afterwards.
func TestSlowAndFailingUbus(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	var open, most int
	r.Intercept(func(c router.Call) *router.Reply {
		if c.Object != "file" {
			return nil
		}
		open++
		most = max(most, open)
		time.Sleep(700 * time.Millisecond)
		open--
		return nil
	})
	p.polls(2)
	if most > 1 {
		t.Errorf("%d questions at once", most)
	}
	for name, reply := range map[string]router.Reply{
		"HTTP": {Status: 502}, "denied": {Code: 6}, "no answer": {Code: 7}, "odd": {Data: map[string]any{"data": "{half"}},
	} {
		r.Intercept(func(c router.Call) *router.Reply {
			if c.Object == "file" {
				return &reply
			}
			return nil
		})
		p.daemon("silent")
		if !p.has(card + "[data-accepted]") {
			t.Errorf("%s: what was shown is gone", name)
		}
		r.Intercept(nil)
		p.daemon("running")
	}
}

// What a login may not do is not offered, and nothing that it asks is refused. It
// sees no secret.
func TestAReaderSeesTheStateAndNothingElse(t *testing.T) {
	begin(t, on+home)
	r.Calls()
	p := open(t, "reader", stateView)
	p.current("home")
	p.polls(2)
	if p.has("#view button, #view [data-action], #view input, #view select") {
		t.Errorf("buttons:\n%s", p.picture())
	}
	p.wait("the tabs", `document.querySelector('#tabmenu li')`)
	if links := eval[[]string](p, `[...document.querySelectorAll('#tabmenu li a')].map(a => a.getAttribute('href'))`); len(links) != 1 {
		t.Errorf("tabs: %q", links)
	}
	calls, _ := r.Calls()
	for _, c := range calls {
		if c.Denied {
			t.Errorf("%s.%s %v is refused", c.Object, c.Method, c.Args)
		}
		if answer, _ := json.Marshal(c.Answer); strings.Contains(string(answer), router.Token) {
			t.Errorf("%s.%s tells the token", c.Object, c.Method)
		}
	}
	for _, object := range []string{"force", "service", "check", "log", "import", "services", "stop_ddns"} {
		if code := eval[float64](p, `fetch('/ubus/', { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'call',
			params: [ L.env.sessionid, 'homeward', '`+object+`', {} ] }) }).then(r => r.json()).then(m => m.error?.code ?? 0)`); code != -32002 {
			t.Errorf("a reader may call %s", object)
		}
	}
}

// The block on LuCI's overview: a line an account, and the prefix.
func TestOverview(t *testing.T) {
	begin(t, on+home)
	for _, user := range []string{"root", "reader"} {
		p := open(t, user, "status/overview")
		p.current("home")
		p.sees(`[data-line="prefix"]`, "2001:db8:1200::/64")
	}
}

// A dialog that is open stays as it is while the page polls, and so does what
// has the focus.
func TestAPollLeavesADialogAlone(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	p.click(`[data-action="wizard"]`)
	p.types(`[data-wizard] [name="domain"]`, "half.ipv64")
	check(t, r.Line.Dial("203.0.113.99"))
	p.sees(`[data-line="ipv4"]`, "203.0.113.99")
	p.polls(2)
	p.do("type on", keys(".net"))
	if got := eval[string](p, `document.activeElement.name + ' ' + document.activeElement.value`); got != "domain half.ipv64.net" {
		t.Errorf("the dialog has %q", got)
	}
}
