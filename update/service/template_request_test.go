package service

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

func TestTemplateRequests(t *testing.T) {
	prefix := netip.MustParsePrefix("2001:db8:1200::/64")
	both, all := Values{IPv4: ip4, IPv6: ip6}, Values{IPv4: ip4, IPv6: ip6, Prefix: prefix}
	tests := []struct {
		name         string
		t            Template
		v            Values
		url          string
		user, passwd string
	}{
		{"encoded in the query", Template{URL4: "https://x.example/u?a=[USERNAME]&p=[PASSWORD]&h=[DOMAIN]&i=[IP]"}, Values{IPv4: ip4},
			"https://x.example/u?a=al%20ice%26&p=p%3aw%2f%c3%a4&h=home.example&i=192.0.2.1", "", ""},
		{"in the path, and alone in the query", Template{URL6: "https://x.example/u/[PASSWORD]/?[PASSWORD]&address=[IP]"}, Values{IPv6: ip6},
			"https://x.example/u/p%3aw%2f%c3%a4/?p%3aw%2f%c3%a4&address=2001:db8::1", "", ""},
		{"user and password go to the header", Template{URL4: "http://[USERNAME]:[PASSWORD]@x.example/?myip=[IP]"}, Values{IPv4: ip4},
			"https://x.example/?myip=192.0.2.1", "al ice&", "p:w/ä"},
		{"written out, they are decoded", Template{URL4: "https://al%40ice:p%3Aw@x.example/?myip=[IP]"}, Values{IPv4: ip4},
			"https://x.example/?myip=192.0.2.1", "al@ice", "p:w"},
		{"a scheme behind them, as domopoli.de's file has it", Template{URL4: "http://[USERNAME]:[PASSWORD]@http://x.example/u?i=[IP]"}, Values{IPv4: ip4},
			"https://x.example/u?i=192.0.2.1", "al ice&", "p:w/ä"},
		{"brackets around a placeholder, as dnsever.com's file has it", Template{URL4: "http://x.example/u?host[[DOMAIN]]"}, Values{IPv4: ip4},
			"https://x.example/u?host[home.example]", "", ""},
		{"http left alone", Template{URL4: "http://x.example/[IP]", AllowHTTP: true}, Values{IPv4: ip4}, "http://x.example/192.0.2.1", "", ""},
		{"parameters", Template{URL4: "https://x.example/?e=[PARAMENC]&[PARAMOPT]", ParamEnc: secret.New("a b"), ParamOpt: "ttl=60&x=[y] z"}, Values{IPv4: ip4},
			"https://x.example/?e=a%20b&ttl=60&x=[y]%20z", "", ""},
		{"everything in one", Template{URL: "https://x.example/?4=[IPV4]&6=[IPV6]&p=[PREFIX]&ip=[IP]"}, all,
			"https://x.example/?4=192.0.2.1&6=2001:db8::1&p=2001:db8:1200::/64&ip=192.0.2.1,2001:db8::1", "", ""},
		{"what is not there is left out", Template{URL: "https://x.example/?4=[IPV4]&6=[IPV6]&p=[PREFIX]&ip=[IP]&k=1"}, Values{IPv6: ip6},
			"https://x.example/?6=2001:db8::1&ip=2001:db8::1&k=1", "", ""},
		{"one family a request", Template{URL4: "https://4.example/[IP]", URL6: "https://6.example/[IP]"}, both, "https://4.example/192.0.2.1", "", ""},
		{"no URL for the family", Template{URL4: "https://4.example/[IP]"}, Values{IPv6: ip6}, "", "", ""},
		{"what would break the request line", Template{URL4: "https://x.example/ü?a=b c&d=[IP]\r\nX:"}, Values{IPv4: ip4},
			"https://x.example/%c3%bc?a=b%20c&d=192.0.2.1%0d%0aX:", "", ""},
		{"no fragment", Template{URL4: "https://x.example/[IP]#top"}, Values{IPv4: ip4}, "https://x.example/192.0.2.1", "", ""},
	}
	for _, tt := range tests {
		r := template{}.Request(templateAccount(tt.t), Update{Hosts: []string{"home.example"}, Values: tt.v})
		if r.URL.Reveal() != tt.url || r.User != "" || r.Login.Reveal() != tt.user || r.Password.Reveal() != tt.passwd {
			t.Errorf("%s: %q %q %q, want %q %q %q", tt.name, r.URL.Reveal(), r.Login.Reveal(), r.Password.Reveal(), tt.url, tt.user, tt.passwd)
		}
	}
}

