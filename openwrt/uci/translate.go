package uci

import (
	"slices"
	"strconv"
	"strings"
)

// A Remark is what the reader of the TOML says of a key of it.
type Remark struct {
	Path []string // of the key; none: the file as a whole
	Text string   // names keys as TOML does
}

// Translate says of the options of UCI what was said of the keys of the TOML, in
// the order of the lines.
func (c *Conversion) Translate(remarks []Remark) []Fault {
	var out []Fault
	for _, r := range remarks {
		out = append(out, c.translate(r))
	}
	sortByLine(out)
	return out
}

// FaultsWith returns the faults of the conversion and those that were found in
// its TOML, in the order of the lines. Of an option that has a fault already
// nothing more is said.
func (c *Conversion) FaultsWith(found []Remark) []Fault {
	out := slices.Clone(c.faults)
	for _, f := range c.Translate(found) {
		if !slices.ContainsFunc(c.faults, func(g Fault) bool { return g.Section == f.Section && g.Option == f.Option }) {
			out = append(out, f)
		}
	}
	sortByLine(out)
	return out
}

// Unreadable tells whether the faults left nothing to convert.
func (c *Conversion) Unreadable() bool { return len(c.origins) == 0 && len(c.faults) > 0 }

func (c *Conversion) translate(r Remark) Fault {
	text, path := c.reword(r.Text), joinPath(r.Path)
	if path == "" && strings.HasPrefix(r.Text, "others can read this file") {
		return Fault{What: "others can read this file, and a secret stands in it: chmod 600 " + c.file.Name}
	}
	if path == "account" && strings.HasPrefix(r.Text, "there is none") {
		return Fault{What: "there is no account: write config account 'home' with option service, list domain and option token"}
	}
	at, ok := c.origins[path]
	if ok {
		quoted, _ := strconv.QuotedPrefix(r.Text)
		item, _ := strconv.Unquote(quoted)
		if line, ok := c.items[joinPath([]string{path, item})]; ok {
			at.Line = line
		}
		at.What = text
		return at
	}
	if len(r.Path) == 0 {
		return Fault{What: text}
	}
	last := len(r.Path) - 1
	at, name := c.origins[joinPath(r.Path[:last])], r.Path[last] // of an option that is missing, its section
	if at.Path == "" {
		return Fault{What: text}
	}
	at.What, at.Option = text, c.optionOf(name)
	at.Path += "." + at.Option
	return at
}

// optionOf returns the option that becomes an account's key.
func (c *Conversion) optionOf(key string) string {
	for _, k := range c.schema.Account {
		if k.Name == key {
			return k.Option
		}
	}
	return shownName(key)
}

// reword rewrites what a message tells to write: key = "value" becomes option
// key 'value', and a list one list for each of its items.
func (c *Conversion) reword(text string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, " = ")
		start := strings.LastIndexFunc(before, func(r rune) bool { return !bareRune(r) }) + 1
		key := before[start:]
		if !ok {
			b.WriteString(strings.ReplaceAll(text, ", without quotes", ""))
			return b.String()
		}
		value, rest := cutTOML(after)
		option := "option " + c.optionOf(key) + " "
		if strings.HasPrefix(value, "[") {
			option = "list " + c.optionOf(key) + " "
		}
		b.WriteString(before[:start] + option + strings.Join(spellItems(value, option), ", "))
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

// spellItems spells a value of TOML for UCI; each item of a list but the first
// stands behind option once more.
func spellItems(value, option string) []string {
	var out []string
	for item := range strings.SplitSeq(strings.Trim(value, "[]"), ",") {
		item = strings.Trim(strings.TrimSpace(item), `"`)
		switch item {
		case "true":
			item = "1"
		case "false":
			item = "0"
		}
		if item = Quote(item); len(out) > 0 {
			item = option + item
		}
		out = append(out, item)
	}
	return out
}
