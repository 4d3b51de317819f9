package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/settings"
	"homeward/update/log"
)

func runCommand() command {
	return command{
		name:  daemon.RunName,
		about: "is the daemon: it watches the line and keeps the services told; logs to stderr",
		long: `
SIGHUP reads the configuration again, SIGUSR1 sends everything anew, SIGTERM
ends it.`,
		flags: []flag{configFlag, syslogFlag},
		run:   runDaemon,
	}
}

func runDaemon(ctx context.Context, c call) int {
	var args []string // of its workers: they read the configuration
	if c.has("-c") {
		args = append(args, configFlag.name, c.value("-c"))
	}
	if c.has(syslogFlag.name) {
		args = append(args, syslogFlag.name)
	}
	return daemon.Run(ctx, program(c, os.Getpid()), args)
}

// runWorker is what daemon.Run starts this program for; args are those given
// there.
func runWorker(args []string) int {
	given, err := parseArgs(args, []flag{configFlag, syslogFlag})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	return daemon.RunWorker(program(call{arguments: given, stderr: os.Stderr}, os.Getppid()))
}

// program is what a process of the daemon needs of the rest; pid is the
// daemon's.
func program(c call, pid int) daemon.Program {
	log := c.logTo(pid)
	return daemon.Program{
		Version:  version,
		Load:     func() (*settings.Config, []string, error) { return settings.Load(c.value("-c")) },
		Again:    settings.Reload,
		Enter:    func(stateDir, runDir string) error { return takeIdentity(systemUsers(), stateDir, runDir, false) },
		Begin:    func(cfg *settings.Config) { beginDaemon(cfg, log.log) },
		Log:      log.log,
		SetLevel: log.setLevel,
		Complain: log.fail,
	}
}

// beginDaemon is called once run_dir is a new daemon's: it says what cannot be
// read again as the user it is now, and takes the state along where state_dir
// is another one than before.
func beginDaemon(cfg *settings.Config, say func(log.Level, string)) {
	for _, path := range slices.Sorted(maps.Keys(cfg.Sources)) {
		if unix.Access(path, unix.R_OK) != nil {
			say(log.Warn, path+" was read as root, and cannot be read again as the owner of state_dir: SIGHUP will leave the configuration as it is")
		}
	}
	carryState(cfg.StateDir, cfg.RunDir, say)
	rememberStateDir(cfg.StateDir, cfg.RunDir)
}
