package main

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
	"homeward/update/ipv64api"
	"homeward/update/service"
	"homeward/update/updatetest"
)

func TestDomainTreeMarksWhatDiffers(t *testing.T) {
	domains := []ipv64api.Domain{
		{Name: "home.ipv64.net", Prefix: "2001:db8:1200::/64", Updates: 1, Wildcard: true, Records: []ipv64api.Record{
			{ID: "1", Type: "A", Content: "203.0.113.7", TTL: 60, Updated: "2026-07-21 22:00:01"},
			{ID: "2", Type: "TXT", Content: "a text that is longer than forty characters, and shown", TTL: 60},
			{ID: "3", Label: "nas", Type: "AAAA", Content: "2001:db8:1200::1234", TTL: 60},
			{ID: "4", Label: "old", Type: "AAAA", Content: "2001:db8:1100::1234", TTL: 60},
		}},
		{Name: "srv.any64.de", Prefix: "2001:db8:1100::/64", Updates: -1, Deactivated: true, Records: []ipv64api.Record{
			{ID: "5", Label: "www", Type: "A", Content: "198.51.100.1", TTL: -1},
			{ID: "6", Label: "off", Type: "AAAA", Content: "2001:db8:9999::1", TTL: -1, Deactivated: true},
		}},
		{Name: "empty.ipv64.net", Updates: 0},
	}
	values := service.Values{IPv4: netip.MustParseAddr("203.0.113.7"), Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
	host := service.Values{IPv6: netip.MustParseAddr("2001:db8:1200::99")}
	tree := domainTree{domains: domains, zone: time.UTC, pubs: []publication{
		{"home", "home.ipv64.net", "", values}, {"srv", "srv.any64.de", "www", values},
		{"host", "empty.ipv64.net", "", host}, {"home", "gone.ipv64.net", "", values}},
		dns: map[string]string{"a home.ipv64.net": "203.0.113.7", "a www.srv.any64.de": "says there is no such name"}}
	const want = `  home.ipv64.net, prefix 2001:db8:1200::/64, 1 update, wildcard, as account home
    @    A     203.0.113.7                               60 s  2026-07-21 20:00:01  id 1  DNS 203.0.113.7; as account home
    @    TXT   a text that is longer than forty characters, and shown  60 s                       id 2
    nas  AAAA  2001:db8:1200::1234                       60 s                       id 3
!   old  AAAA  2001:db8:1100::1234                       60 s                       id 4  not in the prefix of account home, 2001:db8:1200::/64

! srv.any64.de, prefix 2001:db8:1100::/64, switched off, account srv would publish 2001:db8:1200::/64
!   www  A     198.51.100.1                                                         id 5  DNS says there is no such name; account srv would publish 203.0.113.7
    off  AAAA  2001:db8:9999::1                                                     id 6  switched off

  empty.ipv64.net, 0 updates
!   @    AAAA  -                                                                          account host would publish 2001:db8:1200::99
! gone.ipv64.net is published by account home, and is not there

5 lines differ from what this router would publish (!)
`
	if got := tree.String(); got != want {
		t.Errorf("the tree is\n%s\nwant\n%s", got, want)
	}
	tree.domains, tree.pubs = nil, nil
	if got := tree.String(); got != "there is no domain: homeward ipv64 add-domain NAME makes one\n" {
		t.Errorf("without any: %q", got)
	}
	tree.domains, tree.pubs = domains[:1], []publication{{"home", "home.ipv64.net", "", service.Values{IPv4: values.IPv4}}}
	if got := tree.String(); !strings.HasSuffix(got, "\nnothing differs from what this router would publish\n") || strings.Contains(got, "!") {
		t.Errorf("all is well: %s", got)
	}
}

func TestUsedOf(t *testing.T) {
	for _, tt := range []struct {
		used, limit int
		want        string
	}{
		{17, 48, "17 of 48 used today, 31 left"},
		{49, 48, "49 of 48 used today, 0 left"},
		{3, 0, "3 used today, no limit"},
		{3, -1, "3 used today"},
		{-1, 48, "at most 48 today"},
		{-1, 0, "no limit"},
		{-1, -1, ""},
	} {
		if got := usedOf(tt.used, tt.limit, "today"); got != tt.want {
			t.Errorf("usedOf(%d, %d) = %q, want %q", tt.used, tt.limit, got, tt.want)
		}
	}
}

func TestIPv64ExitCodes(t *testing.T) {
	dir := t.TempDir()
	api := updatetest.NewIPv64API("APIKEYapikeyAPIKEY")
	api.Limit10s = 0
	srv, err := serveAPI(api)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("ca.pem", string(srv.CA))
	cfg := file("x.toml", "state_dir = \"state\"\nrun_dir = \"run\"\nca_file = \"ca.pem\"\n[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"T\"\nserver = \""+srv.URL+"\"\n")
	key := " -c " + cfg + " --key-file " + file("key", "APIKEYapikeyAPIKEY\n")
	wrong := " -c " + cfg + " --key-file " + file("wrong", "WRONGkeyWRONGkey\n")
	for _, tt := range []struct {
		args string
		want int
	}{
		{"account" + key, 0},
		{"account" + wrong, 1},
		{"add-domain a.ipv64.net" + key, 0},
		{"add-domain a.ipv64.net" + key, 1},
		{"del-domain a.ipv64.net" + key, 0},
		{"add-domain" + key, 2},
		{"nonsense" + key, 2},
		{"", 2},
		{"account -c /nowhere/x.toml", 2},
		{"account -c " + cfg + " --key-file /nowhere/key", 2},
		{"help", 2},
		{"logs -h", 0},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"ipv64"}, strings.Fields(tt.args)...)
		if got := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); got != tt.want {
			t.Errorf("homeward ipv64 %s: exit %d, want %d: %s", tt.args, got, tt.want, &stderr)
		}
	}
}

func TestIPv64WithoutAConfiguration(t *testing.T) {
	var stderr bytes.Buffer
	s := &ipv64Session{Call: cli.Call{Stderr: &stderr}, cfg: &settings.Config{}}
	if got := s.server(); got != "https://ipv64.net" || stderr.Len() > 0 {
		t.Errorf("server %s, said %q", got, &stderr)
	}
	cfg, _, faults := settings.Parse("x.toml", []byte(`
account.a = {service = "spdyn", domains = ["a.spdns.de"], token = "abcd-efgh-ijkl"}
account.b = {service = "ipv64", domains = ["b.ipv64.net"], token = "t", server = "https://off.example", enabled = false}
account.c = {service = "ipv64", domains = ["c.ipv64.net"], token = "t", server = "https://one.example"}
account.d = {service = "ipv64", domains = ["d.ipv64.net"], token = "t"}
`), 0o600, settings.ReadFile)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s.cfg = cfg
	if got := s.server(); got != "https://one.example" || stderr.String() != "warning: the accounts name several servers: asking https://one.example, that of c\n" {
		t.Errorf("server %s, said %q", got, &stderr)
	}
}
