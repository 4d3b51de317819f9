package service

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

// fileAccount is an account of a service that the file describes.
func fileAccount(t *testing.T, file string) *Account {
	t.Helper()
	tmpl, err := ParseTemplate([]byte(file))
	if err != nil {
		t.Fatalf("%v: %s", err, file)
	}
	if err := tmpl.Check(); err != nil {
		t.Fatalf("%v: %s", err, file)
	}
	return &Account{Service: "x", Template: &tmpl, Username: `us"er`, Secret: secret.New(`p"w/ä`), Domains: []string{"home.example.org"}}
}

func TestValuesAreEncodedForWhereTheyStand(t *testing.T) {
	const at = `"url": "https://x.example/`
	for _, tt := range []struct {
		name, file string
		want       string // the URL, the headers and the body as they are sent
	}{
		{"in a path", `{"keep":"k","ipv4":{` + at + `[PASSWORD]/[IP]"}}`, "GET https://x.example/p%22w%2f%c3%a4/192.0.2.1"},
		{"in a query", `{"keep":"k","ipv4":{` + at + `?p=[PASSWORD]&u=[USERNAME]"}}`, "GET https://x.example/?p=p%22w%2f%c3%a4&u=us%22er"},
		{"in a header, which has ASCII alone", `{"headers":{"X-Key":"[USERNAME]:[PASSWORD]"},"ipv4":{` + at + `"}}`, `GET https://x.example/ X-Key=us"er:p"w/`},
		{"in JSON", `{"ipv4":{"method":"PUT",` + at + `","body":{"a":["[IP]","[TYPE]","[PASSWORD]"]}}}`,
			`PUT https://x.example/ application/json {"a":["192.0.2.1","A","p\"w/\u00e4"]}`},
		{"in a form", `{"ipv4":{` + at + `","form":"a=[IP]&p=[PASSWORD]&gone=[IPV6]"}}`, "POST https://x.example/ a=192.0.2.1&p=p%22w%2f%c3%a4"},
		{"in XML", `{"ipv4":{` + at + `","xml":"<p a='[USERNAME]'>[PASSWORD]</p>"}}`, "POST https://x.example/ text/xml <p a='us&quot;er'>p&quot;w/ä</p>"},
		{"user and password before the host", `{"keep":"k","ipv4":{"url":"https://[USERNAME]:[PASSWORD]@x.example/"}}`, `GET https://x.example/ Basic us"er p"w/ä`},
		{"the name below the zone", `{"zone":"example.org","ipv4":{` + at + `[ZONE]/[NAME]/[SUB]/[DOMAIN]"}}`, "GET https://x.example/example.org/home/home/home.example.org"},
		{"a body without a value", `{"ipv4":{"method":"PUT",` + at + `","body":[1]}}`, "PUT https://x.example/ application/json [1]"},
	} {
		a := fileAccount(t, tt.file)
		s, _ := For(a)
		r := s.Request(a, Update{Hosts: a.Domains, Values: Values{IPv4: ip4}})
		got := r.Method + " " + r.URL.Reveal()
		for _, h := range r.Headers {
			got += " " + h.Name + "=" + h.Value.Reveal()
		}
		if !r.Login.IsZero() {
			got += " Basic " + r.Login.Reveal() + " " + r.Password.Reveal()
		}
		if r.BodyType != "" {
			got += " " + r.BodyType
		}
		if !r.Body.IsZero() {
			got += " " + r.Body.Reveal()
		}
		if got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, got, tt.want)
		}
		if shown := golden.Request(r); strings.Contains(shown, `p"w`) || strings.Contains(shown, "p%22w") || strings.Contains(shown, `us"er`) {
			t.Errorf("%s: a secret is shown: %s", tt.name, shown)
		}
	}
}

