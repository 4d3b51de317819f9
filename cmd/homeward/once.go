package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"homeward/netwatch"
	"homeward/update"
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
	cfg, warnings, err := load(c.value("-c"))
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitUsage
	}
	log := newLogger(c.stderr, cfg.LogLevel)
	for _, w := range warnings {
		log.log(update.Warn, w)
	}
	accounts := active(cfg)
	for _, name := range c.names {
		if !slices.ContainsFunc(accounts, func(a *update.Account) bool { return a.Name == name }) {
			fmt.Fprintf(c.stderr, "homeward once: no account %q is switched on: there %s\n", name, accountNames(accounts))
			return exitUsage
		}
	}
	chosen := func(name string) bool { return len(c.names) == 0 || slices.Contains(c.names, name) }
	if err := enterState(cfg.StateDir, c.has("--dry-run")); err != nil {
		log.log(update.Error, err.Error())
		return exitFault
	}
	tables, err := netwatch.Read()
	if err != nil {
		log.log(update.Error, "the kernel does not show the line: "+err.Error())
		return exitFault
	}
	clock := update.SystemClock()
	store := update.OpenStore(cfg.StateDir, cfg.RunDir, func(s string) { log.log(update.Warn, s) })
	book := store.Read(clock())
	exchange := (&update.Sender{}).Exchange
	views := newViews(cfg, book.Held, nil)
	runner := update.NewRunner(store, exchange, clock, log.log, nil)
	asking := slices.DeleteFunc(cfg.Active(), func(a Account) bool { return !chosen(a.Name) })
	if c.has("--dry-run") {
		previewQuestions(c.stdout, asking)
		return preview(c, runner.Preview(accounts, views.sight(tables), chosen, c.has("--force")), len(inquiries(asking)))
	}
	views.found = update.NewAsker(cfg.RunDir, exchange, clock, log.log, netwatch.Public, nil).Once(ctx, inquiries(asking))
	stands := runner.Once(ctx, accounts, views.sight(tables), chosen, c.has("--force"))
	return printStands(c, stands, chosen)
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

func accountNames(accounts []*update.Account) string {
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

// preview prints requests as they would go out, secrets hidden; asked is how
// many questions stand before them.
func preview(c call, requests []update.Request, asked int) int {
	for _, r := range requests {
		fmt.Fprintf(c.stdout, "%s %s\n", r.Method, r.URL)
		switch {
		case !r.Bearer.IsZero():
			fmt.Fprintf(c.stdout, "  Authorization: Bearer %s\n", r.Bearer)
		case r.User != "" || !r.Login.IsZero() || !r.Password.IsZero():
			fmt.Fprintf(c.stdout, "  Authorization: Basic %s%s:%s\n", r.User, r.Login, r.Password)
		}
		if !r.Form.IsZero() {
			fmt.Fprintf(c.stdout, "  %s\n", r.Form)
		}
	}
	if len(requests)+asked == 0 {
		fmt.Fprintln(c.stdout, "nothing is due")
	}
	return exitOK
}

// enterState makes sure that the state is the daemon's: run as root, this
// process takes the identity of the folder's owner first, so that it leaves
// no file that the daemon cannot replace.
func enterState(dir string, look bool) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) && !look {
		os.MkdirAll(dir, 0o750) // where it cannot be made the Store says so
		return nil
	}
	if err != nil {
		return nil
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 && owner.Uid != 0 {
		if err := becomeUser(int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("the identity of %s's owner cannot be taken: %w", dir, err)
		}
	}
	f, err := os.Open(update.StatePath(dir))
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: without it the service's limits cannot be kept: run this as root, or as the user that homeward runs as", err)
	}
	if err == nil {
		f.Close()
	}
	return nil
}

// becomeUser gives up root's identity for good, in all threads.
func becomeUser(uid, gid int) error {
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(gid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}
