package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/identity"
	"homeward/cmd/homeward/settings"
	"homeward/update/log"
)

func runCommand() cli.Command {
	return cli.Command{
		Name:  daemon.RunName,
		About: "runs the daemon in the foreground; logs to stderr",
		Long: `
SIGHUP reads the configuration again, SIGUSR1 sends everything anew, SIGTERM
ends it.`,
		Flags: []cli.Flag{cli.ConfigFlag, syslogFlag},
		Run:   runDaemon,
	}
}

func runDaemon(ctx context.Context, c cli.Call) int {
	var args []string // for the workers, which read the configuration
	if c.Has("-c") {
		args = append(args, cli.ConfigFlag.Name, c.Value("-c"))
	}
	if c.Has(syslogFlag.Name) {
		args = append(args, syslogFlag.Name)
	}
	return daemon.Run(ctx, program(c, os.Getpid()), args)
}

// runWorker is the process that daemon.Run starts; args are those of runDaemon's
// list.
func runWorker(args []string) int {
	given, err := cli.Parse(args, []cli.Flag{cli.ConfigFlag, syslogFlag})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return cli.ExitUsage
	}
	return daemon.RunWorker(program(cli.Call{Arguments: given, Stderr: os.Stderr}, os.Getppid()))
}

// program returns what a process of the daemon needs of the rest of the program; pid
// is the daemon's.
func program(c cli.Call, pid int) daemon.Program {
	log := logTo(c, pid)
	return daemon.Program{
		Version:  version,
		Load:     func() (*settings.Config, []string, error) { return settings.Load(c.Value("-c")) },
		Again:    settings.Reload,
		Enter:    func(stateDir, runDir string) error { return identity.Take(stateDir, runDir, false) },
		Begin:    func(cfg *settings.Config) { beginDaemon(cfg, log.log) },
		Log:      log.log,
		SetLevel: log.setLevel,
		Complain: log.fail,
	}
}

// beginDaemon is called once, when a new daemon holds run_dir. It warns of files
// that SIGHUP could not read again as this user, and takes the state along if
// state_dir was another one before.
func beginDaemon(cfg *settings.Config, say func(log.Level, string)) {
	for _, path := range slices.Sorted(maps.Keys(cfg.Sources)) {
		if unix.Access(path, unix.R_OK) != nil {
			say(log.Warn, path+" was read as root, and cannot be read again as the owner of state_dir: SIGHUP will leave the configuration as it is")
		}
	}
	identity.CarryState(cfg.StateDir, cfg.RunDir, say)
	identity.RememberStateDir(cfg.StateDir, cfg.RunDir)
}
