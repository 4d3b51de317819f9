package updatetest

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// callAPI makes one call; form is sent as a form unless it is bare.
func callAPI(s *IPv64API, method, target, auth, form string, bare bool) (int, string) {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" && !bare {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAnswersOfTheAPI(t *testing.T) {
	for _, tt := range []struct {
		name, method, target, form string
		bare                       bool
		status                     int
		said                       string
	}{
		{"the call's name of get_domains", "GET", "/api?get_domains", "", false, 200, `"add_domain":"get_domains"`},
		{"the other path", "GET", "/api.php?get_logs", "", false, 200, `"logs":[]`},
		{"a domain", "POST", "/api", "add_domain=new.ipv64.net", false, 201, `"info":"success"`},
		{"a domain of another", "POST", "/api", "add_domain=taken.ipv64.net", false, 403, `"add_domain":"domainname not available"`},
		{"a record", "POST", "/api", "add_record=a.ipv64.net&praefix=www&type=A&content=192.0.2.1", false, 201, `"info":"success"`},
		{"a record that is there", "POST", "/api", "add_record=a.ipv64.net&praefix=&type=TXT&content=x", false, 400, `"add_record":"dns record already there"`},
		{"a type that is none", "POST", "/api", "add_record=a.ipv64.net&praefix=&type=HTTPS&content=x", false, 400, `"info":"error"`},
		{"a name in capitals", "POST", "/api", "add_record=A.ipv64.net&praefix=&type=TXT&content=y", false, 403, `"info":"error"`},
		{"a record goes by content", "DELETE", "/api", "del_record=a.ipv64.net&praefix=&type=TXT&content=x", false, 202, `"status":"202 Accepted"`},
		{"a record goes by number", "DELETE", "/api", "del_record=4711", false, 202, `"info":"success"`},
		{"a form that is not called one", "DELETE", "/api", "del_record=4711", true, 400, `"info":"error"`},
		{"the wrong method", "POST", "/api", "del_domain=a.ipv64.net", false, 400, `"info":"error"`},
		{"a domain goes", "DELETE", "/api", "del_domain=a.ipv64.net", false, 202, `"info":"success"`},
		{"elsewhere", "GET", "/nic/update", "", false, 404, "404"},
	} {
		s := NewIPv64API("KEY")
		s.AddDomain("a.ipv64.net", "", APIRecord{Type: "TXT", Content: "x"})
		s.Take("taken.ipv64.net")
		status, body := callAPI(s, tt.method, tt.target, "Bearer KEY", tt.form, tt.bare)
		if status != tt.status || !strings.Contains(body, tt.said) {
			t.Errorf("%s: %d %s, want %d with %s", tt.name, status, body, tt.status, tt.said)
		}
	}
}

func TestLimitsOfTheAPI(t *testing.T) {
	now := time.Date(2026, 7, 21, 20, 0, 0, 0, time.UTC)
	s := NewIPv64API("KEY")
	s.Now = func() time.Time { return now }
	get := func(auth string) int {
		status, _ := callAPI(s, "GET", "/api?get_logs", auth, "", false)
		return status
	}
	for range 5 {
		if got := get("Basic eDpLRVk="); got != 200 {
			t.Fatalf("within the limit: %d", got)
		}
	}
	if got := get("Bearer KEY"); got != 429 {
		t.Errorf("the sixth in 10 s: %d", got)
	}
	for i := range 59 {
		now = now.Add(time.Minute)
		if got := get("Bearer KEY"); got != 200 {
			t.Fatalf("number %d of the day: %d", i+6, got)
		}
	}
	now = now.Add(time.Minute)
	if got := get("Bearer KEY"); got != 429 {
		t.Errorf("the 65th of the day: %d", got)
	}
	if got := get("Bearer NO"); got != 401 {
		t.Errorf("a wrong key: %d", got)
	}
	s.DomainLimit = 0
	now = now.Add(24 * time.Hour)
	if status, body := callAPI(s, "POST", "/api", "Bearer KEY", "add_domain=b.ipv64.net", false); status != 403 || !strings.Contains(body, "domain limit reached") {
		t.Errorf("one domain more than the class has: %d %s", status, body)
	}
}
