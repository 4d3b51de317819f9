package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/identity"
	"homeward/cmd/homeward/settings"
	"homeward/openwrt/uci"
)

// uciConf is where the init script writes the TOML that is made from UCI.
const uciConf = "/var/etc/homeward.toml"

// checkUCI checks the converted configuration as homeward check would, and writes
// the TOML, or the faults. mode is the file's.
func checkUCI(c cli.Call, conv *uci.Conversion, file uci.File, mode fs.FileMode) int {
	var faults, warnings []uci.Fault
	check := func(read settings.FileReader) error {
		faults, warnings = uciFaults(conv, file, mode, read)
		return nil
	}
	var err error
	if c.Has("--user") {
		err = identity.ReadAs(c.Value("--user"), check)
	} else {
		check(settings.ReadFile)
	}
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward uci:", err)
		return cli.ExitUsage
	}
	if c.Has("--json") {
		text, _ := json.Marshal(uciReport{jsonFaults(faults), jsonFaults(warnings)}) // plain data
		writeAll(c.Stdout, c.Stderr, append(text, '\n'))
	} else {
		file.Print(c.Stderr, "warning: ", warnings)
		file.Print(c.Stderr, "", faults)
	}
	switch {
	case len(faults) > 0:
		return cli.ExitUsage
	case c.Has("--json"):
		return cli.ExitOK
	}
	return writeAll(c.Stdout, c.Stderr, []byte(conv.TOML()))
}

// uciFaults returns the faults and warnings of the conversion and of its TOML
// together.
func uciFaults(conv *uci.Conversion, file uci.File, mode fs.FileMode, read settings.FileReader) (faults, warnings []uci.Fault) {
	if conv.Unreadable() {
		return conv.Faults(), nil
	}
	text := []byte(conv.TOML())
	cfg, warned, found := settings.Parse(uciConf, text, mode, read)
	found = append(found, settings.ProgramFaults(cfg, text)...)
	return conv.FaultsWith(uciRemarks(found, file)), conv.Translate(uciRemarks(warned, file))
}

// uciRemarks turns settings' faults into remarks that name the file of UCI in place
// of the TOML.
func uciRemarks(said settings.Faults, file uci.File) []uci.Remark {
	var out []uci.Remark
	for _, f := range said {
		out = append(out, uci.Remark{Path: f.Keys(), Text: strings.ReplaceAll(f.Text, uciConf, file.Name)})
	}
	return out
}

// uciReport is the JSON that --check --json prints.
type uciReport struct {
	Faults   []uciJSON `json:"faults"`
	Warnings []uciJSON `json:"warnings"`
}

type uciJSON struct {
	Section string `json:"section,omitempty"`
	Option  string `json:"option,omitempty"`
	Line    int    `json:"line,omitempty"`
	Text    string `json:"text"`
}

func jsonFaults(faults []uci.Fault) []uciJSON {
	out := []uciJSON{}
	for _, f := range faults {
		out = append(out, uciJSON{f.Section, f.Option, f.Line, f.What})
	}
	return out
}
