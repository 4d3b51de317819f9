package ipv64cli

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/update/ipv64api"
	"homeward/update/service"
)

// publication is what an account would publish now for one domain.
type publication struct {
	account string
	domain  string
	label   string // "": the domain itself
	values  service.Values
}

// domainTree compares the domains at the service with what this router would
// publish.
type domainTree struct {
	domains []ipv64api.Domain
	pubs    []publication
	dns     map[string]string // the answers of the name servers by dnsName; nil: not asked
	zone    *time.Location
}

// String is the tree for people: a line for each domain, and below it one for each
// record. A line that differs begins with an exclamation mark.
func (t domainTree) String() string {
	var c cli.Columns
	differ := 0
	add := func(differs bool, cells ...string) {
		mark := " "
		if differs {
			mark = "!"
			differ++
		}
		cells[0] = mark + " " + cells[0]
		c.Add(cells...)
	}
	for _, d := range t.domains {
		remark, differs := t.prefixRemark(d)
		c.Add()
		add(differs, joined(", ", d.Name, textIf(d.Prefix != "", "prefix "+d.Prefix), textIf(d.Updates >= 0, cli.Counted(d.Updates, "update")),
			textIf(d.Wildcard, "wildcard"), textIf(d.Deactivated, "switched off"), remark))
		for _, r := range d.Records {
			remark, differs := t.recordRemark(d, r)
			add(differs, "  "+orApex(r.Label), r.Type, r.Content, textIf(r.TTL >= 0, strconv.Itoa(r.TTL)+" s"), localTime(r.Updated, t.zone),
				textIf(r.ID != "", "id "+r.ID), joined("; ", textIf(r.Deactivated, "switched off"), t.dnsRemark(d, r), remark))
		}
		for _, m := range t.missing(d) {
			add(true, "  "+orApex(m.Label), m.Type, "-", "", "", "", m.Content)
		}
	}
	text := strings.TrimPrefix(c.String(), "\n")
	if len(t.domains) == 0 {
		text = "there is no domain: homeward ipv64 add-domain NAME makes one\n"
	}
	for _, p := range t.pubs {
		if !slices.ContainsFunc(t.domains, func(d ipv64api.Domain) bool { return d.Name == p.domain }) {
			text += "! " + p.domain + " is published by account " + p.account + ", and is not there\n"
			differ++
		}
	}
	return text + t.verdict(differ)
}

// verdict is the last line, if there was something to compare.
func (t domainTree) verdict(differ int) string {
	switch {
	case len(t.pubs) == 0:
		return ""
	case differ == 0:
		return "\nnothing differs from what this router would publish\n"
	}
	return "\n" + cli.Counted(differ, "line") + " differ" + textIf(differ == 1, "s") + " from what this router would publish (!)\n"
}

// prefixRemark compares the prefix of a domain.
func (t domainTree) prefixRemark(d ipv64api.Domain) (remark string, differs bool) {
	for _, p := range t.pubs {
		if p.domain != d.Name || !p.values.Prefix.IsValid() {
			continue
		}
		if samePrefix(d.Prefix, p.values.Prefix) {
			return "as account " + p.account, false
		}
		return "account " + p.account + " would publish " + p.values.Prefix.String(), true
	}
	return "", false
}

func samePrefix(text string, want netip.Prefix) bool {
	p, err := netip.ParsePrefix(text)
	if err != nil { // the service may leave the length out
		addr, _ := netip.ParseAddr(text)
		return addr == want.Addr()
	}
	return p.Masked() == want
}

// recordRemark compares a record with what an account publishes.
func (t domainTree) recordRemark(d ipv64api.Domain, r ipv64api.Record) (remark string, differs bool) {
	addr, err := netip.ParseAddr(r.Content)
	if err != nil || r.Deactivated {
		return "", false
	}
	for _, p := range t.pubs {
		if p.domain != d.Name || p.label != r.Label {
			continue
		}
		if want := p.address(r.Type); want.IsValid() {
			if want == addr {
				return "as account " + p.account, false
			}
			return "account " + p.account + " would publish " + want.String(), true
		}
	}
	// The service puts the prefix before the interface id of every AAAA record
	// of the domain.
	for _, p := range t.pubs {
		if prefix := p.values.Prefix; p.domain == d.Name && prefix.IsValid() && r.Type == "AAAA" && !prefix.Contains(addr) {
			return "not in the prefix of account " + p.account + ", " + prefix.String(), true
		}
	}
	return "", false
}

// address returns what is published in a record of the type.
func (p publication) address(typ string) netip.Addr {
	switch typ {
	case "A":
		return p.values.IPv4
	case "AAAA":
		return p.values.IPv6
	}
	return netip.Addr{}
}

// missing returns records that accounts publish and the service does not have; their
// content is a remark.
func (t domainTree) missing(d ipv64api.Domain) []ipv64api.Record {
	var out []ipv64api.Record
	for _, p := range t.pubs {
		for _, typ := range []string{"A", "AAAA"} {
			want := p.address(typ)
			there := slices.ContainsFunc(d.Records, func(r ipv64api.Record) bool {
				return r.Label == p.label && r.Type == typ && !r.Deactivated
			})
			if p.domain == d.Name && want.IsValid() && !there {
				out = append(out, ipv64api.Record{Label: p.label, Type: typ, Content: "account " + p.account + " would publish " + want.String()})
			}
		}
	}
	return out
}

// dnsRemark describes what the name servers answer for a record.
func (t domainTree) dnsRemark(d ipv64api.Domain, r ipv64api.Record) string {
	answer := t.dns[dnsName(d.Name, r.Label, r.Type)]
	if answer == "" {
		return ""
	}
	return "DNS " + answer
}

func orApex(label string) string {
	if label == "" {
		return "@"
	}
	return label
}

func textIf(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// joined joins the texts that are not empty.
func joined(sep string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), sep)
}
