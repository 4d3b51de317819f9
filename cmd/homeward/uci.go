package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// uciMax bounds what is read of a package: a hundred accounts fit ten times.
const uciMax = 1 << 20

func uciCommand() command {
	return command{
		name:  "uci",
		about: "reads uci export homeward on stdin and writes the TOML configuration on stdout",
		long: `
Logical interfaces are written as the devices that --device gives them; one
without a device stays as it is, so that its account waits.`,
		flags: []flag{{name: "--device", value: "INTERFACE=DEVICE", many: true, about: "as in --device wan=pppoe-wan"}},
		run:   runUCI,
	}
}

func runUCI(_ context.Context, c call) int {
	devices, err := parseDevices(c.flags["--device"])
	if err != nil {
		fmt.Fprintln(c.stderr, "homeward uci:", err)
		return exitUsage
	}
	src, err := readUCI(c.stdin)
	if err != nil {
		fmt.Fprintln(c.stderr, "homeward uci:", err)
		return exitUsage
	}
	toml, faults := uciToTOML(src, devices)
	if len(faults) > 0 {
		printFaults(c.stderr, "homeward", faults)
		return exitUsage
	}
	return writeAll(c.stdout, c.stderr, toml)
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

// isWord tells whether s is printable ASCII without a blank, as the names of
// interfaces are: it may stand in a comment.
func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func readUCI(stdin io.Reader) ([]byte, error) {
	src, err := io.ReadAll(io.LimitReader(stdin, uciMax+1))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if len(src) > uciMax {
		return nil, fmt.Errorf("standard input is longer than %d bytes: that is no configuration", uciMax)
	}
	return src, nil
}

// printFaults writes one line a fault, as FILE:LINE: path: what.
func printFaults(stderr io.Writer, pkg string, faults []uciFault) {
	for _, f := range faults {
		path := f.Path
		if path != "" {
			path += ": "
		}
		fmt.Fprintf(stderr, "uci export %s:%d: %s%s\n", pkg, f.Line, path, f.What)
	}
}

func writeAll(stdout, stderr io.Writer, text []byte) int {
	if _, err := stdout.Write(text); err != nil {
		fmt.Fprintln(stderr, "homeward: write:", err)
		return 2
	}
	return 0
}
