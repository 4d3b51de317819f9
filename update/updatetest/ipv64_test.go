package updatetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask sends one request from 192.0.2.9 and returns the answer. auth is
// "bearer KEY", "basic USER:PASSWORD" or "".
func ask(s *IPv64, method, target, auth string, form url.Values) (int, string) {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.RemoteAddr = "192.0.2.9:1000"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	switch how, what, _ := strings.Cut(auth, " "); how {
	case "bearer":
		r.Header.Set("Authorization", "Bearer "+what)
	case "basic":
		user, password, _ := strings.Cut(what, ":")
		r.SetBasicAuth(user, password)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func noLimits(domains ...string) *IPv64 {
	s := NewIPv64("KEY", domains...)
	s.Limit10s, s.Limit24h, s.LockAfter = 0, 0, 0
	return s
}

func TestAnswersOfTheUpdater(t *testing.T) {
	const good = `{"info":"good","status":"200 OK","ip":{"ipv4":"203.0.113.7"}}`
	const unauthorized = `{"info":"Unauthorized","status":"401 Unauthorized"}`
	for _, tt := range []struct {
		name, method, target, auth string
		form                       url.Values
		status                     int
		body                       string
	}{
		{"bearer", "GET", "/nic/update?domain=a.ipv64.net&ip=203.0.113.7", "bearer KEY", nil, 200, good},
		{"basic, the password", "GET", "/update?host=a.ipv64.net&ipv4=203.0.113.7", "basic x:KEY", nil, 200, good},
		{"basic, the user", "GET", "/update.php?hostname=a.ipv64.net&ip4=203.0.113.7", "basic KEY:", nil, 200, good},
		{"key in the query", "GET", "/update.php?token=KEY&domain=A.ipv64.net&myip=203.0.113.7", "", nil, 200, good},
		{"all in the body", "POST", "/nic/update", "", url.Values{"username": {"KEY"}, "domain": {"a.ipv64.net"}, "ip": {"203.0.113.7"}}, 200, good},
		{"nothing changes", "GET", "/nic/update?domain=b.ipv64.net&ip=203.0.113.1", "bearer KEY", nil, 200, `{"info":"nochg","status":"200 OK","ip":{"ipv4":"203.0.113.1"}}`},
		{"no address: the caller's", "GET", "/nic/update?domain=a.ipv64.net", "bearer KEY", nil, 200, `{"info":"good","status":"200 OK","ip":{"ipv4":"192.0.2.9"}}`},
		{"short", "GET", "/nic/update?domain=a.ipv64.net&output=min", "bearer KEY", nil, 200, "good"},
		{"short failure", "GET", "/nic/update?domain=none.ipv64.net&output=min", "bearer KEY", nil, 400, "fail"},
		{"silent", "GET", "/nic/update?domain=a.ipv64.net&output=none", "bearer KEY", nil, 200, ""},
		{"wrong key", "GET", "/nic/update?domain=a.ipv64.net", "bearer NO", nil, 401, unauthorized},
		{"no key", "GET", "/nic/update?domain=a.ipv64.net", "", nil, 401, unauthorized},
		{"unknown domain", "GET", "/nic/update?domain=a.ipv64.net,c.ipv64.net", "bearer KEY", nil, 400, `{"info":"domain not found","status":"400 Bad Request"}`},
		{"no domain", "GET", "/nic/update", "bearer KEY", nil, 400, `{"info":"domain not found","status":"400 Bad Request"}`},
		{"not an address", "GET", "/nic/update?domain=a.ipv64.net&ip=x", "bearer KEY", nil, 400, `{"info":"ip is not valid","status":"400 Bad Request"}`},
		{"not a /64", "GET", "/nic/update?domain=a.ipv64.net&ipv6prefix=2001:db8::/56", "bearer KEY", nil, 400, `{"info":"ipv6prefix is not valid","status":"400 Bad Request"}`},
		{"a prefix in the body is not seen", "POST", "/nic/update?onlyprefix=1", "bearer KEY", url.Values{"domain": {"a.ipv64.net"}, "ipv6prefix": {"2001:db8::/64"}}, 400, `{"info":"ipv6prefix is missing","status":"400 Bad Request"}`},
		{"which address", "GET", "/nic/update?howismyip", "", nil, 200, `{"ip":"192.0.2.9"}`},
		{"a domain's hash", "GET", "/nic/update?ip=203.0.113.7", "bearer HASH", nil, 200, good},
		{"elsewhere", "GET", "/api", "bearer KEY", nil, 404, "404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := noLimits("a.ipv64.net", "b.ipv64.net")
			s.SetRecord("b.ipv64.net", "", Record{A: netip.MustParseAddr("203.0.113.1")})
			s.SetHash("a.ipv64.net", "HASH")
			status, body := ask(s, tt.method, tt.target, tt.auth, tt.form)
			if status != tt.status || body != tt.body {
				t.Errorf("answer = %d %s, want %d %s", status, body, tt.status, tt.body)
			}
			if got := s.Requests(); len(got) != 1 || got[0].Status != tt.status {
				t.Errorf("Requests() = %+v", got)
			}
		})
	}
}

func TestRecords(t *testing.T) {
	s := noLimits("a.ipv64.net", "b.ipv64.net")
	s.SetRecord("a.ipv64.net", "nas", Record{AAAA: netip.MustParseAddr("2001:db8:1::1234")})
	for i, step := range []struct{ query, info, apex, nas, prefix string }{
		{"ip=203.0.113.7", "good", "203.0.113.7 invalid IP", "invalid IP 2001:db8:1::1234", "invalid Prefix"},
		{"ipv6prefix=2001:db8:2::/64&onlyprefix", "good", "203.0.113.7 invalid IP", "invalid IP 2001:db8:2::1234", "2001:db8:2::/64"},
		{"ip6lanprefix=2001:db8:2::/64&onlyprefix=0&ip=203.0.113.8", "nochg", "203.0.113.7 invalid IP", "invalid IP 2001:db8:2::1234", "2001:db8:2::/64"},
		{"ip=203.0.113.8&ip6=2001:db8:f::7&ipv6prefix=2001:db8:3::/64", "good", "203.0.113.8 2001:db8:3::7", "invalid IP 2001:db8:3::1234", "2001:db8:3::/64"},
		{"ip=203.0.113.8&ip6=2001:db8:f::7&ipv6prefix=2001:db8:3::/64", "nochg", "203.0.113.8 2001:db8:3::7", "invalid IP 2001:db8:3::1234", "2001:db8:3::/64"},
		{"ip6=2001:db8:f::8&ipv6prefix=auto", "good", "203.0.113.8 2001:db8:f::8", "invalid IP 2001:db8:f::1234", "2001:db8:f::/64"},
		{"ip=203.0.113.9&praefix=nas", "good", "203.0.113.8 2001:db8:f::8", "203.0.113.9 2001:db8:f::1234", "2001:db8:f::/64"},
	} {
		_, body := ask(s, "GET", "/nic/update?healthcheck=H&domain=a.ipv64.net,b.ipv64.net&"+step.query, "bearer KEY", nil)
		if !strings.Contains(body, `"`+step.info+`"`) {
			t.Errorf("%d: %s answered %s, want %s", i, step.query, body, step.info)
		}
		text := func(praefix string) string {
			r := s.Record("a.ipv64.net", praefix)
			return fmt.Sprint(r.A, " ", r.AAAA)
		}
		if text("") != step.apex || text("nas") != step.nas || s.Prefix("a.ipv64.net").String() != step.prefix {
			t.Errorf("%d: after %s: %s; nas %s; %v", i, step.query, text(""), text("nas"), s.Prefix("a.ipv64.net"))
		}
	}
	if s.Record("b.ipv64.net", "").A.String() != "203.0.113.8" || s.Prefix("b.ipv64.net").String() != "2001:db8:f::/64" {
		t.Errorf("the second domain was left behind: %v", s.Record("b.ipv64.net", ""))
	}
	if s.Healthchecks("H") != 7 {
		t.Errorf("%d ticks, want 7", s.Healthchecks("H"))
	}
}

func TestLimitsSlide(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	s := NewIPv64("KEY", "a.ipv64.net")
	s.Now = func() time.Time { return now }
	const over = `{"info":"Updateintervall overcommited","status":"429 Too Many Requests"}`
	at := func(d time.Duration, want int) {
		t.Helper()
		now = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC).Add(d)
		status, body := ask(s, "GET", "/nic/update?domain=a.ipv64.net", "bearer KEY", nil)
		if status != want || want == 429 && body != over {
			t.Errorf("at %v: %d %s, want %d", d, status, body, want)
		}
	}
	at(0, 200)
	at(5*time.Second, 200)
	at(6*time.Second, 200)
	at(9999*time.Millisecond, 429)
	at(10*time.Second, 200) // the first has left the window
	at(14*time.Second, 429)
	for i := range 44 {
		at(time.Minute+time.Duration(i)*time.Minute, 200)
	}
	at(23*time.Hour, 429)
	at(24*time.Hour-time.Nanosecond, 429)
	at(24*time.Hour, 200)
	at(24*time.Hour, 429)
	over24 := 0
	for _, r := range s.Requests() {
		if r.Over {
			over24++
		}
	}
	if over24 != 5 {
		t.Errorf("%d requests marked as over a limit, want 5", over24)
	}
}

