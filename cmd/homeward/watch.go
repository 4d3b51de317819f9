package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/settings"
	"homeward/netwatch"
	"homeward/update/log"
)

func watchCommand() cli.Command {
	return cli.Command{
		Name:  "watch",
		About: "prints each state of the line as the kernel shows it, live; sends nothing",
		Long: `
It needs no configuration; with one, it looks at the devices of its [line].`,
		Flags: []cli.Flag{cli.ConfigFlag, cli.JSONFlag},
		Run:   runWatch,
	}
}

func runWatch(ctx context.Context, c cli.Call) int {
	cfg, _, err := settings.Load(c.Value("-c"))
	if err != nil && !lineIsFine(cfg, err) {
		if c.Has("-c") {
			fmt.Fprintln(c.Stderr, err)
			return cli.ExitUsage
		}
		if errors.As(err, new(settings.Faults)) {
			fmt.Fprintf(c.Stderr, "warning: %v\nwarning: the configuration is not used; looking at the best default routes\n", err)
		}
		cfg = &settings.Config{}
	}
	cfg.Accounts = nil
	views := daemon.NewViews(cfg, nil, nil)
	say := newLogger(c.Stderr, "info")
	w := &netwatch.Watcher{Trouble: daemon.KernelTrouble(say.log)}
	var shown *netwatch.State
	var failed error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w.Run(ctx, func(t netwatch.Tables) {
		s := views.Line(t)
		if shown != nil && s.Equal(*shown) || failed != nil {
			return
		}
		shown = &s
		if failed = showLine(c.Stdout, time.Now(), s, c.Has("--json")); failed != nil {
			stop()
		}
	})
	if failed != nil {
		say.log(log.Error, failed.Error())
		return cli.ExitFault
	}
	return cli.ExitOK
}

// lineIsFine reports whether [line], which is all that watch reads, has no fault.
// There may be no account yet.
func lineIsFine(cfg *settings.Config, err error) bool {
	var faults settings.Faults
	if !errors.As(err, &faults) || cfg == nil {
		return false
	}
	return !slices.ContainsFunc(faults, func(f settings.Fault) bool { return f.In("line") })
}

// showLine prints one state of the uplink.
func showLine(w io.Writer, now time.Time, s netwatch.State, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintf(w, "%s  %s\n", now.Format("15:04:05.000"), daemon.LineWords(s, true))
		return err
	}
	text, _ := json.Marshal(struct {
		At time.Time `json:"at"`
		daemon.Line
	}{now.UTC().Truncate(time.Millisecond), daemon.NewLine(s)})
	_, err := w.Write(append(text, '\n'))
	return err
}
