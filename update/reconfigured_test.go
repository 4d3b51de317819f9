package update

import (
	"os"
	"strings"
	"testing"
	"time"

	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/updatetest"
)

// nic is a dyndns2 server, or one of SPDYN's kind, that knows three hosts.
func nic() *updatetest.DynDNS2 {
	s := updatetest.NewDynDNS2()
	s.AddUser("me", "made-up")
	for _, host := range []string{"a", "b", "c"} {
		s.AddHost("me", host+".example.org")
	}
	return s
}

// nicAccount is an account there, of hosts such as a.
func nicAccount(protocol string, hosts ...string) *service.Account {
	a := &service.Account{Name: "home", Service: protocol, Server: "https://dyn.example.org", Username: "me", Secret: secret.New("made-up"),
		Publish: service.Publish{IPv4: true, IPv6: true}, Limit10s: 100}
	for _, h := range hosts {
		a.Domains = append(a.Domains, h+".example.org")
	}
	return a
}

// nicQuery is what such a server is sent.
func nicQuery(hosts string, addrs ...string) string {
	return "hostname=" + strings.ReplaceAll(hosts, ",", ".example.org,") + ".example.org&myip=" + strings.Join(addrs, ",")
}

var (
	only4a = service.Values{IPv4: v4a}
	only4b = service.Values{IPv4: v4b}
	first4 = v4a.String()
	next4  = v4b.String()
)

const first6 = "2001:db8::7"

// What was accepted for a host stays known when others are added or removed: a family
// that is gone is named with it.
func TestOtherHostsLeaveAHostAsItIs(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		s.shows(cloudValues, nicAccount("dyndns2", "a", "b"))
		s.wants(t, time.Minute, "first", nicQuery("a,b", first4, first6))
		s.shows(only4a, nicAccount("dyndns2", "a", "b", "c")) // IPv6 is gone
		s.wants(t, time.Minute, "added", nicQuery("c", first4))
		s.shows(only4b, nicAccount("dyndns2", "a", "c"))
		s.wants(t, time.Minute, "removed", nicQuery("a", next4, first6), nicQuery("c", next4))
		s.shows(only4b, nicAccount("dyndns2", "a", "b", "c"))
		s.wants(t, time.Minute, "added again", nicQuery("b", next4))
	})
}

func TestALockOutlivesAnotherHost(t *testing.T) {
	server := nic()
	inFakeTime(t, server, func(t *testing.T, s *served) {
		server.Say("abuse")
		s.shows(only4a, nicAccount("spdyn", "a"))
		s.wants(t, time.Minute, "first", nicQuery("a", first4))
		server.Say("")
		s.shows(only4a, nicAccount("spdyn", "a", "b"))
		s.wants(t, time.Minute, "added", nicQuery("b", first4))
	})
}

// ipv64Host is an account at IPv64 of these domains.
func ipv64Host(domains ...string) *service.Account {
	return &service.Account{Name: "home", Service: "ipv64", Server: "https://ipv64.net", Secret: secret.New("made-up"),
		Domains: domains, Publish: service.Publish{IPv4: true}, Limit10s: 3}
}

// An answer counts for what was sent, though another process has read other settings
// meanwhile, and takes nothing from what that has sent.
func TestAnAnswerCountsForItsOwnHost(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net", "srv.ipv64.net"), func(t *testing.T, s *served) {
		s.takes = 4 * time.Second
		s.shows(only4a, ipv64Host("home.ipv64.net"))
		s.after(time.Second)
		for range 2 {
			s.once(only4a, ipv64Host("srv.ipv64.net"))
			s.do(func(s *Scheduler) { s.StateChanged() })
		}
		s.wants(t, time.Minute, "once of another domain", "domain=home.ipv64.net&ip="+first4, "domain=srv.ipv64.net&ip="+first4)
		s.shows(only4a, ipv64Host("srv.ipv64.net"))
		s.wants(t, time.Minute, "and then it was read")
		s.shows(only4a, ipv64Host("home.ipv64.net"))
		s.wants(t, time.Minute, "and then it was put back", "domain=home.ipv64.net&ip="+first4)
	})
}

