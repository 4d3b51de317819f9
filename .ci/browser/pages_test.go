package browser_test

import (
	"strings"
	"testing"

	"browser/router"
)

const ddns = `package ddns

config ddns 'global'
	option upd_privateip '0'

config service 'house'
	option enabled '1'
	option service_name 'ipv64.net'
	option lookup_host 'home.ipv64.net'
	option domain 'home.ipv64.net'
	option username 'x'
	option password '` + router.Token + `'

config service 'odd'
	option enabled '1'
	option update_script '/usr/lib/ddns/own.sh'
	option domain 'odd.example.org'
`

// The log has the daemon's lines, each with its severity, and a filter.
func TestLog(t *testing.T) {
	begin(t, on+strings.Replace(home, router.Token, "0123456789abcdef0123456789abcdef", 1))
	until(t, "an error", func() bool { return strings.Contains(r.Log(), "daemon.err") })
	check(t, r.Configure(on+home))
	until(t, "a line", func() bool { return strings.Contains(r.Log(), "has accepted") })
	p := open(t, "root", "services/homeward/log")
	p.sees(`[data-log] [data-severity="info"]`, "has accepted 203.0.113.7")
	p.wait("the error", `document.querySelector('[data-log] [data-severity="err"]')`)
	p.chooses(`[data-filter="severity"]`, "err")
	p.wait("errors alone", `!document.querySelector('[data-log] [data-severity="info"]') && document.querySelector('[data-log] [data-severity="err"]')`)
	p.chooses(`[data-filter="severity"]`, "debug")
	p.types(`[data-filter="text"]`, "has accepted")
	p.wait("one line", `document.querySelectorAll('[data-log] [data-severity]').length == 1`)
	if strings.Contains(eval[string](p, `document.body.textContent`), router.Token) {
		t.Error("the token is in it")
	}
}

// What ddns-scripts had comes with one button, and what cannot is said before.
func TestTakeOver(t *testing.T) {
	begin(t, off)
	check(t, r.WriteFile("/etc/config/ddns", ddns))
	before := len(r.IPv64.Requests())
	p := open(t, "root", "services/homeward/import")
	p.sees("[data-import]", "home.ipv64.net")
	p.sees("#view", "odd")
	if strings.Contains(eval[string](p, `document.body.textContent`), router.Token) {
		t.Error("the token is shown")
	}
	p.click(`[data-action="take-over"]`)
	until(t, "the request", func() bool { return len(r.IPv64.Requests()) > before })
	if q := r.IPv64.Requests()[before]; q.Key != router.Token || q.Status != 200 {
		t.Errorf("sent %v", q)
	}
	p.wait("the state", `document.querySelector('#homeward-state [data-state="current"]')`)
	if c := r.Config("homeward"); !strings.Contains(c, "option enabled '1'") || !r.Running() {
		t.Errorf("the configuration is\n%s", c)
	}
}

// Without ddns-scripts there is no page to take over from it.
func TestNothingToTakeOver(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.wait("the tabs", `document.querySelector('#tabmenu li')`)
	if p.has(`#tabmenu a[href$="/import"]`) {
		t.Error("there is one")
	}
}

var views = []string{stateView, accountsView, "services/homeward/log", "services/homeward/import", "status/overview"}

// On a phone nothing is wider than the screen, dialogs included.
func TestFitsAPhone(t *testing.T) {
	begin(t, on+home+strings.NewReplacer("'home'", "'office'", "home.ipv64.net", strings.Repeat("long.", 40)+"ipv64.net").Replace(home))
	check(t, r.WriteFile("/etc/config/ddns", ddns))
	p := open(t, "root", stateView)
	p.screen(360, 740)
	const wide = `Math.max(document.documentElement.scrollWidth, document.getElementById('modal_overlay')?.scrollWidth ?? 0)`
	for _, v := range views {
		p.visit(v)
		p.wait("the accounts", `document.querySelector('#view').textContent.includes('home.ipv64.net')`)
		if w := eval[int](p, wide); w > 360 {
			t.Errorf("%s is %d wide: %q", v, w, eval[[]string](p, `[...document.querySelectorAll('#view *')].filter(n => n.getBoundingClientRect().right > 361).map(n => n.outerHTML.slice(0, 80))`))
		}
	}
	p.visit(stateView)
	p.click(`[data-action="wizard"]`)
	p.ready("[data-wizard]")
	if w := eval[int](p, wide); w > 360 {
		t.Errorf("the wizard is %d wide", w)
	}
	p.visit(accountsView)
	p.edits("home")
	if w := eval[int](p, wide); w > 360 {
		t.Errorf("the dialog is %d wide", w)
	}
}