// A family that is not published, or that the uplink does not show, keeps its
// record where the service has a word for that.
func TestKeep(t *testing.T) {
	prefix := netip.MustParsePrefix("2001:db8:1200::/64")
	a := fileAccount(t, `{"keep":"preserve","both":{"url":"https://x.example/?a=[IPV4]&b=[IPV6PREFIX]"}}`)
	s, _ := For(a)
	if s.DeletesUnnamed || s.OneAddress {
		t.Errorf("%+v", s)
	}
	for want, v := range map[string]Values{
		"https://x.example/?a=192.0.2.1&b=preserve":           {IPv4: ip4},
		"https://x.example/?a=preserve&b=2001:db8::1":         {IPv6: ip6},
		"https://x.example/?a=preserve&b=2001:db8:1200::/64":  {Prefix: prefix},
		"https://x.example/?a=192.0.2.1&b=2001:db8:1200::/64": {IPv4: ip4, Prefix: prefix},
	} {
		if got := s.Request(a, Update{Hosts: a.Domains, Values: v}).URL.Reveal(); got != want {
			t.Errorf("%+v: %s, want %s", v, got, want)
		}
	}
	if can := a.Template.Carries(); can != (Publish{IPv4: true, IPv6: true, Prefix: true}) || !a.Template.OneOfIPv6() {
		t.Errorf("carries %+v", can)
	}
	without := fileAccount(t, `{"both":{"url":"https://x.example/?a=[IPV4]&b=[IPV6]"}}`)
	if s, _ := For(without); !s.DeletesUnnamed {
		t.Error("without a word for it, a missing family is named as it was accepted last")
	}
}

func TestServiceFilesAreFaultedByTheirPath(t *testing.T) {
	const url = `"url":"https://x.example/[IP]"`
	for _, tt := range []struct{ file, want string }{
		{`{"ipv4":{` + url + `},`, "not a service file: line 1: unexpected end of JSON input"},
		{"{\n\"ipv4\":{" + url + "},\n}", "not a service file: line 3: invalid character '}' looking for beginning of object key string"},
		{`{"ipv4":{"url":3}}`, "not a service file: ipv4.url must not be a number"},
		{`{"keep":"k","ipv4":{` + url + `,"metod":"PUT"}}`, `unknown field "metod": SERVICES.md lists the members of a service file`},
		{`{"keep":"k"}`, "the service file has no url, neither for ipv4 nor for ipv6"},
		{`{"keep":"k","ipv4":{"url":"update.sh"}}`, `the service file names the program "update.sh", which is not a URL: only ddns-scripts can run it`},
		{`{"keep":"k","ipv4":{"url":"http://x.example/"}}`, "ipv4.url: is not https: write https:// before the host"},
		{`{"keep":"k","ipv4":{"url":"https://[PASSWORD].example/"}}`, "ipv4.url: names no host: write https://HOST/PATH, with placeholders behind the host alone"},
		{`{"keep":"k","ipv4":{"url":"https://x.example[SERVER]/"}}`, "ipv4.url: names no host: write https://HOST/PATH, with placeholders behind the host alone"},
		{`{"keep":"k","ipv4":{"url":"[SERVER].example/"}}`, "ipv4.url: is not https: write https:// before the host"},
		{`{"ipv4":{"method":"DELETE",` + url + `}}`, `ipv4.method: "DELETE" is none that is sent: write GET, POST, PUT or PATCH, and of a look-up GET or POST`},
		{`{"ipv4":{"form":"a=b","xml":"<a/>",` + url + `}}`, "ipv4.body: stands beside form or xml: keep one of them"},
		{`{"ipv4":{"form":"a=[OTHER]",` + url + `}}`, "ipv4.url: [OTHER] is none of the placeholders [USERNAME]"},
		{`{"headers":{"Host":"y"},"ipv4":{` + url + `}}`, `headers: "Host" is no header that a service file can set: take it out`},
		{`{"headers":{"X":"a\nb"},"ipv4":{` + url + `}}`, "headers.X: has a line break"},
		{`{"both":{"body":{"a":"[IPV4]"},"url":"https://x.example/"}}`, "both.body: a family may be missing, and there is no keep: write form, or one request for each family"},
		{`{"both":{` + url + `},"ipv4":{` + url + `}}`, "both: stands beside ipv4, ipv6, address or prefix: keep one of the two forms"},
		{`{"address":{` + url + `},"ipv4":{` + url + `}}`, "address: stands beside ipv4 or ipv6: keep one of the two forms"},
		{`{"address":{` + url + `},"create":{` + url + `}}`, "create: is sent when the last of lookups has found nothing, and there is none: write lookups, or take create out"},
		{`{"lookups":[{"name":"A",` + url + `},{"name":"B",` + url + `},{"name":"C",` + url + `},{"name":"D",` + url + `}],"address":{` + url + `}}`, "lookups: more than 3: leave the others out"},
		{`{"lookups":[{"name":"ZONE",` + url + `}],"address":{` + url + `}}`, "lookups[0].name: a look-up has one in capital letters"},
		{`{"lookups":[{"name":"A",` + url + `,"path":["a",-1]}],"address":{` + url + `}}`, "lookups[0].path: write a list of names, positions"},
		{`{"lookups":[{"name":"A","url":"https://x.example/[B]"},{"name":"B",` + url + `}],"address":{` + url + `}}`, "lookups[0].url: [B] is none of the placeholders"},
		{`{"address":{` + url + `,"answer":"a("}}`, ""},
		{`{"lookups":[{"name":"A",` + url + `,"path":["a"],"nothing":"("}],"address":{` + url + `}}`, "lookups[0].nothing: '(' is not understood"},
		{`{"lookups":[{"name":"A",` + url + `,"nothing":"none"}],"address":{` + url + `}}`, "lookups[0].path: write a list of names, positions"},
		{`{"connection":"ipv6","ipv4":{` + url + `}}`, `connection: write "ipv4", or take it out`},
		{`{"limit_10s":-1,"ipv4":{` + url + `}}`, "limit_10s: write a number from 0 to 1000; 0 is none"},
		{`{"limit_24h":1001,"ipv4":{` + url + `}}`, "limit_24h: write a number from 0 to 1000; 0 is none"},
		{`{"limited":"(","ipv4":{` + url + `}}`, "limited: '(' is not understood"},
		{`{"keep":"k","ipv4":{"url":"https://x.example/` + strings.Repeat("a", 5000) + `"}}`, "ipv4.url: the request is longer than 4096 characters"},
		{`{"keep":"k","ipv4":{"url":"https://x.example/` + strings.Repeat("[PASSWORD]", 40) + `"}}`, "ipv4.url: the request is longer than 4096 characters, or has more than 24 placeholders"},
		{`{"headers":{"X":"` + strings.Repeat("[PASSWORD]", 40) + `"},"ipv4":{` + url + `}}`, "ipv4.url: the request is longer than 4096 characters, or has more than 24 placeholders"},
	} {
		tmpl, err := ParseTemplate([]byte(tt.file))
		if err == nil {
			err = tmpl.Check()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n%v, want\n%s", tt.file, err, tt.want)
		}
	}
}