// Nor does it count for another record, server or key, which once brings meanwhile: once
// sends its own, and a daemon that reads the file then has nothing left to do.
func TestAnAnswerCountsForItsOwnSettings(t *testing.T) {
	record, wrong := ipv64Host("home.ipv64.net"), ipv64Host("home.ipv64.net")
	record.Record, wrong.Secret = "www", secret.New("wrong")
	const plain = "domain=home.ipv64.net&ip="
	for _, tt := range []struct {
		name       string
		was, is    *service.Account
		asked      []string
		afterwards string // the daemon's, which has not read the file
	}{
		{"record", ipv64Host("home.ipv64.net"), record, []string{plain + first4, "domain=home.ipv64.net&praefix=www&ip=" + first4}, StateCurrent},
		{"a key that is mended", wrong, ipv64Host("home.ipv64.net"), []string{plain + first4, plain + first4}, StateStopped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net"), func(t *testing.T, s *served) {
				s.takes = 4 * time.Second
				s.shows(only4a, tt.was)
				s.after(time.Second)
				s.once(only4a, tt.is)
				s.wants(t, time.Minute, "once", tt.asked...)
				if got := s.status().State; got != tt.afterwards {
					t.Errorf("the daemon is %s, want %s", got, tt.afterwards)
				}
				s.stop()
				s.start()
				s.shows(only4a, tt.is)
				s.wants(t, time.Minute, "and then it was read")
				if got := s.status().State; got != StateCurrent {
					t.Errorf("the next daemon is %s", got)
				}
			})
		})
	}
}

// A daemon that goes by the old key may be refused once more while once connects.
func TestOnceSendsThoughTheDaemonIsRefusedMeanwhile(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net"), func(t *testing.T, s *served) {
		wrong := ipv64Host("home.ipv64.net")
		wrong.Secret = secret.New("wrong")
		s.shows(only4a, wrong)
		s.since(time.Minute)
		s.connecting(time.Second)
		go s.once(only4a, ipv64Host("home.ipv64.net"))
		s.after(time.Millisecond)
		s.connecting(0)
		s.do(func(s *Scheduler) { s.StateChanged() })
		s.wants(t, time.Minute, "both", "domain=home.ipv64.net&ip="+first4, "domain=home.ipv64.net&ip="+first4)
		if m := s.disk().Accounts["home"]; m.Stop != nil || m.Hosts["home.ipv64.net"].IPv4 != v4a {
			t.Errorf("%+v", m)
		}
	})
}

// What once sends in another limit group counts for the daemon's, which goes on.
func TestAnotherLimitGroupIsCounted(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net"), func(t *testing.T, s *served) {
		home, grouped := ipv64Host("home.ipv64.net"), ipv64Host("home.ipv64.net")
		home.Limit24h, grouped.Limit24h, grouped.LimitGroup = 6, 6, "x"
		s.shows(only4a, home)
		s.since(time.Minute)
		s.once(only4b, grouped)
		s.after(time.Minute)
		s.do(func(s *Scheduler) { s.StateChanged() }) // sends its own again
		for i := range 20 {
			s.after(time.Hour)
			s.shows([]service.Values{only4a, only4b}[i%2], home)
		}
		if got := s.since(time.Hour); len(got) != 5 { // and the first
			t.Errorf("%d requests in a day, the limit is 6: %q", 1+len(got), got)
		}
	})
}

// Two processes that wait for a third, by other settings each, do not take the account's
// record from each other.
func TestThoseWhoWaitWriteNothing(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net"), func(t *testing.T, s *served) {
		record, other := ipv64Host("home.ipv64.net"), ipv64Host("home.ipv64.net")
		record.Record, other.Record = "www", "mail"
		s.takes = 10 * time.Second
		s.shows(only4a, ipv64Host("home.ipv64.net"))
		s.after(time.Second)
		go s.once(only4a, record)
		go sendOnce(s.store(), s.parts(1), []*service.Account{other}, sees(only4a, []*service.Account{other}), false)
		s.after(time.Second)
		before := s.disk().Seq
		s.after(7 * time.Second)
		if after := s.disk().Seq; after != before {
			t.Errorf("state.json was written %d times", after-before)
		}
		s.after(time.Minute)
	})
}