// Every button is reached by Tab, in the order that they are seen in, and pressed
// by Enter.
func TestByKeyboard(t *testing.T) {
	begin(t, on+home)
	check(t, r.WriteFile("/etc/config/ddns", ddns))
	p := open(t, "root", stateView)
	for _, v := range views[:4] {
		p.visit(v)
		p.wait("it is whole", `document.querySelector('#view button, #view a, #view input')`)
		const all = `[...document.querySelectorAll('#view button, #view a[href], #view input:not([type=hidden]), #view select')].filter(n => n.checkVisibility() && !n.disabled)`
		want := eval[int](p, all+`.length`)
		eval[any](p, `(window.reached = new Set(), document.addEventListener('focusin', ev => window.reached.add(ev.target)), document.activeElement?.blur(), null)`)
		for range 4 * (want + 10) {
			p.do("Tab", keys("\t"))
			if eval[bool](p, all+`.every(n => window.reached.has(n))`) {
				want = 0
				break
			}
		}
		if want > 0 {
			t.Errorf("%s: Tab does not reach %q", v, eval[[]string](p, all+`.filter(n => !window.reached.has(n)).map(n => n.outerHTML.slice(0, 100))`))
		}
	}
	p.visit(stateView)
	p.current("home")
	before := len(r.IPv64.Requests())
	p.do("Enter", focus(card+`[data-action="force"]`), keys("\r"))
	until(t, "the request", func() bool { return len(r.IPv64.Requests()) > before })
}

// In German, nothing of ours is left in English.
func TestGerman(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	english := eval[[]string](p, `[...document.querySelectorAll('#view button, #view a, #view h2, #view h3, #view dt')].map(n => n.textContent.trim())`)
	p.visit(stateView + "?lang=de")
	german := eval[[]string](p, `[...document.querySelectorAll('#view button, #view a, #view h2, #view h3, #view dt')].map(n => n.textContent.trim())`)
	same := 0
	for i := range english {
		if i < len(german) && english[i] == german[i] {
			same++
		}
	}
	if len(english) != len(german) || len(english) == 0 || same > len(english)/3 {
		t.Errorf("English: %q\nGerman: %q", english, german)
	}
}

// In both themes the text can be read: WCAG's 4.5 to 1.
func TestColoursCanBeRead(t *testing.T) {
	begin(t, on+strings.Replace(home, router.Token, "0123456789abcdef0123456789abcdef", 1))
	p := open(t, "root", stateView)
	for _, theme := range []string{"", "?theme=dark"} {
		p.visit(stateView + theme)
		p.wait("stopped", `document.querySelector('`+card+`[data-state="stopped"]')`)
		low := eval[[]string](p, contrast)
		if len(low) > 0 {
			t.Errorf("theme %q: %q", theme, low)
		}
	}
}

// contrast returns the texts that are too pale for what lies behind them.
const contrast = `(() => {
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return { rgb: m.slice(0, 3), a: m[3] ?? 1 } };
	const light = rgb => rgb.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [ .2126, .7152, .0722 ][i], 0);
	const over = (top, bottom) => top.rgb.map((v, i) => v * top.a + bottom[i] * (1 - top.a));
	const behind = n => {
		const layers = [];
		for (let e = n; e; e = e.parentElement)
			layers.unshift(parse(getComputedStyle(e).backgroundColor));
		return layers.reduce((rgb, l) => over(l, rgb), [ 255, 255, 255 ]);
	};
	const opacity = n => { let o = 1; for (let e = n; e; e = e.parentElement) o *= Number(getComputedStyle(e).opacity); return o };
	const low = [];
	for (const n of document.querySelectorAll('#view *')) {
		if (!n.checkVisibility() || ![ ...n.childNodes ].some(c => c.nodeType == 3 && c.textContent.trim()))
			continue;
		const back = behind(n), text = parse(getComputedStyle(n).color);
		text.a *= opacity(n);
		const [ a, b ] = [ light(over(text, back)), light(back) ].sort((x, y) => y - x);
		if ((a + .05) / (b + .05) < 4.5)
			low.push(n.textContent.trim().slice(0, 30) + ' ' + ((a + .05) / (b + .05)).toFixed(1));
	}
	return low;
})()`
