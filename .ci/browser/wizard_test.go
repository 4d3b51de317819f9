package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"browser/router"
)

// off is a router after the installation: no account.
const off = "config homeward 'main'\n\toption enabled '0'\n"

func keys(text string) chromedp.Action[chromedp.Void] { return chromedp.KeyEvent(text) }

// wizard opens it on the empty page.
func wizard(t *testing.T) *page {
	t.Helper()
	begin(t, off)
	p := open(t, "root", stateView)
	p.click(`[data-daemon="none"] [data-action="wizard"]`)
	p.ready(`[data-wizard] [name="service"]`)
	return p
}

// IPv64 by the whole update URL, as its page shows it: token and host are in it.
func TestWizardTakesAnUpdateURL(t *testing.T) {
	before := len(r.IPv64.Requests())
	p := wizard(t)
	p.chooses(`[data-wizard] [name="service"]`, "ipv64")
	p.types(`[data-wizard] [name="token"]`, "https://ipv64.net/nic/update?key="+router.Token+"&domain=home.ipv64.net")
	p.click(`[data-action="finish"]`)
	p.current("home")
	all := r.IPv64.Requests()[before:]
	if len(all) != 1 || all[0].Key != router.Token || all[0].By != "bearer" || all[0].Query.Get("domain") != "home.ipv64.net" {
		t.Errorf("sent %v", all)
	}
	if c := r.Config("homeward"); !strings.Contains(c, "option enabled '1'") || !strings.Contains(c, "list domain 'home.ipv64.net'") || !strings.Contains(c, "option token '"+router.Token+"'") {
		t.Errorf("the configuration is\n%s", c)
	}
	p.closed()
}

func TestWizardSetsUpSpdyn(t *testing.T) {
	before := len(r.Spdyn.Requests())
	p := wizard(t)
	p.chooses(`[data-wizard] [name="service"]`, "spdyn")
	p.sees("[data-wizard]", "AAAA")
	p.types(`[data-wizard] [name="domain"]`, "home.spdns.org")
	p.types(`[data-wizard] [name="token"]`, router.SpdynToken)
	p.do("press Enter on the button", focus(`[data-action="finish"]`), keys("\r"))
	p.current("home")
	if all := r.Spdyn.Requests()[before:]; len(all) != 1 || all[0].User != "home.spdns.org" || !strings.HasPrefix(all[0].Answer, "good") || !strings.Contains(all[0].Query, "hostname=home.spdns.org") {
		t.Errorf("sent %v", all)
	}
}

