package service

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homeward/update/secret"
	"homeward/update/transport"
)

// returnCode is the meaning of a return code of the dyndns2 protocol.
type returnCode struct {
	verdict Verdict
	host    bool   // about one host; else about the account or the whole request, given once
	what    string // for the owner, at most 38 characters
	do      string
}

// returnCodeOf returns the meaning of a line's first word, a return code of the
// Remote Access API. Only whole words in the documented spelling count.
func returnCodeOf(word string) (returnCode, bool) {
	switch word {
	case "good", "nochg":
		return returnCode{Accepted, true, "", ""}, true
	case "badauth":
		return returnCode{Unauthorized, false, "user name or password is wrong", "correct username and password"}, true
	case "badagent":
		return returnCode{Refused, false, "the service turns this program away", "ask the service's support why it blocks homeward, or use another service"}, true
	case "badsys":
		return returnCode{Refused, false, "the server expects other parameters", `check server; if it has a URL of its own, use service = "template"`}, true
	case "!donator":
		return returnCode{Refused, false, "only for paying users", "book what the service asks for, or leave it out"}, true
	case "!active":
		return returnCode{Refused, false, "account or host is not active", "activate it at the service"}, true
	case "numhost":
		return returnCode{Refused, false, "too many hosts in one request", "put some of the domains into an account of their own"}, true
	case "notfqdn":
		return returnCode{Refused, true, "not a full domain name", "write the whole name in domains, such as home.example.org"}, true
	case "nohost":
		return returnCode{Refused, true, "the service has no such host", "make the host at the service, or correct domains"}, true
	case "!yours":
		return returnCode{Refused, true, "the host belongs to another user", "correct domains, or use the user name the host belongs to"}, true
	case "abuse":
		return returnCode{Refused, true, "the host is blocked for abuse", "ask the service to unblock the host"}, true
	case "911":
		return returnCode{Busy, false, "the service has trouble", ""}, true
	case "dnserr":
		return returnCode{Busy, false, "its name servers have trouble", ""}, true
	}
	return returnCode{}, false
}

// lineVerdict is the meaning of one line of an answer; known is false if it was
// not understood.
type lineVerdict struct {
	returnCode
	known bool
	text  string // the line, redacted
}

// parseLine parses one line of an answer to c; look returns the meaning of a
// return code. Success counts with 2xx only, and with 5xx nothing but Busy does.
func parseLine(a *Account, c Update, status int, line string, look func(string) (returnCode, bool)) lineVerdict {
	said := lineVerdict{text: redact(a, []byte(line))}
	w := Fields(line)
	said.returnCode, said.known = look(w[0])
	switch {
	case !said.known:
	case status/100 == 5:
		said.known = said.verdict == Busy
	case said.verdict == Accepted:
		said.known = status/100 == 2 && (len(w) == 1 || addressOrHost(c, w[1]))
		if len(w) > 1 && w[1] == "127.0.0.1" && c.Values.IPv4.String() != w[1] {
			said.returnCode = returnCode{Refused, false, "the update was ignored", "ask the service's support why it ignores homeward, or use another service"}
		}
	}
	if said.what != "" {
		said.text += ": " + said.what
	}
	return said
}

// addressOrHost reports whether the word after good or nochg is an address, a
// list of addresses, or a host of the update, unlike the text of a page.
func addressOrHost(c Update, word string) bool {
	first, _, _ := strings.Cut(word, ",")
	_, err := netip.ParseAddr(first)
	return err == nil || slices.Contains(c.Hosts, word)
}

// parseReturnCodes parses an answer of the dyndns2 protocol: a line for each host
// in the order of the request, or one code for the whole request. With a line for
// each host, Result.Hosts is set, and Result.Verdict is Accepted if all were
// accepted, else the verdict with the longest wait (Busy, Unknown, Locked), else
// Refused.
func parseReturnCodes(a *Account, c Update, ans transport.Answer, look func(string) (returnCode, bool)) Result {
	if ans.Status/100 == 3 || isHTML(ans.Body) {
		return byStatus(a, ans)
	}
	var said []lineVerdict
	for _, line := range lines(ans.Body) {
		said = append(said, parseLine(a, c, ans.Status, line, look))
	}
	known := slices.DeleteFunc(slices.Clone(said), func(r lineVerdict) bool { return !r.known })
	if len(known) == 0 || len(c.Hosts) == 0 {
		return byStatus(a, ans)
	}
	if !slices.ContainsFunc(known, func(r lineVerdict) bool { return r.host }) {
		return Result{Verdict: known[0].verdict, Detail: known[0].text, Hint: known[0].do}
	}
	hosts := make([]HostResult, len(c.Hosts))
	busy := false
	for i, host := range c.Hosts {
		r := verdictFor(i, len(c.Hosts), said, known)
		busy = busy || r.verdict == Busy
		hosts[i] = HostResult{Host: host, Verdict: hostVerdict(r.verdict), Detail: r.text, Hint: r.do}
	}
	return combine(hosts, busy)
}

