// Command homeward keeps dynamic DNS services up to date with a router's
// addresses and prefix, at the moment the kernel knows them.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/ipv64cli"
)

// version is set by the linker: -X main.version=1.0.0.
var version = "dev"

// commands yields the commands in the order of help. The daemon's is the first, so
// that the daemon never allocates the others.
func commands(yield func(cli.Command) bool) {
	for _, c := range [...]func() cli.Command{runCommand, checkCommand, onceCommand, statusCommand,
		watchCommand, uciCommand, importCommand, servicesCommand, reportCommand, ipv64cli.Command} {
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
	if len(os.Args) < 2 || os.Args[1] != daemon.RunName { // the daemon handles signals itself
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command that args name and returns the exit code, soon after ctx
// ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Version: version, Commands: commands}.Run(ctx, args, stdin, stdout, stderr)
}
