package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"homeward/cmd/homeward/settings"
	"homeward/openwrt/uci"
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
	"rfc2136":  {"domains": `["home.example.org"]`, "key_name": `"homeward"`, "password": `"c2VjcmV0"`, "server": `"ns.example.org"`},
	"template": {"domains": `["home.example.org"]`, "password": `"p"`, "url4": `"https://dyn.example/?ip=[IP]&host=[DOMAIN]&p=[PASSWORD]&[PARAMOPT]"`, "answer": `"good"`},
}

// said runs what tells of a configuration, on the line of the house, and returns
// all that was said.
func (h *house) said(src string) string {
	h.t.Helper()
	file := h.path("x.toml")
	if !strings.Contains(src, "state_dir = ") {
		src = fmt.Sprintf("state_dir = %q\nrun_dir = %q\n", h.path("state"), h.path("run")) + src
	}
	h.must(os.WriteFile(file, []byte(src), 0o644))
	h.must(os.MkdirAll(h.path("state"), 0o700)) // ours: once is to stay who it is
	var out bytes.Buffer
	for _, args := range [][]string{{"check", "-c", file}, {"once", "--dry-run", "-c", file}, {"report", "-c", file}} {
		run(h.t.Context(), args, strings.NewReader(""), &out, &out)
	}
	return out.String()
}

// tomlWith puts a value under a key of an account, of [line], or of the top.
func tomlWith(service string, table []settings.Key, k settings.Key, value string) string {
	quoted := fmt.Sprintf("%q", value)
	if k.Kind == settings.List {
		quoted = "[" + quoted + "]"
	}
	top, line, account := "", "", map[string]string{"service": fmt.Sprintf("%q", service)}
	for key, v := range sampleAccounts[service] {
		account[key] = v
	}
	switch k.Name {
	case "token_file", "password_file", "template":
		delete(account, strings.TrimSuffix(k.Name, "_file"))
		delete(account, "url4")
		delete(account, "answer")
	case "url", "url6":
		delete(account, "url4")
	}
	switch len(table) {
	case len(settings.TopKeys()):
		top = k.Name + " = " + quoted + "\n"
		if k.Name == "run_dir" {
			top += "state_dir = \"state\"\n"
		}
	case len(settings.LineKeys()):
		line = "[line]\n" + k.Name + " = " + quoted + "\n"
	default:
		account[k.Name] = quoted
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
	if got := h.said(tomlWith("template", settings.AccountKeys(), settings.Key{Name: "poll"}, "5m")); !strings.Contains(got, "GET https://dyn.example/?ip=203.0.113.7") {
		t.Fatalf("a dry run shows no request: %s", got)
	}
	for _, m := range misplacedSecrets {
		for service := range sampleAccounts {
			for _, table := range [][]settings.Key{settings.TopKeys(), settings.LineKeys(), settings.AccountKeys()} {
				for _, k := range table {
					if k.Kind == settings.Tables || strings.HasSuffix(k.Name, "_dir") && m.value[0] == '/' {
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

func TestASecretUnderAnyOptionOfUCIIsNeverSaid(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.lineUp()
	for _, m := range misplacedSecrets {
		var texts []string
		schema := settings.UCI()
		main, account := "config homeward 'main'\n", "config account 'home'\n\toption service 'ipv64'\n"
		for _, k := range slices.Concat(schema.Top, schema.Line) {
			texts = append(texts, main+uci.Line("option "+k.Option, m.value))
		}
		for _, k := range schema.Account {
			for _, statement := range []string{"option ", "list "} {
				texts = append(texts, account+uci.Line(statement+k.Option, m.value))
			}
		}
		texts = append(texts, "config account "+uci.Quote(m.value)+"\n\toption x '1'\n", "config "+uci.Quote(m.value)+" 'x'\n",
			account+"\toption "+uci.Quote(m.value)+" '1'\n", "package "+uci.Quote(m.value)+"\n", m.value+"\n",
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
