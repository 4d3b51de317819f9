package main

import (
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"homeward/update"
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
	h := newSite(t)
	s := &shop{}
	host := strings.TrimPrefix(h.serve(serviceAddr, s), "https://")
	file := `{
	"name": "shop.example",
	"ipv4": { "url": "http://` + host + `/update?domains=[DOMAIN]&token=[PASSWORD]&ip=[IP]", "answer": "^updated|nochange" },
	"ipv6": { "url": "http://` + host + `/update?domains=[DOMAIN]&token=[PASSWORD]&ipv6=[IP]", "answer": "^updated|nochange" }
}`
	must(t, os.WriteFile(h.dir+"/shop.example.json", []byte(file), 0o644))
	h.lineUp()
	h.run(`
[account.home]
service = "template"
template = "./shop.example.json"
domains = ["home"]
token = "s3cret&"
`)
	h.becomes("home", update.StateCurrent, update.Values{IPv4: wan4.Addr(), IPv6: siteWan6.Addr()})
	want := []string{"/update?domains=home&token=s3cret%26&ip=85.10.20.77", "/update?domains=home&token=s3cret%26&ipv6=2001:db8:5::77"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if !strings.Contains(h.stderr.String(), "198.51.100.5 is asked over https:// in place of http://") {
		t.Errorf("that http:// was not used was not said")
	}
	h.noSecret("s3cret")
}

// A URL given in the configuration, over http:// because the owner says so.
func TestTemplateOverHTTP(t *testing.T) {
	h := newSite(t)
	s := &shop{}
	must(t, h.ISP.AddAddr("lo", netip.PrefixFrom(serviceAddr, 32)))
	l, err := h.ISP.Listen("tcp", serviceAddr.String()+":80")
	must(t, err)
	defer l.Close()
	go http.Serve(l, s)
	must(t, os.WriteFile(h.dir+"/ca.pem", []byte("-----BEGIN CERTIFICATE-----\n"), 0o644))
	h.lineUp()
	h.run(`
[account.home]
service = "template"
url = "http://198.51.100.5/update?domains=[DOMAIN]&token=[PARAMENC]&ip=[IPV4]&net=[PREFIX]"
allow_http = true
answer = "^updated"
domains = ["home@zone"]
param_enc = "s3cret&"
`)
	h.becomes("home", update.StateCurrent, update.Values{IPv4: wan4.Addr(), Prefix: lanPrefix})
	want := []string{"/update?domains=home@zone&token=s3cret%26&ip=85.10.20.77&net=2001:db8:1200::/64"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	h.noSecret("s3cret")
}
