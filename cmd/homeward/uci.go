package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// uciMax bounds what is read of a package: a hundred accounts fit ten times.
const uciMax = 1 << 20

// cmdUCI is `homeward uci [--device INTERFACE=DEVICE]…`: `uci export homeward`
// on stdin becomes the TOML configuration on stdout. It returns the exit code:
// 0, or 2 with every fault on stderr and nothing on stdout.
func cmdUCI(_ context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	devices, err := parseDevices(args)
	if err != nil {
		fmt.Fprintln(stderr, "homeward: uci:", err)
		return 2
	}
	src, err := readUCI(stdin)
	if err != nil {
		fmt.Fprintln(stderr, "homeward: uci:", err)
		return 2
	}
	toml, faults := uciToTOML(src, devices)
	if len(faults) > 0 {
		printFaults(stderr, "homeward", faults)
		return 2
	}
	return writeAll(stdout, stderr, toml)
}

// parseDevices reads --device INTERFACE=DEVICE, or --device=INTERFACE=DEVICE,
// again and again. Of two for one interface the last counts.
func parseDevices(args []string) (map[string]string, error) {
	devices := map[string]string{}
	for len(args) > 0 {
		pair, inline := strings.CutPrefix(args[0], "--device=")
		if !inline {
			if args[0] != "--device" || len(args) == 1 {
				return nil, fmt.Errorf("usage: uci export homeward | homeward uci [--device wan=pppoe-wan]…")
			}
			args = args[1:]
			pair = args[0]
		}
		args = args[1:]
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
