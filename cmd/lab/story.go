package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"homeward/update/updatetest"
)

// The values of the story's line.
const (
	ipFirst, ipNight, ipLast, ipBack    = "203.0.113.7", "203.0.113.61", "203.0.113.206", "203.0.113.88"
	prefixFirst, prefixNight, prefixNew = "2001:db8:1200::/56", "2001:db8:4500::/56", "2001:db8:7700::/56"
	nasFirst, nasNight, nasNew          = "2001:db8:1200:0:211:32ff:fe12:3456", "2001:db8:4500:0:211:32ff:fe12:3456", "2001:db8:7700:0:211:32ff:fe12:3456"
)

// full is an accepted request with an address, and a prefix unless that is "".
func full(ip, delegated string) answered {
	q := url.Values{"domain": {domain}, "ip": {ip}}
	if delegated != "" {
		q.Set("ipv6prefix", lan64(delegated))
	}
	return answered{q.Encode(), 200}
}

// only is an accepted request with the prefix alone.
func only(delegated string) answered {
	return answered{url.Values{"domain": {domain}, "ipv6prefix": {lan64(delegated)}, "onlyprefix": {"1"}}.Encode(), 200}
}

func story() []step {
	return append(lineStory(), serviceStory()...)
}

// lineStory is what lines do.
func lineStory() []step {
	current := map[string]string{"home": "current"}
	return []step{
		{
			title: "First start", about: "The line is up: an address, and a delegated prefix of which br-lan has a /60. homeward starts.",
			act: (*stage).firstStart, sends: []answered{full(ipFirst, prefixFirst)}, a: ipFirst, nas: nasFirst, states: current,
		}, {
			title: "The night's reconnect", about: "The PPPoE device goes and comes back with another address; IPv6 follows a second later.",
			act: (*stage).reconnect, direct: true, sends: []answered{full(ipNight, ""), only(prefixNight)}, a: ipNight, nas: nasNight, states: current,
		}, {
			title: "Gone and back unchanged", about: "The device goes, and half a second later the same address and prefix are there again.",
			act: (*stage).goneAndBack, still: time.Second, a: ipNight, nas: nasNight, states: current,
		}, {
			title: "The prefix is renumbered at a renewal", about: "No link goes down. The old prefix's null route stays for another second.",
			free: 3, act: (*stage).renumber, direct: true, sends: []answered{only(prefixNew)}, still: 500 * time.Millisecond, a: ipNight, nas: nasNew, states: current,
		}, {
			title: "The dead prefix flaps", about: "Its null route comes back for a moment at every renewal, without an address on the LAN.",
			act: (*stage).deadPrefix, still: 500 * time.Millisecond, a: ipNight, nas: nasNew, states: current,
		}, {
			title: "A flapping line", about: "Six addresses in two seconds. The service takes 3 requests in 10 s, one of which is used: two go out at once, the last address when there is room.",
			act: (*stage).flap, sends: []answered{full(flapping(1), prefixNew), full(flapping(2), prefixNew), full(ipLast, prefixNew)},
			within: 12 * time.Second, a: ipLast, nas: nasNew, states: current,
		},
	}
}

// serviceStory is what services do.
func serviceStory() []step {
	office := url.Values{"domain": {officeDomain}, "ip": {ipBack}, "ipv6prefix": {lan64(prefixNew)}}.Encode()
	down := full(ipBack, prefixNew)
	down.status = 503
	return []step{
		{
			title: "The service is down", about: "The address changes, the service says 503, and is back at the next try.",
			free: 2, act: (*stage).serviceDown, sends: []answered{down, full(ipBack, prefixNew)}, a: ipBack, states: map[string]string{"home": "current"},
		}, {
			title: "A key that is refused", about: "A second account comes by SIGHUP. Its key is not known to the service: one request, then it is stopped. IPv64 counts the requests of all keys together.",
			free: 1, act: (*stage).refused, sends: []answered{{office, 401}}, still: 700 * time.Millisecond, states: map[string]string{"home": "current", "office": "stopped"},
		}, {
			title: "A person lifts the stop", about: "The key is put right at the service, and `homeward once --force office` sends; the daemon beside it takes note at once.",
			free: 2, act: (*stage).lift, twice: true, sends: []answered{{office, 200}}, states: map[string]string{"home": "current", "office": "current"},
		},
	}
}

func (st *stage) firstStart() (err error) {
	if err := errors.Join(st.line.dial(ipFirst), st.line.delegate(prefixFirst), st.configure(account{"home", domain, token, false})); err != nil {
		return err
	}
	st.watch(100 * time.Millisecond)
	st.daemon, err = st.start("GOMAXPROCS=1") // as the init script does
	return err
}

func (st *stage) reconnect() error {
	err := errors.Join(st.line.DelLink(wan), st.line.withdraw(prefixFirst))
	st.watch(300 * time.Millisecond)
	err = errors.Join(err, st.line.dial(ipNight))
	st.watch(time.Second)
	return errors.Join(err, st.line.delegate(prefixNight))
}

func (st *stage) goneAndBack() error {
	err := st.line.DelLink(wan)
	st.watch(500 * time.Millisecond)
	return errors.Join(err, st.line.dial(ipNight), st.line.delegate(prefixNight))
}

func (st *stage) renumber() error {
	err := st.line.renumber(prefixNight, prefixNew)
	st.watch(time.Second)
	return errors.Join(err, st.line.Undelegate(netip.MustParsePrefix(prefixNight)))
}

func (st *stage) deadPrefix() (err error) {
	dead := netip.MustParsePrefix(prefixNight)
	for range 2 {
		err = errors.Join(err, st.line.Delegate(dead))
		st.watch(400 * time.Millisecond)
		err = errors.Join(err, st.line.Undelegate(dead))
		st.watch(200 * time.Millisecond)
	}
	return err
}

// flapping is the n'th of the addresses of a flapping line, from 1 to 6.
func flapping(n int) string { return fmt.Sprintf("203.0.113.20%d", n) }

func (st *stage) flap() (err error) {
	for n := 1; n <= 6; n++ {
		err = errors.Join(err, st.line.redial(flapping(n)))
		st.watch(350 * time.Millisecond)
	}
	state, err2 := st.state("home")
	if state != "limited" {
		st.fault("the account is %q, and limited was to be", state)
	}
	st.out.line(time.Since(st.began), yellow, "status", "home: "+state+", the last address waits for room")
	return errors.Join(err, err2)
}

func (st *stage) serviceDown() error {
	st.service.Next(updatetest.Answer{Status: 503, Body: "<html>Service Unavailable</html>"})
	return st.line.redial(ipBack)
}

func (st *stage) refused() error {
	if err := st.configure(account{"home", domain, token, false}, account{"office", officeDomain, officeToken, false}); err != nil {
		return err
	}
	return st.daemon.Signal(syscall.SIGHUP)
}

func (st *stage) lift() error {
	st.service.SetHash(officeDomain, officeToken)
	code, out, err := st.command("once", "--force", "office")
	if code != 0 {
		st.fault("homeward once --force office ended with %d: %s", code, out)
	}
	return err
}
