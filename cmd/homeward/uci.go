package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
	"homeward/openwrt/uci"
)

// uciMax bounds what is read of a package: ten times a hundred accounts.
const uciMax = 1 << 20

func uciCommand() cli.Command {
	return cli.Command{
		Name:  "uci",
		About: "reads uci export homeward on stdin and writes the TOML configuration on stdout",
		Long: `
Logical interfaces are written as the devices that --device gives them; one
without a device stays as it is, so that its account waits.

With --check it names whatever homeward check would, too, as UCI spells it, and
writes nothing if there is a fault.`,
		Flags: []cli.Flag{{Name: "--device", Value: "INTERFACE=DEVICE", Many: true, About: "as in --device wan=pppoe-wan"},
			{Name: "--lan", Value: "INTERFACE", About: "the LAN where none is named, if --device gives it a device"},
			{Name: "--on-change", Value: "FILE", About: "the program on_change where none is named"},
			{Name: "--check", About: "checks the configuration as homeward check does"},
			{Name: "--file", Value: "FILE", About: "what was exported, /etc/config/homeward say: faults name its lines"},
			userFlag,
			{Name: "--json", About: "with --check: the faults and warnings for programs, in place of the TOML"}},
		Run: runUCI,
	}
}

func runUCI(_ context.Context, c cli.Call) int {
	devices, err := parseDevices(c.Flags["--device"])
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward uci:", err)
		return cli.ExitUsage
	}
	if !c.Has("--check") && (c.Has("--user") || c.Has("--json")) {
		fmt.Fprintln(c.Stderr, "homeward uci: --user and --json go with --check")
		return cli.ExitUsage
	}
	src, err := readUCI(c.Stdin)
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward uci:", err)
		return cli.ExitUsage
	}
	file, mode := uci.File{Name: "uci export homeward"}, fs.FileMode(0o600)
	if c.Has("--file") {
		file.Name = c.Value("--file")
		if file.Raw, mode, err = settings.ReadFile(file.Name, uciMax); err != nil {
			fmt.Fprintf(c.Stderr, "homeward uci: %s: %v\n", file.Name, err)
			return cli.ExitUsage
		}
	}
	conv := settings.UCI().Convert(src, file, devices, uci.Defaults{LAN: c.Value("--lan"), OnChange: c.Value("--on-change")})
	if c.Has("--check") {
		return checkUCI(c, conv, file, mode)
	}
	if faults := conv.Faults(); len(faults) > 0 {
		file.Print(c.Stderr, "", faults)
		return cli.ExitUsage
	}
	return writeAll(c.Stdout, c.Stderr, []byte(conv.TOML()))
}

// parseDevices reads pairs INTERFACE=DEVICE. Of two for one interface the last
// counts.
func parseDevices(pairs []string) (map[string]string, error) {
	devices := map[string]string{}
	for _, pair := range pairs {
		iface, dev, ok := strings.Cut(pair, "=")
		if !ok || !isWord(iface) || !isWord(dev) {
			return nil, fmt.Errorf("--device takes INTERFACE=DEVICE, as in --device wan=pppoe-wan")
		}
		devices[iface] = dev
	}
	return devices, nil
}

// isWord reports whether s is printable ASCII without blanks, as names of interfaces
// are; such a word may stand in a comment.
func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func readUCI(stdin io.Reader) ([]byte, error) {
	cli.EndBySignal()
	src, err := io.ReadAll(io.LimitReader(stdin, uciMax+1))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if len(src) > uciMax {
		return nil, fmt.Errorf("standard input is longer than %d bytes: that is no configuration", uciMax)
	}
	return src, nil
}

func writeAll(stdout, stderr io.Writer, text []byte) int {
	if _, err := stdout.Write(text); err != nil {
		fmt.Fprintln(stderr, "homeward: write:", err)
		return 2
	}
	return 0
}
