package main

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// Where the service of the table is to be found, and the name servers.
const (
	svcA, svcA2       = "198.51.100.71", "198.51.100.72"
	svcAAAA, svcAAAA2 = "2001:db8:ff::71", "2001:db8:ff::72"
	svcNAT64          = "64:ff9b::c633:6447" // svcA
	dns1, dns2, dns3  = "198.51.100.53", "198.51.100.54", "2001:db8:ff::53"
)

// connectRow is one way in which a line can be half broken. What is not told to
// serve is a black hole.
type connectRow struct {
	name   string
	line   string            // "4", "6", or "" for both
	serves string            // addresses at which the service answers over TLS
	hangs  string            // addresses that take the connection and say nothing
	closed string            // addresses that refuse
	dns    map[string]string // what dns1 says; nil: A and AAAA of all that is told above
	second map[string]string // what dns2 says, where it stands in resolv.conf, too
	conf   string            // resolv.conf, where that is another
	before string            // addresses that served at an update before
	then   func(*connectCase)
	at     string // where the update must arrive, of these addresses; "" : it cannot
	asked  string // what dns1 must have been asked, in any order; "": whatever it was
	says   string // what is said where the update cannot arrive
}

// TestConnectTable: whatever half of the line is broken, the update leaves by
// the half that is not, once, and is counted once. What came of each row stands
// in testdata/connect.md; REWRITE=1 in the environment writes it there.
func TestConnectTable(t *testing.T) {
	all := "all"
	rows := []connectRow{
		{name: "nothing is broken", serves: svcA + " " + svcAAAA, at: svcA + " " + svcAAAA, asked: "A udp, AAAA udp"},
		{name: "each family alone: IPv4", line: "4", serves: svcA + " " + svcAAAA, at: svcA},
		{name: "each family alone: IPv6", line: "6", conf: "nameserver " + dns3, serves: svcA + " " + svcAAAA, at: svcAAAA},

		{name: "AAAA is black-holed", serves: svcA, dns: map[string]string{"A": svcA, "AAAA": svcAAAA}, at: svcA},
		{name: "A is black-holed", serves: svcAAAA, dns: map[string]string{"A": svcA, "AAAA": svcAAAA}, at: svcAAAA},
		{name: "AAAA refuses", serves: svcA, closed: svcAAAA, at: svcA},
		{name: "A refuses", serves: svcAAAA, closed: svcA, at: svcAAAA},
		{name: "AAAA accepts and hangs", serves: svcA, hangs: svcAAAA, at: svcA},
		{name: "A accepts and hangs", serves: svcAAAA, hangs: svcA, at: svcAAAA},
		{name: "IPv6 swallows what is larger than 1280 bytes", serves: svcAAAA, then: (*connectCase).hole, at: svcAAAA},

		{name: "IPv4 swallows what is larger than 1280 bytes", line: "4", serves: svcA, then: (*connectCase).hole, at: svcA},

		{name: "one of four is dead", serves: svcAAAA + " " + svcA2 + " " + svcAAAA2, hangs: svcA, at: all},
		{name: "two of four are dead", serves: svcA2 + " " + svcAAAA2, hangs: svcA, closed: svcAAAA, at: svcA2 + " " + svcAAAA2},
		{name: "three of four are dead", serves: svcAAAA2, hangs: svcA + " " + svcAAAA, dns: map[string]string{"A": svcA + " " + svcA2, "AAAA": svcAAAA + " " + svcAAAA2}, at: svcAAAA2},

		{name: "AAAA is swallowed by the resolver", serves: svcA, dns: map[string]string{"A": svcA, "AAAA": "silent"}, at: svcA},
		{name: "A is swallowed by the resolver", serves: svcAAAA, dns: map[string]string{"A": "silent", "AAAA": svcAAAA}, at: svcAAAA},
		{name: "AAAA is refused by the resolver", serves: svcA, dns: map[string]string{"A": svcA, "AAAA": "refused"}, at: svcA},
		{name: "AAAA is SERVFAIL", serves: svcA, dns: map[string]string{"A": svcA, "AAAA": "servfail"}, at: svcA},
		{name: "A is NXDOMAIN", serves: svcAAAA, dns: map[string]string{"A": "nxdomain", "AAAA": svcAAAA}, at: svcAAAA},
		{name: "the first resolver is silent", serves: svcA, dns: map[string]string{"A": "silent", "AAAA": "silent"}, second: map[string]string{"A": svcA}, at: svcA},
		{name: "the first resolver refuses", serves: svcA, dns: map[string]string{"A": "refused", "AAAA": "refused"}, second: map[string]string{"A": svcA}, at: svcA},
		{name: "the first resolver is in trouble", serves: svcA, dns: map[string]string{"A": "servfail", "AAAA": "servfail"}, second: map[string]string{"A": svcA}, at: svcA},
		{name: "the first resolver reads no question", serves: svcA, dns: map[string]string{"A": "formerr", "AAAA": "formerr"}, second: map[string]string{"A": svcA}, at: svcA},
		{name: "nobody is there at the first resolver", serves: svcA, conf: "nameserver 127.0.0.1\nnameserver " + dns1, at: svcA},
		{name: "the first resolver is a black hole", serves: svcA, conf: "nameserver 198.51.100.99\nnameserver " + dns1, at: svcA},
		{name: "the answer is cut, whole over TCP", serves: svcA, dns: map[string]string{"A": "cut " + svcA}, at: svcA, asked: "A tcp, A udp, AAAA udp"},
		{name: "the answer is cut, and there is no TCP", serves: svcA, dns: map[string]string{"A": "part " + svcA}, at: svcA, asked: "A tcp, A udp, AAAA udp"},
		{name: "the resolver is replaced while it is asked", serves: svcA, dns: map[string]string{"A": "silent", "AAAA": "silent"},
			second: map[string]string{"A": svcA}, conf: "nameserver " + dns1, then: (*connectCase).replace, at: svcA},
		{name: "resolv.conf has search domains and ndots:5, which are not used", serves: svcA, conf: "search lan example.net\noptions ndots:5\nnameserver " + dns1, at: svcA, asked: "A udp, AAAA udp"},

		{name: "DNS64 on a line of IPv6 alone", line: "6", conf: "nameserver " + dns3, serves: svcNAT64, dns: map[string]string{"A": svcA, "AAAA": svcNAT64}, at: svcNAT64},

		{name: "no resolver, and the service is known", before: svcA + " " + svcAAAA, dns: map[string]string{"A": "silent", "AAAA": "silent"}, at: all},
		{name: "a resolver without servers, and the service is known", before: svcA, dns: map[string]string{"A": "refused", "AAAA": "refused"}, at: svcA},
		{name: "nobody resolves, and the service is known", before: svcA + " " + svcAAAA, then: func(c *connectCase) { c.resolv("nameserver 127.0.0.1") }, at: all},
		{name: "the service has moved", before: svcA, then: func(c *connectCase) {
			c.servers[svcA].Close()
			c.serve(svcA2)
			c.says(map[string]string{"A": svcA2})
		}, at: svcA2},
		{name: "the service has moved, and another answers where it was", before: svcA, then: func(c *connectCase) {
			c.servers[svcA].Close()
			c.house.serve(net.JoinHostPort(svcA, "443"), http.NotFoundHandler(), updatetest.Options{Names: []string{"other.example"}})
			c.serve(svcA2)
			c.says(map[string]string{"A": svcA2})
		}, at: svcA2},
		{name: "the service is known at an address that is silent now", before: svcA, then: func(c *connectCase) {
			c.servers[svcA].Close()
			c.hang(svcA)
			c.serve(svcAAAA)
			c.says(map[string]string{"A": "silent", "AAAA": svcAAAA})
		}, at: svcAAAA},
		{name: "no resolver, and another answers where the service was", before: svcA, then: func(c *connectCase) {
			c.servers[svcA].Close()
			c.house.serve(net.JoinHostPort(svcA, "443"), http.NotFoundHandler(), updatetest.Options{Names: []string{"other.example"}})
			c.resolv("nameserver 127.0.0.1")
		}, says: "cannot resolve svc.example: connection refused (asked 127.0.0.1)"},

		{name: "nobody resolves, and the service is not known", serves: svcA, conf: "nameserver 127.0.0.1", says: "cannot resolve svc.example: connection refused (asked 127.0.0.1)"},
		{name: "the resolver refuses, and the service is not known", serves: svcA, dns: map[string]string{"A": "refused", "AAAA": "refused"},
			says: "cannot resolve svc.example: the name server refuses to answer (asked " + dns1 + ")"},
		{name: "the resolver is silent, and the service is not known", serves: svcA, dns: map[string]string{"A": "silent", "AAAA": "silent"},
			says: "cannot resolve svc.example: no answer (asked " + dns1 + ")"},
		{name: "there is no such name", serves: svcA, dns: map[string]string{"A": "nxdomain", "AAAA": "nxdomain"}, says: "cannot resolve svc.example: no such name (asked " + dns1 + ")"},
		{name: "it has no address", serves: svcA, dns: map[string]string{}, says: "cannot resolve svc.example: it has no address (asked " + dns1 + ")"},
		{name: "another answers", serves: svcA, dns: map[string]string{"A": svcA2}, then: func(c *connectCase) {
			c.house.serve(net.JoinHostPort(svcA2, "443"), http.NotFoundHandler(), updatetest.Options{Names: []string{"other.example"}})
		}, says: "no secure connection to svc.example"},
	}
	came := make([]string, len(rows))
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := newConnectCase(t, row)
			c.play()
			came[i] = c.outcome()
		})
	}
	t.Cleanup(func() { connectTable(t, rows, came) })
}