func TestARefusedSecretIsNamed(t *testing.T) {
	for member, want := range map[string]string{`"secret":"an API token that may edit",`: "check the secret: an API token that may edit", "": "check the secret"} {
		a := fileAccount(t, `{`+member+`"ipv4":{"method":"PUT","url":"https://x.example/","body":["[IP]"]}}`)
		s, _ := For(a)
		if r := s.Parse(a, Update{Hosts: a.Domains, Values: Values{IPv4: ip4}}, transport.Answer{Status: 401}); r.Verdict != Unauthorized || r.Hint != want+", and that it is for home.example.org" {
			t.Errorf("%+v, want %q", r, want)
		}
	}
}

// The fingerprint of a template without a file is as it always was: an upgrade
// forgets nothing.
func TestTheKeyOfATemplateStays(t *testing.T) {
	tmpl := &Template{URL4: "https://x.example/[IP]", Answer4: "good", ParamEnc: secret.New("e"), ParamOpt: "o", AllowHTTP: true}
	if got, want := tmpl.Key(), "{URL4:https://x.example/[IP] URL6: URL: Answer4:good Answer6: Answer: ParamEnc:*** ParamOpt:o AllowHTTP:true} e"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTheNextRequest follows what is known of a host.
func TestTheNextRequest(t *testing.T) {
	const put, create = `"address":{"url":"https://x.example/put"}`, `,"create":{"url":"https://x.example/create"}`
	const zone, record = `{"name":"HELD","url":"https://x.example/[ZONE]"}`, `{"name":"HAS","url":"https://x.example/[ZONE]/[NAME]/[TYPE]"}`
	for _, tt := range []struct {
		name, file string
		zone       string
		found      map[string]string
		want       string
	}{
		{"the zone is asked for", `{"lookups":[` + zone + `,` + record + `],` + put + create + `}`, "", nil, "home.example.org"},
		{"a zone that is known is not, the record is", `{"lookups":[` + zone + `,` + record + `],` + put + create + `}`, "example.org", nil, "example.org/home/A"},
		{"the record is there", `{"lookups":[` + zone + `,` + record + `],` + put + create + `}`, "example.org", map[string]string{"HAS A": "example.org"}, "put"},
		{"it is made", `{"lookups":[` + zone + `,` + record + `],` + put + create + `}`, "example.org", map[string]string{"HAS A": ""}, "create"},
		{"state.json is of a file that could make one", `{"lookups":[` + zone + `],` + put + `}`, "", map[string]string{"HELD": ""}, "put"},
	} {
		a := fileAccount(t, tt.file)
		a.Zone = tt.zone
		s, _ := For(a)
		if got := s.Request(a, Update{Hosts: a.Domains, Values: Values{IPv4: ip4}, Found: tt.found}).URL.Reveal(); got != "https://x.example/"+tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// FuzzServiceFile sends what passes Check wherever its look-ups lead, and holds the
// requests to what a hostile file may do.
func FuzzServiceFile(f *testing.F) {
	f.Add([]byte(`{"headers":{"X-Key":"[PASSWORD]"},"lookups":[{"name":"ID","url":"https://x.example/z?n=[ZONE]","path":["r",0,"id"]}],"address":{"method":"PATCH","url":"https://x.example/z/[ID]","body":{"c":"[IP]"}}}`),
		[]byte(`{"r":[{"id":"7/../8"}]}`))
	f.Add([]byte(`{"keep":"p","both":{"url":"https://[USERNAME]:[PASSWORD]@x.example/?4=[IPV4]&6=[IPV6PREFIX]","answer":"good"}}`), []byte("good"))
	f.Add([]byte(`{"limit_10s":2,"lookups":[{"name":"R","url":"[SERVER]/l","form":"z=[ZONE]","path":[{"n":"[NAME]|[SUB]"},"i"],"absent":[403]}],"ipv4":{"url":"[SERVER]/u","xml":"<a>[R]</a>"},"create":{"url":"[SERVER]/c","form":"i=[IP]"}}`), []byte(`[{"n":"home","i":9}]`))
	f.Fuzz(func(t *testing.T, file, answer []byte) {
		tmpl, err := ParseTemplate(file)
		if err != nil || tmpl.Check() != nil || tmpl.File == nil {
			return
		}
		a := &Account{Service: "x", Template: &tmpl, Username: "made-up-name", Secret: secret.New("made-up-password"), Server: "https://own.example", Domains: []string{"a.home.example"}}
		s, _ := For(a)
		c := Update{Hosts: a.Domains, Values: sampleCall("url4").Values}
		for n := range 24 {
			if c.Lookup = a.IsLookup(c); n > 20 {
				t.Fatalf("%s: the look-ups never end", file)
			}
			r := s.Request(a, c)
			checkFileRequest(t, file, tmpl, r)
			ans := transport.Answer{Status: 200, Body: answer}
			res := s.Parse(a, c, ans)
			if res.Verdict == Accepted && c.Lookup || res.Verdict == Learned && res.Found == nil {
				t.Fatalf("%s: a look-up's verdict is %+v", file, res)
			}
			if res.Verdict != Learned {
				break
			}
			if c.Found = res.Found; len(fmt.Sprint(c.Found)) > 8*foundMost {
				t.Fatalf("%s: found %v", file, c.Found)
			}
		}
	})
}

func checkFileRequest(t *testing.T, file []byte, tmpl Template, r transport.Request) {
	t.Helper()
	if r.URL.IsZero() {
		return
	}
	u, err := url.Parse(r.URL.Reveal())
	if err != nil || u.Scheme != "https" || r.AllowHTTP {
		t.Fatalf("%s: %s: %v", file, r.URL, err)
	}
	if host := ServerName("https://" + u.Host); !strings.Contains(" own.example "+strings.Join(tmpl.HostNames(), " ")+" ", " "+host+" ") {
		t.Fatalf("%s: sent to %s, which it does not name", file, host)
	}
	size := len(r.URL.Reveal()) + len(r.Body.Reveal())
	for _, h := range r.Headers {
		size += len(h.Name) + len(h.Value.Reveal())
		if strings.ContainsAny(h.Name+h.Value.Reveal(), "\r\n\x00") {
			t.Fatalf("%s: a header with a line break", file)
		}
	}
	if strings.ContainsFunc(r.URL.Reveal(), func(c rune) bool { return c <= ' ' || c >= 0x7f }) || size > 256<<10 {
		t.Fatalf("%s: %d bytes to %q", file, size, r.URL.Reveal())
	}
	if shown := golden.Request(r); strings.Contains(shown, "made-up") && !strings.Contains(string(file), "made-up") {
		t.Fatalf("%s: a secret is shown: %s", file, shown)
	}
}
