package update

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"homeward/update/rfc2136"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
	"homeward/update/updatetest"
)

// ownServer is an account at a name server whose key was accepted before.
func ownServer() AccountState {
	a := &service.Account{Name: "own", Service: "rfc2136", Server: "dns://ns.example.org", Domains: []string{"home.example.org", "nas.example.org"},
		Publish: service.Publish{IPv4: true}, Username: "homeward", Algorithm: "hmac-sha256", Secret: secret.New("c2VjcmV0"), Limit10s: 3, Limit24h: 48}
	s, _ := service.For(a)
	return AccountState{Account: a, Service: s, Limits: state.Limits{Short: 3, Day: 48}, Plan: Plan{Want: service.Values{IPv4: v4a}}}
}

// TestAnswersOfNameServers: what follows from each answer. openwrt/TROUBLE.md shows the
// table; -rewrite writes it there.
func TestAnswersOfNameServers(t *testing.T) {
	words := map[string]transport.Fault{}
	if err := json.Unmarshal(updatetest.ReadFile(t, "transport/testdata/faults.json"), &words); err != nil {
		t.Fatal(err)
	}
	now := at(100 * time.Hour)
	table := "| answer | state | what `status` and the log say |\n|---|---|---|\n"
	row := func(answer string, s AccountState) {
		d := s.Next(now)
		table += "| " + answer + " | `" + d.State + "` (`" + d.Reason + "`) | `" + d.Error + "` |\n"
	}
	for _, tt := range []struct {
		code   rfc2136.Code
		answer string
		state  string
		reason Reason
	}{
		{rfc2136.BadSig, "`BADSIG`", StateStopped, ReasonUnauthorized},
		{rfc2136.BadKey, "`BADKEY`", StateStopped, ReasonUnauthorized},
		{rfc2136.BadTime, "`BADTIME`", StateRetrying, ReasonClock},
		{rfc2136.Refused, "`REFUSED`", StateStopped, ReasonRefused},
		{rfc2136.NotAuth, "`NOTAUTH`", StateStopped, ReasonRefused},
		{rfc2136.NotZone, "`NOTZONE`", StateStopped, ReasonRefused},
		{rfc2136.YXRRSet, "`YXRRSET`", StateStopped, ReasonRefused},
		{rfc2136.NotImp, "`NOTIMP`", StateStopped, ReasonRefused},
		{rfc2136.FormErr, "`FORMERR`", StateStopped, ReasonRefused},
		{rfc2136.NoZone, "no zone of a host", StateStopped, ReasonRefused},
		{rfc2136.ServFail, "`SERVFAIL`", StateRetrying, ReasonServerError},
		{rfc2136.Unsigned, "not signed", StateRetrying, ReasonNotTheService},
		{rfc2136.BadSignature, "wrongly signed", StateRetrying, ReasonNotTheService},
		{rfc2136.NoReply, "no DNS", StateRetrying, ReasonNotTheService},
		{rfc2136.Code(6), "any other", StateRetrying, ReasonNotTheService},
	} {
		s := ownServer()
		c, _ := s.nextAttempt(now)
		s, sent := s.Reserve(now, *c, 1, 1)
		if tt.code == rfc2136.BadTime {
			s = s.AfterFault(now, sent, words["a name server's clock is another"], 0)
		} else {
			res := []rfc2136.Result{{Zone: "example.org", Hosts: c.Update.Hosts, Code: tt.code}}
			s = s.After(now, sent, s.Service.Parse(s.Account, c.Update, transport.Answer{DNS: res}), 0)
		}
		if d := s.Next(now); d.State != tt.state || d.Reason != tt.reason {
			t.Errorf("%v: %s, %s: want %s, %s", tt.code, d.State, d.Reason, tt.state, tt.reason)
		}
		row(tt.answer, s)
	}
	inPage(t, trouble, "answers of name servers", table)
}

// A key that was accepted before may be missing for a moment, as the answer that
// says so proves nothing: one more try, after 10 minutes.
func TestAKeyThatWasAcceptedIsTriedOnceMore(t *testing.T) {
	now := at(100 * time.Hour)
	s := ownServer()
	s.Usage.Good = true
	refuse := func() Decision {
		c, _ := s.nextAttempt(now)
		var sent Attempt
		s, sent = s.Reserve(now, *c, 1, 1)
		res := []rfc2136.Result{{Hosts: c.Update.Hosts[:1], Code: rfc2136.BadKey}}
		s = s.After(now, sent, s.Service.Parse(s.Account, c.Update, transport.Answer{DNS: res}), 0)
		return s.Next(now)
	}
	if d := refuse(); d.State != StateLimited || d.Reason != ReasonLocked || d.At != now.Up+lockDuration {
		t.Errorf("at first: %s, %s, at %v", d.State, d.Reason, d.At)
	}
	now = at(101 * time.Hour)
	s.Usage.Lock = nil
	if d := refuse(); d.State != StateStopped || d.Reason != ReasonUnauthorized || !strings.Contains(d.Error, "BADKEY") {
		t.Errorf("at last: %s, %s: %s", d.State, d.Reason, d.Error)
	}
}

// Hosts of one zone go in one update; what one zone refuses does not stop those of
// another.
func TestHostsOfANameServer(t *testing.T) {
	now := at(100 * time.Hour)
	s := ownServer()
	c, _ := s.nextAttempt(now)
	if len(c.Update.Hosts) != 2 {
		t.Fatalf("the update is for %v", c.Update.Hosts)
	}
	s, sent := s.Reserve(now, *c, 1, 1)
	res := []rfc2136.Result{{Zone: "example.org", Hosts: []string{"home.example.org"}}, {Zone: "nas.example.org", Hosts: []string{"nas.example.org"}, Code: rfc2136.Refused}}
	s = s.After(now, sent, s.Service.Parse(s.Account, c.Update, transport.Answer{DNS: res}), 0)
	d := s.Next(now)
	if d.State != StateStopped || d.Attempt != nil || !strings.HasPrefix(d.Error, "nas.example.org: REFUSED") {
		t.Errorf("%s: %s, next %v", d.State, d.Error, d.Attempt)
	}
	if got := s.Record.Hosts["home.example.org"].IPv4; got != v4a {
		t.Errorf("the host that was accepted has %v", got)
	}
	s.Plan.Want.IPv4 = v4b
	if c, _ := s.nextAttempt(now); c == nil || len(c.Update.Hosts) != 1 || c.Update.Hosts[0] != "home.example.org" {
		t.Errorf("the next update is %+v", c)
	}
}
