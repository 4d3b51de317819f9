package ipv64api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
)

// Answer is the API's answer to a call, with all secrets removed.
type Answer struct {
	service.Result
	JSON    []byte // the whole answer, nil if it is not JSON
	Account *Account
	Logs    []Log
	Domains []Domain
}

// Parse parses an answer to a call. ans may hold anything; Parse never panics.
func (api API) Parse(c Call, ans transport.Answer) Answer {
	var tree any
	if json.Unmarshal(bytes.TrimPrefix(ans.Body, []byte("\uFEFF")), &tree) != nil || ans.Cut {
		return Answer{Result: api.judge(c, ans, nil, plainWords(ans.Body))}
	}
	tree = censored(tree, append([]secret.Secret{api.Key}, api.Hide...))
	var out Answer
	out.JSON, _ = json.Marshal(tree) // it came from JSON
	t := table(tree)
	out.Result = api.judge(c, ans, t, apiWords(c, t))
	if tree == nil && out.Verdict == service.Unknown {
		out.Detail = "the service answered nothing at all (null)"
	}
	if out.Verdict != service.Accepted {
		return out
	}
	switch c.Name {
	case AccountInfo:
		out.Account = apiAccount(t)
	case Logs:
		out.Logs = apiLogs(t["logs"])
	case Domains:
		out.Domains = apiDomains(t["subdomains"])
	}
	return out
}

// apiWords returns the service's message about a call. It is the member with the
// call's name, at times with another call's, or else info.
func apiWords(c Call, t apiTable) string {
	names := []string{c.Name, AddRecord, DelRecord, AddDomain, DelDomain, "info"}
	for _, n := range names {
		w := t.text(n)
		said := w != "" && !strings.EqualFold(w, "success") && !strings.EqualFold(w, "error")
		if said && !strings.HasPrefix(w, "get_") && w != n && w != c.Name {
			return service.Cut(w)
		}
	}
	return ""
}

// plainWords returns an answer that is not JSON if it is a sentence, else "":
// other text could be a secret.
func plainWords(body []byte) string {
	s := strings.TrimSpace(string(body))
	for _, w := range service.Fields(s) {
		if len(w) > 20 {
			return ""
		}
	}
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(" .,!'-", r))
	}
	if len(s) > 80 || strings.ContainsFunc(s, odd) {
		return ""
	}
	return service.Cut(s)
}

// judge returns the result of an answer. t is nil if that is no JSON object; said
// is the service's message.
func (api API) judge(c Call, ans transport.Answer, t apiTable, said string) service.Result {
	word := strings.ToLower(said)
	detail := service.HTTPStatus(ans)
	if said != "" {
		detail += ": " + said
	}
	switch code := ans.Status; {
	case code == 429 || strings.Contains(word, "overcommit"):
		return service.Result{Verdict: service.Limited, Wait: service.RetryAfter(ans), Detail: detail}
	case code == 401 || word == "unauthorized":
		return service.Result{Verdict: service.Unauthorized, Detail: "the service does not accept the API key (" + detail + ")",
			Hint: "write the account's API key, which ipv64.net shows apart from the update token"}
	case code/100 == 3:
		return service.Redirected(&service.Account{Secret: api.Key, Server: api.Server}, ans)
	case code/100 == 5:
		return service.Result{Verdict: service.Temporary, Wait: service.RetryAfter(ans), Detail: detail, Hint: "the service has trouble: try again later"}
	case code == 400 || code == 403:
		return service.Result{Verdict: service.Refused, Detail: detail, Hint: apiAdvice(c, code, word)}
	case code/100 != 2:
		return service.Result{Verdict: service.Unknown, Detail: detail, Hint: "check `server`: the API does not answer so"}
	case ans.Cut:
		return service.Result{Verdict: service.Unknown, Detail: "the answer is longer than " + strconv.Itoa(apiBody>>20) + " MiB"}
	case t == nil:
		return service.Result{Verdict: service.Unknown, Detail: "the answer is not the API's (a hotspot's or a proxy's page?)"}
	case strings.EqualFold(t.text("info"), "error"):
		return service.Result{Verdict: service.Refused, Detail: detail, Hint: apiAdvice(c, code, word)}
	case c.changes() && strings.EqualFold(t.text("info"), "success"), t.holds(c):
		return service.Result{Verdict: service.Accepted, Detail: said}
	}
	return service.Result{Verdict: service.Unknown, Detail: "the answer does not hold what was asked for"}
}

// holds reports whether t has the member that a reading call c asks for.
func (t apiTable) holds(c Call) bool {
	member := map[string]string{AccountInfo: "account_class", Logs: "logs", Domains: "subdomains"}[c.Name]
	_, ok := t[member]
	return ok
}

// apiAdvice returns the hint for a refusal.
func apiAdvice(c Call, code int, word string) string {
	switch {
	case strings.Contains(word, "already there"):
		return "nothing is left to do: homeward ipv64 domains shows it"
	case strings.Contains(word, "limit reached"):
		return "delete a domain (homeward ipv64 del-domain NAME), or book a class that has more at the service"
	case strings.Contains(word, "not available"):
		return "somebody has this name, or it is not one that the service gives out: choose another"
	case code == 403:
		return "the domain is not this account's: homeward ipv64 domains lists those that are"
	case c.Name == AddDomain || c.Name == DelDomain:
		return "check the name: homeward ipv64 domains lists those that are there"
	case c.changes():
		return "check the domain, and the record's label, type and content: homeward ipv64 domains shows what is there"
	}
	return ""
}