// The daemon's own check finds what is wrong, at its field; nothing is saved.
func TestWizardShowsFaultsAtTheirFields(t *testing.T) {
	p := wizard(t)
	p.chooses(`[data-wizard] [name="service"]`, "ipv64")
	p.types(`[data-wizard] [name="domain"]`, "not_a_name!")
	p.click(`[data-action="finish"]`)
	p.wait("the fault of the host", `document.querySelector('[data-wizard] [data-fault="domain"]')`)
	p.wait("the fault of the token", `document.querySelector('[data-wizard] [data-fault="token"]')`)
	if r.Config("homeward") != off || r.Staged() > 0 {
		t.Errorf("saved: %d changes, and\n%s", r.Staged(), r.Config("homeward"))
	}
	p.types(`[data-wizard] [name="domain"]`, "home.ipv64.net")
	p.types(`[data-wizard] [name="token"]`, router.Token)
	p.click(`[data-action="finish"]`)
	p.current("home")
	if n := strings.Count(r.Config("homeward"), "config account"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// An account that another browser has added meanwhile stays, though its name is
// the one that the wizard would take; so at taking over.
func TestTwoWizards(t *testing.T) {
	one := wizard(t)
	two := open(t, "root", stateView)
	two.click(`[data-daemon="none"] [data-action="wizard"]`)
	three := openTakeOver(t)
	for domain, p := range map[string]*page{"home.ipv64.net": one, "home.any64.de": two} {
		p.chooses(`[data-wizard] [name="service"]`, "ipv64")
		p.types(`[data-wizard] [name="domain"]`, domain)
		p.types(`[data-wizard] [name="token"]`, router.Token)
		p.click(`[data-action="finish"]`)
		p.closed()
	}
	three.click(`[data-action="take-over"]`)
	until(t, "the third", func() bool { return strings.Contains(r.Config("homeward"), "house.ipv64.net") })
	c := r.Config("homeward")
	for _, domain := range []string{"home.ipv64.net", "home.any64.de"} {
		if n := strings.Count(c, "list domain '"+domain+"'"); n != 1 {
			t.Errorf("%s is there %d times:\n%s", domain, n, c)
		}
	}
	if n := strings.Count(c, "config account"); n != 3 {
		t.Errorf("%d accounts:\n%s", n, c)
	}
}

// What cannot be saved is taken back, so that a second press is not a second
// account; what cannot be started is said, and saved all the same.
func TestWizardTakesBackWhatIsNotSaved(t *testing.T) {
	p := wizard(t)
	p.chooses(`[data-wizard] [name="service"]`, "ipv64")
	p.types(`[data-wizard] [name="domain"]`, "home.ipv64.net")
	p.types(`[data-wizard] [name="token"]`, router.Token)
	refuse := func(name string) {
		r.Intercept(func(c router.Call) *router.Reply {
			if c.Object+"."+c.Method == name {
				return &router.Reply{Code: 6}
			}
			return nil
		})
	}
	refuse("uci.commit")
	p.click(`[data-action="finish"]`)
	p.sees("[data-wizard] [data-fault]", "Permission denied")
	if r.Config("homeward") != off || r.Staged() > 0 {
		t.Errorf("%d changes are staged, and the configuration is\n%s", r.Staged(), r.Config("homeward"))
	}
	refuse("homeward.service")
	p.click(`[data-action="finish"]`)
	p.closed()
	p.sees(`[data-answer="error"]`, "Permission denied")
	if c := r.Config("homeward"); strings.Count(c, "config account") != 1 || !strings.Contains(c, "config account 'home'") {
		t.Errorf("the configuration is\n%s", c)
	}
}

// What the check warns of is shown before the dialog closes.
func TestWizardShowsWarnings(t *testing.T) {
	p := wizard(t)
	p.chooses(`[data-wizard] [name="service"]`, "ipv64")
	p.types(`[data-wizard] [name="domain"]`, "home.ipv64.net")
	p.types(`[data-wizard] [name="token"]`, "an odd token")
	p.click(`[data-action="finish"]`)
	p.wait("the warning", `document.querySelector('#modal_overlay [data-fault="token"]')`)
	if c := r.Config("homeward"); !strings.Contains(c, "an odd token") {
		t.Errorf("the configuration is\n%s", c)
	}
	p.click(`[data-action="read"]`)
	p.closed()
	p.wait("the account", `document.querySelector('[data-account="home"]')`)
}

// openTakeOver opens the page with an account that has the name home, too.
func openTakeOver(t *testing.T) *page {
	t.Helper()
	check(t, r.WriteFile("/etc/config/ddns", strings.NewReplacer("'house'", "'home'", "home.ipv64.net", "house.ipv64.net").Replace(ddns)))
	p := open(t, "root", "services/homeward/import")
	p.sees("[data-import]", "house.ipv64.net")
	return p
}

// A secret's field shows dots.
func TestWizardHidesTheSecret(t *testing.T) {
	p := wizard(t)
	for _, service := range []string{"ipv64", "spdyn", "dyndns2"} {
		p.chooses(`[data-wizard] [name="service"]`, service)
		if kind := eval[string](p, `document.querySelector('[data-wizard] [name="token"], [data-wizard] [name="password"]').type`); kind != "password" {
			t.Errorf("%s: the secret's field is %q", service, kind)
		}
	}
}

func focus(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](`document.querySelector(` + quote(selector) + `).focus()`)
}
