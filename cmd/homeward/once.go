package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"homeward/cmd/homeward/daemon"
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

func onceCommand() command {
	return command{
		name:  "once",
		args:  "[ACCOUNT...]",
		about: "looks at the line once, sends what is due, and ends",
		long: `
Exit code: 0 if all was accepted or nothing is due, 1 otherwise.`,
		flags: []flag{configFlag,
			{name: "--force", about: "sends though nothing changed, and lifts a stop; overrides no limit"},
			{name: "--dry-run", about: "prints each request, secrets hidden, and sends none"}},
		names: true,
		run:   runOnce,
	}
}

func runOnce(ctx context.Context, c call) int {
	cfg, warnings, err := settings.Load(c.value("-c"))
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitUsage
	}
	say := newLogger(c.stderr, cfg.LogLevel)
	for _, w := range warnings {
		say.log(log.Warn, w)
	}
	accounts := cfg.Updates()
	for _, name := range c.names {
		if !slices.ContainsFunc(accounts, func(a *service.Account) bool { return a.Name == name }) {
			fmt.Fprintf(c.stderr, "homeward once: no account %q is switched on: there %s\n", name, accountNames(accounts))
			return exitUsage
		}
	}
	chosen := func(name string) bool { return len(c.names) == 0 || slices.Contains(c.names, name) }
	if err := enterFolders(cfg.StateDir, cfg.RunDir, c.has("--dry-run")); err != nil {
		say.log(log.Error, err.Error())
		return exitFault
	}
	if !c.has("--dry-run") {
		carryState(cfg.StateDir, cfg.RunDir, say.log)
	}
	tables, err := netwatch.Read()
	if err != nil {
		say.log(log.Error, "the kernel does not show the line: "+err.Error())
		return exitFault
	}
	parts := loop.Parts{Exchange: transport.New(version), Now: clock.System(), Log: say.log}
	if c.has("--dry-run") {
		questions, requests := daemon.Preview(cfg, tables, parts, chosen, c.has("--force"))
		return preview(c, questions, requests)
	}
	return printStands(c, daemon.Once(ctx, cfg, tables, parts, chosen, c.has("--force")), chosen)
}

// printStands prints how the chosen accounts stand in the end and returns the
// exit code.
func printStands(c call, stands map[string]update.Status, chosen func(name string) bool) int {
	code := exitOK
	for _, name := range slices.Sorted(maps.Keys(stands)) {
		if !chosen(name) {
			continue
		}
		s := stands[name]
		if s.State != update.StateCurrent && s.State != update.StateWaiting {
			code = exitFault
		}
		fmt.Fprintln(c.stdout, onceWords(name, s))
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

// onceWords tells how an account stands in the end.
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
		text += "; not before " + s.Next.Local().Format("15:04:05")
	}
	return text
}

// preview prints questions and requests as they would go out, secrets hidden.
func preview(c call, questions []daemon.PlannedQuery, requests []transport.Request) int {
	for _, q := range questions {
		r := q.Request()
		fmt.Fprintf(c.stdout, "%s %s\n  asked first, over IPv%d: without the answer the address is not known (%s)\n",
			r.Method, r.URL, q.Family, strings.Join(q.Accounts, ", "))
	}
	for _, r := range requests {
		fmt.Fprintf(c.stdout, "%s %s\n", r.Method, r.URL)
		switch {
		case !r.Bearer.IsZero():
			fmt.Fprintf(c.stdout, "  Authorization: Bearer %s\n", r.Bearer)
		case r.User != "" || !r.Login.IsZero() || !r.Password.IsZero():
			user := r.User
			if secret.MayHold(user) {
				user = secret.New(user).String() // some services have the token as the user
			}
			fmt.Fprintf(c.stdout, "  Authorization: Basic %s%s:%s\n", user, r.Login, r.Password)
		}
		if !r.Form.IsZero() {
			fmt.Fprintf(c.stdout, "  %s\n", r.Form)
		}
	}
	if len(requests)+len(questions) == 0 {
		fmt.Fprintln(c.stdout, "nothing is due")
	}
	return exitOK
}
