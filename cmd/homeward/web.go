package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"homeward/netwatch"
	"homeward/update"
)

// question returns what to ask for an account's address of a family, 4 or 6;
// ok is false where the line tells it. A host's behind the router comes of the
// LAN's prefix, as the prefix itself does.
func (a Account) question(family int) (q update.Question, ok bool) {
	wanted, dev := a.Publish.IPv4, a.Devices.WAN
	if family == 6 {
		wanted, dev = a.Publish.IPv6 && !a.Host.IsValid(), a.Devices.WAN6
	}
	if a.Detect != "web" || !wanted {
		return update.Question{}, false
	}
	if dev == "auto" {
		dev = ""
	}
	return update.QuestionOf(&a.Account, a.CheckIP, dev, family)
}

// inquiries returns what to ask for these accounts, each question once.
func inquiries(accounts []Account) []update.Inquiry {
	var out []update.Inquiry
	for _, a := range accounts {
		for _, family := range []int{4, 6} {
			q, ok := a.question(family)
			i := slices.IndexFunc(out, func(in update.Inquiry) bool { return in.Question == q })
			switch {
			case !ok:
			case i < 0:
				out = append(out, update.Inquiry{Question: q, Poll: a.Poll})
			default:
				out[i].Poll = min(out[i].Poll, a.Poll)
			}
		}
	}
	return out
}

// asked puts what services have answered in place of what the kernel shows,
// and says why something is missing.
func asked(a Account, s netwatch.State, found map[update.Question]update.Found) (netwatch.State, whys) {
	no := whys{s.NoIPv4.Text(), s.NoIPv6.Text(), s.NoPrefix.Text()}
	answer := func(family int, addr *netip.Addr, why *string) {
		q, ok := a.question(family)
		if !ok {
			return
		}
		f, known := found[q]
		if !known {
			f.Note = "which IPv" + strconv.Itoa(family) + " address we come from is being asked"
		}
		*addr, *why = f.Addr, f.Note
	}
	answer(4, &s.IPv4, &no.ipv4)
	answer(6, &s.IPv6, &no.ipv6)
	return s, no
}

// previewQuestions prints what would be asked before anything is sent.
func previewQuestions(w io.Writer, accounts []Account) {
	for _, in := range inquiries(accounts) {
		var names []string
		for _, a := range accounts {
			if q, ok := a.question(in.Family); ok && q == in.Question {
				names = append(names, a.Name)
			}
		}
		r := in.Request()
		fmt.Fprintf(w, "%s %s\n  asked first, over IPv%d: without the answer the address is not known (%s)\n",
			r.Method, r.URL, in.Family, strings.Join(names, ", "))
	}
}
