// Package ipv64cli is homeward ipv64: the calls of IPv64's API as commands, and
// their answers as tables.
package ipv64cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/update/ipv64api"
)

const defaultKeyFile = "/etc/homeward.apikey"

// Command returns homeward ipv64 with its calls.
func Command() cli.Command {
	c := cli.Command{
		Name:  "ipv64",
		Args:  "CALL [NAME]",
		About: "shows and changes an account's domains and records at IPv64",
		Calls: calls(),
		Names: true,
	}
	var b strings.Builder
	b.WriteString("Calls:\n")
	for _, k := range c.Calls {
		fmt.Fprintf(&b, "  %-11s %s\n", strings.TrimPrefix(k.Name, "ipv64 "), k.About)
		for _, f := range k.Flags {
			if !slices.ContainsFunc(c.Flags, func(g cli.Flag) bool { return g.Name == f.Name }) {
				c.Flags = append(c.Flags, f)
			}
		}
	}
	b.WriteString(`
homeward help ipv64 CALL tells of one, with its flags.

It works without a configuration; with one, its state_dir, ca_file and the
server of its ipv64 accounts (of the first by name, should they differ) are used.
Calls count towards the API's limits: 5 in 10 seconds, which is waited for, and
64 in 24 hours. Flags may stand before or behind the names.
Exit code: 0 done, 1 refused or failed, 2 wrong command line, key or
configuration.`)
	c.Long = b.String()
	return c
}

// calls returns the calls in the order of help.
func calls() []cli.Command {
	common := []cli.Flag{{Name: "--key-file", Value: "FILE", About: "the account's API key, - is standard input; without it " + defaultKeyFile}, cli.ConfigFlag, cli.JSONFlag}
	yes := cli.Flag{Name: "--yes", About: "does not ask"}
	record := []cli.Flag{
		{Name: "--record", Value: "LABEL", About: "the record below the domain, as www; without it the domain itself"},
		{Name: "--type", Value: "T", About: "one of " + strings.Join(ipv64api.RecordTypes(), ", ")},
		{Name: "--content", Value: "C", About: "what the record says, as 203.0.113.7"},
	}
	with := func(flags ...cli.Flag) []cli.Flag { return append(slices.Clone(common), flags...) }
	return []cli.Command{
		{Name: "ipv64 account", About: "tells the account's class, and what is used and left of its limits", Flags: common, Run: showAccount},
		{Name: "ipv64 logs", About: "tells the service's log, the newest first, in local time", Flags: common, Run: showLogs},
		{Name: "ipv64 domains", About: "tells the domains and records, beside what this router would publish", Long: domainsLong, Run: showDomains,
			Flags: with(cli.Flag{Name: "--dns", About: "asks the service's name servers, too"})},
		{Name: "ipv64 add-domain", Args: "NAME", About: "makes a domain", Names: true, Flags: common, Run: addDomain},
		{Name: "ipv64 del-domain", Args: "NAME", About: "deletes a domain and its records; asks on a terminal", Names: true, Flags: with(yes), Run: delDomain},
		{Name: "ipv64 add-record", Args: "DOMAIN", About: "makes a record", Names: true, Flags: with(record...), Run: addRecord},
		{Name: "ipv64 del-record", Args: "[DOMAIN]", About: "deletes a record, by what it says or by its number; asks on a terminal", Names: true,
			Flags: with(append(record, cli.Flag{Name: "--id", Value: "N", About: "the record's number, as domains shows it, in place of all that"}, yes)...), Run: delRecord},
	}
}

const domainsLong = `
A line that begins with ! differs from what the accounts of the configuration
would publish of the line as it is now. Looking decides no update.`

// wrongCall says what is wrong with a command line and returns the exit code.
func wrongCall(c cli.Call, name, what string) int {
	fmt.Fprintf(c.Stderr, "homeward ipv64 %s: %s; see homeward help ipv64 %s\n", name, what, name)
	return cli.ExitUsage
}

func showAccount(ctx context.Context, c cli.Call) int {
	return query(ctx, c, ipv64api.AccountInfo, func(s *session, a ipv64api.Answer) {
		fmt.Fprint(c.Stdout, accountTable(a.Account))
	})
}

