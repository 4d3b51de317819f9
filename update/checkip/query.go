package checkip

import (
	"encoding/json"
	"errors"
	"homeward/update/retry"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Query asks a service which address this router comes from, for one that
// stands behind another. It carries no secret and is no update. Equal
// questions have one answer.
type Query struct {
	Of     string // the service and server whose pace it keeps
	URL    string
	Family int    // 4 or 6
	Device string // leave by this device, "" by any
	CAFile string // more roots to trust
}

// Between two questions to one service. The Remote Access API allows a look at
// its checkip every 10 minutes; the second is for a clock that runs otherwise.
const (
	askGap     = state.ShortWindow + state.ShortMargin
	checkipGap = 10*time.Minute + time.Second
)

// QueryOf returns the question for an address of the family; checkip is the
// page to ask where the service itself does not answer. ok is false where
// nobody can be asked.
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

// Request spells the question.
func (q Query) Request() transport.Request {
	return transport.Request{Method: "GET", URL: secret.Text{}.Plain(q.URL), Device4: q.Device, Device6: q.Device, Family: q.Family, CAFile: q.CAFile}
}

// host names whom the question goes to.
func (q Query) host() string {
	u, err := url.Parse(q.URL)
	if err != nil {
		return q.Of
	}
	return u.Hostname()
}

// gap is how long the service is let alone between two questions.
func (q Query) gap() time.Duration {
	if strings.HasPrefix(q.Of, "dyndns2 ") {
		return checkipGap
	}
	return askGap
}

// Read returns the address in an answer: the member ip of JSON, the address
// alone, or what the Remote Access API's checkip says on its page. Nothing else is
// taken for one; a hotspot's page may show an address, too.
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

// waitAfter is how long the service is let alone after an answer: what it asks
// for, whatever the line does, and at least the gap.
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

// Plan is when a Question is asked next. Times are since boot. The zero
// Plan asks at once.
type Plan struct {
	Due     time.Duration       // not before
	Attempt time.Duration       // when the last attempt ended
	Fails   int                 // attempts in a row that brought no answer
	Fault   transport.FaultKind // of the last attempt, 0 where it brought an answer
}

// Event tells the plan that something happened on the line, or that may have
// mended what failed.
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

// Answered tells the plan that there was an answer; poll is how often to ask.
func (p Plan) Answered(now, poll time.Duration) Plan {
	return Plan{Due: now + poll, Attempt: now}
}

// Failed tells the plan of an attempt that brought no answer of use; kind is 0
// where it brought another one. jitter, in [0,1), spreads many routers.
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
