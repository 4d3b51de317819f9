package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/identity"
	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update"
	"homeward/update/clock"
	"homeward/update/log"
	"homeward/update/loop"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/transport"
)

func onceCommand() cli.Command {
	return cli.Command{
		Name:  "once",
		Args:  "[ACCOUNT...]",
		About: "sends what is due, once, and ends",
		Long: `
Exit code: 0 if all was accepted, nothing is due, or there is nothing to publish
yet; 1 otherwise.`,
		Flags: []cli.Flag{cli.ConfigFlag,
			{Name: "--force", About: "sends though nothing changed, and lifts a stop; overrides no limit"},
			{Name: "--dry-run", About: "prints each request, secrets hidden, and sends none"}},
		Names: true,
		Run:   runOnce,
	}
}

func runOnce(ctx context.Context, c cli.Call) int {
	cfg, warnings, err := settings.Load(c.Value("-c"))
	if err != nil {
		fmt.Fprintln(c.Stderr, err)
		return cli.ExitUsage
	}
	say := newLogger(c.Stderr, cfg.LogLevel)
	for _, w := range warnings {
		say.log(log.Warn, w)
	}
	accounts := cfg.Updates()
	for _, name := range c.Names {
		if !slices.ContainsFunc(accounts, func(a *service.Account) bool { return a.Name == name }) {
			fmt.Fprintf(c.Stderr, "homeward once: no account %q is switched on: there %s\n", name, accountNames(accounts))
			return cli.ExitUsage
		}
	}
	chosen := func(name string) bool { return len(c.Names) == 0 || slices.Contains(c.Names, name) }
	if err := identity.TakeBeside(cfg.StateDir, cfg.RunDir, c.Has("--dry-run")); err != nil {
		say.log(log.Error, err.Error())
		return cli.ExitFault
	}
	if !c.Has("--dry-run") {
		identity.CarryState(cfg.StateDir, cfg.RunDir, say.log)
	}
	tables, err := netwatch.Read()
	if err != nil {
		say.log(log.Error, "the kernel does not show the line: "+err.Error())
		return cli.ExitFault
	}
	parts := loop.Parts{Exchange: transport.New(c.Version), Now: clock.System(), Log: say.log}
	if c.Has("--dry-run") {
		probes, requests, waits := daemon.Preview(cfg, tables, parts, chosen, c.Has("--force"))
		preview(c, probes, requests)
		if len(probes)+len(requests) == 0 {
			fmt.Fprintln(c.Stdout, "nothing is due")
		}
		for _, name := range slices.Sorted(maps.Keys(waits)) {
			fmt.Fprintf(c.Stderr, "%s: waiting; %s\n", name, waits[name])
		}
		return cli.ExitOK
	}
	return printStatuses(c, daemon.Once(ctx, cfg, tables, parts, chosen, c.Has("--force")), chosen)
}

// printStatuses prints the final status of each chosen account and returns the exit
// code.
func printStatuses(c cli.Call, statuses map[string]update.Status, chosen func(name string) bool) int {
	code := cli.ExitOK
	for _, name := range slices.Sorted(maps.Keys(statuses)) {
		if !chosen(name) {
			continue
		}
		s := statuses[name]
		if s.State != update.StateCurrent && s.State != update.StateWaiting {
			code = cli.ExitFault
		}
		fmt.Fprintln(c.Stdout, onceWords(name, s))
	}
	return code
}

func accountNames(accounts []*service.Account) string {
	if len(accounts) == 0 {
		return "is none"
	}
	var names []string
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	return "is " + strings.Join(names, ", ")
}

// onceWords describes an account's final status in one line.
func onceWords(name string, s update.Status) string {
	text := name + ": " + s.State
	if s.Accepted != nil {
		text += ", the service has " + valuesWords(s.Accepted.Values)
	}
	for _, more := range []string{s.Error, s.Note} {
		if more != "" {
			text += "; " + more
		}
	}
	if !s.Next.IsZero() {
		text += "; not before " + s.Next.Local().Format(time.DateTime)
	}
	return text
}

// preview prints the probes and requests that would be sent, with secrets hidden.
func preview(c cli.Call, probes []daemon.PlannedQuery, requests []transport.Request) {
	for _, q := range probes {
		r := q.Request()
		fmt.Fprintf(c.Stdout, "%s %s\n  asked first, over IPv%d: without the answer the address is not known (%s)\n",
			r.Method, r.URL, q.Family, strings.Join(q.Accounts, ", "))
	}
	for _, r := range requests {
		fmt.Fprintf(c.Stdout, "%s %s\n", r.Method, r.URL)
		switch {
		case !r.Bearer.IsZero():
			fmt.Fprintf(c.Stdout, "  Authorization: Bearer %s\n", r.Bearer)
		case r.User != "" || !r.Login.IsZero() || !r.Password.IsZero():
			user := r.User
			if secret.MayHold(user) {
				user = secret.New(user).String() // some services take the token as the user
			}
			fmt.Fprintf(c.Stdout, "  Authorization: Basic %s%s:%s\n", user, r.Login, r.Password)
		}
		for _, h := range r.Headers {
			fmt.Fprintf(c.Stdout, "  %s: %s\n", h.Name, h.Value)
		}
		if !r.Body.IsZero() {
			fmt.Fprintf(c.Stdout, "  %s\n", r.Body)
		}
		if r.DNS != nil {
			fmt.Fprintf(c.Stdout, "  %s\n", strings.ReplaceAll(r.DNS.String(), "\n", "\n  "))
		}
	}
}
