package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"
)

// command is one command of the program.
type command struct {
	name  string
	args  string // what follows the name, as help shows it
	about string // one line for the overview
	long  string // more lines for help, may be empty
	flags []flag
	names bool // takes names beside its flags
	run   func(context.Context, call) int
}

// call is one run of a command: what was given to it, and where it writes.
type call struct {
	arguments
	stdin          io.Reader
	stdout, stderr io.Writer
}

//go:embed example.toml
var example string

// configFlag is the flag of every command that reads the configuration.
var configFlag = flag{name: "-c", value: "FILE", about: "the configuration; without it " + defaultFiles[0] + ", else " + defaultFiles[1]}

func overview() string {
	var b strings.Builder
	b.WriteString("homeward keeps dynamic DNS services told what this router's line looks like.\n\nCommands:\n")
	for _, c := range commands() {
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
		b.WriteString(" [" + f.spelled() + "]")
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
		fmt.Fprintf(&b, "  %-18s %s\n", f.spelled(), f.about)
	}
	return b.String()
}

// help answers homeward help, with or without the name of a command.
func help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, overview())
		return exitOK
	}
	if args[0] == "config" {
		fmt.Fprint(stdout, example)
		return exitOK
	}
	c, ok := find(args[0])
	if !ok {
		fmt.Fprintln(stderr, unknownCommand(args[0]))
		return exitUsage
	}
	fmt.Fprint(stdout, c.help())
	return exitOK
}

func unknownCommand(name string) string {
	known := []string{"help"}
	for _, c := range commands() {
		known = append(known, c.name)
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("homeward: no command %q: did you mean %s?", name, near)
	}
	return fmt.Sprintf("homeward: no command %q: homeward help lists them", name)
}
