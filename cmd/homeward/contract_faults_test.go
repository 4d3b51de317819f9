package main

import (
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"homeward/update"
	"homeward/update/updatetest"
)

// TestErrorsThatPassAreRetried: errors that pass are retried, at once when the line,
// the resolver or the clock changes. What never reached the service costs nothing of
// its limits.
func TestErrorsThatPassAreRetried(t *testing.T) {
	t.Parallel()
	t.Run("WhateverTheServiceAnswersTheNextGoodAnswerCounts", whateverTheServiceAnswersTheNextGoodAnswerCounts)
	t.Run("HalfATLSHandshakeCostsNoRequest", halfATLSHandshakeCostsNoRequest)
	t.Run("AServiceThatHangsOrDripsIsGivenUpAfter15Seconds", aServiceThatHangsOrDripsIsGivenUpAfter15Seconds)
	t.Run("ARequestIsGivenUpWhenItsAddressGoes", aRequestIsGivenUpWhenItsAddressGoes)
	t.Run("WhatNeverReachedTheServiceIsTriedAgainAtTheNextEvent", whatNeverReachedTheServiceIsTriedAgainAtTheNextEvent)
	t.Run("ALineWithoutARouteIsWaitedFor", aLineWithoutARouteIsWaitedFor)
	t.Run("AClockThatIsWrongIsToldAsSuch", aClockThatIsWrongIsToldAsSuch)
	t.Run("ANameServerThatWakesUpIsEnough", aNameServerThatWakesUpIsEnough)
}

func whateverTheServiceAnswersTheNextGoodAnswerCounts(t *testing.T) {
	page := "<html><body>Welcome to the hotspot, good to see you</body></html>"
	for _, tt := range []struct {
		name   string
		answer updatetest.Answer
		says   string
	}{
		{"a reset", updatetest.Answer{Fault: updatetest.Reset}, "could not confirm"},
		{"half the headers", updatetest.Answer{Fault: updatetest.Half}, "could not confirm"},
		{"half a JSON", updatetest.Answer{Fault: updatetest.Short, Body: `{"info":"go`}, "could not confirm"},
		{"a hotspot's page", updatetest.Answer{Body: page}, "Welcome to the hotspot"},
		{"a gigabyte", updatetest.Answer{Fault: updatetest.Endless}, "warning: home: "},
		{"trouble of its own", updatetest.Answer{Status: 502, Body: page}, "HTTP 502"},
		{"nothing known", updatetest.Answer{Body: `{"status":"whatever"}`}, "warning: home: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			h.ipv64.Next(tt.answer)
			d := h.daemon()
			h.current(lease)
			d.says(tt.says)
			again := full("&ip=203.0.113.7&ipv6prefix=" + prefix1)
			h.sent(again, again)
			if strings.Contains(d.log.String(), "error: ") {
				t.Error("what passes is told as if a person were needed")
			}
		})
	}
}

func halfATLSHandshakeCostsNoRequest(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, "limit_24h = 48")
	h.more = append(h.more[:1], h.more[2:]...) // in place of the one without a limit
	h.online()
	h.server.BreakHandshakes(2)
	d := h.daemon()
	h.current(lease)
	d.says("no secure connection")
	h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
	if s := h.state(update.StateCurrent); s.Used != 1 || s.Limit != 48 {
		t.Errorf("%d of %d requests are used, want 1 of 48", s.Used, s.Limit)
	}
}

func aServiceThatHangsOrDripsIsGivenUpAfter15Seconds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer updatetest.Answer
	}{
		{"hangs", updatetest.Answer{Delay: time.Minute}},
		{"drips", updatetest.Answer{Body: strings.Repeat(" ", 60), Drip: time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			h.online()
			h.ipv64.Next(tt.answer)
			h.daemon()
			again := full("&ip=203.0.113.7&ipv6prefix=" + prefix1)
			h.sent(again)
			h.sent(again, again)
			// 15 s, and a first pause that is random, of 5 s at the most
			if took := h.request(1).At.Sub(h.request(0).At).Seconds(); took < 14.5 || took > 20 {
				t.Errorf("tried again after %.1f s", took)
			}
			h.current(lease)
		})
	}
}

