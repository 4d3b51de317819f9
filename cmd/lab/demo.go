package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"homeward/update/updatetest"
)

// stage is where the story is told.
type stage struct {
	*scene
	line   line
	out    teller
	events chan any // kernelEvent and updatetest.Request, as they come
	daemon *daemon

	began     time.Time            // of the step
	direct    bool                 // of the step
	got       []updatetest.Request // in the step
	all       []updatetest.Request
	latencies []time.Duration // of requests that nothing but the kernel held up
	wrong     int             // what was not as told
}

// answered is a request that must come, by its query, and its answer's status.
type answered struct {
	query  string
	status int
}

// step is one part of the story, and what must come of it.
type step struct {
	title, about string
	free         int // wait before, until the service's 10 s window has room for so many requests
	act          func(*stage) error
	direct       bool // every request follows the kernel at once: its latency counts
	sends        []answered
	twice        bool              // the last request may come twice: from once, and from the daemon that sees the stop lifted
	within       time.Duration     // for the requests to come, 0: 3 s
	still        time.Duration     // how long to see that nothing else comes
	a, nas       string            // the DNS afterwards
	states       map[string]string // of the accounts
}

// demo tells the story, and is an error if it went otherwise.
func demo(binary string) error {
	events := make(chan any, 4096)
	s, err := newScene(binary, func(k kernelEvent) { events <- k }, func(r updatetest.Request) { events <- r })
	if err != nil {
		return err
	}
	defer s.close()
	st := &stage{scene: s, line: line{s.router}, out: newTeller(os.Stdout), events: events, began: time.Now()}
	st.service.SetRecord(domain, "nas", updatetest.Record{AAAA: netip.MustParseAddr("2001:db8:dead::211:32ff:fe12:3456")})
	st.headline()
	for i, p := range story() {
		if err := st.play(i+1, p); err != nil {
			return err
		}
	}
	return st.end()
}

func (st *stage) headline() {
	fmt.Fprintln(st.out.w, st.out.paint(bold, "homeward: a router, its provider and a stand-in for IPv64, on this machine's real kernel"))
	fmt.Fprintln(st.out.w, "Each step: what the kernel did, what homeward sent and how long after the kernel's last word, and the DNS.")
}

// play tells one step and holds it to what was told.
func (st *stage) play(n int, p step) error {
	fmt.Fprintf(st.out.w, "\n%s\n   %s\n", st.out.paint(bold, fmt.Sprintf("%d. %s", n, p.title)), p.about)
	st.awaitRoom(p.free)
	st.drain()
	st.began, st.got, st.direct = time.Now(), nil, p.direct
	if err := p.act(st); err != nil {
		return fmt.Errorf("%s: %w", p.title, err)
	}
	within := 3 * time.Second
	if p.within > 0 {
		within = p.within
	}
	for end := time.Now().Add(within); len(st.got) < len(p.sends) && time.Now().Before(end); {
		st.watch(10 * time.Millisecond)
	}
	st.watch(max(p.still, 300*time.Millisecond))
	if p.direct {
		for _, r := range st.got {
			st.latencies = append(st.latencies, st.latency(r))
		}
	}
	return st.hold(p)
}

// hold compares what came with what must come.
func (st *stage) hold(p step) error {
	var sent []answered
	for _, r := range st.got {
		sent = append(sent, answered{r.Query.Encode(), r.Status})
	}
	if n := len(p.sends); p.twice && len(sent) == n+1 && sent[n] == sent[n-1] {
		sent = sent[:n]
	}
	if !slices.Equal(sent, p.sends) {
		st.fault("sent %v, and %v was to be", sent, p.sends)
	}
	if a := st.service.Record(domain, "").A; p.a != "" && a.String() != p.a {
		st.fault("the DNS says A %v, and %s was to be", a, p.a)
	}
	if a := st.service.Record(domain, "nas").AAAA; p.nas != "" && a.String() != p.nas {
		st.fault("the DNS says AAAA %v, and %s was to be", a, p.nas)
	}
	for name, want := range p.states {
		state := ""
		for end := time.Now().Add(time.Second); state != want && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			var err error
			if state, err = st.state(name); err != nil {
				return err
			}
		}
		if state != want {
			st.fault("the account %s is %q, and %q was to be", name, state, want)
			continue
		}
		st.out.line(-1, dim, "status", name+": "+state)
	}
	if len(p.sends) == 0 && len(st.got) == 0 {
		st.out.line(-1, green, "nothing", "was sent, as it should be")
	}
	return nil
}

