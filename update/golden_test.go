package update

import (
	"flag"
	"fmt"
	"homeward/update/secret"
	"homeward/update/transport"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/*.golden anew; the diff is the review")

// golden compares got with testdata/NAME.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the requests are\n%s\nwant\n%s", file, got, want)
	}
}

// shown is a request as an owner may see it.
func shown(r transport.Request) string {
	s := fmt.Sprintf("%s %s\n", r.Method, r.URL)
	if !r.Bearer.IsZero() {
		s += fmt.Sprintf("Authorization: Bearer %s\n", r.Bearer)
	}
	if r.User != "" || !r.Login.IsZero() || !r.Password.IsZero() {
		s += fmt.Sprintf("Authorization: Basic %s%s:%s\n", r.User, r.Login, r.Password)
	}
	if r.Family != 0 {
		s += fmt.Sprintf("over IPv%d\n", r.Family)
	}
	if r.Device4 != "" {
		s += fmt.Sprintf("by %s\n", r.Device4)
	}
	if !r.Form.IsZero() {
		s += fmt.Sprintf("\n%s\n", r.Form)
	}
	return s
}

func TestGoldenRequests(t *testing.T) {
	both := Values{IPv4: ip4, IPv6: ip6, Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
	user := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://update.spdyn.de", Device4: "pppoe-wan"}
	token := Account{Token: true, Secret: secret.New("abcd-efgh-ijkl"), Server: "https://update.spdyn.de"}
	dyn := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://dyn.example"}
	whole := Account{Username: "alice", Secret: secret.New("made-up-password"), Server: "https://dyn.example/nic/update"}
	tests := []struct {
		file, name string
		p          Protocol
		a          Account
		c          Update
	}{
		{"spdyn", "a token: the user is the host", spdyn{}, token, Update{Hosts: []string{"home.spdns.example"}, Values: both}},
		{"spdyn", "a token: IPv4 alone", spdyn{}, token, Update{Hosts: []string{"home.spdns.example"}, Values: Values{IPv4: ip4}}},
		{"spdyn", "user and password: several hosts, by a device", spdyn{}, user, Update{Hosts: []string{"a.spdns.example", "b.spdns.example"}, Values: both}},
		{"dyndns2", "both addresses", dyndns2{}, dyn, Update{Hosts: []string{"a.example", "b.example"}, Values: both}},
		{"dyndns2", "IPv6 alone", dyndns2{}, dyn, Update{Hosts: []string{"a.example"}, Values: Values{IPv6: ip6}}},
		{"dyndns2", "the whole address as server", dyndns2{}, whole, Update{Hosts: []string{"a.example"}, Values: Values{IPv4: ip4}}},
	}
	got := map[string]string{}
	for _, tt := range tests {
		r := tt.p.Request(&tt.a, tt.c)
		got[tt.file] += "# " + tt.name + "\n" + shown(r) + "\n"
		if r.Password.Reveal() != tt.a.Secret.Reveal() || strings.Contains(r.URL.Reveal(), tt.a.Secret.Reveal()) {
			t.Errorf("%s: the secret is not in the header alone", tt.name)
		}
	}
	for file, text := range got {
		golden(t, file, text)
	}
}

func TestServices(t *testing.T) {
	token, user := &Account{Token: true}, &Account{OneAddress: true}
	if s := spdynService(token); s.MaxHosts != 1 || s.OneAddress || s.DeletesUnnamed || s.Server != "https://update.spdyn.de" {
		t.Errorf("spdyn with a token: %+v", s)
	}
	if s := spdynService(user); s.MaxHosts != 20 {
		t.Errorf("spdyn with a password: %+v", s)
	}
	if s := dyndns2Service(user); s.MaxHosts != 20 || !s.OneAddress || s.DeletesUnnamed || s.Server != "" {
		t.Errorf("dyndns2, one address a request: %+v", s)
	}
	if s := dyndns2Service(&Account{}); s.OneAddress || !s.DeletesUnnamed {
		t.Errorf("dyndns2: %+v", s)
	}
	families := &Account{Template: &Template{URL4: "https://x.example/"}}
	if s := templateService(families); s.MaxHosts != 1 || !s.OneAddress || s.PrefixOnly || s.DeletesUnnamed {
		t.Errorf("a template with url4: %+v", s)
	}
	all := &Account{Template: &Template{URL: "https://x.example/?a=[IP]&p=[PREFIX]"}}
	if s := templateService(all); s.MaxHosts != 1 || s.OneAddress || s.PrefixOnly || !s.DeletesUnnamed {
		t.Errorf("a template with url: %+v", s)
	}
}
