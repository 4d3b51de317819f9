package update

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeward/openwrt/services"
	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
	"homeward/update/updatetest/golden"
)

// cloud is a Cloudflare account of two hosts at its stand-in.
type cloud struct {
	*served
	zones *updatetest.Zones
}

func cloudAccount(short, day int) *service.Account {
	text, _ := services.File("cloudflare")
	tmpl, err := service.ParseTemplate(text)
	if err != nil {
		panic(err)
	}
	return &service.Account{Name: "home", Service: "cloudflare", Template: &tmpl, Secret: secret.New("made-up"), Limit10s: short, Limit24h: day,
		Domains: []string{"home.example.org", "a.b.example.org"}, Publish: service.Publish{IPv4: true, IPv6: true}}
}

func newCloud(t *testing.T, zones *updatetest.Zones) *cloud {
	return &cloud{newServed(t, zones), zones}
}

// inCloud runs f in fake time, with the scheduler of two hosts without a daily limit.
func inCloud(t *testing.T, f func(t *testing.T, c *cloud)) {
	zones := updatetest.NewZones("", "made-up", "example.org")
	inFakeTime(t, zones, func(t *testing.T, s *served) { f(t, &cloud{s, zones}) })
}

// shows has the line show these values from now on, and lets time pass.
func (c *cloud) shows(v service.Values, d time.Duration) {
	c.served.shows(v, cloudAccount(40, 0))
	c.after(d)
}

// most returns the most requests that arrived in any window.
func (c *cloud) most(window time.Duration) (most int) {
	all := c.zones.Requests()
	for i := range all {
		n := 0
		for _, r := range all[i:] {
			if r.At.Sub(all[i].At) < window {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

var cloudValues = service.Values{IPv4: v4a, IPv6: netip.MustParseAddr("2001:db8::7")}

func TestAFirstUpdateOfTwoHostsGoesThroughInOneGo(t *testing.T) {
	zones := updatetest.NewZones("", "made-up", "example.org")
	zones.Add(updatetest.ZoneRecord{Zone: "example.org", Name: "home.example.org", Type: "A", Content: "198.51.100.9", TTL: 60, Proxied: true})
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, zones)
		defer func() { c.stop() }()
		c.ahead = func(transport.Request) {
			if sent, reserved := len(zones.Requests()), c.reserved(); reserved != sent+1 {
				t.Errorf("%d requests are on disk before request %d leaves", reserved, sent+1)
			}
		}
		accounts := []*service.Account{cloudAccount(40, 0)}
		c.set(accounts, sees(cloudValues, accounts))
		c.after(time.Millisecond)
		if s := c.status(); s.State != StateCurrent || s.Accepted == nil || s.Accepted.Values != cloudValues {
			t.Fatalf("%+v\n%+v", s, zones.Requests())
		}
		// A zone after 2 and 3 tries, four records asked for, four made or changed.
		if sent := len(zones.Requests()); sent != 2+3+4+4 || c.reserved() != sent {
			t.Errorf("%d requests, %d counted", sent, c.reserved())
		}
		if r := zones.Records(); len(r) != 4 || r[0].TTL != 60 || !r[0].Proxied || r[0].Content != v4a.String() {
			t.Errorf("%+v", r)
		}
		// What was found outlives a restart: a change is one request a host, of a
		// record that was made the identifier first.
		c.stop()
		c.start()
		before := len(zones.Requests())
		changed := cloudValues
		changed.IPv4 = v4b
		c.set(accounts, sees(changed, accounts))
		c.after(time.Millisecond)
		if s, n := c.status(), len(zones.Requests())-before; s.State != StateCurrent || n != 3 {
			t.Errorf("%+v after %d requests: %+v", s, n, zones.Requests()[before:])
		}
		// Somebody has made the records anew: the identifiers are asked for again.
		zones.Forget()
		changed.IPv4 = v4a
		c.observe(sees(changed, accounts))
		c.after(time.Millisecond)
		if s := c.status(); s.State != StateCurrent || len(zones.Records()) != 2 {
			t.Errorf("%+v: %+v", s, zones.Records())
		}
	})
}

func TestLookupsCountAsTheServiceCounts(t *testing.T) {
	zones := updatetest.NewZones("", "made-up", "example.org")
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, zones)
		defer func() { c.stop() }()
		accounts := []*service.Account{cloudAccount(3, 48)}
		c.set(accounts, sees(cloudValues, accounts))
		for range 20 { // a restart in the middle of everything
			time.Sleep(3 * time.Second)
			synctest.Wait()
			c.stop()
			c.start()
			c.set(accounts, sees(cloudValues, accounts))
		}
		c.after(time.Minute)
		if s := c.status(); s.State != StateCurrent {
			t.Errorf("%+v", s)
		}
		if n := c.most(10 * time.Second); n > 3 || len(zones.Requests()) < 13 {
			t.Errorf("%d requests in 10 s, %d in all", n, len(zones.Requests()))
		}
	})
}

