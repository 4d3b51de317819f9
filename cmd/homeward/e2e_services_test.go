package main

import (
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

// newServiceHouse has a stand-in behind the real names of a service's hosts: the
// name server of the test says the same of every name.
func newServiceHouse(t *testing.T, stand http.Handler, names ...string) *house {
	t.Helper()
	h := newHouse(t, updatetest.Options{})
	h.must(unix.Unshare(unix.CLONE_NEWNS)) // the thread's own /etc
	h.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	h.must(os.WriteFile(h.path("resolv.conf"), []byte("nameserver "+dns1+"\n"), 0o644))
	h.must(unix.Mount(h.path("resolv.conf"), "/etc/resolv.conf", "", unix.MS_BIND, ""))
	h.serveDNS(dns1, map[string]string{"A": other})
	h.serve(other+":443", stand, updatetest.Options{Names: names})
	return h
}

// Two hosts of one zone, one of them behind the router: the identifiers are asked
// for once, what the owner has set of a record stays, and a new prefix is one
// request.
func TestCloudflare(t *testing.T) {
	zones := updatetest.NewZones("", "s3cret-token", "example.org")
	zones.Add(updatetest.ZoneRecord{Zone: "example.org", Name: "home.example.org", Type: "A", Content: "192.0.2.99", TTL: 120, Proxied: true})
	zones.Add(updatetest.ZoneRecord{Zone: "example.org", Name: "mail.example.org", Type: "A", Content: "192.0.2.98", TTL: 120})
	h := newServiceHouse(t, zones, "api.cloudflare.com")
	h.lineUp()
	d := h.run(`
[account.home]
service = "cloudflare"
domains = ["home.example.org", "example.org"]
publish = ["ipv4"]
token = "s3cret-token"

[account.nas]
service = "cloudflare"
domains = ["nas.example.org"]
publish = ["ipv6"]
host = "::1234"
password = "s3cret-token"
`)
	nas := netip.MustParseAddr("2001:db8:1200::1234")
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr()})
	h.becomes("nas", update.StateCurrent, service.Values{IPv6: nas})
	want := []updatetest.ZoneRecord{
		{ID: "101", Zone: "example.org", Name: "home.example.org", Type: "A", Content: "203.0.113.7", TTL: 120, Proxied: true},
		{ID: "102", Zone: "example.org", Name: "mail.example.org", Type: "A", Content: "192.0.2.98", TTL: 120},
	}
	got := zones.Records()
	if len(got) != 4 || !slices.Equal(got[:2], want) {
		t.Errorf("the records are %+v, want two more than %+v", got, want)
	}
	for _, r := range got[2:] {
		if r.Name == "example.org" && (r.Type != "A" || r.Content != "203.0.113.7") || r.Name == "nas.example.org" && (r.Type != "AAAA" || r.Content != nas.String()) {
			t.Errorf("made was %+v", r)
		}
	}
	h.status("of all requests, look-ups included", func(s status) bool { return s.Accounts["home"].Used == len(zones.Requests()) })
	before := len(zones.Requests())
	h.must(h.router.SetIPv4(lease2, gateway))
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease2.Addr()})
	// The record that was made is found first, the other is known.
	for _, r := range zones.Requests()[before:] {
		if strings.Contains(r.Path, "/zones?") {
			t.Errorf("the zone is known, and asked for again: %s", r.Path)
		}
	}
	d.noSecret("s3cret")
}

// A family that is not published keeps its record, a prefix goes before the host's
// interface id, and the secret is in no URL: deSEC's log keeps them.
func TestDeSEC(t *testing.T) {
	hosts := updatetest.NewDynHosts("", "s3cret-token", "home.dedyn.io", "old.dedyn.io")
	kept := netip.MustParseAddr("2001:db8:9::99")
	hosts.SetRecord("home.dedyn.io", updatetest.DynRecord{AAAA: netip.MustParseAddr("2001:db8:9::77")})
	hosts.SetRecord("old.dedyn.io", updatetest.DynRecord{AAAA: kept})
	h := newServiceHouse(t, hosts, "update.dedyn.io")
	h.online()
	d := h.run(`
[account.home]
service = "desec"
domains = ["home.dedyn.io"]
publish = ["ipv4", "prefix"]
token = "s3cret-token"

[account.old]
service = "desec"
domains = ["old.dedyn.io"]
publish = ["ipv4"]
token = "s3cret-token"
`)
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix1)})
	h.becomes("old", update.StateCurrent, service.Values{IPv4: lease.Addr()})
	if got := hosts.Record("old.dedyn.io"); got.A != lease.Addr() || got.AAAA != kept {
		t.Errorf("of a family that is not published is left %+v", got)
	}
	h.renumber()
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix2)})
	if got, want := hosts.Record("home.dedyn.io"), netip.MustParseAddr("2001:db8:3400::77"); got.A != lease.Addr() || got.AAAA != want {
		t.Errorf("the records are %+v, want %v", got, want)
	}
	for _, r := range hosts.Requests() {
		if strings.Contains(r.Path, "s3cret") {
			t.Errorf("the secret is in the URL %s", r.Path)
		}
	}
	d.noSecret("s3cret")
}

// The prefix of a zone at dynv6, addresses and all in one request.
func TestDynv6(t *testing.T) {
	hosts := updatetest.NewDynHosts("", "s3cret-token", "home.dynv6.net")
	h := newServiceHouse(t, hosts, "dynv6.com")
	h.online()
	d := h.run(`
[account.home]
service = "dynv6"
domains = ["home.dynv6.net"]
publish = ["ipv4", "prefix"]
token = "s3cret-token"
`)
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix1)})
	h.renumber()
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr(), Prefix: netip.MustParsePrefix(prefix2)})
	if got := hosts.Record("home.dynv6.net"); got.A != lease.Addr() || got.Prefix.String() != prefix2 {
		t.Errorf("the records are %+v", got)
	}
	requests := hosts.Requests() // once: one may arrive at any moment
	last := requests[len(requests)-1]
	if want := "/api/update?zone=home.dynv6.net&token=s3cret-token&ipv4=203.0.113.7&ipv6prefix=" + prefix2; last.Path != want {
		t.Errorf("asked %s, want %s", last.Path, want)
	}
	d.noSecret("s3cret")
}
