package state

import (
	"net/netip"
	"time"

	"homeward/update/clock"
	"homeward/update/secret"
	"homeward/update/service"
)

var addr4 = netip.MustParseAddr("203.0.113.7")

// upAt returns a reading of clocks that agree, d after boot.
func upAt(d time.Duration) clock.Now {
	return clock.Now{Wall: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC).Add(d), Synced: true, Boot: "b1", Up: d}
}

// usedSlots are n requests, all answered d after boot.
func usedSlots(n int, d time.Duration) Usage {
	k := Usage{}
	for range n {
		k.Reservations = append(k.Reservations, Reservation{Timestamp: upAt(d).Timestamp()})
	}
	return k
}

func homeAccount() *service.Account {
	return &service.Account{Name: "home", Service: "ipv64", Server: "https://ipv64.net", Domains: []string{"home.ipv64.net", "srv.any64.de"},
		Secret: secret.New("s3cr3t-token"), Publish: service.Publish{IPv4: true, Prefix: true}, Refresh: 600 * time.Hour, Limit10s: 3, Limit24h: 48}
}
