package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"homeward/update"
	"homeward/update/service"
)

// change is something that happens to the line, and the request it is to cause.
type change struct {
	name  string
	first string // commands that change nothing to be published yet
	shell string // the one that does
	want  url.Values
	then  service.Values // accepted afterwards
}

// setUp makes the router's devices; eth0 leads to the provider.
const setUp = `ip link set lo up && ip link set eth0 up && ip link add eth1 type dummy && ip link add br-lan type bridge && ` +
	`ip link set eth1 master br-lan && ip link set eth1 up && ip link set br-lan up`

// changes are a reconnect as a router sees it: IPv4, then a delegated prefix;
// another address, another prefix. The last takes place under the cap. The
// line is of the kind of PPPoE: an address without a network, a default route
// without a gateway.
func changes() (before []change, capped change) {
	v := func(ip, prefix string) service.Values {
		return service.Values{IPv4: netip.MustParseAddr(ip), Prefix: netip.MustParsePrefix(prefix)}
	}
	ipv4 := service.Values{IPv4: netip.MustParseAddr("203.0.113.7")}
	first, second := v("203.0.113.7", "2001:db8:1200::/64"), v("203.0.113.8", "2001:db8:1200::/64")
	third, fourth := v("203.0.113.8", "2001:db8:3400::/64"), v("203.0.113.9", "2001:db8:3400::/64")
	return []change{
		{"IPv4 appears", "ip addr add 203.0.113.7/32 dev eth0", "ip route add default dev eth0", fullUpdate(ipv4), ipv4},
		{"a prefix appears", "ip -6 route add unreachable 2001:db8:1200::/56", "ip addr add 2001:db8:1200::1/60 dev br-lan",
			prefixUpdate(first.Prefix), first},
		{"another IPv4", "ip addr add 203.0.113.8/32 dev eth0", "ip addr del 203.0.113.7/32 dev eth0", fullUpdate(second), second},
		{"another prefix", "ip -6 route add unreachable 2001:db8:3400::/56 && ip addr add 2001:db8:3400::1/60 dev br-lan",
			"ip addr del 2001:db8:1200::1/60 dev br-lan",
			prefixUpdate(third.Prefix), third},
	}, change{"another IPv4", "ip addr add 203.0.113.9/32 dev eth0", "ip addr del 203.0.113.8/32 dev eth0", fullUpdate(fourth), fourth}
}

// run makes the change and waits until the request it is to cause was sent and
// its answer stands in the status. It returns the time from the start of the
// command to the request.
func (c change) run(ctx context.Context, g *guest, s *standIn) (took time.Duration, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", c.name, err)
		}
	}()
	if _, err := g.must(ctx, c.first); err != nil {
		return 0, err
	}
	r, err := g.must(ctx, c.shell)
	if err != nil {
		return 0, err
	}
	select {
	case at := <-s.came:
		took = at.Sub(r.begun)
	case <-time.After(20 * time.Second):
		return 0, fmt.Errorf("no request came in 20 s, want %s", c.want.Encode())
	}
	if err := c.settled(ctx, g); err != nil {
		return 0, err
	}
	return took, sameRequests(s.fresh(), c.want)
}

// settled waits until the status says that all is current, and checks what.
func (c change) settled(ctx context.Context, g *guest) error {
	want := fmt.Sprintf("state current, accepted %v", c.then)
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		r, err := g.try(ctx, "homeward status --json")
		if err != nil {
			return err
		}
		if r.code == 0 {
			if got, err = statusWords(strings.Join(r.out, "")); err != nil || got == want {
				return err
			}
		}
	}
	return fmt.Errorf("the status says %s; want %s", got, want)
}

// statusWords puts the daemon's status in the words that settled compares.
func statusWords(text string) (string, error) {
	var s struct{ Accounts map[string]update.Status }
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return "", fmt.Errorf("status --json prints %q: %w", text, err)
	}
	a := s.Accounts["home"]
	if a.Accepted == nil {
		return "state " + a.State + ", nothing accepted", nil
	}
	return fmt.Sprintf("state %s, accepted %v", a.State, a.Accepted.Values), nil
}

// start starts the daemon and waits until it shows the line. The shell that
// becomes the daemon runs before, first.
func start(ctx context.Context, g *guest, before string) error {
	_, err := g.must(ctx, "( "+before+" exec homeward run ) </dev/null >>/tmp/log 2>&1 &")
	if err != nil {
		return err
	}
	_, err = g.must(ctx, "n=0; until [ -s /tmp/run/status.json ]; do n=$((n+1)); [ $n -lt 100 ] || { cat /tmp/log; false; break; }; sleep 0.1; done; [ $n -lt 100 ]")
	return err
}

// faults returns an error if the daemon's log has warnings or errors in it.
func faults(ctx context.Context, g *guest) error {
	r, err := g.must(ctx, "cat /tmp/log")
	if err != nil {
		return err
	}
	bad := slices.DeleteFunc(slices.Clone(r.out), func(l string) bool { return !strings.HasPrefix(l, "warn") && !strings.HasPrefix(l, "error") })
	if len(bad) > 0 {
		return fmt.Errorf("the daemon complains:\n%s", strings.Join(bad, "\n"))
	}
	return nil
}
