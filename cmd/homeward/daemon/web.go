package daemon

import (
	"net/netip"
	"slices"
	"strconv"

	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/checkip"
	"homeward/update/service"
)

// queryFor returns the query for an account's address of a family, 4 or 6. ok is
// false where the kernel shows the address: with detect = "line", and for a host
// behind the router, whose address follows from the LAN's prefix.
func queryFor(a settings.Account, family int) (q checkip.Query, ok bool) {
	wanted, dev := a.Publish.IPv4, a.Devices.WAN
	if family == 6 {
		wanted, dev = a.Publish.IPv6 && !a.Host.IsValid(), a.Devices.WAN6
	}
	if a.Detect != "web" || !wanted {
		return checkip.Query{}, false
	}
	if dev == "auto" {
		dev = ""
	}
	return checkip.QueryOf(&a.Account, a.CheckIP, dev, family)
}

// probesOf returns the queries of these accounts, each once.
func probesOf(accounts []settings.Account) []checkip.Probe {
	var out []checkip.Probe
	for _, a := range accounts {
		for _, family := range []int{4, 6} {
			q, ok := queryFor(a, family)
			i := slices.IndexFunc(out, func(in checkip.Probe) bool { return in.Query == q })
			switch {
			case !ok:
			case i < 0:
				out = append(out, checkip.Probe{Query: q, Poll: a.Poll})
			default:
				out[i].Poll = min(out[i].Poll, a.Poll)
			}
		}
	}
	return out
}

// withProbed replaces addresses of the kernel by those that services have
// answered, and returns why values are missing. A doubtful address replaces none that
// another process has had accepted since (newer).
func withProbed(a settings.Account, s netwatch.State, found map[checkip.Query]checkip.Result, newer service.Values) (netwatch.State, notes) {
	no := notes{s.NoIPv4.Text(), s.NoIPv6.Text(), s.NoPrefix.Text()}
	answer := func(family int, addr *netip.Addr, newer netip.Addr, missing *netwatch.Missing, why *string) {
		q, ok := queryFor(a, family)
		if !ok {
			return
		}
		f, known := found[q]
		if !known {
			f.Note = "which IPv" + strconv.Itoa(family) + " address we come from is being asked"
		}
		if f.Doubtful && newer.IsValid() {
			f.Addr = newer
		}
		*addr, *why = f.Addr, f.Note
		if *missing = (netwatch.Missing{}); !f.Addr.IsValid() {
			missing.Reason = netwatch.ReasonNoAddress // none is known yet
		}
	}
	answer(4, &s.IPv4, newer.IPv4, &s.NoIPv4, &no.ipv4)
	answer(6, &s.IPv6, newer.IPv6, &s.NoIPv6, &no.ipv6)
	return s, no
}

// doubtful reports whether the line has changed since an address of the account was
// found.
func doubtful(a settings.Account, found map[checkip.Query]checkip.Result) bool {
	return slices.ContainsFunc([]int{4, 6}, func(family int) bool {
		q, ok := queryFor(a, family)
		return ok && found[q].Doubtful
	})
}

// PlannedQuery is a query that must be answered before the updates of these
// accounts.
type PlannedQuery struct {
	checkip.Query
	Accounts []string
}

func plannedQueries(accounts []settings.Account) []PlannedQuery {
	var out []PlannedQuery
	for _, in := range probesOf(accounts) {
		q := PlannedQuery{Query: in.Query}
		for _, a := range accounts {
			if asks, ok := queryFor(a, in.Family); ok && asks == in.Query {
				q.Accounts = append(q.Accounts, a.Name)
			}
		}
		out = append(out, q)
	}
	return out
}
