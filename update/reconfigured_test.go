package update

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// counter is a service that notes what it is sent, and says good to it unless told
// otherwise.
type counter struct {
	dir   string
	begin time.Time
	takes time.Duration     // until its answers
	says  map[string]string // of a host; else good
	mu    sync.Mutex
	asked []string // hosts, and addresses
	last  Status
	told  int // statuses that tell of the end of a stop
}

func newCounter(t *testing.T) *counter {
	return &counter{dir: updatetest.RAMDir(t), begin: time.Now(), says: map[string]string{}}
}

func (c *counter) now() clock.Now {
	return clock.Now{Wall: time.Now(), Synced: true, Boot: "b", Up: time.Since(c.begin) + time.Hour}
}

func (c *counter) parts(pid int) loop.Parts {
	return loop.Parts{Exchange: c.exchange, Now: c.now, Log: func(log.Level, string) {}, PID: pid, Inbox: loop.NewInbox()}
}

func (c *counter) store() *state.Store { return state.Open(c.dir, "", func(string) {}) }

// daemon is a Scheduler that goes on until the test ends.
func (c *counter) daemon() (o *owner) {
	return own(c.store(), c.parts(os.Getpid()), nil, func(s map[string]Status) {
		c.mu.Lock()
		for _, status := range s {
			if c.last = status; status.Stopped && status.State == StateCurrent {
				c.told++
			}
		}
		c.mu.Unlock()
	})
}

func (c *counter) exchange(ctx context.Context, r transport.Request, ready transport.BeforeSend) transport.Outcome {
	if !ready(v4a) {
		return transport.Failed(transport.FaultCanceled, false, "given up")
	}
	u, _ := url.Parse(r.URL.Reveal())
	hosts := strings.Split(u.Query().Get("hostname")+u.Query().Get("domain"), ",") // dyndns2, ipv64
	c.mu.Lock()
	c.asked = append(c.asked, strings.Join(hosts, ",")+" "+u.Query().Get("myip"))
	c.mu.Unlock()
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
	}
	if u.Query().Get("domain") != "" { // ipv64
		return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(`{"info":"good"}`)}}
	}
	var body []string
	for _, h := range hosts {
		if says := c.says[h]; says != "" {
			body = append(body, says)
		} else {
			body = append(body, "good")
		}
	}
	return transport.Outcome{Answer: &transport.Answer{Status: 200, Body: []byte(strings.Join(body, "\n"))}}
}

// since returns what the service was asked since the last call, after a while.
func (c *counter) since(d time.Duration) []string {
	time.Sleep(d)
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = nil
	return asked
}

func (c *counter) wants(t *testing.T, d time.Duration, what string, want ...string) {
	t.Helper()
	if got := c.since(d); !slices.Equal(got, want) {
		t.Errorf("%s: asked %q, want %q", what, got, want)
	}
}

func counted(protocol string, domains ...string) []*service.Account {
	return []*service.Account{{Name: "home", Service: protocol, Server: "https://dyn.example.org", Username: "me", Secret: secret.New("made-up"),
		Domains: domains, Publish: service.Publish{IPv4: true, IPv6: true}, Limit10s: 100}}
}

// What was accepted for a host stays known when others are added or removed: a family
// that is gone is named with it, and a lock holds.
func TestOtherHostsLeaveAHostAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		two := counted("dyndns2", "a.example.org", "b.example.org")
		o.set(two, sees(cloudValues, two))
		c.wants(t, time.Minute, "first", "a.example.org,b.example.org "+v4a.String()+",2001:db8::7")
		three := counted("dyndns2", "a.example.org", "b.example.org", "c.example.org")
		o.set(three, sees(service.Values{IPv4: v4a}, three)) // IPv6 is gone
		c.wants(t, time.Minute, "added", "c.example.org "+v4a.String())
		left := counted("dyndns2", "a.example.org", "c.example.org")
		o.set(left, sees(service.Values{IPv4: v4b}, left))
		c.wants(t, time.Minute, "removed", "a.example.org "+v4b.String()+",2001:db8::7", "c.example.org "+v4b.String())
		o.set(three, sees(service.Values{IPv4: v4b}, three))
		c.wants(t, time.Minute, "added again", "b.example.org "+v4b.String())
	})
}

func TestALockOutlivesAnotherHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		c.says["a.example.org"] = "abuse"
		one := counted("spdyn", "a.example.org")
		one[0].Publish.IPv6 = false
		o.set(one, sees(service.Values{IPv4: v4a}, one))
		c.wants(t, time.Minute, "first", "a.example.org "+v4a.String())
		two := counted("spdyn", "a.example.org", "b.example.org")
		two[0].Publish.IPv6 = false
		o.set(two, sees(service.Values{IPv4: v4a}, two))
		c.wants(t, time.Minute, "added", "b.example.org "+v4a.String())
	})
}

// An answer counts for what was sent, though another process has read other settings
// meanwhile.
func TestAnAnswerCountsForItsOwnHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		c.takes = 4 * time.Second
		home, srv := counted("ipv64", "home.ipv64.net"), counted("ipv64", "srv.ipv64.net")
		once := func() { sendOnce(c.store(), c.parts(os.Getppid()), srv, sees(cloudValues, srv), false) }
		o.set(home, sees(cloudValues, home))
		c.since(time.Second)
		once() // waits for the daemon
		asked := strings.Join(c.since(time.Second), " ")
		if !strings.Contains(asked, "srv.ipv64.net") {
			t.Errorf("asked %s: srv counts as sent, and was not", asked)
		}
	})
}

// What changes no request does not drop the answer to one.
func TestAnAnswerCountsThoughItsAccountHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		c.takes = 3 * time.Second
		a := counted("dyndns2", "a.example.org")
		o.set(a, sees(cloudValues, a))
		c.since(time.Second)
		again := counted("dyndns2", "a.example.org")
		again[0].Refresh = 500 * time.Hour
		o.set(again, sees(cloudValues, again))
		c.wants(t, time.Minute, "refresh changed")
		if c.last.State != StateCurrent || c.last.Used != 1 {
			t.Errorf("%+v", c.last)
		}
	})
}

func TestResendOutlivesAChangedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		a := counted("dyndns2", "a.example.org")
		a[0].Limit10s = 1
		o.set(a, sees(cloudValues, a))
		c.since(time.Second)
		o.do((*Scheduler).Resend) // waits for the limit
		again := counted("dyndns2", "a.example.org")
		again[0].Limit10s, again[0].Refresh = 1, 500*time.Hour
		o.set(again, sees(cloudValues, again))
		c.wants(t, time.Minute, "resend", "a.example.org "+v4a.String()+",2001:db8::7")
	})
}

// An account that is switched on again does not count on what it had sent before
// another one took its host over.
func TestAnAccountTakesItsHostBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		defer func() { o.stop() }()
		dsl, lte := counted("dyndns2", "a.example.org"), counted("dyndns2", "a.example.org")
		lte[0].Name = "lte"
		for _, on := range []struct {
			accounts []*service.Account
			v        service.Values
		}{{dsl, service.Values{IPv4: v4a}}, {lte, service.Values{IPv4: v4b}}, {dsl, service.Values{IPv4: v4a}}} {
			o.set(on.accounts, sees(on.v, on.accounts))
			c.wants(t, time.Minute, on.accounts[0].Name, "a.example.org "+on.v.IPv4.String())
		}
	})
}

// A refused host that is taken out of the account leaves it current: that is told once.
func TestTheEndOfAStopIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		o := c.daemon()
		c.says["b.example.org"] = "nohost"
		two, one := counted("dyndns2", "a.example.org", "b.example.org"), counted("dyndns2", "a.example.org")
		o.set(two, sees(cloudValues, two))
		c.since(time.Minute)
		if c.last.State != StateStopped || c.told != 0 {
			t.Errorf("%+v, told %d times", c.last, c.told)
		}
		for range 3 { // the daemon is started anew
			o.stop()
			o = c.daemon()
			o.set(one, sees(cloudValues, one))
			c.wants(t, time.Minute, "one host")
		}
		o.stop()
		if c.last.State != StateCurrent || c.told != 1 {
			t.Errorf("%+v, told %d times", c.last, c.told)
		}
	})
}