func TestTemplateGoldenRequests(t *testing.T) {
	got := ""
	for _, tt := range []struct{ name, url string }{
		{"a token in the query", "http://ipv64.example/nic/update?domain=[DOMAIN]&key=[PASSWORD]&ip=[IP]"},
		{"a token as user and password", "https://[PASSWORD]:[PASSWORD]@api.example/nic/update?hostname=[DOMAIN]&myip=[IP]"},
		{"a user in the query", "https://x.example/upd.php?user=[USERNAME]&pwd=[PASSWORD]&host=[DOMAIN]&ip=[IP]&e=[PARAMENC]"},
		{"a secret written into the query", "https://x.example/update?token=made-up&host=[DOMAIN]&ip=[IP]"},
		{"one beside another", "https://x.example/update?token=[PASSWORD]&api=Made-Up1&host=[DOMAIN]&ip=[IP]&type=dynamic"},
		{"one before a placeholder", "https://x.example/update?token=[PASSWORD]&api=Made-Up1-[DOMAIN]&ip=[IP]"},
		{"one beside a user", "https://me:made-up@x.example/update?api=Made-Up1&ip=[IP]"},
		{"a secret alone in the query", "https://x.example/update?made-up&address=[IP]"},
		{"a secret written into the path", "https://x.example/u/made-up/?address=[IP]"},
		{"a secret written before the host", "https://made-up:made-up@x.example/?address=[IP]"},
		{"the connection's address", "https://[USERNAME]:[PASSWORD]@x.example/"},
	} {
		a := templateAccount(Template{URL4: tt.url, ParamEnc: secret.New("made-up")})
		a.Username, a.Secret = "made-up", secret.New("made-up")
		got += "# " + tt.name + "\n" + golden.Request(template{}.Request(a, Update{Hosts: []string{"home.example"}, Values: Values{IPv4: ip4}})) + "\n"
	}
	if text := strings.ReplaceAll(got, "# a secret", ""); strings.Contains(strings.ToLower(text), "made-up") {
		t.Errorf("a secret is seen:\n%s", got)
	}
	golden.Compare(t, "template", got)
}

// TestServiceFilesOfDDNSScripts fills a URL of the same placeholders as each
// file's, and searches an answer of each alternative of its expression.
func TestServiceFilesOfDDNSScripts(t *testing.T) {
	table, err := os.ReadFile("testdata/ddns-scripts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		t.Run(f[0]+"-"+f[1], func(t *testing.T) { testServiceFile(t, f[1], f[2], f[3], f[4], strings.TrimPrefix(f[5], "-")) })
	}
	if n < 118 {
		t.Errorf("%d rows, want 118", n)
	}
}

func testServiceFile(t *testing.T, family, scheme, login, names, answer string) {
	u := scheme + "://"
	if login, ok := strings.CutPrefix(login, "basic:"); ok {
		user, password, _ := strings.Cut(login, "+")
		u += "[" + user + "]:[" + password + "]@"
	}
	u += "service.example/update?x=1"
	for i, name := range strings.Split(strings.TrimPrefix(names, "-"), "+") {
		if name != "" {
			u += fmt.Sprintf("&p%d=[%s]", i, name)
		}
	}
	tmpl, c := Template{URL4: u, Answer4: answer}, Update{Hosts: []string{"home.example"}, Values: Values{IPv4: ip4}}
	if family == "ipv6" {
		tmpl, c.Values = Template{URL6: u, Answer6: answer}, Values{IPv6: ip6}
	}
	if err := tmpl.Check(); err != nil {
		t.Fatal(err)
	}
	a := templateAccount(tmpl)
	checkFilled(t, template{}.Request(a, c), names, login != "-")
	for word := range strings.SplitSeq(answer, "|") {
		if r := (template{}).Parse(a, c, transport.Answer{Status: 200, Body: []byte("\r\n" + strings.ToUpper(word) + " 192.0.2.1\r\n")}); r.Verdict != Accepted {
			t.Errorf("%q: %+v", word, r)
		}
	}
	if r := (template{}).Parse(a, c, transport.Answer{Status: 200, Body: []byte("<html>\n" + answer + "\n</html>")}); r.Verdict != Unknown {
		t.Errorf("a page: %+v", r)
	}
}

