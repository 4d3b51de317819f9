package ipv64api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"homeward/update/updatetest/golden"
)

var testAPI = API{Server: "https://ipv64.net", Key: secret.New("APIKEYapikeyAPIKEY")}

func TestGoldenAPIRequests(t *testing.T) {
	www := &Record{Label: "www", Type: "A", Content: "203.0.113.7"}
	text := ""
	for _, c := range []Call{
		{Name: AccountInfo},
		{Name: Logs},
		{Name: Domains},
		{Name: AddDomain, Target: "Home.IPv64.net"},
		{Name: DelDomain, Target: "home.ipv64.net"},
		{Name: AddRecord, Target: "home.ipv64.net", Record: www},
		{Name: AddRecord, Target: "home.ipv64.net", Record: &Record{Type: "TXT", Content: "v=DKIM1; p=a+b/c= & d"}},
		{Name: DelRecord, Target: "home.ipv64.net", Record: www},
		{Name: DelRecord, Target: "4711"},
	} {
		r := testAPI.Request(c)
		text += golden.Request(r) + "\n"
		if r.Bearer.Reveal() != testAPI.Key.Reveal() || strings.Contains(r.URL.Reveal()+r.Body.Reveal(), testAPI.Key.Reveal()) {
			t.Errorf("%s: the key is not in the header alone", c.Name)
		}
	}
	golden.Compare(t, "ipv64api", text)
}

// ask has the stand-in answer a call.
func askAPI(s *updatetest.IPv64API, r transport.Request) transport.Answer {
	h := httptest.NewRequest(r.Method, r.URL.Reveal(), strings.NewReader(r.Body.Reveal()))
	h.Header.Set("Authorization", "Bearer "+r.Bearer.Reveal())
	h.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, h)
	return transport.Answer{Status: w.Code, Body: w.Body.Bytes(), RetryAfter: w.Header().Get("Retry-After")}
}

// apiSecrets are all that the stand-in knows.
var apiSecrets = []string{"APIKEYapikeyAPIKEY", updatetest.APIUpdateHash, updatetest.APIDomainHash, updatetest.APIRecordKey, updatetest.APINewSecret}

func standInAPI() *updatetest.IPv64API {
	s := updatetest.NewIPv64API("APIKEYapikeyAPIKEY")
	s.AddDomain("token.ipv64.net", "2001:db8:1200::/64",
		updatetest.APIRecord{Praefix: "www", Type: "AAAA", Content: "2001:db8:1200::7"}, updatetest.APIRecord{Type: "TXT", Content: "key=value"})
	s.AddDomain("a.ipv64.net", "")
	s.Log(updatetest.APILog{Subdomain: "a.ipv64.net", Time: "2026-11-20 10:00:00", Header: "Update", Content: "GET /nic/update?domain=a.ipv64.net&key=abc"},
		updatetest.APILog{Subdomain: "a.ipv64.net", Time: "2026-11-21 10:00:00", Header: "Key " + updatetest.APIUpdateHash, Content: "good"})
	return s
}

