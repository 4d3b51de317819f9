package services

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/updatetest/golden"
)

const servicesMD = "../SERVICES.md"

// TestServicesMD writes the table of SERVICES.md from the files (-rewrite).
func TestServicesMD(t *testing.T) {
	table := "\n| service | publishes | prefix | secret | limits |\n|---|---|---|---|---|\n"
	for _, name := range Names() {
		tmpl := *account(t, name, "home.example.org").Template
		f, can := tmpl.File, tmpl.Carries()
		addresses, prefix := "ipv4 ipv6", "no"
		if !can.IPv6 {
			addresses = "ipv4"
		}
		if can.Prefix {
			if prefix = "yes"; tmpl.OneOfIPv6() {
				prefix = "yes, in place of ipv6"
			}
		}
		secret := f.Secret
		if f.Username != "" {
			secret += "; username: " + f.Username
		}
		if tmpl.NeedsZone() {
			secret += "; and `zone`"
		}
		if strings.Contains(tmpl.Texts(), "[SERVER]") {
			secret += "; and `server`"
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", name, addresses, prefix, secret, limits(f))
	}
	table += "\nipv64, spdyn, dyndns2 and rfc2136 are no files. The prefix is published by ipv64, and by those with a yes above.\n"
	table += "\nThese write a TTL with each update, in place of the record's: " + strings.Join(fixedTTLs(t), ", ") + ".\n"
	table += ddnsScripts(t)
	part(t, "services", table+"\n")
}

// fixedTTLs returns the services whose updates name a TTL, with its seconds.
func fixedTTLs(t *testing.T) (all []string) {
	t.Helper()
	ttl := regexp.MustCompile(`ttl(?:\W|name|value|string)+(\d+)`)
	for _, name := range Names() {
		f := account(t, name, "home.example.org").Template.File
		for _, s := range []*service.Step{f.Address, f.IPv4} {
			if s == nil {
				continue
			}
			if m := ttl.FindStringSubmatch(s.URL + s.Form + string(s.Body) + s.XML); m != nil {
				all = append(all, "`"+name+"` ("+m[1]+" s)")
			}
		}
	}
	return all
}

func limits(f *service.File) string {
	n := func(limit *int, usual int) int {
		if limit == nil {
			return usual
		}
		return *limit
	}
	short, day := n(f.Limit10s, 3), n(f.Limit24h, 48)
	switch {
	case short == 0 && day == 0:
		return "none"
	case day == 0:
		return fmt.Sprintf("%d in 10 s", short)
	}
	return fmt.Sprintf("%d in 10 s, %d in 24 h", short, day)
}

// ddnsScripts tells how many of ddns-scripts' services work, and why the others do
// not.
func ddnsScripts(t *testing.T) string {
	t.Helper()
	rows, err := os.ReadFile("../../update/service/testdata/ddns-scripts.tsv") // its files with a URL; update/service tests each
	if err != nil {
		t.Fatal(err)
	}
	urls := map[string]bool{}
	for line := range bytes.Lines(rows) {
		if name, _, _ := strings.Cut(string(line), "\t"); name[0] != '#' {
			urls[name] = true
		}
	}
	var works []string
	out := ""
	for _, name := range Scripts() {
		instead, why := ForScript(name)
		if instead != "" {
			works = append(works, "`"+instead+"`")
			continue
		}
		out += "| `" + name + "` | " + why + " |\n"
	}
	all, able := len(urls)+len(Scripts()), len(urls)+len(works)
	return fmt.Sprintf("\nOf the %d services of ddns-scripts %d work here: the %d whose file is a URL, under the name of that file, and %d of the %d\n"+
		"that are a script: %s.\n`homeward import` writes the accounts of all of these. The others do not:\n\n| service of ddns-scripts | because |\n|---|---|\n%s",
		all, able, len(urls), len(works), len(Scripts()), strings.Join(works, ", "), out)
}

// part holds a part of SERVICES.md against what it is to be.
func part(t *testing.T, name, want string) {
	t.Helper()
	text, err := os.ReadFile(servicesMD)
	if err != nil {
		t.Fatal(err)
	}
	from, to := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	head, rest, ok := strings.Cut(string(text), from)
	body, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s in SERVICES.md", from, to)
	}
	if golden.Rewrite() {
		if err := os.WriteFile(servicesMD, []byte(head+from+want+to+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if body != want {
		t.Errorf("SERVICES.md shows\n%s\nit is (go test ./openwrt/services -rewrite)\n%s", body, want)
	}
}

// The worked example is a file that does what is written there.
func TestTheExampleOfServicesMD(t *testing.T) {
	text, err := os.ReadFile(servicesMD)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- example -->\n\n```json\n")
	file, _, _ := strings.Cut(rest, "```")
	tmpl, err := service.ParseTemplate([]byte(file))
	if err != nil || tmpl.Check() != nil {
		t.Fatalf("%v, %v: %s", err, tmpl.Check(), file)
	}
	a := &service.Account{Service: "zoner", Template: &tmpl, Domains: []string{"home.example.org"}, Secret: secret.New(key)}
	w := &wire{Handler: http.HandlerFunc(zoner)}
	if r, _ := w.update(t, a, service.Values{IPv4: v4a}, nil); r.Verdict != service.Accepted {
		t.Fatalf("%+v", r)
	}
	want := "\n"
	for _, r := range w.sent {
		want += "    " + r.Method + " " + r.URL.Reveal() + "\n"
		if !r.Body.IsZero() {
			want += "    " + strings.ReplaceAll(r.Body.Reveal(), "192.0.2.1", "203.0.113.7") + "\n"
		}
	}
	part(t, "example requests", want+"\n")
	if r, _ := w.update(t, &service.Account{Template: &tmpl, Domains: []string{"new.example.org"}, Secret: secret.New(key)}, service.Values{IPv6: v6a}, nil); r.Verdict != service.Accepted {
		t.Errorf("a new record: %+v", r)
	}
}

// zoner is the made-up service of the example.
func zoner(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Api-Key") != key:
		w.WriteHeader(403)
	case r.URL.Path == "/v1/zones" && r.URL.Query().Get("name") == "example.org":
		fmt.Fprint(w, `{"zones":[{"id":7,"name":"example.org"}]}`)
	case r.URL.Path == "/v1/zones":
		fmt.Fprint(w, `{"zones":[]}`)
	case r.Method == "GET" && r.URL.Path == "/v1/zones/7/records":
		fmt.Fprint(w, `{"records":[{"id":30,"name":"www","type":"A"},{"id":31,"name":"home","type":"A"}]}`)
	case r.Method == "PUT" && slices.Contains([]string{"/v1/zones/7/records/31"}, r.URL.Path):
	case r.Method == "POST" && r.URL.Path == "/v1/zones/7/records":
		w.WriteHeader(201)
	default:
		w.WriteHeader(404)
	}
}
