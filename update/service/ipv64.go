package service

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// ipv64 is IPv64.net's updater (https://ipv64.net/dyndns_updater_api): one
// request with one verdict for all domains of an account.
type ipv64 struct{}

func ipv64Service() Service {
	return Service{Protocol: ipv64{}, PrefixOnly: true}
}

// Request returns the request for an update, with the secret in a header or the
// body.
func (ipv64) Request(a *Account, c Update) transport.Request {
	r := transport.Request{Method: "GET", Device4: a.Device4, Device6: a.Device6, CAFile: a.CAFile}
	if c.Auto {
		r.Family = 6
	}
	main, prefix := ipv64Parameters(a, c)
	path := secret.Text{}.Plain(a.Server + "/nic/update")
	switch a.Auth {
	case "form":
		r.Method = "POST"
		r.Body = main.Plain("&token=").Secret(a.Secret, url.QueryEscape)
		r.URL = path
		if !prefix.IsZero() {
			r.URL = path.Plain("?").Text(prefix)
		}
		return r
	case "basic":
		r.User, r.Password = ipv64User, a.Secret // the service takes the token as user or password
	default:
		r.Bearer = a.Secret
	}
	r.URL = path.Plain("?").Text(main)
	if !prefix.IsZero() {
		r.URL = r.URL.Plain("&").Text(prefix)
	}
	return r
}

// ipv64Parameters returns the parameters without the secret: main may go in a
// body, prefix only in the query.
func ipv64Parameters(a *Account, c Update) (main, prefix secret.Text) {
	add := func(t *secret.Text, key, value string) {
		if value == "" {
			return
		}
		if !t.IsZero() {
			*t = t.Plain("&")
		}
		*t = t.Plain(key + "=" + value)
	}
	add(&main, "domain", strings.Join(c.Hosts, ","))
	add(&main, "praefix", url.QueryEscape(a.Record))
	if c.Values.IPv4.IsValid() {
		add(&main, "ip", c.Values.IPv4.String())
	}
	if c.Values.IPv6.IsValid() {
		add(&main, "ip6", c.Values.IPv6.String())
	}
	switch {
	case c.Auto:
		add(&prefix, "ipv6prefix", "auto")
	case c.Values.Prefix.IsValid():
		add(&prefix, "ipv6prefix", c.Values.Prefix.String())
	}
	if c.PrefixOnly {
		add(&prefix, "onlyprefix", "1")
	}
	if !a.Healthcheck.IsZero() {
		main = main.Plain("&healthcheck=").Secret(a.Healthcheck, url.QueryEscape)
	}
	return main, prefix
}

// Parse reads the service's JSON, or the single word of output=min. Only whole
// words count: a login page may contain "good".
func (ipv64) Parse(a *Account, c Update, ans transport.Answer) Result {
	info, isJSON := ipv64Info(ans.Body)
	word := strings.ToLower(info)
	said := redact(a, []byte(info))
	known, isWord := returnCodeOf(word)
	switch {
	case ans.Status == 429 || strings.Contains(word, "overcommit"):
		if said == "" {
			said = HTTPStatus(ans)
		}
		return Result{Verdict: Limited, Wait: RetryAfter(ans), Detail: said}
	case ans.Status == 401 || word == "unauthorized" || word == "badauth":
		return Result{Verdict: Unauthorized, Detail: "the service does not accept the token",
			Hint: "write the update token of the account or of the domain in `token`, not the API key"}
	case ans.Status/100 == 3 || ans.Status >= 500:
		return byStatus(a, ans)
	case ans.Status/100 == 2 && (word == "good" || word == "nochg" || word == "ok"):
		return Result{Verdict: Accepted}
	case isWord && known.verdict == Refused:
		return Result{Verdict: Refused, Detail: said + ": " + known.what, Hint: known.do}
	case (ans.Status == 400 || ans.Status == 403) && !isHTML(ans.Body):
		return ipv64Refusal(a, ans, info)
	case info != "" && isJSON && c.PrefixOnly && ans.Status/100 == 2:
		return Result{Verdict: Refused, Detail: HTTPStatus(ans) + ": " + said, Hint: checkDomains}
	}
	return byStatus(a, ans)
}

// ipv64Refusal judges an answer of 400 or 403 with an unknown text. It may be the
// lock, whose text is not documented. If the credential was never accepted, it is
// a refusal if it is JSON.
func ipv64Refusal(a *Account, ans transport.Answer, info string) Result {
	r := byStatus(a, ans)
	if r.Verdict, r.Hint = Locked, checkDomains; info != "" {
		r.Detail = HTTPStatus(ans) + ": " + redact(a, []byte(info))
	}
	if json.Valid(ans.Body) {
		r.Fallback = Refused
	}
	return r
}

// ipv64User is the user name beside a token in Basic auth.
const ipv64User = "homeward"

const checkDomains = "check `domains` and `record`, and that they are yours at the service"

// ipv64Info returns the member info of JSON, or the text of an answer that is
// one short line, else "".
func ipv64Info(body []byte) (info string, isJSON bool) {
	var v struct {
		Info any `json:"info"`
	}
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\uFEFF")), &v) == nil {
		info, _ = v.Info.(string)
		return strings.TrimSpace(info), true
	}
	all := lines(body)
	if len(all) != 1 || len(all[0]) > 80 || isHTML(body) {
		return "", false
	}
	if w := Fields(all[0]); len(w) == 2 && (w[0] == "good" || w[0] == "nochg") {
		if _, err := netip.ParseAddr(w[1]); err == nil {
			return w[0], false
		}
	}
	return all[0], false
}
