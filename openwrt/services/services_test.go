package services

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"homeward/update/updatetest/direct"
	"homeward/update/updatetest/golden"
)

const key, user = "made-up-key/1", "made-up-user"

var (
	v4a    = netip.MustParseAddr("192.0.2.1")
	v4b    = netip.MustParseAddr("192.0.2.2")
	v6a    = netip.MustParseAddr("2001:db8::1")
	v6b    = netip.MustParseAddr("2001:db8::2")
	prefix = netip.MustParsePrefix("2001:db8:1200::/64")
)

// account is one of a shipped service.
func account(t *testing.T, name, host string) *service.Account {
	t.Helper()
	text, ok := File(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	tmpl, err := service.ParseTemplate(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := tmpl.Check(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	a := &service.Account{Service: name, Template: &tmpl, Domains: []string{host}, Secret: secret.New(key), Username: user}
	if strings.Contains(tmpl.Texts(), "[SERVER]") {
		a.Server = "https://pdns.example"
	}
	if tmpl.NeedsZone() {
		a.Zone = "example.org"
	}
	return a
}

// wire sends requests to a stand-in.
type wire struct {
	http.Handler
	sent []transport.Request
}

func (w *wire) send(r transport.Request) transport.Answer {
	w.sent = append(w.sent, r)
	return direct.Answer(w, r, netip.Addr{})
}

// update sends an update to the end, and returns how it ended and what is known then.
func (w *wire) update(t *testing.T, a *service.Account, v service.Values, found map[string]string) (service.Result, map[string]string) {
	t.Helper()
	s, ok := service.For(a)
	if !ok {
		t.Fatalf("%s is no service", a.Service)
	}
	for range 12 {
		c := service.Update{Hosts: a.Domains, Values: v, Found: found}
		c.Lookup = a.IsLookup(c)
		r := s.Parse(a, c, w.send(s.Request(a, c)))
		if r.Found != nil {
			found = r.Found
		}
		if r.Verdict != service.Learned {
			return r, found
		}
	}
	t.Fatalf("%s: the look-ups never end", a.Service)
	return service.Result{}, nil
}

// zoneServices are the services whose interface is that of a zone's records.
func zoneServices() []string {
	return []string{"beget", "cloudflare", "digitalocean", "dnspod", "freedns42", "gandi", "godaddy", "hetzner", "luadns", "namesilo", "ns1", "pdns", "porkbun", "scaleway", "servercow"}
}

// urlServices are those that take an update as one URL, and the host to update.
func urlServices() map[string]string {
	return map[string]string{"desec": "home.dedyn.io", "dynv6": "home.dynv6.net", "nsupdate.info": "home.nsupdate.info", "do.de": "home.example.de",
		"duckdns": "home.duckdns.org", "ionos": "home.example.de", "no-ip": "home.ddns.net"}
}

func TestEachShippedServiceIsTested(t *testing.T) {
	tested := slices.Concat(zoneServices(), slices.Collect(maps.Keys(urlServices())))
	slices.Sort(tested)
	if !slices.Equal(tested, Names()) {
		t.Errorf("tested are %q, shipped %q", tested, Names())
	}
}

// Records are made where there are none, changed where there are, and found again
// after somebody has made them anew; nothing else is touched.
func TestZoneServices(t *testing.T) {
	for _, name := range zoneServices() {
		for _, host := range []string{"home.example.org", "a.b.example.org"} {
			t.Run(name+"/"+host, func(t *testing.T) { testZoneService(t, name, host) })
		}
	}
}

func testZoneService(t *testing.T, name, host string) {
	zones := updatetest.NewZones(user, key, "example.org", "org.example")
	other := updatetest.ZoneRecord{ID: "1", Zone: "example.org", Name: "other.example.org", Type: "A", Content: "198.51.100.1", TTL: 60, Proxied: true}
	zones.Add(other)
	a, w := account(t, name, host), &wire{Handler: zones}
	can := a.Template.Carries()
	expect := func(what string, kind string, v netip.Addr) {
		t.Helper()
		n := 0
		for _, r := range zones.Records() {
			if r.ID == "1" && r != other {
				t.Errorf("%s: another record is %+v", what, r)
			}
			if r.Name == host && r.Type == kind {
				if n++; r.Content != v.String() || r.Zone != "example.org" {
					t.Errorf("%s: %+v, want %v", what, r, v)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s: %d records, want 1: %+v", what, n, zones.Records())
		}
	}
	var found map[string]string
	send := func(what string, v service.Values) {
		t.Helper()
		r, now := w.update(t, a, v, found)
		if found = now; r.Verdict != service.Accepted {
			t.Fatalf("%s: %+v\n%+v", what, r, zones.Requests())
		}
	}
	send("made", service.Values{IPv4: v4a})
	expect("made", "A", v4a)
	send("changed", service.Values{IPv4: v4b})
	expect("changed", "A", v4b)
	before := len(w.sent)
	send("again", service.Values{IPv4: v4b})
	if n := len(w.sent) - before; n != 1 {
		t.Errorf("what is known is asked for again: %d requests", n)
	}
	if can.IPv6 {
		send("IPv6", service.Values{IPv6: v6a})
		expect("IPv6", "AAAA", v6a)
		expect("IPv6", "A", v4b)
	}
	zones.Forget()
	send("made anew", service.Values{IPv4: v4a})
	expect("made anew", "A", v4a)
}

// What the owner has set of a record stays.
func TestCloudflareLeavesTTLAndProxyAlone(t *testing.T) {
	zones := updatetest.NewZones(user, key, "example.org")
	zones.Add(updatetest.ZoneRecord{Zone: "example.org", Name: "home.example.org", Type: "A", Content: "198.51.100.1", TTL: 120, Proxied: true})
	a, w := account(t, "cloudflare", "home.example.org"), &wire{Handler: zones}
	if r, _ := w.update(t, a, service.Values{IPv4: v4a}, nil); r.Verdict != service.Accepted {
		t.Fatalf("%+v", r)
	}
	if r := zones.Records()[0]; r.TTL != 120 || !r.Proxied || r.Content != "192.0.2.1" {
		t.Errorf("%+v", r)
	}
}

func TestZoneServicesRefuse(t *testing.T) {
	for _, name := range zoneServices() {
		zones := updatetest.NewZones(user, key, "example.org")
		w := &wire{Handler: zones}
		a := account(t, name, "home.example.org")
		a.Secret = secret.New("another-key")
		if r, _ := w.update(t, a, service.Values{IPv4: v4a}, nil); r.Verdict != service.Unauthorized && !(name == "freedns42" && r.Verdict == service.Refused) {
			t.Errorf("%s: a wrong key: %+v", name, r)
		}
		a = account(t, name, "home.other.example")
		if a.Zone != "" {
			a.Zone = "other.example"
		}
		if r, _ := w.update(t, a, service.Values{IPv4: v4a}, nil); r.Verdict != service.Refused && !(name == "beget" && r.Verdict == service.Unknown) {
			t.Errorf("%s: another's zone: %+v", name, r)
		}
		for status, want := range map[int]service.Verdict{429: service.Limited, 503: service.Temporary} {
			zones.Refuse(status)
			if r, _ := w.update(t, account(t, name, "home.example.org"), service.Values{IPv4: v4a}, nil); r.Verdict != want {
				t.Errorf("%s: %d: %+v", name, status, r)
			}
		}
		if len(zones.Records()) != 0 {
			t.Errorf("%s: refused, and changed: %+v", name, zones.Records())
		}
	}
}

// TestURLServices updates each value alone, and all together: no record is lost.
func TestURLServices(t *testing.T) {
	for name, host := range urlServices() {
		hosts := updatetest.NewDynHosts(user, key, host)
		w, a := &wire{Handler: hosts}, account(t, name, host)
		can := a.Template.Carries()
		send := func(what string, v service.Values) {
			t.Helper()
			if r, _ := w.update(t, a, v, nil); r.Verdict != service.Accepted {
				t.Fatalf("%s: %s: %+v", name, what, r)
			}
		}
		var want updatetest.DynRecord
		send("IPv4", service.Values{IPv4: v4a})
		want.A = v4a
		if can.IPv6 {
			send("IPv6", service.Values{IPv6: v6b})
			want.AAAA = v6b
		}
		if can.Prefix {
			send("the prefix", service.Values{Prefix: prefix})
			want.Prefix = prefix
			if can.IPv6 {
				want.AAAA = netip.MustParseAddr("2001:db8:1200::2")
			}
		}
		if got := hosts.Record(host); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		a.Secret = secret.New("another-key")
		if r, _ := w.update(t, a, service.Values{IPv4: v4a}, nil); r.Verdict != service.Unauthorized {
			t.Errorf("%s: a wrong key: %+v", name, r)
		}
		if name == "ionos" { // its key names the host
			continue
		}
		other := account(t, name, "other."+host[strings.Index(host, ".")+1:])
		if r, _ := w.update(t, other, service.Values{IPv4: v4a}, nil); r.Verdict != service.Refused && !(name == "duckdns" && r.Verdict == service.Unauthorized) {
			t.Errorf("%s: another's host: %+v", name, r)
		}
	}
}

// TestGoldenRequests shows every request that a file can send; the diff is the
// review.
func TestGoldenRequests(t *testing.T) {
	for _, name := range Names() {
		host := urlServices()[name]
		var handler http.Handler = updatetest.NewDynHosts(user, key, host)
		if host == "" {
			host = "home.example.org"
			handler = updatetest.NewZones(user, key, "example.org")
		}
		a, got := account(t, name, host), ""
		can := a.Template.Carries()
		all := service.Values{IPv4: v4a, IPv6: v6a, Prefix: prefix}.Only(can)
		if a.Template.OneOfIPv6() {
			all = all.Without(service.Publish{IPv6: true})
		}
		values := []service.Values{{IPv4: v4a}, {IPv4: v4b}, {IPv6: v6a}, {Prefix: prefix}}
		if s, _ := service.For(a); !s.OneAddress {
			values = append([]service.Values{all}, values[2:]...)
		}
		var found map[string]string
		for _, v := range values {
			if v.Only(can) != v {
				continue
			}
			w := &wire{Handler: handler}
			r, now := w.update(t, a, v, found)
			if found = now; r.Verdict != service.Accepted {
				t.Fatalf("%s: %+v", name, r)
			}
			got += "# " + strings.Join(strings.Fields(strings.NewReplacer("invalid IP", "", "invalid Prefix", "").Replace(fmt.Sprint(v))), " ") + "\n"
			for _, r := range w.sent {
				got += golden.Request(r)
				if u, err := url.Parse(r.URL.Reveal()); err != nil || u.Scheme != "https" || u.User != nil {
					t.Errorf("%s: %s: %v", name, r.URL, err)
				}
			}
			got += "\n"
		}
		if strings.Contains(got, "made-up") {
			t.Errorf("%s: a secret is shown:\n%s", name, got)
		}
		golden.Compare(t, name, got)
	}
}

// Every script of ddns-scripts has a service in its place that is there, or a
// reason.
func TestScripts(t *testing.T) {
	names := Scripts()
	if len(names) != 27 {
		t.Errorf("%d scripts, want 27", len(names))
	}
	for _, name := range names {
		instead, why := ForScript(name)
		if instead == "" && len(why) < 30 || instead != "" && why != "" || instead != "" && instead != "rfc2136" && !slices.Contains(Names(), instead) {
			t.Errorf("%s: %q, %q", name, instead, why)
		}
	}
	for name, want := range map[string]string{"netcup": "it wants a session", "route53": "each request is signed", "gandi.net": "", "nosuch": "", "": "", "gandi.ne": ""} {
		if _, why := ForScript(name); !strings.HasPrefix(why, want) || want == "" && why != "" {
			t.Errorf("%q: %q, want %q", name, why, want)
		}
	}
}