// A record that may have been made is looked for before one is made: the service
// would keep both, and the first one's address for ever.
func TestARecordIsMadeOnce(t *testing.T) {
	for _, ends := range []bool{false, true} {
		inCloud(t, func(t *testing.T, c *cloud) {
			c.lose = "POST "
			c.shows(service.Values{IPv4: v4a}, time.Millisecond)
			if ends { // the program, before it knows
				c.stop()
				c.start()
			}
			c.do(func(*Scheduler) { c.lose = "" })
			c.shows(service.Values{IPv4: v4b}, time.Minute)
			if r := c.zones.Records(); len(r) != 2 || r[0].Content != v4b.String() || r[1].Content != v4b.String() {
				t.Errorf("ends %v: %+v", ends, r)
			}
		})
	}
}

// A service may still be making a record when the next address is there.
func TestARecordThatIsBeingMadeIsAwaited(t *testing.T) {
	inCloud(t, func(t *testing.T, c *cloud) {
		c.lose, c.late = "POST ", 5*time.Second
		c.shows(service.Values{IPv4: v4a}, time.Second)
		c.do(func(*Scheduler) { c.lose = "" })
		c.shows(service.Values{IPv4: v4b}, time.Minute)
		if r := c.zones.Records(); len(r) != 2 || r[0].Content != v4b.String() || r[1].Content != v4b.String() {
			t.Errorf("%+v", r)
		}
	})
}

// Records that are made anew while an update waits for its turn do not stop the
// account.
func TestRecordsMadeAnewTwiceAreFound(t *testing.T) {
	inCloud(t, func(t *testing.T, c *cloud) {
		c.shows(service.Values{IPv4: v4a}, time.Minute)
		left := 2
		c.do(func(*Scheduler) {
			c.ahead = func(r transport.Request) {
				if r.Method == "PATCH" && left > 0 {
					left--
					c.zones.Anew()
				}
			}
		})
		c.shows(service.Values{IPv4: v4b}, time.Minute)
		if s := c.status(); s.State != StateCurrent || left != 0 || len(c.zones.Records()) != 2 {
			t.Errorf("%+v, %d left: %+v", s, left, c.zones.Records())
		}
	})
}

// A record that the service does not make is tried for at the pace of retries, though
// each begins with a look-up that is answered.
func TestARecordThatIsNotMadeIsTriedForSlowly(t *testing.T) {
	inCloud(t, func(t *testing.T, c *cloud) {
		made := 0
		c.ahead = func(r transport.Request) {
			if r.Method == "POST" {
				made++
				c.zones.Refuse(409)
			}
		}
		c.shows(service.Values{IPv4: v4a}, 10*time.Minute)
		if c.do(func(*Scheduler) { c.ahead = nil }); made > 15 || made < 5 {
			t.Errorf("%d in 10 minutes", made)
		}
	})
}

// A host that was not found stays to be looked for: its stop does not keep what was
// found before.
func TestAHostThatWasMadeIsFoundByForce(t *testing.T) {
	inCloud(t, func(t *testing.T, c *cloud) {
		c.shows(service.Values{IPv4: v4a}, time.Minute)
		c.do(func(*Scheduler) {
			c.ahead = func(r transport.Request) {
				if r.Method == "PATCH" {
					c.zones.Anew()
				}
			}
		})
		c.shows(service.Values{IPv4: v4b}, time.Minute)
		if s := c.status(); s.State != StateStopped {
			t.Fatalf("%+v", s)
		}
		c.do(func(s *Scheduler) {
			c.ahead = nil
			s.Select(func(string) bool { return true }, true)
		})
		c.after(time.Minute)
		if s := c.status(); s.State != StateCurrent || c.zones.Records()[0].Content != v4b.String() {
			t.Errorf("%+v: %+v", s, c.zones.Records())
		}
	})
}

