package updatetest

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is one request as it arrived, in the order of arrival.
type Request struct {
	At     time.Time
	From   netip.AddrPort
	Method string
	Path   string
	Query  url.Values
	Form   url.Values // of the body
	Header http.Header
	By     string // how the key came: bearer, basic, query, form, "" without one
	Key    string
	Status int  // of the answer, 0 if none was given
	Over   bool // it was beyond a limit
}

// traffic is what has come to a stand-in of ipv64.net, and what is scripted
// for what comes. Its exported methods may be called while it serves.
type traffic struct {
	mu       sync.Mutex
	requests []Request
	next     []Answer
}

// Requests returns what has arrived so far.
func (t *traffic) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.requests)
}

// Next scripts the answers to the next requests, one each, in this order.
func (t *traffic) Next(answers ...Answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(t.next, answers...)
}

// within holds a request against limits of 10 s and 24 h, 0 for none, with the
// arrivals before it, and returns those of the day. It sets Over; what was
// refused for that is not counted again.
func (r *Request) within(arrivals []time.Time, limit10s, limit24h int) []time.Time {
	day := slices.DeleteFunc(arrivals, func(t time.Time) bool { return r.At.Sub(t) >= 24*time.Hour })
	recent := 0
	for _, t := range day {
		if r.At.Sub(t) < 10*time.Second {
			recent++
		}
	}
	r.Over = limit10s > 0 && recent >= limit10s || limit24h > 0 && len(day) >= limit24h
	if !r.Over {
		day = append(day, r.At)
	}
	return day
}

func statusLine(status int) string {
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}