func showLogs(ctx context.Context, c cli.Call) int {
	return query(ctx, c, ipv64api.Logs, func(s *session, a ipv64api.Answer) {
		fmt.Fprint(c.Stdout, logTable(a.Logs, s.zone))
	})
}

func showDomains(ctx context.Context, c cli.Call) int {
	if c.Has("--dns") && c.Has("--json") {
		return wrongCall(c, "domains", "--json is the service's answer alone: leave --dns out")
	}
	return query(ctx, c, ipv64api.Domains, func(s *session, a ipv64api.Answer) {
		pubs, notes := s.publications()
		tree := domainTree{domains: a.Domains, pubs: pubs, zone: s.zone}
		if c.Has("--dns") {
			tree.dns = newNameServers().all(ctx, a.Domains)
		}
		fmt.Fprint(c.Stdout, tree.String())
		for _, n := range notes {
			fmt.Fprintln(c.Stdout, n)
		}
	})
}

// query makes a call that changes nothing, and shows its answer.
func query(ctx context.Context, c cli.Call, name string, show func(*session, ipv64api.Answer)) int {
	s, code := open(c)
	if s == nil {
		return code
	}
	a, ok := s.do(ctx, ipv64api.Call{Name: name})
	if !ok {
		return cli.ExitFault
	}
	if !c.Has("--json") {
		show(s, a)
	}
	return cli.ExitOK
}

func addDomain(ctx context.Context, c cli.Call) int {
	name, wrong := oneDomain(c.Names)
	if wrong != "" {
		return wrongCall(c, "add-domain", wrong)
	}
	s, code := open(c)
	if s == nil {
		return code
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.AddDomain, Target: name}, name+" is there now")
}

func delDomain(ctx context.Context, c cli.Call) int {
	name, wrong := oneDomain(c.Names)
	if wrong != "" {
		return wrongCall(c, "del-domain", wrong)
	}
	s, code := open(c)
	if s == nil {
		return code
	}
	for _, a := range s.accounts() {
		if slices.Contains(a.Domains, name) {
			fmt.Fprintf(c.Stderr, "%s is published by the account %s of %s: once it is deleted, the service refuses that account's updates until it is out of its domains\n",
				name, a.Name, s.cfg.File)
		}
	}
	if !s.agreed("Delete " + name + " and all its records?") {
		return cli.ExitFault
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.DelDomain, Target: name}, name+" is deleted")
}

func addRecord(ctx context.Context, c cli.Call) int {
	name, r, wrong := oneRecord(c)
	if wrong != "" {
		return wrongCall(c, "add-record", wrong)
	}
	s, code := open(c)
	if s == nil {
		return code
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.AddRecord, Target: name, Record: &r}, recordWords(name, r)+" is there now")
}

func delRecord(ctx context.Context, c cli.Call) int {
	target, r, wrong := deletedRecord(c)
	if wrong != "" {
		return wrongCall(c, "del-record", wrong)
	}
	s, code := open(c)
	if s == nil {
		return code
	}
	what := "record " + target
	if r != nil {
		what = recordWords(target, *r)
		for _, a := range s.accounts() {
			if slices.Contains(a.Domains, target) && apexless(a.Record) == r.Label && (r.Type == "A" || r.Type == "AAAA") {
				fmt.Fprintf(c.Stderr, "%s is a record of the account %s of %s: its next update may make it again\n", what, a.Name, s.cfg.File)
			}
		}
	}
	if !s.agreed("Delete " + what + "?") {
		return cli.ExitFault
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.DelRecord, Target: target, Record: r}, what+" is deleted")
}

// deletedRecord reads which record del-record means; r is nil if it is given by
// number.
func deletedRecord(c cli.Call) (target string, r *ipv64api.Record, wrong string) {
	if !c.Has("--id") {
		name, rec, wrong := oneRecord(c)
		return name, &rec, wrong
	}
	for _, f := range []string{"--record", "--type", "--content"} {
		if c.Has(f) || len(c.Names) > 0 {
			return "", nil, "--id names the record alone: leave the domain, --record, --type and --content out"
		}
	}
	n, err := strconv.ParseUint(c.Value("--id"), 10, 63)
	if err != nil || n == 0 {
		return "", nil, "--id takes the record's number, as homeward ipv64 domains shows it"
	}
	return strconv.FormatUint(n, 10), nil, ""
}