// checkFilled holds a filled request against the placeholders of its URL.
func checkFilled(t *testing.T, r transport.Request, names string, login bool) {
	u, err := url.Parse(r.URL.Reveal())
	if err != nil || u.Scheme != "https" || u.Host != "service.example" || u.User != nil || strings.ContainsAny(u.RawQuery, "[]") {
		t.Errorf("%s: %v", r.URL.Reveal(), err)
	}
	var got []string
	for value := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ = strings.Cut(value, "=")
		if plain, err := url.PathUnescape(value); err == nil && plain != "1" {
			got = append(got, plain)
		}
	}
	var want []string
	for _, name := range strings.Split(names, "+") {
		value := map[string]string{"USERNAME": "al ice&", "PASSWORD": "p:w/ä", "DOMAIN": "home.example", "IP": "192.0.2.1"}[name]
		if name == "IP" && !slices.Contains(got, value) {
			value = "2001:db8::1"
		}
		if value != "" {
			want = append(want, value)
		}
	}
	if !reflect.DeepEqual(got, want) || login == r.Login.IsZero() {
		t.Errorf("%s carries %q and a login %v, want %q and %v", r.URL.Reveal(), got, !r.Login.IsZero(), want, login)
	}
	if s := golden.Request(r); strings.Contains(s, "al ice") || strings.Contains(s, "al%20ice") || strings.Contains(s, "p%3aw") || strings.Contains(s, "p:w") {
		t.Errorf("a secret is seen: %s", s)
	}
	if connection := r.Family != 0; connection == strings.Contains(names, "IP") {
		t.Errorf("over IPv%d, though the placeholders are %s", r.Family, names)
	}
}

// FuzzTemplate fills whatever passes Check.
func FuzzTemplate(f *testing.F) {
	f.Add([]byte(`{"ipv4":{"url":"http://[USERNAME]:[PASSWORD]@x.example/?a=[IP]&h[[DOMAIN]]","answer":"good|nochg"}}`))
	f.Add([]byte(`{"ipv6":{"url":"https://x.example/[PASSWORD]#[IP]"}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		tmpl, err := ParseTemplate(file)
		if err != nil || tmpl.Check() != nil {
			return
		}
		a := templateAccount(tmpl)
		a.Username, a.Secret = "made-up-name", secret.New("made-up-password")
		for _, key := range []string{"url4", "url6"} {
			r := template{}.Request(a, sampleCall(key))
			if strings.ContainsFunc(r.URL.Reveal(), func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
				t.Errorf("%s: %q would break a request line", file, r.URL.Reveal())
			}
			if strings.Contains(golden.Request(r), "made-up") && !strings.Contains(string(file), "made-up") {
				t.Errorf("%s: a secret is seen: %s", file, golden.Request(r))
			}
		}
	})
}

// A placeholder says where the secret stands: the rest of the URL is shown, but
// for what could be another one.
func TestConstantsOfATemplateAreShown(t *testing.T) {
	for url, want := range map[string]string{
		"https://x.example/v1/set?type=A&ttl=60&host=[DOMAIN]&ip=[IP]&key=[PASSWORD]": "https://x.example/v1/set?type=A&ttl=60&host=home.example&ip=192.0.2.1&key=***",
		"https://x.example/set?api=4ff3f0e2a1b2c3d4e5f6&ip=[IP]&key=[PASSWORD]":       "https://x.example/set?api=***&ip=192.0.2.1&key=***",
		"https://x.example/4ff3f0e2a1b2c3d4e5f6/set?ip=[IP]&key=[PASSWORD]":           "https://x.example/***?ip=192.0.2.1&key=***",
		"https://x.example/set?ip=[IP]&key=[PASSWORD]&[PARAMOPT]":                     "https://x.example/set?ip=192.0.2.1&key=***&***",
		"https://x.example/set?type=A&ip=[IP]&key=made-up":                            "https://x.example/***?type=***&ip=192.0.2.1&key=***",
	} {
		a := templateAccount(Template{URL4: url, ParamOpt: "zone=4ff3f0e2a1b2c3d4e5f6"})
		if got := fmt.Sprint(template{}.Request(a, Update{Hosts: []string{"home.example"}, Values: Values{IPv4: ip4}}).URL); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
}
