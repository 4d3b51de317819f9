package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"browser/router"
)

const accountsView = "services/homeward/accounts"

// edits opens an account's dialog.
func (p *page) edits(account string) {
	p.Helper()
	p.click(`.cbi-section-table-row[data-section-id="` + account + `"] .cbi-button-edit`)
	p.ready("#modal_overlay .cbi-map .cbi-tabmenu")
}

// field is an option's input in the dialog.
func field(account, option string) string {
	return `#modal_overlay [id="widget.cbid.homeward.` + account + `.` + option + `"]`
}

// tab shows a tab of the dialog: that of an option.
func (p *page) tab(account, option string) {
	p.Helper()
	name := eval[string](p, fmt.Sprintf(`document.querySelector('#modal_overlay [data-field="cbid.homeward.%s.%s"]').closest('[data-tab]').getAttribute('data-tab')`, account, option))
	p.click(`#modal_overlay .cbi-tabmenu li[data-tab="` + name + `"] a`)
}

// sets gives a field of the dialog a value, whichever widget it is.
func (p *page) sets(account, option, value string) {
	p.Helper()
	eval[any](p, fmt.Sprintf(`(n => { L.dom.callClassMethod(n, 'setValue', %s); n.dispatchEvent(new CustomEvent('widget-change', { bubbles: true })); return null })
		(document.querySelector('#modal_overlay [id="cbid.homeward.%s.%s"]'))`, value, account, option))
}

// saves presses the dialog's button.
func (p *page) saves() {
	p.Helper()
	p.click("#modal_overlay .button-row .cbi-button-positive")
}

// closed waits until no dialog is open.
func (p *page) closed() {
	p.Helper()
	p.wait("the dialog is closed", `!document.body.classList.contains('modal-overlay-active')`)
}

// applies presses the page's button, and waits for what the router has then.
func (p *page) applies(what string) {
	p.Helper()
	p.click(".cbi-page-actions .cbi-button-apply")
	until(p.T, what+" is in the configuration", func() bool { return strings.Contains(r.Config("homeward"), what) })
}

// An edit goes the whole way: the dialog, the daemon's check, the router's
// configuration, the service.
func TestAnEditIsCheckedSavedAndSent(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", accountsView)
	p.edits("home")
	if kind := eval[string](p, `document.querySelector('`+field("home", "token")+`').type`); kind != "password" {
		t.Errorf("the token's field is %q", kind)
	}
	p.tab("home", "record")
	p.types(field("home", "record"), "www")
	p.saves()
	p.closed()
	if r.Staged() == 0 {
		t.Error("nothing is staged")
	}
	before := len(r.IPv64.Requests())
	p.applies("option record 'www'")
	until(t, "the request", func() bool { return len(r.IPv64.Requests()) > before })
	if q := r.IPv64.Requests()[before].Query; q.Get("praefix") != "www" {
		t.Errorf("sent %v", q)
	}
}

// A switch that is on by another word than 1 is on in the form, and stays on.
func TestASaveLeavesOnWhatIsOn(t *testing.T) {
	words := strings.NewReplacer("'1'", "'on'", "option service", "option enabled 'yes'\n\toption service")
	begin(t, words.Replace(on+home))
	p := open(t, "root", accountsView)
	p.edits("home")
	p.tab("home", "limit_group")
	p.types(field("home", "limit_group"), "mine")
	p.saves()
	p.closed()
	p.applies("option limit_group 'mine'")
	if c := r.Config("homeward"); strings.Contains(c, "enabled '0'") {
		t.Errorf("the save switches off:\n%s", c)
	}

	begin(t, strings.NewReplacer("'on'", "'off'", "'yes'", "'no'").Replace(words.Replace(on+home)))
	p.visit(accountsView)
	if n := eval[int](p, `document.querySelectorAll('#view input[type="checkbox"]:checked').length`); n != 0 {
		t.Errorf("%d switches are on of what is off", n)
	}
}

// The last account goes, and so does its switch: with homeward off there is
// nothing to fault, and with it on the fault says how.
func TestTheLastAccountCanGo(t *testing.T) {
	const main = `[id="widget.cbid.homeward.main.enabled"]`
	begin(t, off)
	p := open(t, "root", accountsView)
	p.types(`[id="widget.cbid.homeward.main.on_change"]`, "/bin/true")
	p.applies("option on_change '/bin/true'")

	begin(t, on+home)
	p.visit(accountsView)
	p.click(`.cbi-section-table-row[data-section-id="home"] input[type="checkbox"]`)
	p.click(".cbi-page-actions .cbi-button-apply")
	p.sees(`#view [data-faults="page"]`, "switch homeward off, too")
	p.click(main)
	p.applies("enabled '0'")
	until(t, "it is confirmed", func() bool { return !r.Rollback() })

	begin(t, on+home)
	p.visit(accountsView)
	p.click(`.cbi-section-table-row[data-section-id="home"] .cbi-button-remove`)
	p.wait("it is gone from the table", `!document.querySelector('.cbi-section-table-row[data-section-id="home"]')`)
	p.click(".cbi-page-actions .cbi-button-apply")
	p.sees(`#view [data-faults="page"]`, "switch homeward off, too")
	p.click(main)
	p.click(".cbi-page-actions .cbi-button-apply")
	until(t, "it is gone", func() bool { return !strings.Contains(r.Config("homeward"), "config account") })
}