func aRequestIsGivenUpWhenItsAddressGoes(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.more = append(h.more, `publish = ["ipv4"]`)
	h.online()
	h.ipv64.Next(updatetest.Answer{Delay: time.Minute})
	h.daemon()
	h.sent(full("&ip=203.0.113.7"))
	h.must(h.router.SetIPv4(lease2, gateway))
	changed := time.Now()
	h.sent(full("&ip=203.0.113.7"), full("&ip=203.0.113.8"))
	if took := h.request(1).At.Sub(changed); took > 5*time.Second {
		t.Errorf("the new address was sent after %v", took)
	}
	h.current(lease2)
}

// A way that is not there costs nothing, and any event may have mended it.
func whatNeverReachedTheServiceIsTriedAgainAtTheNextEvent(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.url = "https://" + net.JoinHostPort(serviceAddr, "444") // nobody listens yet
	h.more = []string{"limit_10s = 3", "limit_24h = 4"}
	h.online()
	d := h.daemon()
	d.says("connection refused")
	s := h.status("a long wait", func(s status) bool { return time.Until(s.Accounts["home"].Next) > 4*time.Second })
	if a := s.Accounts["home"]; a.State != update.StateRetrying || a.Used != 0 || a.Error == "" {
		t.Errorf("status is %+v", a)
	}
	h.serve(net.JoinHostPort(serviceAddr, "444"), http.HandlerFunc(h.note), updatetest.Options{})
	h.must(h.router.Delegate(netip.MustParsePrefix("2001:db8:dead::/56"))) // no change of what is published
	h.current(lease)
	if r := h.request(0); !r.At.Before(s.Accounts["home"].Next) {
		t.Errorf("the event was not used: sent at %v, the timer was %v", r.At, s.Accounts["home"].Next)
	}
	h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
}

func aLineWithoutARouteIsWaitedFor(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(h.router.Delegate(delegated))
	h.must(h.router.LANAddr(lanAddr, 1800, 3600))
	d := h.daemon()
	d.says("network is unreachable")
	if s := h.state(update.StateRetrying); s.Used != 0 || s.Next.IsZero() {
		t.Errorf("status is %+v", s)
	}
	h.must(h.router.SetIPv4(lease, gateway))
	h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
	h.current(lease)
}

func aClockThatIsWrongIsToldAsSuch(t *testing.T) {
	h := newHouse(t, updatetest.Options{NotBefore: time.Now().Add(24 * time.Hour)})
	h.online()
	h.daemon()
	if s := h.state(update.StateRetrying); !strings.Contains(s.Error, "waiting for NTP") || s.Used != 0 {
		t.Errorf("status is %+v", s)
	}
	h.sent()
}

func aNameServerThatWakesUpIsEnough(t *testing.T) {
	h := newHouse(t, updatetest.Options{Names: []string{"ipv64.example"}})
	h.url = "https://ipv64.example"
	h.must(unix.Unshare(unix.CLONE_NEWNS)) // the thread's own /etc
	h.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	h.must(os.WriteFile(h.path("resolv.conf"), []byte("nameserver "+serviceAddr+"\noptions timeout:1 attempts:1\n"), 0o644))
	h.must(unix.Mount(h.path("resolv.conf"), "/etc/resolv.conf", "", unix.MS_BIND, ""))
	h.online()
	d := h.daemon()
	d.says("cannot resolve ipv64.example")
	if s := h.state(update.StateRetrying); s.Used != 0 {
		t.Errorf("status is %+v", s)
	}
	c, err := h.router.ISP.ListenPacket("udp", net.JoinHostPort(serviceAddr, "53"))
	h.must(err)
	t.Cleanup(func() { c.Close() })
	go answerNames(c)
	h.current(lease)
	h.sent(full("&ip=203.0.113.7&ipv6prefix=" + prefix1))
}

// answerNames is a name server that knows every name, and one address.
func answerNames(c net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		end := 12 // of the question (RFC 1035, section 4.1): a name, a type, a class
		for end < n && buf[end] != 0 {
			end += int(buf[end]) + 1
		}
		if end += 5; end > n {
			continue
		}
		answer := append([]byte{}, buf[:end]...)
		binary.BigEndian.PutUint16(answer[2:], 0x8180)
		copy(answer[6:], []byte{0, 0, 0, 0, 0, 0})
		if answer[end-3] == 1 { // type A
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4)
			answer = append(answer, netip.MustParseAddr(serviceAddr).AsSlice()...)
		}
		c.WriteTo(answer, from)
	}
}
