package services

import (
	"testing"

	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest/golden"
)

// answers are what the services' documentation, their users' reports and
// ddns-scripts' scripts show, to the request that step names: the first look-up, the
// next one, or the update.
func answers() []struct {
	service, step string
	status        int
	body          string
	want          service.Verdict
	detail        string
} {
	const first, next, update, create = "first", "next", "update", "create"
	return []struct {
		service, step string
		status        int
		body          string
		want          service.Verdict
		detail        string
	}{
		{"cloudflare", first, 200, `{"result":[{"id":"023e105f4ecef8ad9ca31a8372d0c353","name":"home.example.org"}],"success":true,"errors":[]}`, service.Learned, ""},
		{"cloudflare", first, 200, `{"result":[],"success":true,"errors":[]}`, service.Learned, ""},
		{"cloudflare", first, 403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, service.Unauthorized, "HTTP 403: Authentication error"},
		{"cloudflare", first, 400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers"}]}`, service.Unauthorized, "HTTP 400: Invalid request headers"},
		{"cloudflare", next, 200, `{"result":[{"id":"372e67954025e0ba6aaa6d586b9e0b59","content":"198.51.100.4"}],"success":true}`, service.Learned, ""},
		{"cloudflare", update, 200, `{"result":{"id":"372e67954025e0ba6aaa6d586b9e0b59","content":"192.0.2.1"},"success":true}`, service.Accepted, `{"result":{"id":"372e67954025e0ba6aaa6d5`},
		{"cloudflare", update, 404, `{"success":false,"errors":[{"code":81044,"message":"Record does not exist."}]}`, service.Learned, ""},
		{"cloudflare", update, 400, `{"success":false,"errors":[{"code":9005,"message":"Content for A record must be a valid IPv4 address."}]}`, service.Refused, "HTTP 400: Content for A record must be a valid IPv"},
		{"cloudflare", update, 429, `{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}]}`, service.Limited, "HTTP 429: Please wait and consider throttling your"},
		{"cloudflare", update, 403, "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", service.Unknown, "HTTP 403: <!DOCTYPE html><title>Attention Required"},
		{"cloudflare", create, 400, `{"success":false,"errors":[{"code":81058,"message":"An identical record already exists."}]}`, service.Accepted, `{"success":false,"errors":[{"code":81058`},
		{"hetzner", first, 404, `{"error":{"code":"not_found","message":"zone not found"}}`, service.Learned, ""},
		{"hetzner", first, 401, `{"error":{"code":"unauthorized","message":"unable to authenticate"}}`, service.Unauthorized, "HTTP 401: unable to authenticate"},
		{"hetzner", update, 201, `{"action":{"id":1,"command":"set_rrset_records","status":"running"}}`, service.Accepted, `{"action":{"id":1,"command":"set_rrset_r`},
		{"hetzner", update, 422, `{"error":{"code":"incorrect_zone_mode","message":"zone is secondary"}}`, service.Refused, "HTTP 422: zone is secondary"},
		{"hetzner", update, 409, `{"error":{"code":"conflict","message":"conflict, please retry"}}`, service.Unknown, "HTTP 409: conflict, please retry"},
		{"hetzner", update, 423, `{"error":{"code":"locked","message":"the zone is locked by an action"}}`, service.Unknown, "HTTP 423: the zone is locked by an action"},
		{"hetzner", update, 425, "", service.Unknown, "HTTP 425: an empty answer"},
		{"desec", update, 200, "good", service.Accepted, "good"},
		{"desec", update, 401, "badauth", service.Unauthorized, "HTTP 401: the service does not know us"},
		{"desec", update, 404, "nohost", service.Refused, "HTTP 404: nohost"},
		{"desec", update, 429, "", service.Limited, "HTTP 429: too many requests"},
		{"desec", update, 500, "", service.Temporary, "HTTP 500: the service has trouble"},
		{"dynv6", update, 200, "addresses updated", service.Accepted, "addresses updated"},
		{"dynv6", update, 200, "addresses unchanged\n", service.Accepted, "addresses unchanged"},
		{"dynv6", update, 401, "invalid authentication token", service.Unauthorized, "HTTP 401: the service does not know us"},
		{"dynv6", update, 200, "<html>welcome</html>", service.Unknown, "<html>welcome</html>"},
		{"nsupdate.info", update, 200, "good 192.0.2.1", service.Accepted, "good 192.0.2.1"},
		{"nsupdate.info", update, 200, "abuse", service.Refused, "abuse: the host is blocked for abuse"},
		{"do.de", update, 200, "nochg", service.Accepted, "nochg"},
		{"do.de", update, 200, "nohost", service.Refused, "nohost: the service has no such host"},
		{"duckdns", update, 200, "OK", service.Accepted, "OK"},
		{"duckdns", update, 200, "KO", service.Unauthorized, "KO"},
		{"ionos", update, 200, "", service.Accepted, ""},
		{"ionos", update, 401, `[{"code":"UNAUTHORIZED"}]`, service.Unauthorized, "HTTP 401: the service does not know us"},
		{"porkbun", first, 400, `{"status":"ERROR","message":"Invalid domain."}`, service.Learned, ""},
		{"porkbun", first, 400, `{"status":"ERROR","message":"Invalid API key. (001)"}`, service.Unauthorized, "HTTP 400: Invalid API key. (001)"},
		{"porkbun", first, 400, `{"status":"ERROR","message":"Domain is not opted in to API access."}`, service.Unauthorized, "HTTP 400: Domain is not opted in to API access."},
		{"porkbun", update, 200, `{"status":"SUCCESS"}`, service.Accepted, `{"status":"SUCCESS"}`},
		{"porkbun", update, 400, `{"status":"ERROR","message":"Edit error: We were unable to edit the DNS record."}`, service.Accepted, `{"status":"ERROR","message":"Edit error:`},
		{"digitalocean", first, 401, `{"id":"Unauthorized","message":"Unable to authenticate you"}`, service.Unauthorized, "HTTP 401: Unable to authenticate you"},
		{"digitalocean", update, 422, `{"id":"unprocessable_entity","message":"Data needs to be an IPv4 address"}`, service.Refused, "HTTP 422: Data needs to be an IPv4 address"},
		{"gandi", first, 403, `{"code":403,"message":"Access was denied to this resource."}`, service.Learned, ""},
		{"gandi", update, 201, `{"message":"DNS Record Created"}`, service.Accepted, `{"message":"DNS Record Created"}`},
		{"godaddy", first, 422, `{"code":"INVALID_DOMAIN","message":"The given domain is not registered"}`, service.Learned, ""},
		{"godaddy", update, 200, "", service.Accepted, ""},
		{"pdns", update, 204, "", service.Accepted, ""},
		{"pdns", update, 422, `{"error":"Record home.example.org./A '192.0.2': Parsing record content"}`, service.Refused, "HTTP 422: Record home.example.org./A '192.0.2': Pa"},
		{"ns1", update, 200, `{"id":"5f"}`, service.Accepted, `{"id":"5f"}`},
		{"scaleway", first, 200, `{"dns_zones":[],"total_count":0}`, service.Learned, ""},
		{"scaleway", first, 403, `{"message":"authentication is denied","type":"denied_authentication"}`, service.Unauthorized, "HTTP 403: authentication is denied"},
		{"servercow", update, 200, `{"message":"ok"}`, service.Accepted, `{"message":"ok"}`},
		{"servercow", update, 200, `{"error":"no such domain"}`, service.Unknown, "HTTP 200: no such domain"},
		{"beget", update, 200, `{"status":"success","answer":{"status":"success","result":true}}`, service.Accepted, `{"status":"success","answer":{"status":"`},
		{"beget", update, 200, `{"status":"error","error_text":"No such user or password","error_code":"AUTH_ERROR"}`, service.Unauthorized, "HTTP 200: No such user or password"},
		{"no-ip", update, 200, "nochg 192.0.2.1", service.Accepted, "nochg 192.0.2.1"},
		{"no-ip", update, 200, "!donator", service.Refused, "!donator: only for paying users"},
		{"freedns42", update, 200, "<?xml version='1.0'?>\n<methodResponse>\n<name>serial</name>", service.Accepted, "<?xml version='1.0'?> <methodResponse> <"},
		{"freedns42", update, 200, "<?xml version='1.0'?><methodResponse><fault><value/></fault>", service.Refused, "<?xml version='1.0'?><methodResponse><fa"},
		{"luadns", first, 200, `[{"id":1,"name":"other.example"}]`, service.Learned, ""},
		{"luadns", first, 200, "[", service.Unknown, "["},
		{"namesilo", first, 200, `{"reply":{"code":110,"detail":"Invalid API Key"}}`, service.Unauthorized, "HTTP 200: Invalid API Key"},
		{"namesilo", update, 200, `{"reply":{"code":300,"detail":"success"}}`, service.Accepted, `{"reply":{"code":300,"detail":"success"}`},
		{"namesilo", update, 200, `{"reply":{"code":"280","detail":"invalid record_id"}}`, service.Learned, ""},
		{"dnspod", first, 200, `{"status":{"code":"-1","message":"Login failed"}}`, service.Unauthorized, "HTTP 200: Login failed"},
		{"dnspod", first, 200, `{"status":{"code":"13","message":"No domain"}}`, service.Learned, ""},
		{"dnspod", next, 200, `{"status":{"code":"10","message":"No records"}}`, service.Learned, ""},
		{"dnspod", next, 200, `{"status":{"code":"2","message":"Too many requests"}}`, service.Unknown, "HTTP 200: Too many requests"},
		{"dnspod", first, 200, `{"status":{"code":"-7","message":"Not open to you"}}`, service.Unknown, "HTTP 200: Not open to you"},
		{"namesilo", first, 200, `{"reply":{"code":200,"detail":"Domain is not active"}}`, service.Learned, ""},
		{"namesilo", first, 200, `{"reply":{"code":201,"detail":"Internal system error"}}`, service.Unknown, "HTTP 200: Internal system error"},
		{"namesilo", next, 200, `{"reply":{"code":300,"resource_record":[{"record_id":"1","host":"x.example.org","type":"A"}]}}`, service.Learned, ""},
		{"namesilo", next, 200, `{"reply":{"code":300,"detail":"success"}}`, service.Learned, ""},
		{"namesilo", next, 200, `{"reply":{"code":201,"detail":"Internal system error"}}`, service.Unknown, "HTTP 200: Internal system error"},
		{"cloudflare", next, 200, `{"result":null,"success":false,"errors":[{"code":1,"message":"Try later"}]}`, service.Unknown, "HTTP 200: Try later"},
		{"dnspod", update, 200, `{"status":{"code":"1","message":"Action completed successful"}}`, service.Accepted, `{"status":{"code":"1","message":"Action`},
		{"dnspod", update, 200, `{"status":{"code":"8","message":"Record id invalid"}}`, service.Learned, ""},
	}
}

// KO is DuckDNS's word for a wrong token and for another's domain.
func TestDuckDNSsKOTellsOfBoth(t *testing.T) {
	a := account(t, "duckdns", "home.duckdns.org")
	s, _ := service.For(a)
	r := s.Parse(a, service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}, transport.Answer{Status: 200, Body: []byte("KO")})
	if want := "check the secret: the account's token, and that it is for home.duckdns.org"; r.Hint != want {
		t.Errorf("%q, want %q", r.Hint, want)
	}
}

