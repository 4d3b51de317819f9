package main

import (
	"context"
	"fmt"
)

func checkCommand() command {
	return command{
		name:  "check",
		about: "reads the configuration and names every fault in it; touches no network",
		long: `
Faults stand on stderr, one a line, as FILE:LINE: key: what is wrong, and what
to write; the exit code is 2 then. Warnings do not change the exit code.`,
		flags: []flag{configFlag, userFlag},
		run:   runCheck,
	}
}

var userFlag = flag{name: "--user", value: "NAME", about: "what this user could not read is a fault, too; root alone can tell"}

func runCheck(_ context.Context, c call) int {
	cfg, warnings, err := load(c.value("-c"))
	if c.has("--user") {
		cfg, warnings, err = loadFor(c.value("-c"), systemUsers(), c.value("--user"))
	}
	for _, w := range warnings {
		fmt.Fprintln(c.stderr, "warning: "+w)
	}
	err = withProgram(cfg, err)
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		return exitUsage
	}
	fmt.Fprintf(c.stdout, "%s: %s, %s\n", cfg.File,
		counted(len(cfg.Accounts), "account"), verdict(cfg, len(warnings)))
	for _, a := range cfg.Active() {
		if a.Host.IsValid() && a.Publish.IPv6 {
			fmt.Fprintln(c.stdout, shownPath([]string{"account", a.Name, "host"})+": "+rightHosts)
		}
	}
	return exitOK
}

// rightHosts tells for which hosts a suffix is right: most make another one
// for each prefix (RFC 7217), or use privacy addresses (RFC 8981).
const rightHosts = "right for a host that keeps its interface id (EUI-64, ip token, a static suffix, a hostid of odhcpd); one that makes its own for each prefix (RFC 7217) is not reached by it"

// verdict says how a configuration without faults looks.
func verdict(cfg *Config, warnings int) string {
	off := len(cfg.Accounts) - len(cfg.Active())
	said := "nothing wrong"
	if warnings > 0 {
		said = "no fault, " + counted(warnings, "warning")
	}
	if off > 0 {
		said = fmt.Sprintf("%d of them switched off, %s", off, said)
	}
	return said
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