// A fault stands at its option, its tab is shown, and nothing is saved.
func TestAFaultIsShownAtItsOption(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", accountsView)
	p.edits("home")
	p.tab("home", "refresh")
	p.types(field("home", "refresh"), "soon")
	p.tab("home", "token")
	p.saves()
	p.wait("the fault", `document.querySelector('#modal_overlay [data-field="cbid.homeward.home.refresh"] [data-fault="refresh"]')?.checkVisibility()`)
	if r.Staged() > 0 {
		t.Error("it is staged all the same")
	}
	p.types(field("home", "refresh"), "600h")
	p.saves()
	p.closed()
	p.applies("option refresh '600h'")
}

// What is written and not saved is forgotten, and an account that was added and
// left is gone.
func TestWhatIsDismissedIsForgotten(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", accountsView)
	p.edits("home")
	p.tab("home", "limit_group")
	p.types(field("home", "limit_group"), "mine")
	p.click("#modal_overlay .button-row .btn:not(.cbi-button-positive)")
	p.closed()
	p.edits("home")
	if got := eval[string](p, `document.querySelector('`+field("home", "limit_group")+`').value`); got != "" || r.Staged() > 0 {
		t.Errorf("it is still %q, and %d changes are staged", got, r.Staged())
	}
}

// The choice of a host behind the router says which address it will have.
func TestAHostBehindTheRouterShowsItsAddress(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", accountsView)
	p.edits("home")
	p.tab("home", "host")
	p.sets("home", "host", `"00:11:32:12:34:56"`)
	p.sees("[data-host-address]", "2001:db8:1200:0:211:32ff:fe12:3456")
	p.sets("home", "host", `"::abcd"`)
	p.sees("[data-host-address]", "2001:db8:1200::abcd")
	p.sets("home", "host", `"::5"`)
	p.saves()
	p.closed()
	p.applies("option host '::5'")
}

// Two browsers save: what each changes is kept, and an account that the other
// has taken away is not half there again.
func TestTwoBrowsersSave(t *testing.T) {
	begin(t, on+home+strings.NewReplacer("'home'", "'office'", "home.ipv64", "office.ipv64").Replace(home))
	one, two := open(t, "root", accountsView), open(t, "root", accountsView)
	for account, p := range map[string]*page{"home": one, "office": two} {
		p.edits(account)
		p.tab(account, "limit_group")
		p.types(field(account, "limit_group"), "of_"+account)
		p.saves()
		p.closed()
	}
	one.applies("of_home")
	one.wait("LuCI has applied it", `!document.body.classList.contains('modal-overlay-active')`)
	until(t, "it is confirmed", func() bool { return !r.Rollback() })
	two.applies("of_office")
	if c := r.Config("homeward"); !strings.Contains(c, "of_home") || !strings.Contains(c, "of_office") {
		t.Errorf("one is lost:\n%s", c)
	}
	until(t, "it is confirmed", func() bool { return !r.Rollback() })

	one, two = open(t, "root", accountsView), open(t, "root", accountsView)
	one.edits("office")
	two.click(`.cbi-section-table-row[data-section-id="office"] .cbi-button-remove`)
	two.wait("it is gone from the table", `!document.querySelector('.cbi-section-table-row[data-section-id="office"]')`)
	two.click(".cbi-page-actions .cbi-button-apply")
	until(t, "it is gone", func() bool { return !strings.Contains(r.Config("homeward"), "of_office") })
	one.tab("office", "limit_group")
	one.types(field("office", "limit_group"), "of_nobody")
	one.saves()
	one.wait("the page says so", `document.querySelector('#modal_overlay [data-faults] [data-fault], .alert-message')`)
	if c := r.Config("homeward"); strings.Contains(c, "office") {
		t.Errorf("it is back:\n%s", c)
	}
}

// Each option that the configuration may have is in the form, at the services
// that have it and not at others.
func TestEveryOptionIsInTheForm(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", accountsView)
	main, account := options()
	const shown = `[...document.querySelectorAll('%s [data-field]')].filter(f => !f.classList.contains('hidden')).map(f => f.getAttribute('data-name') ?? f.id.split('-').pop())`
	got := eval[[]string](p, fmt.Sprintf(shown, "#cbi-homeward-main"))
	for _, name := range main {
		if !slices.Contains(got, name) {
			t.Errorf("config homeward: no field %s among %q", name, got)
		}
	}
	p.edits("home")
	for _, service := range []string{"ipv64", "spdyn", "dyndns2", "rfc2136", "template"} {
		p.sets("home", "service", quote(service))
		p.sets("home", "detect", `"web"`)
		got := eval[[]string](p, fmt.Sprintf(shown, "#modal_overlay"))
		for name, services := range account {
			want := services == "" || slices.Contains(strings.Fields(services), service)
			if slices.Contains(got, name) != want {
				t.Errorf("%s: the field %s is there: %v, want %v", service, name, !want, want)
			}
		}
	}
	if !strings.Contains(home, router.Token) {
		t.Fatal("the account has no token")
	}
}
