package checkip

import (
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"homeward/update/retry"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// Query asks a service which address this router comes from, for a router behind
// another one. It carries no secret and is no update. Equal queries share one
// answer.
type Query struct {
	Of     string // the service and server that share one pace
	URL    string
	Family int    // 4 or 6
	Device string // leave by this device, "" by any
	CAFile string // more roots to trust
}

// The pause between two queries to one service. The Remote Access API allows a
// query of its checkip page every 10 minutes; the extra second is for a clock
// that differs.
const (
	askGap     = state.ShortWindow + state.ShortMargin
	checkipGap = 10*time.Minute + time.Second
)

// QueryOf returns the query for an address of family 4 or 6. checkip is the page
// to ask if the service has none. ok is false if there is no page to ask.
func QueryOf(a *service.Account, checkip, device string, family int) (q Query, ok bool) {
	q = Query{Family: family, Device: device, CAFile: a.CAFile}
	switch a.Service {
	case "ipv64":
		server := a.Server
		if server == "https://ipv64.net" {
			server = "https://ipv" + strconv.Itoa(family) + ".ipv64.net" // its hosts of one family
		}
		q.Of, q.URL = a.Server, server+"/nic/update?howismyip"
		return q, true
	case "spdyn":
		q.Of, q.URL = "https://checkip.spdyn.de", "https://checkip.spdyn.de"
		return q, true
	}
	u, err := url.Parse(checkip)
	if err != nil || checkip == "" || family != 4 {
		return Query{}, false
	}
	q.Of, q.URL = "checkip "+u.Host, checkip
	if a.Service == "dyndns2" {
		q.Of = "dyndns2 " + q.Of
	}
	return q, true
}

// Request returns the HTTP request.
func (q Query) Request() transport.Request {
	return transport.Request{Method: "GET", URL: secret.Text{}.Plain(q.URL), Device4: q.Device, Device6: q.Device, Family: q.Family, CAFile: q.CAFile}
}

// host returns the host of the URL.
func (q Query) host() string {
	u, err := url.Parse(q.URL)
	if err != nil {
		return q.Of
	}
	return u.Hostname()
}

// gap returns the pause between two queries to the service.
func (q Query) gap() time.Duration {
	if strings.HasPrefix(q.Of, "dyndns2 ") {
		return checkipGap
	}
	return askGap
}

// Read returns the address in an answer: the member ip of JSON, the address
// alone, or the text of the Remote Access API's checkip page. It accepts nothing
// else: a captive portal's page may show an address, too.
func (q Query) Read(ans transport.Answer) (netip.Addr, error) {
	if ans.Status/100 != 2 || ans.Cut {
		return netip.Addr{}, errors.New(service.HTTPStatus(ans) + ": " + orEmpty(service.Quote(ans.Body)))
	}
	var v struct {
		IP any `json:"ip"`
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(ans.Body), "\uFEFF"))
	if json.Unmarshal([]byte(text), &v) == nil && v.IP != nil {
		text, _ = v.IP.(string)
	} else if _, rest, ok := strings.Cut(text, "Current IP Address: "); ok {
		text, _, _ = strings.Cut(rest, "<")
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	addr = addr.Unmap()
	switch {
	case err != nil || addr.Zone() != "":
		return netip.Addr{}, errors.New("the answer is no address: " + orEmpty(service.Quote(ans.Body)))
	case addr.Is4() != (q.Family == 4):
		return netip.Addr{}, errors.New("the answer is an address of the other family: " + addr.String())
	}
	return addr, nil
}

// waitAfter returns the pause after an answer: as long as the service asks for,
// whatever happens on the uplink, and at least gap.
func (q Query) waitAfter(ans *transport.Answer) time.Duration {
	if ans == nil || ans.Status/100 == 2 {
		return q.gap()
	}
	wait := service.RetryAfter(*ans)
	if wait == 0 && ans.Status == 429 {
		wait = time.Minute
	}
	return max(wait, q.gap())
}

func orEmpty(text string) string {
	if text == "" {
		return "an empty answer"
	}
	return text
}

// Plan is when a Query is sent next. Times are since boot. The zero Plan is due
// at once.
type Plan struct {
	Due     time.Duration       // not before
	Attempt time.Duration       // when the last attempt ended
	Fails   int                 // attempts in a row without a usable answer
	Fault   transport.FaultKind // of the last attempt, 0 if there was an answer
}

// Event returns the plan after an event of the uplink, or one that may have
// removed the cause of a failure.
func (p Plan) Event(now time.Duration) Plan {
	at := now
	switch {
	case p.Fault == transport.FaultResolve:
		at = max(now, p.Attempt+retry.ResolverGap)
	case p.Fails > 0:
		at = max(now, p.Attempt+retry.EventGap)
	}
	p.Due = min(p.Due, at)
	return p
}

// Answered returns the plan after a usable answer; poll is the pause until the
// next query.
func (p Plan) Answered(now, poll time.Duration) Plan {
	return Plan{Due: now + poll, Attempt: now}
}

// Failed returns the plan after an attempt without a usable answer; kind is 0 if
// there was another answer. jitter, in [0,1), spreads many routers.
func (p Plan) Failed(now, poll time.Duration, kind transport.FaultKind, jitter float64) Plan {
	if kind == transport.FaultCanceled {
		p.Due, p.Attempt = now+retry.EventGap, now
		return p
	}
	step := retry.Steps[min(p.Fails, len(retry.Steps)-1)]
	if kind == transport.FaultResolve {
		step = max(step, retry.ResolverGap)
	}
	step += time.Duration(jitter * float64(step) / 4)
	return Plan{Due: now + min(step, poll), Attempt: now, Fails: p.Fails + 1, Fault: kind}
}
