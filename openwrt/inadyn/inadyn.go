// Package inadyn turns an inadyn.conf into a configuration of ours for OpenWrt.
package inadyn

import (
	"fmt"
	"slices"
	"strings"
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
	outside := sections[0]
	var accounts []*account
	var lost strings.Builder
	for _, s := range sections[1:] {
		a := &account{section: s, on: true, families: 1}
		if why := a.convert(outside); why != "" {
			a.writeLost(&lost, why)
		} else {
			accounts = merge(accounts, a)
		}
	}
	nameAccounts(accounts)
	var b strings.Builder
	b.WriteString(head)
	for _, n := range outsideNotes(outside) {
		b.WriteString("# " + n + "\n")
	}
	b.WriteString("\nconfig homeward 'main'\n")
	writeOption(&b, "option", "enabled", number(slices.ContainsFunc(accounts, func(a *account) bool { return a.on })))
	if file := outside.value("ca-trust-file"); takesRoots(outside) {
		writeOption(&b, "option", "ca_file", file)
	}
	for _, a := range accounts {
		if isOn(outside.value("allow-ipv6")) {
			a.offerIPv6()
		}
		a.write(&b)
	}
	return b.String() + lost.String(), nil
}

// takesRoots tells whether ca-trust-file names roots that are not the system's.
func takesRoots(outside *section) bool {
	set := outside.find("ca-trust-file")
	return set != nil && !set.env && isText(set.values) && strings.HasPrefix(outside.value("ca-trust-file"), "/") &&
		!strings.HasPrefix(outside.value("ca-trust-file"), "/etc/ssl/")
}

// merge adds an account, or joins it to the one of the same host and service
// that publishes the other family.
func merge(accounts []*account, a *account) []*account {
	for _, old := range accounts {
		if old.families == 1 && old.ipv6 != a.ipv6 && old.on == a.on &&
			slices.Equal(old.domains, a.domains) && slices.Equal(old.options, a.options) {
			old.families = 2
			old.url4, old.url6 = old.url4+a.url4, old.url6+a.url6
			old.wan, old.wan6 = old.wan+a.wan, old.wan6+a.wan6
			for _, n := range a.notes {
				old.note(n)
			}
			old.note("the " + a.section.kind + " of line " + fmt.Sprint(a.section.line) + " is in it, too")
			if old.service() == "dyndns2" {
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
	used := map[string]bool{"main": true}
	for _, a := range accounts {
		base := a.section.title
		if _, name, ok := strings.Cut(base, "@"); ok && name != "" {
			base = name
		}
		base = strings.Map(func(r rune) rune {
			if r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
				return r
			}
			return '_'
		}, base[:min(len(base), 48)])
		if base == "" {
			base = "account"
		}
		a.name = base
		for n := 2; used[a.name]; n++ {
			a.name = fmt.Sprintf("%s_%d", base, n)
		}
		used[a.name] = true
	}
}

// write writes one account, its comments in front.
func (a *account) write(b *strings.Builder) {
	b.WriteString("\n")
	for _, n := range a.notes {
		b.WriteString("# " + n + "\n")
	}
	b.WriteString("config account " + quote(a.name) + "\n")
	writeOption(b, "option", "enabled", number(a.on))
	for _, o := range a.options {
		writeOption(b, "option", o.name, o.value)
	}
	writeOption(b, "option", "url4", a.url4)
	writeOption(b, "option", "url6", a.url6)
	for _, domain := range a.domains {
		writeOption(b, "list", "domain", domain)
	}
	if !a.ipv6 || a.families == 2 {
		writeOption(b, "list", "publish", "ipv4")
	}
	if a.ipv6 || a.families == 2 {
		writeOption(b, "list", "publish", "ipv6")
	}
	writeOption(b, "option", "wan", a.wan)
	writeOption(b, "option", "wan6", a.wan6)
}

// writeLost writes a section that is not taken over, as a comment.
func (a *account) writeLost(b *strings.Builder, why string) {
	fmt.Fprintf(b, "\n# not taken over: %s %s (line %d): %s\n", a.section.kind, printable(a.section.title), a.section.line, why)
	for _, set := range a.section.settings {
		fmt.Fprintf(b, "#\t%s\n", shown(set))
	}
}

func writeOption(b *strings.Builder, kind, name, value string) {
	if value != "" {
		b.WriteString("\t" + kind + " " + name + " " + quote(value) + "\n")
	}
}

func number(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// quote quotes a value as `uci export` does.
func quote(v string) string {
	return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
}
