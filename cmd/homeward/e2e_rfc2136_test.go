package main

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"homeward/update"
	"homeward/update/service"
	"homeward/update/updatetest"
)

const (
	dnsSecret = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyAhISE="
	dnsKeys   = "service = \"rfc2136\"\nserver = \"198.51.100.5\"\nkey_name = \"homeward\"\npassword = \"" + dnsSecret + "\"\n"
)

// nameServer starts a real name server at the ISP, one that has these records.
func (h *house) nameServer(name string, records ...string) *updatetest.RealDNS {
	h.t.Helper()
	raw, err := base64.StdEncoding.DecodeString(dnsSecret)
	h.must(err)
	dir := h.path("dns")
	h.must(os.Mkdir(dir, 0o777))
	h.must(h.router.ISP.AddAddr("lo", netip.MustParsePrefix(other+"/32")))
	s := &updatetest.RealDNS{Name: name, Dir: dir, Addr: netip.MustParseAddrPort(other + ":53"), Records: records,
		Keys: []updatetest.TSIG{{Key: "homeward", Algorithm: "hmac-sha256", Secret: raw}}}
	h.must(h.router.ISP.Do(s.Start))
	h.t.Cleanup(s.Stop)
	return s
}

// record waits until the name server has these records of a name.
func (h *house) record(s *updatetest.RealDNS, name string, typ dnsmessage.Type, want ...string) {
	h.t.Helper()
	h.await(func() string {
		var got []string
		err := h.router.ISP.Do(func() (err error) {
			got, err = s.Lookup(name, typ)
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			return fmt.Sprintf("%s has %v of %s (%v), want %v", s.Name, got, name, err, want)
		}
		return ""
	})
}

// The records in a real name server follow the uplink: those of the router, and of
// a host behind it, whose address the prefix alone changes.
func TestRecordsOfARealNameServerFollowTheUplink(t *testing.T) {
	const a, aaaa, txt = dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeTXT
	for _, name := range []string{"bind", "knot"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, updatetest.Options{})
			s := h.nameServer(name, "router 3600 A 192.0.2.1", "router 3600 TXT stays", "nas 3600 A 192.0.2.2")
			h.lineUp()
			d := h.run("[account.router]\ndomains = [\"router.example.org\", \"vpn.example.org\"]\n" + dnsKeys +
				"[account.nas]\ndomains = [\"nas.sub.example.org\", \"nas.example.org\"]\npublish = [\"ipv6\"]\nhost = \"::1234:56ff:fe78:9abc\"\n" + dnsKeys)
			both := service.Values{IPv4: lease.Addr(), IPv6: wan6.Addr()}
			nas := func(prefix string) service.Values {
				return service.Values{IPv6: netip.MustParseAddr(prefix + "1234:56ff:fe78:9abc")}
			}
			h.becomes("router", update.StateCurrent, both)
			h.becomes("nas", update.StateCurrent, nas("2001:db8:1200::"))
			for _, host := range []string{"router.example.org", "vpn.example.org"} {
				h.record(s, host, a, "203.0.113.7 60")
				h.record(s, host, aaaa, "2001:db8:64::7 60")
			}
			h.renumber()
			h.becomes("nas", update.StateCurrent, nas("2001:db8:3400::"))
			for _, host := range []string{"nas.example.org", "nas.sub.example.org"} {
				h.record(s, host, aaaa, "2001:db8:3400:0:1234:56ff:fe78:9abc 60")
			}
			h.record(s, "nas.example.org", a, "192.0.2.2 3600") // not published, not touched
			h.record(s, "router.example.org", txt, "stays 3600")
			h.must(h.router.SetIPv4(lease2, gateway))
			h.record(s, "vpn.example.org", a, "203.0.113.8 60")
			d.says("rfc2136 has accepted")
			d.noSecret(dnsSecret)
		})
	}
}

// A key that the server does not know stops the account, which says what to do; the
// right one lifts the stop.
func TestAWrongKeyOfANameServer(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	s := h.nameServer("bind")
	h.lineUp()
	account := "[account.home]\ndomains = [\"home.example.org\"]\nzone = \"example.org\"\npublish = [\"ipv4\"]\n" + dnsKeys
	d := h.run(strings.Replace(account, `"homeward"`, `"stranger"`, 1))
	st := h.state(update.StateStopped)
	if st.Reason != update.ReasonUnauthorized || !strings.Contains(st.Error, "BADKEY") || !strings.Contains(st.Error, "write key_name and key_algorithm as the server has them") {
		t.Errorf("status says %q, %q", st.Reason, st.Error)
	}
	d.says("BADKEY: the name server does not know the key")
	h.write(account)
	d.signal(syscall.SIGHUP)
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr()})
	h.record(s, "home.example.org", dnsmessage.TypeA, "203.0.113.7 60")
	d.noSecret(dnsSecret)
}

// A clock that is not the server's is waited for, as at a certificate that is not
// valid yet.
func TestTheClockOfANameServer(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.must(h.router.ISP.AddAddr("lo", netip.MustParsePrefix(other+"/32")))
	l, err := h.router.ISP.Listen("tcp", other+":53")
	h.must(err)
	t.Cleanup(func() { l.Close() })
	s := updatetest.NewNameServer("homeward", dnsSecret, "example.org")
	s.SetFault(updatetest.NameServerFault{Ahead: 48 * time.Hour})
	go s.Serve(l)
	h.lineUp()
	d := h.run("[account.home]\ndomains = [\"home.example.org\"]\npublish = [\"ipv4\"]\n" + dnsKeys)
	st := h.state(update.StateRetrying)
	if st.Reason != update.ReasonClock || !strings.Contains(st.Error, "waiting for NTP") {
		t.Errorf("status says %q, %q", st.Reason, st.Error)
	}
	d.says("and that of 198.51.100.5 ")
	s.SetFault(updatetest.NameServerFault{})
	h.becomes("home", update.StateCurrent, service.Values{IPv4: lease.Addr()})
	if got := s.Records("home.example.org", "A"); !slices.Equal(got, []string{"203.0.113.7 1m0s"}) {
		t.Errorf("records %v", got)
	}
}

// A dry run shows the update, and not the secret.
func TestADryRunShowsAnUpdateByDNS(t *testing.T) {
	h := newHouse(t, updatetest.Options{})
	h.lineUp()
	conf := h.write("[account.home]\ndomains = [\"home.example.org\"]\nzone = \"example.org\"\n" + dnsKeys)
	out, errs, code := h.homeward("once", "--dry-run", "-c", conf)
	want := `UPDATE dns://198.51.100.5:53
  zone example.org, key homeward (hmac-sha256)
  home.example.org 60 A 203.0.113.7
  home.example.org 60 AAAA 2001:db8:64::7
`
	if out != want || code != 0 {
		t.Errorf("exit %d\n%s%swant\n%s", code, out, errs, want)
	}
}
