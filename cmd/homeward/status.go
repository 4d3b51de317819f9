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
With a fault in the configuration it tells the fault, and what a daemon that runs by
the one before does.

Exit code: 0 all is current, 1 something is not, 2 the configuration has a fault, 3 no
daemon runs.`,
		Flags: []cli.Flag{cli.ConfigFlag, cli.JSONFlag, prometheusFlag},
		Run:   runStatus,
	}
}

var prometheusFlag = cli.Flag{Name: "--prometheus", About: "in the text format of Prometheus"}

func runStatus(_ context.Context, c cli.Call) int {
	if c.Has("--json") && c.Has("--prometheus") {
		fmt.Fprintln(c.Stderr, "homeward status: either --json or --prometheus")
		return cli.ExitUsage
	}
	dir := settings.DefaultRunDir
	cfg, _, err := settings.Load(c.Value("-c"))
	var faults settings.Faults
	switch {
	case err == nil:
		dir = cfg.RunDir
	case errors.As(err, &faults) || c.Has("-c") && !errors.Is(err, fs.ErrPermission):
		fmt.Fprintln(c.Stderr, err)
		if cfg != nil && daemon.PID(cfg.RunDir) != 0 {
			fmt.Fprintln(c.Stderr, "homeward: the daemon goes on by the configuration that it has read before:")
			printStatus(c, cfg.RunDir)
		}
		return cli.ExitUsage
	}
	if daemon.PID(dir) == 0 {
		fmt.Fprintf(c.Stderr, "homeward: no daemon runs (%s): start it with homeward run, or on OpenWrt with service homeward start\n", dir)
		return exitNoDaemon
	}
	return printStatus(c, dir)
}

// printStatus prints the status in a running daemon's run_dir, and returns the exit
// code.
func printStatus(c cli.Call, dir string) int {
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
	fmt.Fprintf(&b, "line\n")
	row(&b, "ipv4", on(s.Line.IPv4, s.Line.IPv4.IsValid(), s.Line.WAN))
	row(&b, "ipv6", on(s.Line.IPv6, s.Line.IPv6.IsValid(), s.Line.WAN6))
	row(&b, "prefix", on(s.Line.Prefix, s.Line.Prefix.IsValid(), s.Line.LAN))
	row(&b, "delegated", join(s.Line.Delegated))
	row(&b, "note", s.Line.NoteLAN())
	row(&b, "note", s.Line.NoteWAN())
	for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
		accountRows(&b, name, s.Accounts[name], zone)
	}
	return b.String()
}

// accountRows writes the status of one account.
func accountRows(b *strings.Builder, name string, a update.Status, zone *time.Location) {
	at := func(t time.Time) string { return t.In(zone).Format(time.DateTime) }
	fmt.Fprintf(b, "%s  %s\n", name, a.State)
	row(b, "service", a.Service+": "+strings.Join(a.Domains, ", "))
	if a.Accepted != nil {
		row(b, "accepted", valuesWords(a.Accepted.Values)+"  at "+at(a.Accepted.At))
	}
	if a.Want != nil && (a.Accepted == nil || *a.Want != a.Accepted.Values) {
		row(b, "line", valuesWords(*a.Want))
	}
	row(b, "error", a.Error)
	if !a.Next.IsZero() {
		row(b, "next", at(a.Next))
	}
	row(b, "note", a.Note)
	if a.Limit > 0 {
		row(b, "requests", fmt.Sprintf("%d of %d in 24 hours, %d left", a.Used, a.Limit, max(0, a.Limit-a.Used)))
	}
}

// row writes a line of the table, unless the value is empty.
func row(b *strings.Builder, key, value string) {
	if value != "" {
		fmt.Fprintf(b, "  %-10s %s\n", key, value)
	}
}

// on writes a value and the device that has it.
func on(value fmt.Stringer, valid bool, dev string) string {
	switch {
	case !valid:
		return "-"
	case dev == "":
		return value.String()
	}
	return value.String() + "  on " + dev
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
