package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strconv"
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
without a device stays as it is, so that its account waits.

With --check it names whatever homeward check would, too, as UCI spells it, and
writes nothing if there is a fault.`,
		flags: []flag{{name: "--device", value: "INTERFACE=DEVICE", many: true, about: "as in --device wan=pppoe-wan"},
			{name: "--lan", value: "INTERFACE", about: "the LAN where none is named, if --device gives it a device"},
			{name: "--on-change", value: "FILE", about: "the program on_change where none is named"},
			{name: "--check", about: "checks the configuration as homeward check does"},
			{name: "--file", value: "FILE", about: "what was exported, /etc/config/homeward say: faults name its lines"},
			userFlag,
			{name: "--json", about: "with --check: the faults and warnings for programs, in place of the TOML"}},
		run: runUCI,
	}
}

func runUCI(_ context.Context, c call) int {
	devices, err := parseDevices(c.flags["--device"])
	if err != nil {
		fmt.Fprintln(c.stderr, "homeward uci:", err)
		return exitUsage
	}
	if !c.has("--check") && (c.has("--user") || c.has("--json")) {
		fmt.Fprintln(c.stderr, "homeward uci: --user and --json go with --check")
		return exitUsage
	}
	src, err := readUCI(c.stdin)
	if err != nil {
		fmt.Fprintln(c.stderr, "homeward uci:", err)
		return exitUsage
	}
	file := uciFile{name: "uci export homeward"}
	if c.has("--file") {
		file = uciFile{name: c.value("--file")}
		if file.raw, file.mode, err = fileOnDisk(file.name, uciMax); err != nil {
			fmt.Fprintf(c.stderr, "homeward uci: %s: %v\n", file.name, err)
			return exitUsage
		}
	}
	conv := convertUCI(src, file.raw, devices, uciDefaults{c.value("--lan"), c.value("--on-change")})
	if c.has("--check") {
		return c.checkUCI(conv, file)
	}
	if len(conv.faults) > 0 {
		file.print(c.stderr, "", conv.faults)
		return exitUsage
	}
	return writeAll(c.stdout, c.stderr, []byte(conv.text()))
}

// uciFile is the file that an export was made from.
type uciFile struct {
	name string
	raw  []byte // nil: not known
	mode fs.FileMode
}

// print writes one line a fault, as FILE:LINE: path: what.
func (f uciFile) print(w io.Writer, before string, faults []uciFault) {
	for _, fault := range faults {
		at, path := f.name, fault.Path
		switch {
		case fault.Line > 0:
			at += ":" + strconv.Itoa(fault.Line)
		case f.raw != nil && fault.Section != "":
			fault.What += " (a change that is not in the file yet: uci changes homeward)"
		}
		if path != "" {
			path += ": "
		}
		fmt.Fprintf(w, "%s%s: %s%s\n", before, at, path, fault.What)
	}
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

func writeAll(stdout, stderr io.Writer, text []byte) int {
	if _, err := stdout.Write(text); err != nil {
		fmt.Fprintln(stderr, "homeward: write:", err)
		return 2
	}
	return 0
}
