package ipv64cli

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings/form"
	"homeward/update/ipv64api"
	"homeward/update/secret"
)

// These checks come before a request: each call counts towards the limit.

// oneDomain returns the one domain that a call is about, or what is wrong.
func oneDomain(names []string) (name, wrong string) {
	if len(names) == 0 {
		return "", `the name is missing: write it, as in home.ipv64.net`
	}
	if len(names) > 1 {
		return "", fmt.Sprintf("one name, and %d given: make a call for each", len(names))
	}
	name, wrong = form.DomainName(names[0])
	if wrong != "" {
		return "", secret.Shown(names[0]) + " " + wrong
	}
	return name, ""
}

// oneRecord returns the domain and record of the command line, or what is wrong.
func oneRecord(c cli.Call) (name string, r ipv64api.Record, wrong string) {
	name, wrong = oneDomain(c.Names)
	if wrong != "" {
		return name, r, wrong
	}
	r = ipv64api.Record{Label: apexless(strings.ToLower(c.Value("--record"))), Type: strings.ToUpper(c.Value("--type")), Content: c.Value("--content")}
	known := strings.Join(ipv64api.RecordTypes(), ", ")
	switch {
	case c.Has("--record") && !form.RecordName(c.Value("--record")):
		return name, r, secret.Shown(c.Value("--record")) + " is no name below a domain: write --record www for www." + name
	case r.Type == "":
		return name, r, "--type is missing: write one of " + known
	case !slices.Contains(ipv64api.RecordTypes(), r.Type):
		return name, r, secret.Shown(c.Value("--type")) + " is no type that the service knows: write one of " + known
	case r.Content == "":
		return name, r, "--content is missing: write what the record says"
	case form.OddSecret(r.Content) != "":
		return name, r, "--content has a line break or control character in it: write it on one line"
	}
	if family := map[string]string{"A": "IPv4", "AAAA": "IPv6"}[r.Type]; family != "" {
		addr, err := netip.ParseAddr(r.Content)
		if err != nil || addr.Zone() != "" || addr.Is4() != (r.Type == "A") || addr.Is4In6() {
			return name, r, secret.Shown(r.Content) + " is no " + family + " address, which a record of type " + r.Type + " takes"
		}
		r.Content = addr.String()
	}
	return name, r, ""
}

// apexless returns the label as the service writes it: "" for the domain itself.
func apexless(label string) string {
	if label == "@" {
		return ""
	}
	return label
}

// recordWords names a record, as in www.home.ipv64.net A 203.0.113.7.
func recordWords(domain string, r ipv64api.Record) string {
	if r.Label != "" {
		domain = r.Label + "." + domain
	}
	return domain + " " + r.Type + " " + r.Content
}
