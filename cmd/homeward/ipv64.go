package main

import (
	"context"
	"fmt"
	"homeward/update/ipv64api"
	"slices"
	"strconv"
	"strings"
)

const defaultKeyFile = "/etc/homeward.apikey"

func ipv64Command() command {
	c := command{
		name:  "ipv64",
		args:  "CALL [NAME]",
		about: "looks at what IPv64 holds of an account, and mends it",
		calls: ipv64Calls(),
		names: true,
	}
	var b strings.Builder
	b.WriteString("Calls:\n")
	for _, k := range c.calls {
		fmt.Fprintf(&b, "  %-11s %s\n", strings.TrimPrefix(k.name, "ipv64 "), k.about)
		for _, f := range k.flags {
			if !slices.ContainsFunc(c.flags, func(g flag) bool { return g.name == f.name }) {
				c.flags = append(c.flags, f)
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
	c.long = b.String()
	return c
}

// ipv64Calls are the calls of the command, in the order help lists them.
func ipv64Calls() []command {
	looks := []flag{{name: "--key-file", value: "FILE", about: "the account's API key, - is standard input; without it " + defaultKeyFile}, configFlag, jsonFlag}
	yes := flag{name: "--yes", about: "does not ask"}
	record := []flag{
		{name: "--record", value: "LABEL", about: "the record below the domain, as www; without it the domain itself"},
		{name: "--type", value: "T", about: "one of " + strings.Join(ipv64api.RecordTypes(), ", ")},
		{name: "--content", value: "C", about: "what the record says, as 203.0.113.7"},
	}
	with := func(flags ...flag) []flag { return append(slices.Clone(looks), flags...) }
	return []command{
		{name: "ipv64 account", about: "tells the account's class, and what is used and left of its limits", flags: looks, run: ipv64Account},
		{name: "ipv64 logs", about: "tells the service's log, the newest first, in local time", flags: looks, run: ipv64Logs},
		{name: "ipv64 domains", about: "tells the domains and records, beside what this router would publish", long: domainsLong, run: ipv64Domains,
			flags: with(flag{name: "--dns", about: "asks the service's name servers, too"})},
		{name: "ipv64 add-domain", args: "NAME", about: "makes a domain", names: true, flags: looks, run: ipv64AddDomain},
		{name: "ipv64 del-domain", args: "NAME", about: "deletes a domain and its records; asks on a terminal", names: true, flags: with(yes), run: ipv64DelDomain},
		{name: "ipv64 add-record", args: "DOMAIN", about: "makes a record", names: true, flags: with(record...), run: ipv64AddRecord},
		{name: "ipv64 del-record", args: "[DOMAIN]", about: "deletes a record, by what it says or by its number; asks on a terminal", names: true,
			flags: with(append(record, flag{name: "--id", value: "N", about: "the record's number, as domains shows it, in place of all that"}, yes)...), run: ipv64DelRecord},
	}
}

const domainsLong = `
A line that begins with ! differs from what the accounts of the configuration
would publish of the line as it is now. Looking decides no update.`

// wrongCall says what is wrong with a command line.
func wrongCall(c call, name, what string) int {
	fmt.Fprintf(c.stderr, "homeward ipv64 %s: %s; see homeward help ipv64 %s\n", name, what, name)
	return exitUsage
}

func ipv64Account(ctx context.Context, c call) int {
	return look(ctx, c, ipv64api.AccountInfo, func(s *ipv64Session, a ipv64api.Answer) {
		fmt.Fprint(c.stdout, accountTable(a.Account))
	})
}

func ipv64Logs(ctx context.Context, c call) int {
	return look(ctx, c, ipv64api.Logs, func(s *ipv64Session, a ipv64api.Answer) {
		fmt.Fprint(c.stdout, logTable(a.Logs, s.zone))
	})
}

func ipv64Domains(ctx context.Context, c call) int {
	if c.has("--dns") && c.has("--json") {
		return wrongCall(c, "domains", "--json is the service's answer alone: leave --dns out")
	}
	return look(ctx, c, ipv64api.Domains, func(s *ipv64Session, a ipv64api.Answer) {
		pubs, notes := s.publications()
		tree := domainTree{domains: a.Domains, pubs: pubs, zone: s.zone}
		if c.has("--dns") {
			tree.dns = newNameServers().all(ctx, a.Domains)
		}
		fmt.Fprint(c.stdout, tree.String())
		for _, n := range notes {
			fmt.Fprintln(c.stdout, n)
		}
	})
}

// look makes a call that changes nothing, and shows its answer.
func look(ctx context.Context, c call, name string, show func(*ipv64Session, ipv64api.Answer)) int {
	s, code := openIPv64(c)
	if s == nil {
		return code
	}
	a, ok := s.do(ctx, ipv64api.Call{Name: name})
	if !ok {
		return exitFault
	}
	if !c.has("--json") {
		show(s, a)
	}
	return exitOK
}

func ipv64AddDomain(ctx context.Context, c call) int {
	name, wrong := oneDomain(c.names)
	if wrong != "" {
		return wrongCall(c, "add-domain", wrong)
	}
	s, code := openIPv64(c)
	if s == nil {
		return code
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.AddDomain, Target: name}, name+" is there now")
}

func ipv64DelDomain(ctx context.Context, c call) int {
	name, wrong := oneDomain(c.names)
	if wrong != "" {
		return wrongCall(c, "del-domain", wrong)
	}
	s, code := openIPv64(c)
	if s == nil {
		return code
	}
	for _, a := range s.accounts() {
		if slices.Contains(a.Domains, name) {
			fmt.Fprintf(c.stderr, "%s is published by the account %s of %s: once it is deleted, the service refuses that account's updates until it is out of its domains\n",
				name, a.Name, s.cfg.File)
		}
	}
	if !s.agreed("Delete " + name + " and all its records?") {
		return exitFault
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.DelDomain, Target: name}, name+" is deleted")
}

func ipv64AddRecord(ctx context.Context, c call) int {
	name, r, wrong := oneRecord(c)
	if wrong != "" {
		return wrongCall(c, "add-record", wrong)
	}
	s, code := openIPv64(c)
	if s == nil {
		return code
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.AddRecord, Target: name, Record: &r}, recordWords(name, r)+" is there now")
}

