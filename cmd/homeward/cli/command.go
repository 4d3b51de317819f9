// Package cli is the command line: commands with their flags, help and exit codes.
package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"homeward/update/spelling"
)

// Command is one command of the program.
type Command struct {
	Name  string
	Args  string // the names that it takes, as help shows them
	About string // one line for the overview
	Long  string // more lines for help, may be empty
	Flags []Flag
	Names bool                            // takes names, not only flags
	Calls []Command                       // the first name chooses one; Flags has those of all
	Run   func(context.Context, Call) int // returns the exit code
}

// Call is one run of a command.
type Call struct {
	Arguments
	Version        string // of the program
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

func (c Command) help() string {
	var b strings.Builder
	b.WriteString("Usage: homeward " + c.Name)
	for _, f := range c.Flags {
		if len(c.Calls) == 0 {
			b.WriteString(" [" + f.spelled() + "]")
		}
	}
	if c.Args != "" {
		b.WriteString(" " + c.Args)
	}
	b.WriteString("\n\nhomeward " + c.Name + " " + c.About + "\n")
	if c.Long != "" {
		b.WriteString("\n" + strings.TrimSpace(c.Long) + "\n")
	}
	if len(c.Flags) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range c.Flags {
		if c.everywhere(f) {
			fmt.Fprintf(&b, "  %-18s %s\n", f.spelled(), f.About)
		}
	}
	return b.String()
}

// everywhere reports whether all of the command's calls have the flag.
func (c Command) everywhere(f Flag) bool {
	for _, k := range c.Calls {
		if !slices.ContainsFunc(k.Flags, func(g Flag) bool { return g.Name == f.Name }) {
			return false
		}
	}
	return true
}

// pick returns the call that the first name chooses, and the arguments without that
// name.
func (c Command) pick(given Arguments) (Command, Arguments, error) {
	var known []string
	for _, k := range c.Calls {
		known = append(known, strings.TrimPrefix(k.Name, c.Name+" "))
	}
	if len(given.Names) == 0 {
		return c, given, fmt.Errorf("which call? One of %s; see homeward help %s", strings.Join(known, ", "), c.Name)
	}
	i := slices.Index(known, given.Names[0])
	if i < 0 {
		if near := spelling.Nearest(given.Names[0], known); near != "" {
			return c, given, fmt.Errorf("no call %q: did you mean %s?", given.Names[0], near)
		}
		return c, given, fmt.Errorf("no call %q: it is one of %s", given.Names[0], strings.Join(known, ", "))
	}
	picked := c.Calls[i]
	given.Names = given.Names[1:]
	for _, name := range slices.Sorted(maps.Keys(given.Flags)) {
		if !slices.ContainsFunc(picked.Flags, func(f Flag) bool { return f.Name == name }) {
			return picked, given, unknownFlag(name, picked.Flags)
		}
	}
	return picked, given, nil
}

// EndBySignal lets SIGINT and SIGTERM end the program at once from now on. A command
// calls it before it reads stdin, which may take as long as a person does: nothing is
// under way then.
func EndBySignal() { signal.Reset(os.Interrupt, syscall.SIGTERM) }