func TestAnswers(t *testing.T) {
	tested := map[string]bool{}
	for _, tt := range answers() {
		tested[tt.service] = true
		a := account(t, tt.service, "home.example.org")
		c := service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}
		s, _ := service.For(a)
		for n := 0; a.IsLookup(c) && (tt.step == "update" || tt.step == "create" || tt.step == "next" && n == 0); n++ {
			c.Found = a.Assume(c)
		}
		if tt.step == "create" {
			c.Found["RECORD A"] = ""
		}
		r := s.Parse(a, c, transport.Answer{Status: tt.status, Body: []byte(tt.body)})
		if r.Verdict != tt.want || r.Detail != tt.detail || !golden.Printable(r.Detail+r.Hint) {
			t.Errorf("%s, %s: %d %s\nis %v %q, want %v %q", tt.service, tt.step, tt.status, tt.body, r.Verdict, r.Detail, tt.want, tt.detail)
		}
	}
	for _, name := range Names() {
		if !tested[name] {
			t.Errorf("no recorded answer of %s", name)
		}
	}
}

// Success counts only where the file says so, whatever the answer is.
func FuzzAnswers(f *testing.F) {
	for i, tt := range answers() {
		f.Add(uint8(i), tt.status, []byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, n uint8, status int, body []byte) {
		name := Names()[int(n)%len(Names())]
		a := account(t, name, "home.example.org")
		c := service.Update{Hosts: a.Domains, Values: service.Values{IPv4: v4a}}
		s, _ := service.For(a)
		lookup := s.Parse(a, c, transport.Answer{Status: status, Body: body})
		if a.IsLookup(c) && lookup.Verdict == service.Accepted {
			t.Errorf("%s: a look-up is an accepted update: %d %q", name, status, body)
		}
		for a.IsLookup(c) {
			c.Found = a.Assume(c)
		}
		r := s.Parse(a, c, transport.Answer{Status: status, Body: body})
		if r.Verdict == service.Accepted && status/100 != 2 && status != 400 || !golden.Printable(r.Detail+r.Hint+lookup.Detail) {
			t.Errorf("%s: %d %q is %+v", name, status, body, r)
		}
	})
}