// A look-up whose answer is lost has changed nothing at the service.
func TestALostLookupLeavesNothingUnconfirmed(t *testing.T) {
	inCloud(t, func(t *testing.T, c *cloud) {
		c.lose = "dns_records?"
		c.shows(cloudValues, time.Second)
		for name, h := range c.disk().Accounts["home"].Hosts {
			if h.Unconfirmed != (service.Publish{}) || h.Lost != (service.Values{}) || name == "home.example.org" && h.Found["ZONE"] != "example.org" {
				t.Errorf("%s: %+v", name, h)
			}
		}
		if s := c.status(); s.State != StateRetrying || s.Reason != ReasonUnconfirmed {
			t.Errorf("%+v", s)
		}
		c.do(func(*Scheduler) { c.lose = "" })
		c.after(time.Hour)
		if s := c.status(); s.State != StateCurrent {
			t.Errorf("%+v", s)
		}
	})
}

func TestAZoneOfAnotherStopsTheAccount(t *testing.T) {
	zones := updatetest.NewZones("", "made-up", "other.example")
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, zones)
		defer func() { c.stop() }()
		accounts := []*service.Account{cloudAccount(40, 0)}
		c.set(accounts, sees(cloudValues, accounts))
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if s := c.status(); s.State != StateStopped || !strings.Contains(s.Error, `the service has no zone for home.example.org: write zone = "…"`) || len(zones.Requests()) != 2+3 {
			t.Errorf("%+v after %d requests", s, len(zones.Requests()))
		}
		m := c.disk().Accounts["home"]
		if found := m.Hosts["home.example.org"].Found; len(found) != 0 {
			t.Errorf("found is %v: after once --force the names are to be tried anew", found)
		}
	})
}

// A host that the service does not know stops alone.
func TestARefusedHostLeavesTheOthersOfItsAccountAlone(t *testing.T) {
	zones := updatetest.NewZones("", "made-up", "example.org")
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, zones)
		defer func() { c.stop() }()
		a := cloudAccount(40, 0)
		a.Domains = []string{"home.gone.test", "home.example.org"}
		accounts := []*service.Account{a}
		c.set(accounts, sees(cloudValues, accounts))
		time.Sleep(time.Hour)
		synctest.Wait()
		changed := cloudValues
		changed.IPv4 = v4b
		c.observe(sees(changed, accounts))
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := c.status(); s.State != StateStopped || !strings.Contains(s.Error, "the service has no zone for home.gone.test") {
			t.Errorf("%+v", s)
		}
		if r := zones.Records(); len(r) != 2 || r[0].Name != "home.example.org" || r[0].Content != v4b.String() {
			t.Errorf("the other host has %+v", r)
		}
	})
}

// --dry-run shows the look-ups, and what follows if they find something.
func TestPreviewOfLookups(t *testing.T) {
	now := clock.Now{Wall: time.Unix(1e9, 0), Up: time.Hour, Boot: "b"}
	a := cloudAccount(40, 0)
	a.Domains = a.Domains[:1]
	got := ""
	for _, r := range Preview(now, state.New(now), []*service.Account{a}, sees(cloudValues, []*service.Account{a}), false) {
		line, _, _ := strings.Cut(golden.Request(r), "\n")
		got += line + "\n"
	}
	const api = "https://api.cloudflare.com/client/v4/zones"
	want := fmt.Sprintf("GET %s?name=home.example.org\nGET %s/ZONEID/dns_records?type=A&name=home.example.org\nPATCH %s/ZONEID/dns_records/RECORD\n"+
		"GET %s/ZONEID/dns_records?type=AAAA&name=home.example.org\nPATCH %s/ZONEID/dns_records/RECORD\n", api, api, api, api, api)
	if got != want {
		t.Errorf("\n%swant\n%s", got, want)
	}
}
