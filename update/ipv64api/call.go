// Package ipv64api calls IPv64.net's API within its limits, and removes all
// secrets from the answers.
package ipv64api

import (
	"net/url"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// API is IPv64.net's API (https://ipv64.net/dyndns_api), with the key of
// one account.
type API struct {
	Server string          // base URL without a slash at its end
	Key    secret.Secret   // the account's API key, which is not its update token
	CAFile string          // more roots to trust
	Hide   []secret.Secret // more secrets to mask in answers
}

// apiBody is how many bytes of an answer to keep: enough for a hundred domains of
// fifty records each.
const apiBody = 1 << 20

// The calls, as the API spells them.
const (
	AccountInfo = "get_account_info"
	Logs        = "get_logs"
	Domains     = "get_domains"
	AddDomain   = "add_domain"
	DelDomain   = "del_domain"
	AddRecord   = "add_record"
	DelRecord   = "del_record"
)

// Call is one call.
type Call struct {
	Name   string
	Target string  // a domain, or a record's number; "" for a reading call
	Record *Record // for add_record, and del_record by content: label, type and content
}

// method returns the HTTP method: GET for a reading call.
func (c Call) method() string {
	switch c.Name {
	case AddDomain, AddRecord:
		return "POST"
	case DelDomain, DelRecord:
		return "DELETE"
	}
	return "GET"
}

// changes reports whether the call changes anything.
func (c Call) changes() bool { return c.method() != "GET" }

// Request returns the request for a call. A DELETE has a body, too.
func (api API) Request(c Call) transport.Request {
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
	r.Body = secret.Text{}.Plain(form)
	return r
}

// RecordTypes returns the record types that the service knows.
func RecordTypes() []string {
	return []string{"A", "AAAA", "TXT", "CNAME", "MX", "NS", "SRV", "TLSA", "CAA"}
}