func ipv64DelRecord(ctx context.Context, c call) int {
	target, r, wrong := deletedRecord(c)
	if wrong != "" {
		return wrongCall(c, "del-record", wrong)
	}
	s, code := openIPv64(c)
	if s == nil {
		return code
	}
	what := "record " + target
	if r != nil {
		what = recordWords(target, *r)
		for _, a := range s.accounts() {
			if slices.Contains(a.Domains, target) && apexless(a.Record) == r.Label && (r.Type == "A" || r.Type == "AAAA") {
				fmt.Fprintf(c.stderr, "%s is a record of the account %s of %s: its next update may make it again\n", what, a.Name, s.cfg.File)
			}
		}
	}
	if !s.agreed("Delete " + what + "?") {
		return exitFault
	}
	return s.change(ctx, ipv64api.Call{Name: ipv64api.DelRecord, Target: target, Record: r}, what+" is deleted")
}

// deletedRecord reads which record del-record means: r is nil where by number.
func deletedRecord(c call) (target string, r *ipv64api.Record, wrong string) {
	if !c.has("--id") {
		name, rec, wrong := oneRecord(c)
		return name, &rec, wrong
	}
	for _, f := range []string{"--record", "--type", "--content"} {
		if c.has(f) || len(c.names) > 0 {
			return "", nil, "--id names the record alone: leave the domain, --record, --type and --content out"
		}
	}
	n, err := strconv.ParseUint(c.value("--id"), 10, 63)
	if err != nil || n == 0 {
		return "", nil, "--id takes the record's number, as homeward ipv64 domains shows it"
	}
	return strconv.FormatUint(n, 10), nil, ""
}
