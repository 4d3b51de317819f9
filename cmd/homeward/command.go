package main

import (
	"context"
	"fmt"
	"homeward/cmd/homeward/settings"
	"io"
	"maps"
	"slices"
	"strings"
)

// command is one command of the program.
type command struct {
	name  string
	args  string // what follows the name, as help shows it
	about string // one line for the overview
	long  string // more lines for help, may be empty
	flags []flag
	names bool      // takes names beside its flags
	calls []command // of a command that has several: the first name tells which, and flags are those of all
	run   func(context.Context, call) int
}

// call is one run of a command: what was given to it, and where it writes.
type call struct {
	arguments
	stdin          io.Reader
	stdout, stderr io.Writer
}

// configFlag is the flag of every command that reads the configuration.
var configFlag = flag{name: "-c", value: "FILE", about: "the configuration; without it " + settings.DefaultFiles[0] + ", else " + settings.DefaultFiles[1]}

func overview() string {
	var b strings.Builder
	b.WriteString("homeward keeps dynamic DNS services told what this router's line looks like.\n\nCommands:\n")
	for c := range commands {
		fmt.Fprintf(&b, "  %-8s %s\n", c.name, c.about)
	}
	b.WriteString("  help     tells about a command: homeward help check; homeward help config\n" +
		"           prints a configuration with every key\n" +
		"  --version\n")
	return b.String()
}

func (c command) help() string {
	var b strings.Builder
	b.WriteString("Usage: homeward " + c.name)
	for _, f := range c.flags {
		if len(c.calls) == 0 {
			b.WriteString(" [" + f.spelled() + "]")
		}
	}
	if c.args != "" {
		b.WriteString(" " + c.args)
	}
	b.WriteString("\n\nhomeward " + c.name + " " + c.about + "\n")
	if c.long != "" {
		b.WriteString("\n" + strings.TrimSpace(c.long) + "\n")
	}
	if len(c.flags) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range c.flags {
		if c.everywhere(f) {
			fmt.Fprintf(&b, "  %-18s %s\n", f.spelled(), f.about)
		}
	}
	return b.String()
}

// everywhere tells whether each of the command's calls has the flag.
func (c command) everywhere(f flag) bool {
	for _, k := range c.calls {
		if !slices.ContainsFunc(k.flags, func(g flag) bool { return g.name == f.name }) {
			return false
		}
	}
	return true
}

// help answers homeward help, with or without the name of a command.
func help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, overview())
		return exitOK
	}
	if args[0] == "config" {
		fmt.Fprint(stdout, settings.Example)
		return exitOK
	}
	c, ok := find(args[0])
	if !ok {
		fmt.Fprintln(stderr, unknownCommand(args[0]))
		return exitUsage
	}
	if len(c.calls) > 0 && len(args) > 1 {
		var err error
		if c, _, err = c.pick(arguments{names: args[1:]}); err != nil {
			fmt.Fprintf(stderr, "homeward %s: %v\n", c.name, err)
			return exitUsage
		}
	}
	fmt.Fprint(stdout, c.help())
	return exitOK
}

// pick returns the call that the first of the given names means, and what was
// given to it.
func (c command) pick(given arguments) (command, arguments, error) {
	var known []string
	for _, k := range c.calls {
		known = append(known, strings.TrimPrefix(k.name, c.name+" "))
	}
	if len(given.names) == 0 {
		return c, given, fmt.Errorf("which call? One of %s; see homeward help %s", strings.Join(known, ", "), c.name)
	}
	i := slices.Index(known, given.names[0])
	if i < 0 {
		if near := settings.Nearest(given.names[0], known); near != "" {
			return c, given, fmt.Errorf("no call %q: did you mean %s?", given.names[0], near)
		}
		return c, given, fmt.Errorf("no call %q: it is one of %s", given.names[0], strings.Join(known, ", "))
	}
	picked := c.calls[i]
	given.names = given.names[1:]
	for _, name := range slices.Sorted(maps.Keys(given.flags)) {
		if !slices.ContainsFunc(picked.flags, func(f flag) bool { return f.name == name }) {
			return picked, given, unknownFlag(name, picked.flags)
		}
	}
	return picked, given, nil
}

func unknownCommand(name string) string {
	known := []string{"help"}
	for c := range commands {
		known = append(known, c.name)
	}
	if near := settings.Nearest(name, known); near != "" {
		return fmt.Sprintf("homeward: no command %q: did you mean %s?", name, near)
	}
	return fmt.Sprintf("homeward: no command %q: homeward help lists them", name)
}
