package browser_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"browser/router"
)

// evil is a text that would run in a page that takes it for HTML, or makes HTML
// of what was escaped; n tells which it was.
func evil(n string) string {
	return `&lt;img src=x onerror=pwned('` + n + `')&gt;<img src=x onerror="pwned('` + n + `')"><x-evil>` + n + `</x-evil>"><svg onload=pwned('` + n + `')>'` + "`${pwned('" + n + "')}` %h %s <script>pwned('" + n + "')</script>"
}

// replies has calls answered by what is given, by object and method.
func replies(answers map[string]any) {
	r.Intercept(func(c router.Call) *router.Reply {
		if data, ok := answers[c.Object+"."+c.Method]; ok {
			return &router.Reply{Data: data}
		}
		return nil
	})
}

// evilStatus has foreign text in every member that is one.
func evilStatus() map[string]any {
	at := "2026-11-21T20:00:00Z"
	status := map[string]any{
		"version": evil("version"), "pid": 1, "started": at,
		"line": map[string]any{"ipv4": evil("ipv4"), "wan": evil("wan"), "ipv6": evil("ipv6"), "wan6": evil("wan6"), "delegated": []string{evil("delegated")},
			"lan": evil("lan"), "lans": []string{evil("lans0"), evil("lans1")},
			"missing": map[string]any{"prefix": map[string]any{"reason": evil("reason"), "text": evil("text")}}},
		"accounts": map[string]any{},
	}
	for _, state := range []string{"current", "due", "retrying", "limited", "stopped", "waiting", evil("state")} {
		status["accounts"].(map[string]any)[evil("name")+state] = map[string]any{
			"service": evil("service"), "domains": []string{evil("domain")}, "state": state, "error": evil("error"), "reason": evil("reason"), "note": evil("note"),
			"accepted": map[string]any{"ipv4": evil("accepted4"), "ipv6": evil("accepted6"), "prefix": evil("acceptedp"), "at": at},
			"want":     map[string]any{"ipv4": evil("want4"), "ipv6": evil("want6"), "prefix": evil("wantp")}, "next": at, "used_24h": 1, "limit_24h": 48,
		}
	}
	return status
}

// Foreign text is text: what the status says, on the state's page and the
// overview. unharmed holds for each page at its end.
func TestForeignTextInTheStatusIsText(t *testing.T) {
	begin(t, on+home)
	text, err := json.Marshal(evilStatus())
	check(t, err)
	replies(map[string]any{"file.read": map[string]any{"data": string(text)}})
	p := open(t, "root", stateView)
	for _, part := range []string{"ipv4", "wan", "ipv6", "delegated", "text", "name", "service", "domain", "error", "note", "accepted4", "want6"} {
		p.sees("#view", evil(part))
	}
	p.polls(2)
	p.visit("status/overview")
	for _, part := range []string{"name", "domain", "error"} {
		p.sees("#view", evil(part))
	}
	p.polls(1)
}

// What calls answer: an error, and what a sent update says.
func TestForeignTextInAnswersIsText(t *testing.T) {
	begin(t, on+home)
	p := open(t, "root", stateView)
	p.current("home")
	for i, answer := range []map[string]any{{"error": evil("said")}, {"output": evil("told")}} {
		replies(map[string]any{"homeward.force": answer})
		p.click(card + `[data-action="force"]`)
		p.sees("#maincontent", evil([]string{"said", "told"}[i]))
	}
}

func TestForeignTextInTheLogIsText(t *testing.T) {
	begin(t, on+home)
	replies(map[string]any{"homeward.log": map[string]any{"log": []any{
		map[string]any{"time": 1764288000, "severity": "info", "text": evil("line")}, map[string]any{"time": 1764288001, "severity": "err", "text": evil("error")},
		map[string]any{"time": 1764288002, "severity": evil("severity"), "text": "odd"}}}})
	p := open(t, "root", "services/homeward/log")
	p.sees("#view", evil("line"))
	p.sees("#view", evil("error"))
	replies(map[string]any{"homeward.log": map[string]any{"error": evil("refused")}})
	p.visit("services/homeward/log")
	p.sees("#view", evil("refused"))
}

