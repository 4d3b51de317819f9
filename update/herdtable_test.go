package update

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"homeward/update/log"
)

// tenth is a service that can take a tenth of the peak.
const tenth = 0.1

// millionCases is how many of herdCases, the first, make herd runs.
const millionCases = 3

// herdCases are the rows of HERD.md.
func herdCases() []herdCase {
	return []herdCase{
		{name: "refuses connections", full: "refuses", part: tenth},
		{name: "503", full: "503", part: tenth},
		{name: "503 with `Retry-After: 60`", full: "503", retryAfter: "60", part: tenth},

		{name: "takes the request, and is silent for 15 s", full: "is silent", part: tenth},
		{name: "429", full: "429", part: tenth},
		{name: "429 with `Retry-After: 60`", full: "429", retryAfter: "60", part: tenth},
		{name: "503 with a `Retry-After` at random, of 60 to 780", full: "503", retryAfter: "60", spread: 12 * time.Minute, part: tenth},
		{name: "resets connections, the request sent", full: "resets", part: tenth},
		{name: "does not answer to what would connect", full: "drops", part: tenth},
		{name: "503, and can take half of the peak", full: "503", part: 0.5},
		{name: "503, and can take a fiftieth of the peak", full: "503", part: 0.02},
		{name: "503, and is away for the first 10 minutes", full: "503", part: tenth, away: 10 * time.Minute},
		{name: "503, and all lines come back within a second", full: "503", part: tenth, within: time.Second},
		{name: "takes all; the resolver takes a tenth of the queries", full: "503", part: 2, resolver: tenth},
		{name: "takes all; the resolver is as full, the address is known", full: "503", part: 2},
	}
}

// least returns how soon a part of the herd could be current.
func (h *herd) least(part float64) time.Duration {
	n := part * float64(len(h.routers))
	seconds := max(part*h.within.Seconds(), h.away.Seconds()+n/h.service.perSecond)
	if h.herdCase.resolver > 0 {
		seconds = max(seconds, 2*n/h.resolver.perSecond)
	}
	return time.Duration(seconds * float64(time.Second))
}

// currentAt returns when a part of the herd was current.
func (h *herd) currentAt(part float64) time.Duration {
	n := int(math.Ceil(part * float64(len(h.routers))))
	if n > len(h.current) {
		return herdEnd
	}
	return h.current[n-1]
}

// perChange returns the attempts for each change.
func (h *herd) perChange() float64 { return float64(h.attempts) / float64(len(h.routers)) }

// peak returns the attempts of the worst second, in seconds of what the service,
// or the resolver, can take.
func (h *herd) peak() float64 {
	worst := 0
	for _, n := range h.seconds {
		worst = max(worst, n)
	}
	if h.herdCase.resolver > 0 {
		return 2 * float64(worst) / h.resolver.perSecond
	}
	return float64(worst) / h.service.perSecond
}

func (h *herd) row() string {
	within := func(part float64) string {
		return fmt.Sprintf("%s, %.1f", h.currentAt(part).Round(time.Second), h.currentAt(part).Seconds()/h.least(part).Seconds())
	}
	return fmt.Sprintf("%.1f | %.0f | %s | %s | %s", h.perChange(), h.peak(), within(0.5), within(0.99), within(0.9999))
}

// routersFlag is for make herd.
var routersFlag = flag.Int("herd.routers", 0, "also let a herd of so many routers loose, and compare HERD.md")

// TestTheHerd writes HERD.md's tables, and holds the herd to what it promises.
func TestTheHerd(t *testing.T) {
	inPage(t, "HERD.md", "herd of 1000", herdTable(t, 1000, herdCases()))
	inPage(t, "HERD.md", "one router", aloneTable(t))
	if *routersFlag > 0 {
		inPage(t, "HERD.md", fmt.Sprint("herd of ", *routersFlag), herdTable(t, *routersFlag, herdCases()[:millionCases]))
	}
}

// herdTable returns a table of each case, by the earlier rule and now.
func herdTable(t *testing.T, size int, cases []herdCase) string {
	var b strings.Builder
	b.WriteString("| the service, when it is full | | attempts per change | most at once | 50 % | 99 % | 99.99 % |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, c := range cases {
		before, now := newHerd(c, size, true).run(), newHerd(c, size, false).run()
		fmt.Fprintf(&b, "| %s | before | %s |\n| | now | %s |\n", c.name, before.row(), now.row())
		now.check(t)
	}
	return b.String()
}

// check holds a herd to what HERD.md promises.
func (h *herd) check(t *testing.T) {
	t.Helper()
	if len(h.current) != len(h.routers) {
		t.Errorf("%s: WRONG: %d of %d routers are current after a day", h.name, len(h.current), len(h.routers))
	}
	if h.part != tenth || h.full == "drops" || h.within != time.Minute {
		return
	}
	if h.spread > 0 && h.perChange() > 2 {
		t.Errorf("%s: WRONG: %.1f attempts for each change, though the service spreads them", h.name, h.perChange())
	}
	if h.away == 0 && h.perChange() > 4 {
		t.Errorf("%s: WRONG: %.1f attempts for each change", h.name, h.perChange())
	}
	if got, least := h.currentAt(0.99), h.least(0.99); h.full != "429" && h.retryAfter == "" && got > least+least/2 {
		t.Errorf("%s: WRONG: 99 %% are current after %v, at best %v", h.name, got, least)
	}
}

// aloneTable returns a table of the time that one router takes to get through after
// a fault of the service.
func aloneTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| the service answers 503 for | before: mean, 95 %, worst | now |\n|---|--:|--:|\n")
	for _, d := range []time.Duration{time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		before, now := alone(d, true), alone(d, false)
		fmt.Fprintf(&b, "| %v | %s | %s |\n", log.Duration(d), before.times(), now.times())
	}
	return b.String()
}

// alone lets routers loose each of which meets a fault of d.
func alone(d time.Duration, earlier bool) *herd {
	return newHerd(herdCase{full: "503", alone: d}, 1000, earlier).run()
}

// mean returns when the routers were current in the mean.
func (h *herd) mean() time.Duration {
	var sum time.Duration
	for _, d := range h.current {
		sum += d
	}
	return sum / time.Duration(len(h.current))
}

func (h *herd) times() string {
	return fmt.Sprintf("%s, %s, %s", log.Duration(h.mean()), log.Duration(h.currentAt(0.95)), log.Duration(h.currentAt(1)))
}

// A router that is alone with a short fault of its service is through no later than
// by the earlier rule: in the mean of faults of up to 10 s, and in the worst case.
func TestAShortFaultIsOverSoon(t *testing.T) {
	var before, now time.Duration
	for d := time.Second; d <= 10*time.Second; d += time.Second {
		was, is := alone(d, true), alone(d, false)
		before, now = before+was.mean(), now+is.mean()
		if worst := is.currentAt(1); worst > 21*time.Second || worst > was.currentAt(1) {
			t.Errorf("WRONG: a fault of %v is over after %v, by the earlier rule after %v", d, worst, was.currentAt(1))
		}
	}
	if now > before {
		t.Errorf("WRONG: in the mean after %v, by the earlier rule after %v", now/10, before/10)
	}
	if worst := alone(time.Millisecond, false).currentAt(1); worst > 5*time.Second+100*time.Millisecond {
		t.Errorf("WRONG: the first retry comes after %v", worst)
	}
}
