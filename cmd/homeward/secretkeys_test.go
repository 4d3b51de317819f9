package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	"template": {"domains": `["home.example.org"]`, "password": `"p"`, "url4": `"https://dyn.example/?ip=[IP]&p=[PASSWORD]"`, "answer": `"good"`},
}

// said runs what tells of a configuration and returns all that was said.
func said(t *testing.T, src string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.toml")
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, args := range [][]string{{"check", "-c", file}, {"once", "--dry-run", "-c", file}} {
		run(t.Context(), args, strings.NewReader(""), &out, &out)
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
	for _, m := range misplacedSecrets {
		for service := range sampleAccounts {
			for _, table := range [][]key{topKeys(), lineKeys(), accountKeys()} {
				for _, k := range table {
					if k.kind == tables || k.name == "state_dir" && m.value[0] == '/' || k.name == "run_dir" && m.value[0] == '/' {
						continue // a path is what belongs there
					}
					src := tomlWith(service, table, k, m.value)
					if got := said(t, src); strings.Contains(got, m.secret) || got == "" {
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
				if got := said(t, src); strings.Contains(got, m.secret) {
					t.Errorf("%s is said of\n%s\n%s", m.secret, src, got)
				}
			}
		}
	}
}

func TestASecretUnderAnyOptionOfUCIIsNeverSaid(t *testing.T) {
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
				errs.WriteString(said(t, toml.String()))
			}
			if strings.Contains(errs.String(), m.secret) || errs.Len() == 0 {
				t.Errorf("%s is said of\n%s\n%s", m.secret, src, errs.String())
			}
		}
	}
}
