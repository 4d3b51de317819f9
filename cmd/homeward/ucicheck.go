package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
)

// uciConf is where the init script writes the TOML that is made from UCI.
const uciConf = "/var/etc/homeward.toml"

// checkUCI checks what was converted as homeward check would, and writes the
// TOML, or what is wrong.
func checkUCI(c cli.Call, conv *uciConverter, file uciFile) int {
	var faults, warnings []uciFault
	look := func(read settings.FileReader) error {
		faults, warnings = conv.check(file, read)
		return nil
	}
	var err error
	if c.Has("--user") {
		err = readAs(systemUsers(), c.Value("--user"), look)
	} else {
		look(settings.ReadFile)
	}
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward uci:", err)
		return cli.ExitUsage
	}
	if c.Has("--json") {
		text, _ := json.Marshal(uciReport{jsonFaults(faults), jsonFaults(warnings)})
		writeAll(c.Stdout, c.Stderr, append(text, '\n'))
	} else {
		file.print(c.Stderr, "warning: ", warnings)
		file.print(c.Stderr, "", faults)
	}
	switch {
	case len(faults) > 0:
		return cli.ExitUsage
	case c.Has("--json"):
		return cli.ExitOK
	}
	return writeAll(c.Stdout, c.Stderr, []byte(conv.text()))
}

// uciReport is what --json prints.
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

func jsonFaults(faults []uciFault) []uciJSON {
	out := []uciJSON{}
	for _, f := range faults {
		out = append(out, uciJSON{f.Section, f.Option, f.Line, f.What})
	}
	return out
}

// check returns the faults of the conversion and those of the TOML together, in
// UCI's words, in the order of the file's lines.
func (c *uciConverter) check(file uciFile, read settings.FileReader) (faults, warnings []uciFault) {
	faults = slices.Clone(c.faults)
	if len(c.origins) == 0 && len(faults) > 0 {
		return faults, nil // nothing could be read
	}
	mode := file.mode
	if file.raw == nil {
		mode = 0o600
	}
	text := []byte(c.text())
	cfg, warned, found := settings.Parse(uciConf, text, mode, read)
	for _, f := range append(found, settings.ProgramFaults(cfg, text)...) {
		if g := c.translate(f, file); !slices.ContainsFunc(c.faults, func(h uciFault) bool {
			return h.Section == g.Section && h.Option == g.Option
		}) {
			faults = append(faults, g)
		}
	}
	for _, w := range warned {
		warnings = append(warnings, c.translate(w, file))
	}
	sortUCI(faults)
	sortUCI(warnings)
	return faults, warnings
}

// translate says of an option what was said of a key of the TOML.
func (c *uciConverter) translate(f settings.Fault, file uciFile) uciFault {
	text := strings.ReplaceAll(inUCI(f.Text), uciConf, file.name)
	if f.Path == "" && strings.HasPrefix(f.Text, "others can read this file") {
		return uciFault{What: "others can read this file, and a secret stands in it: chmod 600 " + file.name}
	}
	if f.Path == "account" && strings.HasPrefix(f.Text, "there is none") {
		return uciFault{What: "there is no account: write config account 'home' with option service, list domain and option token"}
	}
	at, ok := c.origins[f.Path]
	if ok {
		quoted, _ := strconv.QuotedPrefix(f.Text)
		item, _ := strconv.Unquote(quoted)
		if line, ok := c.items[settings.PathKey([]string{f.Path, item})]; ok {
			at.Line = line
		}
		at.What = text
		return at
	}
	path := strings.Split(f.Path, "\x00")
	name := path[len(path)-1]
	at = c.origins[settings.PathKey(path[:len(path)-1])] // of an option that is missing, its section
	if at.Path == "" {
		return uciFault{What: text}
	}
	at.What, at.Option = text, uciOptionOf(name)
	at.Path += "." + at.Option
	return at
}

// uciOptionOf returns the option that becomes an account's key.
func uciOptionOf(key string) string {
	for _, k := range uciAccountKeys {
		if k.key == key {
			return k.option
		}
	}
	return uciName(key)
}

// inUCI rewrites what a message tells to write: key = "value" becomes option
// key 'value', and a list one list for each of its items.
func inUCI(text string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, " = ")
		start := strings.LastIndexFunc(before, func(r rune) bool { return r >= 0x80 || !settings.BareByte(byte(r)) }) + 1
		key := before[start:]
		if !ok {
			b.WriteString(strings.ReplaceAll(text, ", without quotes", ""))
			return b.String()
		}
		value, rest := cutTOML(after)
		option := "option " + uciOptionOf(key) + " "
		if strings.HasPrefix(value, "[") {
			option = "list " + uciOptionOf(key) + " "
		}
		b.WriteString(before[:start] + option + strings.Join(uciValues(value, option), ", "))
		text = rest
	}
}

// cutTOML cuts a value of TOML off the text: a string, a list of them, or a
// word.
func cutTOML(s string) (value, rest string) {
	end := strings.IndexAny(s, " ,;)")
	switch {
	case strings.HasPrefix(s, `"`):
		end = 1 + strings.IndexByte(s[1:], '"') + 1
	case strings.HasPrefix(s, "["):
		end = strings.IndexByte(s, ']') + 1
	}
	if end <= 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// uciValues spells a value of TOML for UCI; each item of a list but the first
// stands behind option once more.
func uciValues(value, option string) []string {
	var out []string
	for item := range strings.SplitSeq(strings.Trim(value, "[]"), ",") {
		item = strings.Trim(strings.TrimSpace(item), `"`)
		switch item {
		case "true":
			item = "1"
		case "false":
			item = "0"
		}
		if item = uciQuote(item); len(out) > 0 {
			item = option + item
		}
		out = append(out, item)
	}
	return out
}