// What the configuration says: names, hosts, values, those of the services and
// the hosts behind the router, and the faults of the check.
func TestForeignTextInTheConfigurationIsText(t *testing.T) {
	uci := func(n string) string { return strings.ReplaceAll(evil(n), "'", `'\''`) }
	config := on + fmt.Sprintf("config account\n\toption service '%s'\n\tlist domain '%s'\n\toption token '%s'\n\toption record '%s'\n\toption host '%s'\n\toption wan '%s'\n"+
		"\toption template '%s'\n\toption server '%s'\n\tlist publish '%s'\n", uci("service"), uci("domain"), uci("token"), uci("record"), uci("host"), uci("wan"), uci("template"), uci("server"), uci("publish"))
	begin(t, config+"\n"+home)
	var everywhere []any // of each section, at an option of the form, at one that is none, and at none
	for line := range 40 {
		for _, option := range []string{"token", evil("option"), ""} {
			everywhere = append(everywhere, map[string]any{"section": evil("section"), "option": option, "line": line, "text": evil("fault")})
		}
	}
	r.Intercept(func(c router.Call) *router.Reply {
		switch c.Object + "." + c.Method {
		case "homeward.services":
			return &router.Reply{Data: map[string]any{"services": []any{
				map[string]any{"name": "ipv64", "needs": []string{"token"}, "publishes": []string{"ipv4"}},
				map[string]any{"name": evil("listed"), "needs": []string{evil("needs")}, "publishes": []string{evil("publishes")}, "file": evil("file")}}}}
		case "homeward.check":
			return &router.Reply{Data: map[string]any{"warnings": []any{}, "faults": everywhere}}
		}
		return nil
	})
	p := open(t, "root", accountsView)
	p.sees("#view", evil("domain"))
	anonymous := eval[string](p, `[...document.querySelectorAll('.cbi-section-table-row[data-section-id]')].map(n => n.getAttribute('data-section-id')).find(n => n != 'home')`)
	p.edits(anonymous)
	p.wait("its values", `document.querySelector('#modal_overlay .cbi-map').textContent.includes(`+quote(evil("domain"))+`)`)
	p.saves()
	p.wait("the faults", `document.querySelector('#modal_overlay [data-fault]')`)
	p.visit(stateView)
	p.click(`[data-action="wizard"]`)
	p.chooses(`[data-wizard] [name="service"]`, evil("listed"))
	p.click(`[data-action="finish"]`)
	p.wait("the faults", `document.querySelector('[data-wizard] [data-fault]')`)
}

// What /etc/config/ddns becomes.
func TestForeignTextInTheImportIsText(t *testing.T) {
	begin(t, off)
	check(t, r.WriteFile("/etc/config/ddns", "package ddns\n"))
	q := func(n string) string { return "'" + strings.ReplaceAll(evil(n), "'", `'\''`) + "'" }
	replies(map[string]any{"homeward.import": map[string]any{"config": "# " + evil("comment") + "\n# not taken over: config " + evil("lost") + "\n\nconfig homeward 'main'\n\toption enabled '1'\n\n" +
		"# " + evil("note") + "\nconfig account 'a'\n\toption service " + q("service") + "\n\toption token " + q("token") + "\n\tlist domain " + q("domain") + "\n"}})
	p := open(t, "root", "services/homeward/import")
	for _, part := range []string{"service", "domain", "lost"} {
		p.sees("#view", evil(part))
	}
	if p.has("x-evil") || eval[bool](p, `document.querySelector('#view').textContent.includes(`+quote(evil("token"))+`)`) {
		t.Error("the secret is shown")
	}
	replies(map[string]any{"homeward.import": map[string]any{"error": evil("refused")}})
	p.visit("services/homeward/import")
	p.sees("#view", evil("refused"))
}