// connectTable holds what came of the rows against testdata/connect.md.
func connectTable(t *testing.T, rows []connectRow, came []string) {
	const path = "testdata/connect.md"
	text := "| what is broken | line | resolv.conf, its first server | the update |\n|---|---|---|---|\n"
	for i, row := range rows {
		if came[i] == "" {
			return // it failed, or was not asked for
		}
		text += "| " + row.name + " | " + map[string]string{"": "both", "4": "IPv4", "6": "IPv6"}[row.line] + " | " + row.resolver() + " | " + came[i] + " |\n"
	}
	if os.Getenv("REWRITE") != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	if was, err := os.ReadFile(path); err != nil || string(was) != text {
		t.Errorf("%s (%v) is\n%s\nwant (REWRITE=1 writes it)\n%s", path, err, was, text)
	}
}

// resolver says what the first server of resolv.conf does.
func (row connectRow) resolver() string {
	if first, _, _ := strings.Cut(strings.TrimPrefix(row.conf, "nameserver "), "\n"); first == "127.0.0.1" || first == "198.51.100.99" {
		return "is not there"
	}
	switch {
	case row.dns == nil && row.before != "":
		return "answered before"
	case row.dns == nil:
		return "answers"
	}
	said := func(typ string) string { return cmp.Or(row.dns[typ], "no address") }
	return "A: " + said("A") + "; AAAA: " + said("AAAA")
}

