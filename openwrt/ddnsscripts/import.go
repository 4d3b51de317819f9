// Package ddnsscripts turns the configuration of ddns-scripts into one of ours.
package ddnsscripts

import (
	"fmt"
	"slices"
	"strings"

	"homeward/openwrt/uci"
)

const head = "# Made by `homeward import` from /etc/config/ddns. Read it, then\n" +
	"# write it to /etc/config/homeward, and let only one of the two send:\n" +
	"#\t/etc/init.d/ddns stop; /etc/init.d/ddns disable\n" +
	"#\t/etc/init.d/homeward check; /etc/init.d/homeward restart\n"

// Import turns the output of `uci export ddns` into the text of an
// /etc/config/homeward. What it cannot take over becomes a comment, without values
// that may be secret.
func Import(src []byte) (string, *uci.Fault) {
	sections, fault := uci.Parse(src, "ddns")
	if fault == nil && len(strings.TrimSpace(string(src))) == 0 {
		fault = &uci.Fault{Line: 1, Path: "ddns", What: "nothing to read: is there an /etc/config/ddns?"}
	}
	if fault == nil && slices.ContainsFunc(sections, func(s uci.Section) bool { return s.Type == "homeward" || s.Type == "account" }) {
		fault = &uci.Fault{Line: 1, Path: "ddns", What: "this is homeward's configuration, not that of ddns-scripts: take uci export ddns"}
	}
	if fault != nil {
		return "", fault
	}
	var accounts []*account
	var lost strings.Builder
	for i := range sections {
		d := newAccount(&sections[i])
		why := "it is no service"
		if d.section.Type == "service" {
			why = d.convert()
		}
		if why != "" {
			d.writeLost(&lost, why)
		} else {
			accounts = merge(accounts, d)
		}
	}
	nameAccounts(accounts)
	var b strings.Builder
	b.WriteString(head)
	if usualWANs(accounts) {
		b.WriteString("# The WAN is the usual one: homeward finds it by itself.\n")
		for _, a := range accounts {
			a.wan, a.wan6 = "", ""
		}
	}
	b.WriteString("\nconfig homeward 'main'\n")
	on := slices.ContainsFunc(accounts, func(a *account) bool { return a.enabled })
	b.WriteString(uci.Line("option enabled", uci.Switch(on)))
	for _, a := range accounts {
		a.write(&b)
	}
	return b.String() + lost.String(), nil
}

// merge adds an account, or joins it to that of the same host and service for the
// other family.
func merge(accounts []*account, d *account) []*account {
	for _, a := range accounts {
		if a.families == 1 && a.ipv6 != d.ipv6 && a.enabled == d.enabled &&
			slices.Equal(a.domains, d.domains) && slices.Equal(a.options, d.options) {
			a.families = 2
			a.url4, a.url6 = a.url4+d.url4, a.url6+d.url6
			a.wan, a.wan6 = a.wan+d.wan, a.wan6+d.wan6
			for _, n := range d.notes {
				a.note(n)
			}
			a.note("the section " + uci.Printable(d.title()) + " is in it, too")
			if slices.Contains(a.options, uci.Option{Name: "service", Value: "dyndns2"}) {
				a.add("one_address", "1")
			}
			return accounts
		}
	}
	return append(accounts, d)
}

// usualWANs reports whether all accounts use OpenWrt's usual WAN, which homeward
// finds by itself.
func usualWANs(accounts []*account) bool {
	for _, a := range accounts {
		for _, name := range []string{a.wan, a.wan6} {
			if !slices.Contains([]string{"", "wan", "wan6", "wan_6"}, name) {
				return false
			}
		}
	}
	return true
}

// nameAccounts gives each account a unique name that uci allows: that of its
// section, without _ipv4 if it has both families, else its first domain.
func nameAccounts(accounts []*account) {
	used := map[string]bool{"main": true}
	for _, a := range accounts {
		base := a.title()
		if a.families == 2 {
			base = strings.TrimSuffix(strings.TrimSuffix(base, "_ipv4"), "_ipv6")
		}
		base = strings.Map(func(r rune) rune {
			if !wordRune(r) {
				return '_'
			}
			return r
		}, base)
		a.name = base
		for n := 2; used[a.name]; n++ {
			a.name = fmt.Sprintf("%s_%d", base, n)
		}
		used[a.name] = true
	}
}

// wordRune reports whether the name of a section may hold r.
func wordRune(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// write writes one account, below its comments.
func (d *account) write(b *strings.Builder) {
	b.WriteString("\n")
	for _, n := range d.notes {
		b.WriteString("# " + n + "\n")
	}
	b.WriteString("config account " + uci.Quote(d.name) + "\n")
	b.WriteString(uci.Line("option enabled", uci.Switch(d.enabled)))
	for _, o := range d.options {
		b.WriteString(uci.Line("option "+o.Name, o.Value))
	}
	b.WriteString(uci.Line("option url4", d.url4))
	b.WriteString(uci.Line("option url6", d.url6))
	for _, domain := range d.domains {
		b.WriteString(uci.Line("list domain", domain))
	}
	if !d.ipv6 || d.families == 2 {
		b.WriteString(uci.Line("list publish", "ipv4"))
	}
	if d.ipv6 || d.families == 2 {
		b.WriteString(uci.Line("list publish", "ipv6"))
	}
	b.WriteString(uci.Line("option wan", d.wan))
	b.WriteString(uci.Line("option wan6", d.wan6))
}

// writeLost writes a section that is not taken over as a comment.
func (d *account) writeLost(b *strings.Builder, why string) {
	fmt.Fprintf(b, "\n# not taken over: config %s '%s': %s\n", uci.Printable(d.section.Type), uci.Printable(d.section.Name), why)
	for _, o := range d.section.Options {
		fmt.Fprintf(b, "#\t%s\n", shownOption(o))
	}
}