func TestAPIAnswersAreReadWithoutTheirSecrets(t *testing.T) {
	s := standInAPI()
	for _, name := range []string{AccountInfo, Logs, Domains} {
		c := Call{Name: name}
		raw := askAPI(s, testAPI.Request(c))
		a := testAPI.Parse(c, raw)
		if a.Verdict != service.Accepted || a.Detail != "" {
			t.Fatalf("%s: %+v", name, a.Result)
		}
		all, _ := json.Marshal(a)
		for _, secret := range apiSecrets {
			if strings.Contains(string(all)+string(a.JSON), secret) {
				t.Errorf("%s: %s stands in %s %s", name, secret, all, a.JSON)
			}
		}
		switch name {
		case AccountInfo:
			if !strings.Contains(string(raw.Body), updatetest.APIUpdateHash) {
				t.Fatal("the stand-in sends no secret")
			}
			want := Account{"alice@example.org", "2022-10-28 16:54:23", "Member", 17, 48, 1, 64, 2, 3, 0, 1, 60}
			if *a.Account != want {
				t.Errorf("account %+v, want %+v", *a.Account, want)
			}
			if strings.Contains(string(a.JSON), "devicetoken") || !strings.Contains(string(a.JSON), `"vpn_queue":0`) {
				t.Errorf("JSON %s: newer members stay, but for secrets", a.JSON)
			}
		case Logs:
			if len(a.Logs) != 2 || a.Logs[0].Time != "2026-11-21 10:00:00" || a.Logs[1].Content != "GET /nic/update?domain=a.ipv64.net&key=***" {
				t.Errorf("logs %+v", a.Logs)
			}
		case Domains:
			want := Domain{"token.ipv64.net", "2001:db8:1200::/64", 12, true, false, []Record{
				{"4712", "", "TXT", "key=value", 60, "2026-07-21 22:00:01", false},
				{"4711", "www", "AAAA", "2001:db8:1200::7", 60, "2026-07-21 22:00:01", false}}}
			got := a.Domains[1]
			if len(a.Domains) != 2 || a.Domains[0].Name != "a.ipv64.net" || got.Name != want.Name || got.Prefix != want.Prefix ||
				got.Updates != 12 || !got.Wildcard || !slices.Equal(got.Records, want.Records) {
				t.Errorf("domains %+v, want %+v", a.Domains, want)
			}
		}
	}
}

func TestAShortSecretLeavesTheAnswerReadable(t *testing.T) {
	api := testAPI
	api.Hide = []secret.Secret{secret.New("t")}
	a := api.Parse(Call{Name: AccountInfo}, askAPI(standInAPI(), api.Request(Call{Name: AccountInfo})))
	if a.Verdict != service.Accepted || a.Account.UpdateLimit != 48 {
		t.Errorf("%+v", a)
	}
}

