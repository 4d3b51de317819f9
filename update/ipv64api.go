package update

import (
	"homeward/update/secret"
	"homeward/update/transport"
	"net/url"
	"strings"
)

// IPv64API is IPv64.net's API (https://ipv64.net/dyndns_api), with the key of
// one account.
type IPv64API struct {
	Server string          // base URL without a slash at its end
	Key    secret.Secret   // the account's API key, which is not its update token
	CAFile string          // more roots to trust
	Hide   []secret.Secret // more that is never repeated of an answer
}

// apiBody is how much of an answer is kept: a hundred domains of fifty records
// each.
const apiBody = 1 << 20

// The calls, as the API spells them.
const (
	APIAccountInfo = "get_account_info"
	APILogs        = "get_logs"
	APIDomains     = "get_domains"
	APIAddDomain   = "add_domain"
	APIDelDomain   = "del_domain"
	APIAddRecord   = "add_record"
	APIDelRecord   = "del_record"
)

// APICall is one call.
type APICall struct {
	Name   string
	Target string     // a domain, or a record's number; "" of a call that looks
	Record *APIRecord // of add_record, and of del_record by content: label, type and content
}

// method follows from the name: what looks is a GET.
func (c APICall) method() string {
	switch c.Name {
	case APIAddDomain, APIAddRecord:
		return "POST"
	case APIDelDomain, APIDelRecord:
		return "DELETE"
	}
	return "GET"
}

// changes tells whether the call does more than look.
func (c APICall) changes() bool { return c.method() != "GET" }

// Request spells a call. A DELETE has a body, too.
func (api IPv64API) Request(c APICall) transport.Request {
	r := transport.Request{Method: c.method(), URL: secret.Text{}.Plain(api.Server + "/api"), Bearer: api.Key, CAFile: api.CAFile, MaxBody: apiBody}
	if !c.changes() {
		r.URL = r.URL.Plain("?" + c.Name)
		return r
	}
	form := c.Name + "=" + url.QueryEscape(strings.ToLower(c.Target))
	if c.Record != nil {
		form += "&praefix=" + url.QueryEscape(strings.ToLower(c.Record.Label)) +
			"&type=" + url.QueryEscape(c.Record.Type) + "&content=" + url.QueryEscape(c.Record.Content)
	}
	r.Form = secret.Text{}.Plain(form)
	return r
}

// APITypes are the types of records that the service knows.
func APITypes() []string {
	return []string{"A", "AAAA", "TXT", "CNAME", "MX", "NS", "SRV", "TLSA", "CAA"}
}
