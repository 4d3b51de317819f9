// Command homeward keeps dynamic DNS services told what a router's internet
// line looks like, the moment the kernel knows.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"homeward/cmd/homeward/daemon"
)

// The exit codes that scripts rely on; status and others add their own.
const (
	exitOK    = 0
	exitFault = 1 // it was asked rightly, and did not work
	exitUsage = 2 // the command line or the configuration is wrong
)

// version is set by the linker: -X main.version=1.0.0.
var version = "dev"

// commands yields the commands of the program, in the order help lists them.
// The daemon is the first: what the others are made of never gets into its
// memory.
func commands(yield func(command) bool) {
	for _, c := range [...]func() command{runCommand, checkCommand, onceCommand, statusCommand,
		watchCommand, uciCommand, importCommand, ipv64Command} {
		if !yield(c()) {
			return
		}
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == daemon.WorkerArg {
		os.Exit(runWorker(os.Args[2:]))
	}
	ctx, stop := context.Background(), func() {}
	if len(os.Args) < 2 || os.Args[1] != daemon.RunName { // which takes its signals itself
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: it runs the command that args name and returns the exit
// code. It ends soon after ctx does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return exitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "--version":
		fmt.Fprintln(stdout, version)
		return exitOK
	case "help", "--help", "-h":
		return help(args, stdout, stderr)
	}
	cmd, ok := find(name)
	if !ok {
		fmt.Fprintln(stderr, unknownCommand(name))
		return exitUsage
	}
	given, err := parseArgs(args, cmd.flags)
	if err == nil && len(cmd.calls) > 0 && (len(given.names) > 0 || !given.help) {
		cmd, given, err = cmd.pick(given)
	}
	if err != nil {
		fmt.Fprintf(stderr, "homeward %s: %v\n", cmd.name, err)
		return exitUsage
	}
	if given.help {
		fmt.Fprint(stdout, cmd.help())
		return exitOK
	}
	if len(given.names) > 0 && !cmd.names {
		fmt.Fprintf(stderr, "homeward %s: takes no names, and %d given; see homeward help %s\n",
			cmd.name, len(given.names), cmd.name)
		return exitUsage
	}
	return cmd.run(ctx, call{arguments: given, stdin: stdin, stdout: stdout, stderr: stderr})
}

func find(name string) (command, bool) {
	for c := range commands {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}
