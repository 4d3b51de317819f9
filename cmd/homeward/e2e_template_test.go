package main

import (
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// shop is a service of one's own: it says updated to its key, by either family.
type shop struct {
	mu    sync.Mutex
	asked []string
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RequestURI())
	if r.URL.Query().Get("token") != "s3cret&" {
		io.WriteString(w, "KO\n")
		return
	}
	io.WriteString(w, "record "+r.URL.Query().Get("domains")+"\r\nUPDATED\r\n")
}

func (s *shop) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// A service file of ddns-scripts, unchanged: http:// becomes https://, the
// host is what the service calls it, one address a request.
func TestTemplateByAServiceFile(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := &shop{}
	h.serve(other+":443", s, updatetest.Options{})
	file := `{
	"name": "shop.example",
	"ipv4": { "url": "http://198.51.100.5/update?domains=[DOMAIN]&token=[PASSWORD]&ip=[IP]", "answer": "^updated|nochange" },
	"ipv6": { "url": "http://198.51.100.5/update?domains=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]", "answer": "^updated|nochange" }
}`
	h.must(os.WriteFile(h.path("shop.example.json"), []byte(file), 0o644))
	h.lineUp()
	d := h.run(`
[account.home]
service = "template"
template = "./shop.example.json"
domains = ["home"]
token = "s3cret&"
`)
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), IPv6: wan6.Addr()})
	want := []string{"/update?domains=home&token=s3cret%26&ip=203.0.113.7", "/update?domains=home&token=s3cret%26&ipv6=2001:db8:64::7"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	d.says("198.51.100.5 is asked over https:// in place of http://")
	d.noSecret("s3cret")
}

// A URL given in the configuration, over http:// because the owner says so.
func TestTemplateOverHTTP(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := &shop{}
	h.must(h.router.ISP.AddAddr("lo", netip.MustParsePrefix(other+"/32")))
	l, err := h.router.ISP.Listen("tcp", other+":80")
	h.must(err)
	defer l.Close()
	go http.Serve(l, s)
	h.must(os.WriteFile(h.path("ca.pem"), []byte("-----BEGIN CERTIFICATE-----\n"), 0o644))
	h.lineUp()
	d := h.run(`
[account.home]
service = "template"
url = "http://198.51.100.5/update?domains=[DOMAIN]&token=[PARAMENC]&ip=[IPV4]&net=[PREFIX]"
allow_http = true
answer = "^updated"
domains = ["home@zone"]
param_enc = "s3cret&"
`)
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix1)})
	want := []string{"/update?domains=home@zone&token=s3cret%26&ip=203.0.113.7&net=2001:db8:1200::/64"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	d.noSecret("s3cret")
}