func TestTooManyFailuresLockTheKey(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	s := noLimits("a.ipv64.net")
	s.LockAfter = 3
	s.Now = func() time.Time { return now }
	for range 3 {
		ask(s, "GET", "/nic/update?domain=none", "bearer KEY", nil)
	}
	now = now.Add(10*time.Minute - time.Second)
	if status, _ := ask(s, "GET", "/nic/update?domain=a.ipv64.net", "bearer KEY", nil); status != 401 {
		t.Errorf("within the lock: %d, want 401", status)
	}
	now = now.Add(time.Second)
	if status, _ := ask(s, "GET", "/nic/update?domain=a.ipv64.net", "bearer KEY", nil); status != 200 {
		t.Errorf("after the lock: %d, want 200", status)
	}
}

func TestScriptedAnswersComeInTurn(t *testing.T) {
	s := noLimits("a.ipv64.net")
	s.Next(Answer{Status: 503, Body: "busy", Header: http.Header{"Retry-After": {"7"}}}, Answer{Body: "<html>"},
		Answer{Process: true, Drip: time.Millisecond})
	var got []string
	for range 4 {
		status, body := ask(s, "GET", "/nic/update?domain=a.ipv64.net&ip=203.0.113.7&output=min", "bearer KEY", nil)
		got = append(got, fmt.Sprint(status, " ", body))
	}
	if want := "503 busy|200 <html>|200 good|200 nochg"; strings.Join(got, "|") != want {
		t.Errorf("answers %q, want %s", got, want)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s := noLimits("a.ipv64.net")
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			ask(s, "GET", fmt.Sprintf("/nic/update?domain=a.ipv64.net&ip=203.0.113.%d", i), "bearer KEY", nil)
			s.Record("a.ipv64.net", "")
		})
	}
	wg.Wait()
	if n := len(s.Requests()); n != 50 {
		t.Errorf("%d requests kept, want 50", n)
	}
}
