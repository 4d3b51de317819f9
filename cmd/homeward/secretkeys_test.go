package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"homeward/update/updatetest"
)

// misplaced are secrets as people paste them, and the part of each that must
// not be seen.
var misplacedSecrets = []struct{ value, secret string }{
	{"4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2", "4ff3f0e2a1b2c3d4"},
	{"Xk9dPq2LmZ7rTb4VwY8s", "Xk9dPq2LmZ7r"},
	{"abcd-efgh-ijkl", "efgh"},
	{"a7c4d0ad-114e-40ef-ba1d-d217904a50f2", "d217904a50f2"},
	{"https://ipv64.net/nic/update?key=4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2&domain=home.ipv64.net", "4ff3f0e2a1b2c3d4"},
	{"https://x:4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2@ipv64.net/nic/update?host=home.ipv64.net", "4ff3f0e2a1b2c3d4"},
	{"https://www.duckdns.org/update/home/a7c4d0ad-114e-40ef-ba1d-d217904a50f2", "d217904a50f2"},
	{"Bearer 4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2", "4ff3f0e2a1b2c3d4"},
	{"none:4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2", "4ff3f0e2a1b2c3d4"},
	{"/etc/4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2", "4ff3f0e2a1b2c3d4"},
}

// sample accounts, one for each service, that a key is put into.
var sampleAccounts = map[string]map[string]string{
	"ipv64":    {"domains": `["home.ipv64.net"]`, "token": `"t0ken"`},
	"spdyn":    {"domains": `["home.spdns.org"]`, "username": `"me"`, "password": `"p"`},
	"dyndns2":  {"domains": `["home.example.org"]`, "username": `"me"`, "password": `"p"`, "server": `"https://dyn.example"`},
	"template": {"domains": `["home.example.org"]`, "password": `"p"`, "url4": `"https://dyn.example/?ip=[IP]&host=[DOMAIN]&p=[PASSWORD]&[PARAMOPT]"`, "answer": `"good"`},
}

// said runs what tells of a configuration, on the line of the house, and returns
// all that was said.
func (h *house) said(src string) string {
	h.Helper()
	file := h.path("x.toml")
	if !strings.Contains(src, "state_dir = ") {
		src = fmt.Sprintf("state_dir = %q\nrun_dir = %q\n", h.path("state"), h.path("run")) + src
	}
	h.must(os.WriteFile(file, []byte(src), 0o644))
	h.must(os.MkdirAll(h.path("state"), 0o700)) // ours: once is to stay who it is
	var out bytes.Buffer
	for _, args := range [][]string{{"check", "-c", file}, {"once", "--dry-run", "-c", file}} {
		run(h.Context(), args, strings.NewReader(""), &out, &out)
	}
	return out.String()
}

// tomlWith puts a value under a key of an account, of [line], or of the top.
func tomlWith(service string, table []key, k key, value string) string {
	quoted := fmt.Sprintf("%q", value)
	if k.kind == list {
		quoted = "[" + quoted + "]"
	}
	top, line, account := "", "", map[string]string{"service": fmt.Sprintf("%q", service)}
	for key, v := range sampleAccounts[service] {
		account[key] = v
	}
	switch k.name {
	case "token_file", "password_file", "template":
		delete(account, strings.TrimSuffix(k.name, "_file"))
		delete(account, "url4")
		delete(account, "answer")
	case "url", "url6":
		delete(account, "url4")
	}
	switch len(table) {
	case len(topKeys()):
		top = k.name + " = " + quoted + "\n"
		if k.name == "run_dir" {
			top += "state_dir = \"state\"\n"
		}
	case len(lineKeys()):
		line = "[line]\n" + k.name + " = " + quoted + "\n"
	default:
		account[k.name] = quoted
	}
	src := top + line + "[account.home]\n"
	for key, v := range account {
		src += key + " = " + v + "\n"
	}
	return src
}

