package ipv64cli

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"homeward/update/ipv64api"
	"homeward/update/service"
)

func TestDomainTreeMarksWhatDiffers(t *testing.T) {
	domains := []ipv64api.Domain{
		{Name: "home.ipv64.net", Prefix: "2001:db8:1200::/64", Updates: 1, Wildcard: true, Records: []ipv64api.Record{
			{ID: "1", Type: "A", Content: "203.0.113.7", TTL: 60, Updated: "2026-07-21 22:00:01"},
			{ID: "2", Type: "TXT", Content: "a text that is longer than forty characters, and shown", TTL: 60},
			{ID: "3", Label: "nas", Type: "AAAA", Content: "2001:db8:1200::1234", TTL: 60},
			{ID: "4", Label: "old", Type: "AAAA", Content: "2001:db8:1100::1234", TTL: 60},
		}},
		{Name: "srv.any64.de", Prefix: "2001:db8:1100::/64", Updates: -1, Deactivated: true, Records: []ipv64api.Record{
			{ID: "5", Label: "www", Type: "A", Content: "198.51.100.1", TTL: -1},
			{ID: "6", Label: "off", Type: "AAAA", Content: "2001:db8:9999::1", TTL: -1, Deactivated: true},
		}},
		{Name: "empty.ipv64.net", Updates: 0},
	}
	values := service.Values{IPv4: netip.MustParseAddr("203.0.113.7"), Prefix: netip.MustParsePrefix("2001:db8:1200::/64")}
	host := service.Values{IPv6: netip.MustParseAddr("2001:db8:1200::99")}
	tree := domainTree{domains: domains, zone: time.UTC, pubs: []publication{
		{"home", "home.ipv64.net", "", values}, {"srv", "srv.any64.de", "www", values},
		{"host", "empty.ipv64.net", "", host}, {"home", "gone.ipv64.net", "", values}},
		dns: map[string]string{"a home.ipv64.net": "203.0.113.7", "a www.srv.any64.de": "says there is no such name"}}
	const want = `  home.ipv64.net, prefix 2001:db8:1200::/64, 1 update, wildcard, as account home
    @    A     203.0.113.7                               60 s  2026-07-21 20:00:01  id 1  DNS 203.0.113.7; as account home
    @    TXT   a text that is longer than forty characters, and shown  60 s                       id 2
    nas  AAAA  2001:db8:1200::1234                       60 s                       id 3
!   old  AAAA  2001:db8:1100::1234                       60 s                       id 4  not in the prefix of account home, 2001:db8:1200::/64

! srv.any64.de, prefix 2001:db8:1100::/64, switched off, account srv would publish 2001:db8:1200::/64
!   www  A     198.51.100.1                                                         id 5  DNS says there is no such name; account srv would publish 203.0.113.7
    off  AAAA  2001:db8:9999::1                                                     id 6  switched off

  empty.ipv64.net, 0 updates
!   @    AAAA  -                                                                          account host would publish 2001:db8:1200::99
! gone.ipv64.net is published by account home, and is not there

5 lines differ from what this router would publish (!)
`
	if got := tree.String(); got != want {
		t.Errorf("the tree is\n%s\nwant\n%s", got, want)
	}
	tree.domains, tree.pubs = nil, nil
	if got := tree.String(); got != "there is no domain: homeward ipv64 add-domain NAME makes one\n" {
		t.Errorf("without any: %q", got)
	}
	tree.domains, tree.pubs = domains[:1], []publication{{"home", "home.ipv64.net", "", service.Values{IPv4: values.IPv4}}}
	if got := tree.String(); !strings.HasSuffix(got, "\nnothing differs from what this router would publish\n") || strings.Contains(got, "!") {
		t.Errorf("all is well: %s", got)
	}
}

func TestUsedOf(t *testing.T) {
	for _, tt := range []struct {
		used, limit int
		want        string
	}{
		{17, 48, "17 of 48 used today, 31 left"},
		{49, 48, "49 of 48 used today, 0 left"},
		{3, 0, "3 used today, no limit"},
		{3, -1, "3 used today"},
		{-1, 48, "at most 48 today"},
		{-1, 0, "no limit"},
		{-1, -1, ""},
	} {
		if got := usedOf(tt.used, tt.limit, "today"); got != tt.want {
			t.Errorf("usedOf(%d, %d) = %q, want %q", tt.used, tt.limit, got, tt.want)
		}
	}
}