// verdictFor returns the verdict for host i of n. With two addresses there may be
// two lines for each host, and all must be accepted. If there is more than one
// host, the host of such a line is unknown.
func verdictFor(i, n int, said, known []lineVerdict) lineVerdict {
	bad := slices.IndexFunc(known, func(r lineVerdict) bool { return r.verdict != Accepted })
	switch {
	case i >= len(said):
		return lineVerdict{text: "the answer does not mention this host"}
	case !said[i].known:
		return lineVerdict{text: said[i].text}
	case len(known) <= n || bad < 0:
		return said[i]
	case n == 1:
		return known[bad]
	}
	return lineVerdict{text: known[bad].text}
}

func hostVerdict(v Verdict) Verdict {
	switch v {
	case Accepted, Refused, Locked:
		return v
	case Unauthorized:
		return Refused
	}
	return Unknown
}

// combine returns the result for the verdicts of all hosts.
func combine(hosts []HostResult, busy bool) Result {
	worst := hosts[0]
	for _, h := range hosts[1:] {
		if worst.Verdict == Accepted || worst.Verdict == Refused && h.Verdict == Unknown {
			worst = h
		}
	}
	r := Result{Verdict: worst.Verdict, Detail: worst.Detail, Hint: worst.Hint, Hosts: hosts}
	if busy {
		r.Verdict = Busy
	}
	return r
}

// byStatus judges an answer by its HTTP status; its body was not understood.
func byStatus(a *Account, ans transport.Answer) Result {
	text := redact(a, ans.Body)
	if text == "" {
		text = "an empty answer"
	}
	wait := RetryAfter(ans)
	switch code := ans.Status; {
	case code/100 == 3:
		return Redirected(a, ans)
	case code == 401:
		return Result{Verdict: Unauthorized, Detail: HTTPStatus(ans) + ": the service does not know us", Hint: "correct username and password"}
	case code == 429:
		return Result{Verdict: Limited, Wait: wait, Detail: HTTPStatus(ans) + ": too many requests"}
	case code/100 == 5:
		return Result{Verdict: Temporary, Overload: true, Wait: wait, Detail: HTTPStatus(ans) + ": the service has trouble"}
	case code/100 != 2:
		return Result{Verdict: Unknown, Wait: wait, Detail: HTTPStatus(ans) + ": " + text}
	}
	return Result{Verdict: Unknown, Detail: text}
}

// Redirected returns the result for a redirect. It never shows the query of the
// new URL, and only the host if the account is a template: the rest may repeat a
// secret.
func Redirected(a *Account, ans transport.Answer) Result {
	r := Result{Verdict: Temporary, Detail: HTTPStatus(ans) + ": a redirect, not followed", Hint: "the service may have moved: ask it for the new address"}
	base, _ := url.Parse(a.Server)
	u, err := url.Parse(ans.Location)
	if err != nil || base == nil || ans.Location == "" {
		return r
	}
	u = base.ResolveReference(u)
	u.Host = strings.TrimSuffix(u.Host, ":443")
	if u.Host == "" || u.Scheme != "https" || Quote([]byte(u.Host)) != u.Host {
		return r
	}
	host := string(Redact([]byte(u.Host), a))
	if a.Template != nil {
		r.Hint = "if the service has moved to " + host + ", correct the URL of its template"
		return r
	}
	r.Detail = HTTPStatus(ans) + ": a redirect to " + redact(a, []byte(u.Host+u.Path)) + ", not followed"
	server := "https://" + host
	path, ok := strings.CutSuffix(u.EscapedPath(), "/nic/update")
	if ok && !strings.Contains(path, "%") && redact(a, []byte(path)) == path {
		server += path
	}
	if server == strings.TrimSuffix(a.Server, ":443") {
		return r
	}
	r.Hint = `if the service has moved, write server = "` + server + `"`
	return r
}

// secretsOf returns the texts to mask in an answer.
func secretsOf(a *Account) []secret.Secret {
	s := []secret.Secret{a.Secret, a.Healthcheck}
	if a.Template != nil {
		if len(a.Username) >= userLeast {
			s = append(s, secret.New(a.Username))
		}
		s = append(s, a.Template.ParamEnc)
		s = append(s, a.Template.literals()...)
	}
	return append(s, logins(a)...)
}

// logins returns the user:password pairs that an account's requests can carry as
// Basic auth, and a template's own passwords.
func logins(a *Account) []secret.Secret {
	var all []secret.Secret
	if a.Template == nil && a.Secret.IsZero() {
		return nil
	}
	if a.Template == nil {
		for _, user := range append([]string{a.Username, ipv64User}, a.Domains...) {
			all = append(all, secret.New(user+":"+a.Secret.Reveal()))
		}
		return all
	}
	for _, u := range a.Template.urls() {
		userinfo := splitURL(u.URL).userinfo
		if userinfo == "" {
			continue
		}
		user, password, _ := strings.Cut(userinfo, ":")
		for _, host := range append(a.Domains[:len(a.Domains):len(a.Domains)], "") {
			f := filling{a, Update{Hosts: []string{host}}, u}
			all = append(all, secret.New(f.raw(user)+":"+f.raw(password)), secret.New(f.raw(password)))
		}
	}
	return all
}

// HTTPStatus returns "HTTP" and the status code of an answer.
func HTTPStatus(ans transport.Answer) string { return "HTTP " + strconv.Itoa(ans.Status) }