// outcome says what came of the row: where several addresses are fine, all of
// them are told, else the one at which the update arrived.
func (c *connectCase) outcome() string {
	switch c.row.at {
	case "":
		return "waits: `" + c.row.says + "`"
	case "all":
		return "arrives at any of " + strings.TrimSpace(c.row.serves+" "+c.row.before)
	}
	return "arrives at " + strings.ReplaceAll(c.row.at, " ", " or ")
}

// A service that has moved and still answers where it was: the resolver is
// listened to though it is slower, and the next update goes where it says.
func TestAServiceThatMovedIsFollowed(t *testing.T) {
	c := newConnectCase(t, connectRow{line: "4", serves: svcA})
	conf := c.configure()
	sent := func() string {
		out, errs, code := c.homeward("once", "--force", "-c", conf)
		arrived := c.arrivals()
		if code != 0 || len(arrived) != 1 {
			t.Fatalf("exit %d, %s%s; arrived at %v", code, out, errs, arrived)
		}
		return arrived[0]
	}
	if at := sent(); at != svcA {
		t.Fatalf("it arrived at %s", at)
	}
	c.serve(svcA2)
	c.says(map[string]string{"A": svcA2})
	c.await(func() string {
		if at := sent(); at != svcA2 {
			return "it arrives at " + at
		}
		return ""
	})
	c.resolv("nameserver 127.0.0.1")
	if at := sent(); at != svcA2 {
		t.Errorf("without a resolver it arrived at %s", at)
	}
}

// Behind another router the service is asked first: that, too, needs no
// resolver where it was reached before.
func TestAQuestionNeedsNoResolverTheSecondTime(t *testing.T) {
	c := newConnectCase(t, connectRow{line: "4", serves: svcA})
	c.must(os.Mkdir(c.path("run"), 0o755)) // the daemon's
	c.more = []string{`publish = ["ipv4"]`, `detect = "web"`, "limit_10s = 0", "limit_24h = 0"}
	conf := c.configure()
	for _, resolver := range []string{dns1, "127.0.0.1"} {
		c.resolv("nameserver " + resolver)
		out, errs, code := c.homeward("once", "--force", "-c", conf)
		if arrived := c.arrivals(); code != 0 || len(arrived) != 2 {
			t.Errorf("with the resolver %s: exit %d, %s%s; requests at %v, want the question and the update", resolver, code, out, errs, arrived)
		}
	}
}

// A line with DS-Lite: no IPv4 address of its own, the tunnel's default route
// for IPv4, and wan6 named. The account's requests leave over IPv4 as the
// routes say: the service has an A record alone.
func TestANamedDeviceHoldsForItsFamily(t *testing.T) {
	c := newConnectCase(t, connectRow{line: "6", serves: svcA})
	c.must(c.router.AddWAN("ds-wan6", "aftr"))
	inner := netip.MustParsePrefix("192.0.0.2/29")
	c.must(c.router.AddAddr("ds-wan6", inner, netip.Addr{}, ^uint32(0), ^uint32(0)))
	c.must(c.router.ISP.AddAddr("aftr", netip.MustParsePrefix("192.0.0.1/29")))
	c.must(c.router.SetRoute(netwatchtest.Default4("ds-wan6", netip.MustParseAddr("192.0.0.1"), inner.Addr(), 0)))
	c.more = append(c.more, `wan6 = "eth0"`)
	c.row.at = svcA
	c.play()
	for _, r := range c.ipv64.Requests() {
		if r.From.Addr() != inner.Addr() {
			t.Errorf("the request came from %v, want %v", r.From, inner.Addr())
		}
	}
}