// A request is not sent if its account was replaced before it was connected.
func TestAReplacedAccountSendsNoMore(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		s.connecting(time.Second)
		s.shows(only4a, nicAccount("dyndns2", "a"))
		s.after(time.Millisecond)
		s.shows(only4a, nicAccount("dyndns2", "b"))
		s.wants(t, time.Minute, "the new one", nicQuery("b", first4))
	})
}

// What changes no request does not drop the answer to one.
func TestAnAnswerCountsThoughItsAccountHasChanged(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		s.takes = 3 * time.Second
		a := nicAccount("dyndns2", "a")
		s.shows(only4a, a)
		s.since(time.Second)
		again := *a
		again.Refresh = 500 * time.Hour
		s.shows(only4a, &again)
		s.wants(t, time.Minute, "refresh changed")
		if is := s.status(); is.State != StateCurrent || is.Used != 1 {
			t.Errorf("%+v", is)
		}
	})
}

func TestResendOutlivesAChangedAccount(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		a := nicAccount("dyndns2", "a")
		a.Limit10s = 1
		s.shows(only4a, a)
		s.since(time.Second)
		s.do((*Scheduler).Resend) // waits for the limit
		again := *a
		again.Refresh = 500 * time.Hour
		s.shows(only4a, &again)
		s.wants(t, time.Minute, "resend", nicQuery("a", first4))
	})
}

// An account that is switched on again does not count on what it had sent before
// another one took its host over.
func TestAnAccountTakesItsHostBack(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		dsl, lte := nicAccount("dyndns2", "a"), nicAccount("dyndns2", "a")
		lte.Name = "lte"
		s.shows(only4a, dsl)
		s.wants(t, time.Minute, "dsl", nicQuery("a", first4))
		s.shows(only4b, lte)
		s.wants(t, time.Minute, "lte", nicQuery("a", next4))
		s.shows(only4a, dsl)
		s.wants(t, time.Minute, "dsl again", nicQuery("a", first4))
		s.once(only4b, lte)
		s.do(func(s *Scheduler) { s.StateChanged() })
		s.wants(t, time.Minute, "once of another file", nicQuery("a", next4), nicQuery("a", first4))
		s.once(only4a, lte)
		s.do(func(s *Scheduler) { s.StateChanged() })
		s.wants(t, time.Minute, "it sends the same", nicQuery("a", first4))
	})
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		dsl, lte := nicAccount("dyndns2", "a"), nicAccount("dyndns2", "a")
		lte.Name = "lte"
		s.once(cloudValues, dsl)
		s.once(only4a, lte) // deletes the IPv6 address
		s.once(cloudValues, dsl)
		s.wants(t, 0, "once alone", nicQuery("a", first4, first6), nicQuery("a", first4), nicQuery("a", first4, first6))
	})
}

// Two accounts that publish different addresses for one host do not send in turn.
func TestTwoAccountsOfOneHostSendOnceEach(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		dsl, lte := nicAccount("dyndns2", "a"), nicAccount("dyndns2", "a")
		lte.Name = "lte"
		s.set([]*service.Account{dsl, lte}, Observation{Wants: map[string]Desired{"home": {Values: only4a}, "lte": {Values: only4b}}})
		if got := s.since(time.Hour); len(got) != 2 {
			t.Errorf("asked %q", got)
		}
	})
}

// An earlier version has left what an account had sent that is switched off now.
func TestAnAccountOfAnEarlierVersionTakesItsHostBack(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net"), func(t *testing.T, s *served) {
		dsl, lte := ipv64Host("home.ipv64.net"), ipv64Host("home.ipv64.net")
		lte.Name = "lte"
		s.shows(only4a, dsl)
		s.since(time.Minute)
		s.stop()
		s.store().Update(s.now(), func(b *state.Data) {
			m := b.Accounts["home"]
			m.Hosts = map[string]state.Host{"": m.Hosts["home.ipv64.net"]}
			m.Target = b.Fingerprint(dsl.Service, dsl.Server, dsl.Domains, dsl.Record, dsl.Template.Key())
			b.Accounts["home"] = m
		})
		s.start()
		s.shows(only4b, lte)
		s.wants(t, time.Minute, "lte", "domain=home.ipv64.net&ip="+next4)
		s.shows(only4a, dsl)
		s.wants(t, time.Minute, "dsl again", "domain=home.ipv64.net&ip="+first4)
	})
}

