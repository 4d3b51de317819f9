package settings

import (
	"strings"

	"homeward/cmd/homeward/settings/form"
	"homeward/update/rfc2136"
	"homeward/update/secret"
)

// nameServer reads what belongs to an account at a name server of one's own.
func (t table) nameServer(a *Account) {
	if a.Service != "rfc2136" {
		return
	}
	if a.Username = t.dnsName("key_name"); t.missing("key_name") {
		t.fault("key_name", `missing: write key_name = "…", the name of the TSIG key as the server has it`)
	}
	a.Algorithm = t.choice("key_algorithm", rfc2136.Algorithms()[0])
	name := t.given("password", "password_file")
	_, err := rfc2136.DecodeSecret(a.Secret)
	switch {
	case t.missing("password") && t.missing("password_file"):
		t.fault("password", `missing: write password = "…", the secret of the key in base64, or password_file = "/path"`)
	case err != nil && !a.Secret.IsZero():
		t.fault(name, "is no base64: write the secret of the key as tsig-keygen or keymgr -t prints it")
	}
	a.Zone = t.zone()
	for _, d := range a.Domains {
		if a.Zone != "" && !rfc2136.Inside(d, a.Zone) {
			t.fault("domains", secret.Shown(d)+" is outside of the zone "+secret.Shown(a.Zone)+": take it out, or correct zone")
		}
	}
}

// zone reads the zone of all domains.
func (t table) zone() string { return t.dnsName("zone") }

// dnsName reads a name of the DNS, one label or more, in lower case.
func (t table) dnsName(key string) string {
	v := strings.ToLower(strings.TrimSuffix(t.text(key), "."))
	if v != "" && !form.Name(v) {
		t.fault(key, secret.Shown(v)+" is no name of the DNS: write letters, digits, - and _, with dots between")
		return ""
	}
	return v
}
