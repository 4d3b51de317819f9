package ipv64cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/update/ipv64api"
)

// accountTable is an account for people, without what the service did not say.
func accountTable(a *ipv64api.Account) string {
	var b strings.Builder
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s %s\n", key, value)
		}
	}
	row("account", a.Email)
	row("class", a.Class)
	row("since", a.Registered)
	row("updates", usedOf(a.Updates, a.UpdateLimit, "today"))
	row("API calls", usedOf(a.Calls, a.CallLimit, "today"))
	row("domains", usedOf(a.Domains, a.DomainLimit, ""))
	row("own domains", usedOf(a.OwnDomains, a.OwnLimit, ""))
	if a.TTL >= 0 {
		row("TTL", strconv.Itoa(a.TTL)+" s")
	}
	return b.String()
}

// usedOf describes how much of a limit is used. -1 is unknown; a limit of 0 is none.
func usedOf(used, limit int, when string) string {
	if when != "" {
		when = " " + when
	}
	switch {
	case used < 0 && limit < 0:
		return ""
	case used < 0 && limit == 0:
		return "no limit"
	case used < 0:
		return "at most " + strconv.Itoa(limit) + when
	case limit < 0:
		return fmt.Sprintf("%d used%s", used, when)
	case limit == 0:
		return fmt.Sprintf("%d used%s, no limit", used, when)
	}
	return fmt.Sprintf("%d of %d used%s, %d left", used, limit, when, max(0, limit-used))
}

// logTable is the service's log for people.
func logTable(logs []ipv64api.Log, zone *time.Location) string {
	if len(logs) == 0 {
		return "the log is empty\n"
	}
	var t cli.Columns
	for _, l := range logs {
		t.Add(localTime(l.Time, zone), l.Domain, l.Header, l.Content)
	}
	return t.String()
}

// localTime writes a time of the service in the zone, or s as it is if it is not
// one.
func localTime(s string, zone *time.Location) string {
	t, ok := ipv64api.ParseTime(s)
	if !ok {
		return s
	}
	return t.In(zone).Format("2006-01-02 15:04:05")
}