// A domain that once has sent for another account of the daemon's, by another file, is
// sent again, though both accounts are in both files.
func TestADomainThatHasMovedInAnotherFileIsTakenBack(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		account := func(name string, hosts ...string) *service.Account {
			a := nicAccount("dyndns2", hosts...)
			a.Name = name
			return a
		}
		seen := Observation{Wants: map[string]Desired{"home": {Values: only4a}, "lte": {Values: only4b}}}
		s.set([]*service.Account{account("home", "a"), account("lte", "b")}, seen)
		s.since(time.Minute)
		sendOnce(s.store(), s.parts(os.Getppid()), []*service.Account{account("home", "c"), account("lte", "a", "b")}, seen, false)
		s.do(func(s *Scheduler) { s.StateChanged() })
		if got := s.since(time.Minute); len(got) != 3 || got[2] != nicQuery("a", first4) { // c and a by once, in any order
			t.Errorf("asked %q", got)
		}
	})
}

// A request for one domain of several overwrites what was sent for all.
func TestAnAccountOfOneOfItsDomainsOverwritesIt(t *testing.T) {
	inFakeTime(t, updatetest.NewIPv64("made-up", "home.ipv64.net", "srv.ipv64.net"), func(t *testing.T, s *served) {
		dsl, lte := ipv64Host("home.ipv64.net", "srv.ipv64.net"), ipv64Host("srv.ipv64.net")
		lte.Name = "lte"
		s.shows(only4a, dsl)
		s.after(time.Minute)
		s.shows(only4b, lte)
		s.since(time.Minute)
		s.shows(only4a, dsl)
		s.wants(t, time.Minute, "dsl again", "domain=home.ipv64.net,srv.ipv64.net&ip="+first4)
		s.once(only4b, ipv64Host("srv.ipv64.net"))
		s.do(func(s *Scheduler) { s.StateChanged() })
		s.wants(t, time.Minute, "once of one", "domain=srv.ipv64.net&ip="+next4, "domain=home.ipv64.net,srv.ipv64.net&ip="+first4)
	})
}

// Two accounts that publish a family each of one host are in nobody's way.
func TestAnAccountOfTheOtherFamilyOverwritesNothing(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		four, six := nicAccount("spdyn", "a"), nicAccount("spdyn", "a")
		four.Publish, six.Publish = service.Publish{IPv4: true}, service.Publish{IPv6: true}
		six.Name = "six"
		both := func(accounts ...*service.Account) {
			seen := sees(only4a, []*service.Account{four})
			seen.Wants["six"] = Desired{Values: cloudValues.Only(six.Publish)}
			s.set(accounts, seen)
		}
		both(four, six)
		if got := s.since(time.Minute); len(got) != 2 {
			t.Fatalf("asked %q", got)
		}
		both(four)
		both(four, six)
		s.wants(t, time.Minute, "switched off and on")
	})
}

// A refused host that is taken out of the account leaves it current: that is told once.
func TestTheEndOfAStopIsToldOnce(t *testing.T) {
	inFakeTime(t, nic(), func(t *testing.T, s *served) {
		s.shows(only4a, nicAccount("dyndns2", "a", "unknown"))
		s.since(time.Minute)
		if s.status().State != StateStopped || s.ended != 0 {
			t.Errorf("%+v, told %d times", s.status(), s.ended)
		}
		for range 3 { // the daemon is started anew
			s.stop()
			s.start()
			s.shows(only4a, nicAccount("dyndns2", "a"))
			s.wants(t, time.Minute, "one host")
		}
		if s.status().State != StateCurrent || s.ended != 1 {
			t.Errorf("%+v, told %d times", s.status(), s.ended)
		}
	})
}
