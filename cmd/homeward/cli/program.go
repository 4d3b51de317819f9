package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"homeward/cmd/homeward/settings"
	"homeward/update/spelling"
)

// Exit codes. Scripts rely on them; a command may add its own.
const (
	ExitOK    = 0
	ExitFault = 1 // the command failed
	ExitUsage = 2 // the command line or the configuration is wrong
)

// Program is a program with commands.
type Program struct {
	Version  string
	Commands func(yield func(Command) bool) // in the order help lists them
}

// Run runs the command that args name and returns the exit code, soon after ctx
// ends. Without a command, or with a wrong command line, it writes to stderr what is
// right.
func (p Program) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, p.overview())
		return ExitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "--version":
		fmt.Fprintln(stdout, p.Version)
		return ExitOK
	case "help", "--help", "-h":
		return p.help(args, stdout, stderr)
	}
	cmd, ok := p.find(name)
	if !ok {
		fmt.Fprintln(stderr, p.unknown(name))
		return ExitUsage
	}
	given, err := Parse(args, cmd.Flags)
	if err == nil && len(cmd.Calls) > 0 && (len(given.Names) > 0 || !given.Help) {
		cmd, given, err = cmd.pick(given)
	}
	if err != nil {
		fmt.Fprintf(stderr, "homeward %s: %v\n", cmd.Name, err)
		return ExitUsage
	}
	if given.Help {
		fmt.Fprint(stdout, cmd.help())
		return ExitOK
	}
	if len(given.Names) > 0 && !cmd.Names {
		hint := ""
		if slices.ContainsFunc(cmd.Flags, func(f Flag) bool { return f.Name == ConfigFlag.Name }) {
			hint = "; write -c before the name of a file"
		}
		fmt.Fprintf(stderr, "homeward %s: takes no names, and %d given%s; see homeward help %s\n",
			cmd.Name, len(given.Names), hint, cmd.Name)
		return ExitUsage
	}
	return cmd.Run(ctx, Call{Arguments: given, Version: p.Version, Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

func (p Program) find(name string) (Command, bool) {
	for c := range p.Commands {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}

func (p Program) overview() string {
	var b strings.Builder
	b.WriteString("homeward keeps dynamic DNS services up to date with this router's addresses and prefix.\n\nCommands:\n")
	for c := range p.Commands {
		fmt.Fprintf(&b, "  %-9s %s\n", c.Name, c.About)
	}
	b.WriteString("  help      tells about a command: homeward help check; homeward help config\n" +
		"            prints a configuration with every key\n" +
		"  --version\n")
	return b.String()
}

// help answers homeward help, with or without the name of a command.
func (p Program) help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, p.overview())
		return ExitOK
	}
	if args[0] == "config" {
		fmt.Fprint(stdout, settings.Example)
		return ExitOK
	}
	c, ok := p.find(args[0])
	if !ok {
		fmt.Fprintln(stderr, p.unknown(args[0]))
		return ExitUsage
	}
	if len(c.Calls) > 0 && len(args) > 1 {
		var err error
		if c, _, err = c.pick(Arguments{Names: args[1:]}); err != nil {
			fmt.Fprintf(stderr, "homeward %s: %v\n", c.Name, err)
			return ExitUsage
		}
	}
	fmt.Fprint(stdout, c.help())
	return ExitOK
}

func (p Program) unknown(name string) string {
	known := []string{"help"}
	for c := range p.Commands {
		known = append(known, c.Name)
	}
	if near := spelling.Nearest(name, known); near != "" {
		return fmt.Sprintf("homeward: no command %q: did you mean %s?", name, near)
	}
	return fmt.Sprintf("homeward: no command %q: homeward help lists them", name)
}
