package ipv64api

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"homeward/update/service"
)

// The types of the API's answers. Texts are printable and on one line; a missing
// number is -1.

// Account is an account of the service.
type Account struct {
	Email, Registered, Class string
	Updates, UpdateLimit     int // today; a limit of 0 is none
	Calls, CallLimit         int // of the API, today
	Domains, DomainLimit     int
	OwnDomains, OwnLimit     int // the owner's own domains, served by IPv64
	TTL                      int // seconds
}

// Domain is a domain with its records.
type Domain struct {
	Name        string
	Prefix      string // as set by updates
	Updates     int
	Wildcard    bool
	Deactivated bool
	Records     []Record
}

// Record is a record of a domain.
type Record struct {
	ID          string
	Label       string // below the domain, "" for the domain itself
	Type        string
	Content     string
	TTL         int    // seconds
	Updated     string // in the service's form; see ParseTime
	Deactivated bool
}

// Log is an entry of the service's log.
type Log struct{ Time, Domain, Header, Content string }

// apiTable is a JSON object of an answer. Numbers may be strings, and any member
// may be missing or of another type.
type apiTable map[string]any

func table(v any) apiTable {
	t, _ := v.(map[string]any)
	return t
}

func (t apiTable) text(name string) string {
	switch v := t[name].(type) {
	case string:
		return service.Clean([]byte(v))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (t apiTable) number(name string) int {
	n, err := strconv.ParseUint(t.text(name), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

func (t apiTable) yes(name string) bool {
	b, _ := t[name].(bool)
	return b || t.text(name) == "1" || t.text(name) == "true"
}

// rows returns the objects in an array or, sorted by name, in an object.
func rows(v any) []apiTable {
	var out []apiTable
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if t := table(e); t != nil {
				out = append(out, t)
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if t := table(v[k]); t != nil {
				out = append(out, t)
			}
		}
	}
	return out
}

func apiAccount(t apiTable) *Account {
	class := table(t["account_class"])
	return &Account{
		Email: t.text("email"), Registered: t.text("reg_date"), Class: class.text("class_name"),
		Updates: t.number("dyndns_updates"), UpdateLimit: class.number("dyndns_update_limit"),
		Calls: t.number("api_updates"), CallLimit: class.number("api_limit"),
		Domains: t.number("dyndns_subdomains"), DomainLimit: class.number("dyndns_domain_limit"),
		OwnDomains: t.number("owndomains"), OwnLimit: class.number("owndomain_limit"),
		TTL: class.number("dyndns_ttl"),
	}
}

// apiDomains returns the domains, sorted by name. If there are none, the service
// sends an empty array in place of the object.
func apiDomains(v any) []Domain {
	domains := table(v)
	var out []Domain
	for _, name := range slices.Sorted(maps.Keys(domains)) {
		t := table(domains[name])
		d := Domain{Name: service.Clean([]byte(name)), Prefix: t.text("ipv6prefix"), Updates: t.number("updates"),
			Wildcard: t.yes("wildcard"), Deactivated: t.yes("deactivated")}
		for _, r := range rows(t["records"]) {
			d.Records = append(d.Records, Record{
				ID: r.text("record_id"), Label: r.text("praefix"), Type: r.text("type"), Content: r.text("content"),
				TTL: r.number("ttl"), Updated: r.text("last_update"), Deactivated: r.yes("deactivated"),
			})
		}
		sortStable(d.Records, func(a, b Record) bool {
			return a.Label+" "+a.Type+" "+a.Content < b.Label+" "+b.Type+" "+b.Content
		})
		out = append(out, d)
	}
	return out
}

// apiLogs returns the log, the newest entry first.
func apiLogs(v any) []Log {
	var out []Log
	for _, r := range rows(v) {
		out = append(out, Log{r.text("time"), r.text("subdomain"), r.text("header"), r.text("content")})
	}
	sortStable(out, func(a, b Log) bool { return a.Time > b.Time })
	return out
}

// sortStable sorts a few hundred rows. Package slices would add 8 KiB to the
// program for each type.
func sortStable[T any](rows []T, less func(a, b T) bool) {
	for i := range rows {
		for j := i; j > 0 && less(rows[j], rows[j-1]); j-- {
			rows[j], rows[j-1] = rows[j-1], rows[j]
		}
	}
}

// ParseTime parses a time of the API. Its zone is not documented; the service is
// in Germany, so Central European Time is assumed. A router has no zone files:
// summer time is from the last Sunday of March to that of October, 01:00 UTC
// (Directive 2000/84/EC).
func ParseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		return time.Time{}, false
	}
	winter := t.Add(-time.Hour)
	turn := func(m time.Month) time.Time {
		last := time.Date(t.Year(), m, 31, 1, 0, 0, 0, time.UTC)
		return last.AddDate(0, 0, -int(last.Weekday()))
	}
	// The hour that comes twice in October counts as winter time.
	if !winter.Before(turn(time.March)) && winter.Before(turn(time.October)) {
		return winter.Add(-time.Hour), true
	}
	return winter, true
}