func TestASecretUnderAnyKeyIsNeverSaid(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.lineUp()
	if got := h.said(tomlWith("template", accountKeys(), key{name: "poll"}, "5m")); !strings.Contains(got, "GET https://dyn.example/?ip=203.0.113.7") {
		t.Fatalf("a dry run shows no request: %s", got)
	}
	for _, m := range misplacedSecrets {
		for service := range sampleAccounts {
			for _, table := range [][]key{topKeys(), lineKeys(), accountKeys()} {
				for _, k := range table {
					if k.kind == tables || strings.HasSuffix(k.name, "_dir") && m.value[0] == '/' {
						continue // a path is what belongs there
					}
					src := tomlWith(service, table, k, m.value)
					if got := h.said(src); strings.Contains(got, m.secret) || got == "" {
						t.Errorf("%s is said of\n%s\n%s", m.secret, src, got)
					}
				}
			}
			for _, src := range []string{
				"[account." + fmt.Sprintf("%q", m.value) + "]\nservice = \"ipv64\"\n",
				fmt.Sprintf("%q", m.value) + " = \"x\"\n",
				"[" + fmt.Sprintf("%q", m.value) + "]\n",
				"[account]\n" + fmt.Sprintf("%q", m.value) + " = 1\n",
				"[account.home]\n" + fmt.Sprintf("%q", m.value) + " = \"x\"\n",
				m.value + "\n",
			} {
				if got := h.said(src); strings.Contains(got, m.secret) {
					t.Errorf("%s is said of\n%s\n%s", m.secret, src, got)
				}
			}
		}
	}
}

// Names stand in logs, in the status, and in URLs: what has a token's form is
// none.
func TestATokenIsNoName(t *testing.T) {
	const token = "4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2"
	account := "service = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"t\"\n"
	for _, src := range []string{
		"state_dir = \"" + token + "\"\n[account.a]\n" + account,
		"run_dir = \"" + token + "\"\n[account.a]\n" + account,
		"run_dir = \"https://ipv64.net/x\"\n[account.a]\n" + account,
		"[account." + token + "]\n" + account,
		"[line]\nwan = \"abcd-efgh-ijkl\"\n[account.a]\n" + account,
		"[account.a]\nrecord = \"" + token + "\"\n" + account,
		"[account.a]\nserver = \"https://" + token + "\"\n" + account,
		"[account.a]\nservice = \"template\"\nurl4 = \"https://x.example/[IP]/[PASSWORD]\"\nanswer = \"ok\"\npassword = \"p\"\ndomains = [\"" + token + "\"]\n",
	} {
		if _, _, faults := parse("x.toml", []byte(src), 0o600, noFiles); len(faults) != 1 {
			t.Errorf("%d faults in\n%s\n%v", len(faults), src, faults)
		}
	}
	for _, name := range []string{"homeassistant2025", "MyHomeServerAtHome2024", "zwei.spdns.de", "nas-of-the-house-1", "x"} {
		src := "[account." + tomlKey(name) + "]\nrecord = \"homeassistant2025\"\n" + account
		if _, _, faults := parse("x.toml", []byte(src), 0o600, noFiles); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

func TestASecretUnderAnyOptionOfUCIIsNeverSaid(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.lineUp()
	for _, m := range misplacedSecrets {
		var texts []string
		main, account := "config homeward 'main'\n", "config account 'home'\n\toption service 'ipv64'\n"
		for _, k := range slices.Concat(uciTopKeys, uciLineKeys) {
			texts = append(texts, main+"\toption "+k.option+" "+uciQuote(m.value)+"\n")
		}
		for _, k := range uciAccountKeys {
			for _, kind := range []string{"option", "list"} {
				texts = append(texts, account+"\t"+kind+" "+k.option+" "+uciQuote(m.value)+"\n")
			}
		}
		texts = append(texts, "config account "+uciQuote(m.value)+"\n\toption x '1'\n", "config "+uciQuote(m.value)+" 'x'\n",
			account+"\toption "+uciQuote(m.value)+" '1'\n", "package "+uciQuote(m.value)+"\n", m.value+"\n",
			account+"\toption token '"+m.value+"\n", account+"\toption token "+m.value+" x\n")
		for _, src := range texts {
			var toml, errs bytes.Buffer
			if code := run(t.Context(), []string{"uci"}, strings.NewReader(src), &toml, &errs); code == 0 {
				errs.WriteString(h.said(toml.String()))
			}
			if strings.Contains(errs.String(), m.secret) || errs.Len() == 0 {
				t.Errorf("%s is said of\n%s\n%s", m.secret, src, errs.String())
			}
		}
	}
}