func TestAPIVerdicts(t *testing.T) {
	get, add := Call{Name: Domains}, Call{Name: AddRecord, Target: "a.ipv64.net", Record: &Record{Type: "A", Content: "192.0.2.1"}}
	domain, del := Call{Name: AddDomain, Target: "b.ipv64.net"}, Call{Name: DelRecord, Target: "1"}
	for _, tt := range []struct {
		name    string
		call    Call
		status  int
		body    string
		verdict service.Verdict
		detail  string
		do      string // in it
	}{
		{"no domain is an empty list", get, 200, `{"subdomains":[],"info":"success","status":"200 OK","add_domain":"get_domains"}`, service.Accepted, "", ""},
		{"nothing at all", get, 200, `null`, service.Unknown, "the service answered nothing at all (null)", ""},
		{"nothing at all to a change", add, 201, ` null `, service.Unknown, "the service answered nothing at all (null)", ""},
		{"another call's answer", get, 200, `{"logs":[],"info":"success"}`, service.Unknown, "the answer does not hold what was asked for", ""},
		{"made", add, 201, `{"info":"success","status":"201 Created","add_record":"done"}`, service.Accepted, "done", ""},
		{"gone", del, 202, `{"info":"success","status":"202 Accepted","del_record":"del_record"}`, service.Accepted, "", ""},
		{"a failure that calls itself 200", add, 200, `{"info":"error","add_record":"dns record already there"}`, service.Refused, "HTTP 200: dns record already there", "nothing is left to do"},
		{"a record that is there", add, 400, `{"info":"error","status":"400 Bad Request","add_record":"dns record already there"}`, service.Refused, "HTTP 400: dns record already there", "nothing is left to do"},
		{"anything else that is wrong", add, 400, `{"info":"error","status":"400 Bad Request"}`, service.Refused, "HTTP 400", "check the domain"},
		{"a class without room", domain, 403, `{"info":"error","add_domain":"domain limit reached"}`, service.Refused, "HTTP 403: domain limit reached", "del-domain"},
		{"a name that is taken", domain, 403, `{"info":"error","add_domain":"domainname not available"}`, service.Refused, "HTTP 403: domainname not available", "choose another"},
		{"a domain of another", add, 403, `{"info":"error","add_record":"no"}`, service.Refused, "HTTP 403: no", "not this account's"},
		{"a wrong key", get, 401, `{"status":"401 Unauthorized","info":"Unauthorized"}`, service.Unauthorized, "the service does not accept the API key (HTTP 401: Unauthorized)", "apart from the update token"},
		{"a wrong key that calls itself 200", get, 200, `{"status":"401 Unauthorized","info":"Unauthorized"}`, service.Unauthorized, "the service does not accept the API key (HTTP 200: Unauthorized)", "API key"},
		{"a limit", get, 429, `{"info":"error","add_domain":"Updateintervall overcommited"}`, service.Limited, "HTTP 429: Updateintervall overcommited", ""},
		{"a limit with another code", get, 403, `Updateintervall overcommited`, service.Limited, "HTTP 403: Updateintervall overcommited", ""},
		{"the service is down", get, 502, `<html>Bad gateway</html>`, service.Temporary, "HTTP 502", "try again later"},
		{"a redirect", get, 301, ``, service.Temporary, "HTTP 301: a redirect, not followed", ""},
		{"another server", get, 404, `nothing here`, service.Unknown, "HTTP 404: nothing here", "`server`"},
		{"a hotspot", get, 200, `<html>success</html>`, service.Unknown, "the answer is not the API's (a hotspot's or a proxy's page?)", ""},
		{"half an answer holds secrets", get, 200, `{"update_hash":"UPDATEHASH`, service.Unknown, "the answer is not the API's (a hotspot's or a proxy's page?)", ""},
		{"more than JSON", get, 200, `{"subdomains":[]}{}`, service.Unknown, "the answer is not the API's (a hotspot's or a proxy's page?)", ""},
		{"a bare secret is not repeated", get, 400, `qwertyuiopasdfghjklzxcvbnm`, service.Refused, "HTTP 400", ""},
		{"nor is the key", get, 400, `{"info":"error","get_domains":"APIKEYapikeyAPIKEY is bad"}`, service.Refused, "HTTP 400: *** is bad", ""},
		{"no terminal is steered", get, 400, `{"info":"error","get_domains":"a\u001b[31mb"}`, service.Refused, "HTTP 400: a[31mb", ""},
	} {
		a := testAPI.Parse(tt.call, transport.Answer{Status: tt.status, Body: []byte(tt.body)})
		if a.Verdict != tt.verdict || a.Detail != tt.detail || !strings.Contains(a.Hint, tt.do) || tt.do == "" && a.Hint != "" && tt.status < 300 {
			t.Errorf("%s: %v %q, do %q; want %v %q with %q", tt.name, a.Verdict, a.Detail, a.Hint, tt.verdict, tt.detail, tt.do)
		}
	}
	if a := testAPI.Parse(get, transport.Answer{Status: 429, RetryAfter: "30"}); a.Wait != 30*time.Second {
		t.Errorf("Retry-After: 30 is read as %v", a.Wait)
	}
	if a := testAPI.Parse(get, transport.Answer{Status: 200, Body: []byte(`{"subdomains":{}}`), Cut: true}); a.Verdict != service.Unknown || a.Detail != "the answer is longer than 1 MiB" || a.JSON != nil {
		t.Errorf("an answer that was cut: %+v", a)
	}
}

