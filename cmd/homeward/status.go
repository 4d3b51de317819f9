package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/settings"
	"homeward/update"
	"homeward/update/service"
)

const exitNoDaemon = 3

type status = daemon.Status

func statusCommand() cli.Command {
	return cli.Command{
		Name:  "status",
		About: "tells what the daemon sees, what was sent, what is due and why it waits",
		Long: `
Exit code: 0 all is current, 1 something is not, 3 no daemon runs.`,
		Flags: []cli.Flag{cli.ConfigFlag, cli.JSONFlag, prometheusFlag},
		Run:   runStatus,
	}
}

var prometheusFlag = cli.Flag{Name: "--prometheus", About: "in the text format of Prometheus"}

func runStatus(_ context.Context, c cli.Call) int {
	dir := settings.DefaultRunDir
	cfg, _, err := settings.Load(c.Value("-c"))
	var faults settings.Faults
	switch {
	case err == nil:
		dir = cfg.RunDir
	case errors.As(err, &faults) || c.Has("-c") && !errors.Is(err, fs.ErrPermission):
		fmt.Fprintln(c.Stderr, err)
		return cli.ExitUsage
	}
	if daemon.PID(dir) == 0 {
		fmt.Fprintf(c.Stderr, "homeward: no daemon runs (%s): start it with homeward run, or on OpenWrt with service homeward start\n", dir)
		return exitNoDaemon
	}
	text, err := os.ReadFile(filepath.Join(dir, daemon.StatusFile))
	if err != nil {
		fmt.Fprintf(c.Stderr, "homeward: the daemon runs, and has nothing to tell yet: %v\n", err)
		return cli.ExitFault
	}
	var s status
	if err := json.Unmarshal(text, &s); err != nil {
		fmt.Fprintf(c.Stderr, "homeward: %s is not a daemon's status: %v\n", filepath.Join(dir, daemon.StatusFile), err)
		return cli.ExitFault
	}
	switch {
	case c.Has("--prometheus"):
		metrics, err := os.ReadFile(filepath.Join(dir, daemon.MetricsFile))
		if err != nil {
			fmt.Fprintf(c.Stderr, "homeward: the daemon runs, and has no figures yet: %v\n", err)
			return cli.ExitFault
		}
		c.Stdout.Write(metrics)
	case c.Has("--json"):
		c.Stdout.Write(text)
	default:
		fmt.Fprint(c.Stdout, statusTable(s, time.Local))
	}
	for _, a := range s.Accounts {
		if a.State != update.StateCurrent {
			return cli.ExitFault
		}
	}
	return cli.ExitOK
}

// statusTable is the status for people: the uplink, then for each account what was
// accepted, what is due, and what to do.
func statusTable(s status, zone *time.Location) string {
	var b strings.Builder
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", key, value)
		}
	}
	on := func(value, dev string, there bool) string {
		switch {
		case there && dev != "":
			return value + "  on " + dev
		case there:
			return value
		}
		return "-"
	}
	fmt.Fprintf(&b, "line\n")
	row("ipv4", on(s.Line.IPv4.String(), s.Line.WAN, s.Line.IPv4.IsValid()))
	row("ipv6", on(s.Line.IPv6.String(), s.Line.WAN6, s.Line.IPv6.IsValid()))
	row("prefix", on(s.Line.Prefix.String(), s.Line.LAN, s.Line.Prefix.IsValid()))
	row("delegated", join(s.Line.Delegated))
	row("note", s.Line.NoteLAN())
	row("note", s.Line.NoteWAN())
	clock := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04:05") }
	for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
		a := s.Accounts[name]
		fmt.Fprintf(&b, "%s  %s\n", name, a.State)
		row("service", a.Service+": "+strings.Join(a.Domains, ", "))
		if a.Accepted != nil {
			row("accepted", valuesWords(a.Accepted.Values)+"  at "+clock(a.Accepted.At))
		}
		if a.Want != nil && (a.Accepted == nil || *a.Want != a.Accepted.Values) {
			row("line", valuesWords(*a.Want))
		}
		row("error", a.Error)
		if !a.Next.IsZero() {
			row("next", clock(a.Next))
		}
		row("note", a.Note)
		if a.Limit > 0 {
			row("requests", fmt.Sprintf("%d of %d in 24 hours, %d left", a.Used, a.Limit, max(0, a.Limit-a.Used)))
		}
	}
	return b.String()
}

func valuesWords(v service.Values) string {
	var parts []string
	if v.IPv4.IsValid() {
		parts = append(parts, v.IPv4.String())
	}
	if v.IPv6.IsValid() {
		parts = append(parts, v.IPv6.String())
	}
	if v.Prefix.IsValid() {
		parts = append(parts, v.Prefix.String())
	}
	return strings.Join(parts, ", ")
}

func join[T fmt.Stringer](list []T) string {
	var parts []string
	for _, v := range list {
		parts = append(parts, v.String())
	}
	return strings.Join(parts, ", ")
}