func (st *stage) fault(format string, args ...any) {
	st.wrong++
	st.out.line(-1, red, "WRONG", fmt.Sprintf(format, args...))
}

// awaitRoom waits until so many requests are within the service's limit.
func (st *stage) awaitRoom(n int) {
	i := len(st.all) - (st.service.Limit10s - n) - 1
	if n == 0 || i < 0 {
		return
	}
	// A little more than the 10 s: homeward counts from the answer.
	wait := time.Until(st.all[i].At.Add(10*time.Second + 500*time.Millisecond))
	if wait > 0 {
		fmt.Fprintf(st.out.w, "   %s\n", st.out.paint(dim, fmt.Sprintf("(%.1f s until the service's limit, 3 in 10 s, has room)", wait.Seconds())))
		st.watch(wait)
	}
}

// watch tells what happens for d.
func (st *stage) watch(d time.Duration) {
	end := time.NewTimer(d)
	defer end.Stop()
	for {
		select {
		case e := <-st.events:
			st.tell(e)
		case <-end.C:
			return
		}
	}
}

// drain tells what has happened already.
func (st *stage) drain() {
	for {
		select {
		case e := <-st.events:
			st.tell(e)
		default:
			return
		}
	}
}

func (st *stage) tell(e any) {
	switch e := e.(type) {
	case kernelEvent:
		if e.text != "" && !e.at.Before(st.began) {
			st.out.line(e.at.Sub(st.began), cyan, "kernel", e.text)
		}
	case updatetest.Request:
		st.got, st.all = append(st.got, e), append(st.all, e)
		colour := green
		if e.Status != 200 {
			colour = yellow
		}
		st.out.line(e.At.Sub(st.began), colour, "sent", requestText(e))
		after := ""
		if st.direct {
			after = st.out.paint(bold, fmt.Sprintf(", %.1f ms after the kernel's last word", ms(st.latency(e))))
		}
		st.out.line(-1, colour, "", verdictText(e)+after)
		st.out.line(-1, dim, "DNS", dnsText(st.service))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// end stops homeward, sums up, and is an error if anything was wrong.
func (st *stage) end() error {
	m, err := idleMemory(st.daemon.Pid)
	if err := errors.Join(err, st.daemon.stop()); err != nil {
		return err
	}
	over, most := 0, 0
	for i, r := range st.all {
		if r.Over {
			over++
		}
		recent := 0
		for _, q := range st.all[:i+1] {
			if q.Key == r.Key && r.At.Sub(q.At) < 10*time.Second {
				recent++
			}
		}
		most = max(most, recent)
	}
	if over > 0 {
		st.fault("%d requests were beyond the service's limits", over)
	}
	slices.Sort(st.latencies)
	fmt.Fprintf(st.out.w, "\n%s\n", st.out.paint(bold, "In sum"))
	fmt.Fprintf(st.out.w, "   requests  %d, %d beyond a limit; at most %d in 10 s with one key (the limit is 3)\n", len(st.all), over, most)
	fmt.Fprintf(st.out.w, "   latency   %.1f ms median, %.1f ms worst of %d changes, from the kernel's last message to the request at the service\n",
		ms(st.latencies[len(st.latencies)/2]), ms(st.latencies[len(st.latencies)-1]), len(st.latencies))
	fmt.Fprintf(st.out.w, "   memory    %d kB RSS, %d kB of it private and dirty, at rest\n", m.RSS, m.Dirty)
	if st.wrong > 0 {
		return fmt.Errorf("%d things were not as told", st.wrong)
	}
	fmt.Fprintf(st.out.w, "   %s\n", st.out.paint(green, "everything was as told"))
	return nil
}
