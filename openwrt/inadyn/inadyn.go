// Package inadyn turns an inadyn.conf into a configuration of ours for OpenWrt.
package inadyn

import (
	"strconv"
	"strings"

	"homeward/openwrt/uci"
)

// A Fault is why a file cannot be read. It repeats nothing of the file.
type Fault struct {
	Line int // from 1
	What string
}

// maxFile bounds what is read: a hundred providers fit several times.
const maxFile = 64 << 10

const head = "# Made by `homeward import inadyn` from an inadyn.conf. Read it, then\n" +
	"# write it to /etc/config/homeward, and let only one of the two send:\n" +
	"#\t/etc/init.d/inadyn stop; /etc/init.d/inadyn disable\n" +
	"#\t/etc/init.d/homeward check; /etc/init.d/homeward restart\n" +
	"# The address is what the line shows. Behind another router add to an account:\n" +
	"#\toption detect 'web'\n"

// Import turns an inadyn.conf of inadyn 2.x into text for /etc/config/homeward.
// What is not taken over stands there as a comment, without values that may be
// secret.
func Import(src []byte) (string, *Fault) {
	if len(src) > maxFile {
		return "", &Fault{1, "longer than 64 KiB: is this an inadyn.conf?"}
	}
	sections, fault := parse(string(src))
	if fault == nil && len(sections) == 1 && len(sections[0].settings) == 0 {
		fault = &Fault{1, "nothing to read: is this an inadyn.conf?"}
	}
	if fault != nil {
		return "", fault
	}
	var accounts []*account
	var left strings.Builder
	for _, s := range sections[1:] {
		a := &account{section: s, on: true, families: 1}
		if why := a.convert(sections[0]); why != "" {
			a.writeLost(&left, why)
		} else {
			accounts = merge(accounts, a)
		}
	}
	nameAccounts(accounts)
	return configuration(sections[0], accounts) + left.String(), nil
}

// configuration writes the section main and the accounts.
func configuration(outside *section, accounts []*account) string {
	var b strings.Builder
	b.WriteString(head)
	ca := outside.find("ca-trust-file")
	if ca != nil && (!ca.isText() || !strings.HasPrefix(ca.values[0], "/") || strings.HasPrefix(ca.values[0], "/etc/ssl/")) {
		ca = nil
	}
	for i := range outside.settings {
		set := &outside.settings[i]
		if n := lost(*set); n != "" && set != ca {
			b.WriteString("# " + n + "\n")
		}
	}
	on := false
	for _, a := range accounts {
		on = on || a.on
	}
	b.WriteString("\nconfig homeward 'main'\n" + uci.Line("option enabled", uci.Switch(on)))
	if ca != nil {
		b.WriteString(uci.Line("option ca_file", ca.values[0]))
	}
	for _, a := range accounts {
		if is(outside.value("allow-ipv6"), "on") {
			a.offerIPv6()
		}
		a.write(&b)
	}
	return b.String()
}

// merge adds an account, or joins it to the one of the same host and service
// that publishes the other family.
func merge(accounts []*account, a *account) []*account {
	for _, old := range accounts {
		if old.families == 1 && old.ipv6 != a.ipv6 && old.on == a.on &&
			old.domains == a.domains && old.options == a.options {
			old.families = 2
			old.url4, old.url6 = old.url4+a.url4, old.url6+a.url6
			old.wan, old.wan6 = old.wan+a.wan, old.wan6+a.wan6
			for _, n := range a.notes {
				old.note(n)
			}
			old.note("the " + a.section.kind + " of line " + strconv.Itoa(a.section.line) + " is in it, too")
			if old.service == "dyndns2" {
				old.add("one_address", "1")
			}
			return accounts
		}
	}
	return append(accounts, a)
}

// nameAccounts names each account after its service, as uci allows it, no two
// alike.
func nameAccounts(accounts []*account) {
	used := " main "
	for _, a := range accounts {
		base := []byte(a.section.title[strings.IndexByte(a.section.title, '@')+1:])
		for i, c := range base {
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				base[i] = '_'
			}
		}
		if len(base) == 0 {
			base = []byte("account")
		}
		a.name = string(base[:min(len(base), 48)])
		for n := 2; strings.Contains(used, " "+a.name+" "); n++ {
			a.name = string(base[:min(len(base), 48)]) + "_" + strconv.Itoa(n)
		}
		used += a.name + " "
	}
}

// write writes one account, its comments in front.
func (a *account) write(b *strings.Builder) {
	b.WriteString("\n")
	for _, n := range a.notes {
		b.WriteString("# " + n + "\n")
	}
	b.WriteString("config account " + uci.Quote(a.name) + "\n" + uci.Line("option enabled", uci.Switch(a.on)) +
		a.options + uci.Line("option url4", a.url4) + uci.Line("option url6", a.url6) + a.domains)
	if !a.ipv6 || a.families == 2 {
		b.WriteString(uci.Line("list publish", "ipv4"))
	}
	if a.ipv6 || a.families == 2 {
		b.WriteString(uci.Line("list publish", "ipv6"))
	}
	b.WriteString(uci.Line("option wan", a.wan) + uci.Line("option wan6", a.wan6))
}

// writeLost writes a section that is not taken over, as a comment.
func (a *account) writeLost(b *strings.Builder, why string) {
	b.WriteString("\n# not taken over: " + a.section.kind + " " + printable(a.section.title) +
		" (line " + strconv.Itoa(a.section.line) + "): " + why + "\n")
	for _, set := range a.section.settings {
		b.WriteString("#\t" + shown(set) + "\n")
	}
}
