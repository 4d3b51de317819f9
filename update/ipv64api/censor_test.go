package ipv64api

import "testing"

func TestWhatIsCalledASecret(t *testing.T) {
	for _, name := range []string{"update_hash", "api_key", "domain_update_hash", "record_key", "devicetoken", "APIKEY", "api-key", "access.token", "user_password", "pass", "client secret", "AuthCode"} {
		if !secretName(name) {
			t.Errorf("%s is not taken for a secret", name)
		}
	}
	for _, name := range []string{"email", "reg_date", "account_class", "class_name", "dyndns_updates", "dyndns_ttl", "api_limit", "api_updates", "subdomains", "healthchecks",
		"wildcard", "ipv6prefix", "dualstack", "deactivated", "records", "record_id", "content", "ttl", "type", "praefix", "last_update", "failover_policy", "logs", "subdomain", "time", "header", "info", "status"} {
		if secretName(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}

func TestParametersThatAreSecretsAreHidden(t *testing.T) {
	for in, want := range map[string]string{
		"GET /update?key=abc&domain=a": "GET /update?key=***&domain=a",
		"user=me; ip=192.0.2.1":        "user=***; ip=192.0.2.1",
		"token=":                       "token=",
		"a=b=c":                        "a=b=c",
		"update_hash=x token='y'":      "update_hash=*** token='y'",
		"no parameter":                 "no parameter",
		"":                             "",
	} {
		if got := maskParameters(in); got != want {
			t.Errorf("maskParameters(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWordsDrawnByLotAreHidden(t *testing.T) {
	for in, want := range map[string]string{
		"Key 1a2b3c4d5e6f7g8h9i0j, good":           "Key ***, good",
		"abcdefghijKLMNOPqrstuv":                   "***",
		"Domainnamenregistrierung von ipv64":       "Domainnamenregistrierung von ipv64",
		"2001:db8:1200:abcd:1234:5678:9abc:def0 a": "2001:db8:1200:abcd:1234:5678:9abc:def0 a",
		"home-of-the-17-dwarves.ipv64.net":         "home-of-the-17-dwarves.ipv64.net",
	} {
		if got := maskRandom(in); got != want {
			t.Errorf("maskRandom(%q) = %q, want %q", in, got, want)
		}
	}
}
