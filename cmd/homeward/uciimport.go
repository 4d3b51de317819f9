package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/openwrt/inadyn"
)

func importCommand() cli.Command {
	return cli.Command{
		Name:  "import",
		Args:  "[ddns|inadyn]",
		About: "reads uci export ddns, or an inadyn.conf, on stdin and writes our UCI configuration on stdout",
		Long: `
What ddns-scripts or inadyn have and homeward cannot do stands there as a
comment.`,
		Names: true,
		Run:   runImport,
	}
}

func runImport(_ context.Context, c cli.Call) int {
	src, err := readUCI(c.Stdin)
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward import:", err)
		return cli.ExitUsage
	}
	switch strings.Join(c.Names, " ") {
	case "", "ddns":
	case "inadyn":
		text, fault := inadyn.Import(src)
		if fault != nil {
			fmt.Fprintf(c.Stderr, "inadyn.conf:%d: %s\n", fault.Line, fault.What)
			return cli.ExitUsage
		}
		return writeAll(c.Stdout, c.Stderr, []byte(text))
	default:
		fmt.Fprintln(c.Stderr, "homeward import: write ddns, which is the default, or inadyn")
		return cli.ExitUsage
	}
	text, fault := importDDNS(src)
	if fault != nil {
		uciFile{name: "uci export ddns"}.print(c.Stderr, "", []uciFault{*fault})
		return cli.ExitUsage
	}
	return writeAll(c.Stdout, c.Stderr, []byte(text))
}

const ddnsHead = "# Made by `homeward import` from /etc/config/ddns. Read it, then\n" +
	"# write it to /etc/config/homeward, and let only one of the two send:\n" +
	"#\t/etc/init.d/ddns stop; /etc/init.d/ddns disable\n" +
	"#\t/etc/init.d/homeward check; /etc/init.d/homeward restart\n"

// importDDNS turns `uci export ddns` into a configuration of ours, as text for
// /etc/config/homeward. What is not taken over stands there as a comment,
// without values that may be secret.
func importDDNS(src []byte) (string, *uciFault) {
	sections, fault := parseUCI(src, "ddns")
	if fault == nil && len(strings.TrimSpace(string(src))) == 0 {
		fault = &uciFault{Line: 1, Path: "ddns", What: "nothing to read: is there an /etc/config/ddns?"}
	}
	if fault != nil {
		return "", fault
	}
	var accounts []*ddnsSection
	var lost strings.Builder
	for i := range sections {
		d := newDDNS(&sections[i])
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
	b.WriteString(ddnsHead)
	if usualWANs(accounts) {
		b.WriteString("# The WAN is the usual one: homeward finds it by itself.\n")
		for _, a := range accounts {
			a.wan, a.wan6 = "", ""
		}
	}
	b.WriteString("\nconfig homeward 'main'\n")
	on := slices.ContainsFunc(accounts, func(a *ddnsSection) bool { return a.enabled })
	writeOption(&b, "option", "enabled", uciSwitch(on))
	for _, a := range accounts {
		a.write(&b)
	}
	return b.String() + lost.String(), nil
}

// merge adds an account, or joins it to the one of the same host and service
// that publishes the other family.
func merge(accounts []*ddnsSection, d *ddnsSection) []*ddnsSection {
	for _, a := range accounts {
		if a.families == 1 && a.ipv6 != d.ipv6 && a.enabled == d.enabled &&
			slices.Equal(a.domains, d.domains) && slices.Equal(a.options, d.options) {
			a.families = 2
			a.url4, a.url6 = a.url4+d.url4, a.url6+d.url6
			a.wan, a.wan6 = a.wan+d.wan, a.wan6+d.wan6
			for _, n := range d.notes {
				a.note(n)
			}
			a.note("the section " + printable(d.title()) + " is in it, too")
			if slices.Contains(a.options, uciOption{Name: "service", Value: "dyndns2"}) {
				a.add("one_address", "1")
			}
			return accounts
		}
	}
	return append(accounts, d)
}

// usualWANs tells whether all accounts look at the one WAN there is by
// OpenWrt's names, which homeward finds by itself.
func usualWANs(accounts []*ddnsSection) bool {
	for _, a := range accounts {
		for _, name := range []string{a.wan, a.wan6} {
			if !slices.Contains([]string{"", "wan", "wan6", "wan_6"}, name) {
				return false
			}
		}
	}
	return true
}

// nameAccounts names each account as uci allows it, no two alike: after its
// section, without _ipv4 where it has both, else after its first domain.
func nameAccounts(accounts []*ddnsSection) {
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

// wordRune tells whether uci allows r in the name of a section.
func wordRune(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// write writes one account, its comments in front.
func (d *ddnsSection) write(b *strings.Builder) {
	b.WriteString("\n")
	for _, n := range d.notes {
		b.WriteString("# " + n + "\n")
	}
	b.WriteString("config account " + uciQuote(d.name) + "\n")
	writeOption(b, "option", "enabled", uciSwitch(d.enabled))
	for _, o := range d.options {
		writeOption(b, "option", o.Name, o.Value)
	}
	writeOption(b, "option", "url4", d.url4)
	writeOption(b, "option", "url6", d.url6)
	for _, domain := range d.domains {
		writeOption(b, "list", "domain", domain)
	}
	if !d.ipv6 || d.families == 2 {
		writeOption(b, "list", "publish", "ipv4")
	}
	if d.ipv6 || d.families == 2 {
		writeOption(b, "list", "publish", "ipv6")
	}
	writeOption(b, "option", "wan", d.wan)
	writeOption(b, "option", "wan6", d.wan6)
}

// writeLost writes a section that is not taken over, as a comment.
func (d *ddnsSection) writeLost(b *strings.Builder, why string) {
	fmt.Fprintf(b, "\n# not taken over: config %s '%s': %s\n", printable(d.section.Type), printable(d.section.Name), why)
	for _, o := range d.section.Options {
		fmt.Fprintf(b, "#\t%s\n", shownOption(o))
	}
}

func writeOption(b *strings.Builder, kind, name, value string) {
	if value != "" {
		b.WriteString("\t" + kind + " " + name + " " + uciQuote(value) + "\n")
	}
}

func uciSwitch(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
