package state

import (
	"fmt"
	"strings"
	"testing"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
)

// What a template changes is told apart on disk, its secrets included, and
// each service has limits of its own.
func TestTemplatesAreToldApart(t *testing.T) {
	b := New(clock.Now{})
	account := func(t service.Template) *service.Account {
		return &service.Account{Name: "home", Service: "template", Template: &t, Secret: secret.New("p")}
	}
	one := service.Template{URL4: "https://x.example/?k=[PARAMENC]&ip=[IP]", ParamEnc: secret.New("key"), AllowHTTP: true}
	other := one
	other.ParamEnc = secret.New("another")
	b.SyncConfig(account(one))
	before := b.Accounts["home"]
	b.SyncConfig(account(other))
	if after := b.Accounts["home"]; after.Config == before.Config {
		t.Error("another param_enc does not lift a stop")
	}
	moved := one
	moved.URL4 = "https://y.example/?ip=[IP]"
	if same, apart := b.UsageID(account(one)) == b.UsageID(account(other)), b.UsageID(account(one)) != b.UsageID(account(moved)); !same || !apart {
		t.Errorf("one server has one key: %v, two have two: %v", same, apart)
	}
	svc, _ := service.For(account(one))
	r := svc.Request(account(one), service.Update{Hosts: []string{"h"}, Values: service.Values{IPv4: addr4}})
	if text := fmt.Sprintf("%+v %v", one, r.URL); strings.Contains(text, "key") || !r.AllowHTTP {
		t.Errorf("%s shows the secret, or http:// is not allowed: %v", text, r.AllowHTTP)
	}
}

// What an earlier version knew of the hosts stays known, though it had their names in
// the target, and no name for the hosts of IPv64.
func TestHostsOfAnEarlierVersionStayKnown(t *testing.T) {
	for _, tt := range []struct{ service, was, is string }{{"dyndns2", "a.example.org", "a.example.org"}, {"ipv64", "", "a.example.org,b.example.org"}} {
		b := New(clock.Now{})
		a := &service.Account{Name: "home", Service: tt.service, Domains: []string{"a.example.org", "b.example.org"}, Publish: service.Publish{IPv4: true}, Secret: secret.New("p")}
		b.SyncConfig(a)
		m := b.Accounts["home"]
		target, earlier := b.targets(a)
		m.Hosts, m.Target = map[string]Host{tt.was: {Values: service.Values{IPv4: addr4}}}, earlier
		b.Accounts["home"] = m
		b.SyncConfig(a)
		b.Prune(a)
		if m := b.Accounts["home"]; len(m.Hosts) != 1 || m.Hosts[tt.is].IPv4 != addr4 || m.Target != target {
			t.Errorf("%s: %+v", tt.service, m)
		}
	}
}
