package main

import (
	"context"
	"fmt"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/identity"
	"homeward/cmd/homeward/settings"
)

func checkCommand() cli.Command {
	return cli.Command{
		Name:  "check",
		About: "reads the configuration and names every fault in it; touches no network",
		Long: `
Faults stand on stderr, one a line, as FILE:LINE: key: what is wrong, and what
to write; the exit code is 2 then. Warnings do not change the exit code.`,
		Flags: []cli.Flag{cli.ConfigFlag, userFlag},
		Run:   runCheck,
	}
}

var userFlag = cli.Flag{Name: "--user", Value: "NAME", About: "what this user could not read is a fault, too; root alone can tell"}

func runCheck(_ context.Context, c cli.Call) int {
	cfg, warnings, err := settings.Load(c.Value("-c"))
	if c.Has("--user") {
		cfg, warnings, err = identity.LoadAs(c.Value("--user"), c.Value("-c"))
	}
	for _, w := range warnings {
		fmt.Fprintln(c.Stderr, "warning: "+w)
	}
	err = settings.WithProgram(cfg, err)
	if err != nil {
		fmt.Fprintln(c.Stderr, err)
		return cli.ExitUsage
	}
	fmt.Fprintf(c.Stdout, "%s: %s, %s\n", cfg.File,
		cli.Counted(len(cfg.Accounts), "account"), verdict(cfg, len(warnings)))
	for _, a := range cfg.Active() {
		if a.Host.IsValid() && a.Publish.IPv6 {
			fmt.Fprintln(c.Stdout, settings.ShownPath([]string{"account", a.Name, "host"})+": "+rightHosts)
		}
	}
	return cli.ExitOK
}

// rightHosts says which hosts a suffix suits: most make another one for each prefix
// (RFC 7217) or use privacy addresses (RFC 8981).
const rightHosts = "right for a host that keeps its interface id (EUI-64, ip token, a static suffix, a hostid of odhcpd); one that makes its own for each prefix (RFC 7217) is not reached by it"

// verdict describes a configuration without faults.
func verdict(cfg *settings.Config, warnings int) string {
	off := len(cfg.Accounts) - len(cfg.Active())
	said := "nothing wrong"
	if warnings > 0 {
		said = "no fault, " + cli.Counted(warnings, "warning")
	}
	if off > 0 {
		said = fmt.Sprintf("%d of them switched off, %s", off, said)
	}
	return said
}