func TestAPITime(t *testing.T) {
	for in, want := range map[string]string{
		"2022-11-17 21:53:19": "2022-11-17T20:53:19Z",
		"2026-07-21 22:00:01": "2026-07-21T20:00:01Z",
		"2026-03-29 01:59:59": "2026-03-29T00:59:59Z",
		"2026-03-29 03:00:00": "2026-03-29T01:00:00Z",
		"2026-10-25 01:59:59": "2026-10-24T23:59:59Z",
		"2026-10-25 03:00:00": "2026-10-25T02:00:00Z",
		"2023-10-29 02:30:00": "2023-10-29T01:30:00Z",
	} {
		if got, ok := ParseTime(in); !ok || got.Format(time.RFC3339) != want {
			t.Errorf("APITime(%s) = %v, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "0000-00-00 00:00:00", "yesterday"} {
		if got, ok := ParseTime(in); ok {
			t.Errorf("APITime(%q) = %v", in, got)
		}
	}
}

// FuzzAPIAnswer puts a secret into members of an answer: known ones, new ones,
// and texts that repeat it. It stands in nothing that comes out, and nothing
// that comes out can steer a terminal.
func FuzzAPIAnswer(f *testing.F) {
	const marker = "q7SECRETmarkerX"
	f.Add(200, `{"subdomains":{"key.ipv64.net":{"records":[{"record_key":"$","content":"a$b","ttl":"60"}],"hash":["$"]}},"info":"success"}`, uint8(2))
	f.Add(200, `{"email":"x","update_hash":"$","account_class":{"class_name":"$"},"hook":"u?key=$&x","info":"success"}`, uint8(0))
	f.Add(403, `{"add_domain":"\u0000no $","tokens":{"a":{"b":["$"]}},"info":"error"}`, uint8(3))
	f.Add(200, `{"logs":[{"time":"2022-11-17 21:53:19","header":"q7SECRET\u0007markerX","content":"%71"}],"k_e_y":"$"}`, uint8(1))
	f.Add(429, `[null,{"pass":"$"},"$"]`, uint8(1))
	f.Add(200, "null", uint8(0))
	f.Fuzz(func(t *testing.T, status int, body string, call uint8) {
		c := []Call{{Name: AccountInfo}, {Name: Logs}, {Name: Domains}, {Name: AddDomain, Target: "a.ipv64.net"}}[call%4]
		body = strings.ReplaceAll(body, "$", marker)
		a := testAPI
		if call&16 == 0 {
			a.Hide = []secret.Secret{secret.New(marker)}
		} else if !strings.Contains(body, `"api_key":"`+marker+`"`) {
			return
		}
		got := a.Parse(c, transport.Answer{Status: status, Body: []byte(body)})
		if got.JSON != nil && !json.Valid(got.JSON) {
			t.Fatalf("no JSON: %s", got.JSON)
		}
		shown, _ := json.Marshal(got)
		for _, text := range []string{string(shown), string(got.JSON), got.Detail, got.Hint} {
			if strings.Contains(text, marker) || strings.Contains(text, url.QueryEscape(marker)) {
				t.Fatalf("the secret shows: %s", text)
			}
		}
		for _, d := range got.Domains {
			for _, s := range []string{d.Name, d.Prefix} {
				mustPrint(t, s)
			}
			for _, r := range d.Records {
				mustPrint(t, r.ID+r.Label+r.Type+r.Content+r.Updated)
			}
		}
		for _, l := range got.Logs {
			mustPrint(t, l.Time+l.Domain+l.Header+l.Content)
		}
		mustPrint(t, got.Detail)
		if got.Verdict == service.Accepted && (status < 200 || status > 299) || got.Verdict != service.Accepted && (got.Account != nil || got.Domains != nil) {
			t.Fatalf("status %d gave %+v", status, got)
		}
	})
}

// mustPrint fails for a text that could steer a terminal.
func mustPrint(t *testing.T, s string) {
	if !golden.Printable(s) {
		t.Fatalf("%q steers a terminal", s)
	}
}

func TestEachCallIsCarriedOut(t *testing.T) {
	s := standInAPI()
	s.Limit10s = 0
	record := &Record{Label: "nas", Type: "AAAA", Content: "2001:db8::1"}
	for _, c := range []Call{
		{Name: AddDomain, Target: "New.IPv64.net"},
		{Name: AddRecord, Target: "new.ipv64.net", Record: record},
		{Name: DelRecord, Target: "new.ipv64.net", Record: record},
		{Name: DelRecord, Target: "4711"},
		{Name: DelDomain, Target: "new.ipv64.net"},
	} {
		if a := testAPI.Parse(c, askAPI(s, testAPI.Request(c))); a.Verdict != service.Accepted {
			t.Errorf("%s %s: %+v", c.Name, c.Target, a.Result)
		}
	}
	if r := s.Requests(); r[0].By != "bearer" || r[0].Header.Get("Content-Type") == "" || http.MethodDelete != r[4].Method {
		t.Errorf("requests %+v", r)
	}
}
