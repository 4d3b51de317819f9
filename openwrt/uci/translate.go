package uci

import (
	"slices"
	"strconv"
	"strings"
)

// Remark is what the reader of the TOML says about a key.
type Remark struct {
	Path []string // of the key; nil: the whole file
	Text string   // names keys as TOML does
}

// Translate words remarks about keys of the TOML as faults of UCI's options, in the
// order of the lines.
func (c *Conversion) Translate(remarks []Remark) []Fault {
	var out []Fault
	for _, r := range remarks {
		out = append(out, c.translate(r))
	}
	sortByLine(out)
	return out
}

// FaultsWith returns the faults of the conversion and those found in its TOML, in
// the order of the lines. An option that has a fault gets no more.
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

// Unreadable reports whether nothing could be converted, because of the faults.
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
	at, name := c.origins[joinPath(r.Path[:last])], r.Path[last] // the option is missing: name its section
	if at.Path == "" {
		return Fault{What: text}
	}
	at.What, at.Option = text, c.optionOf(name)
	at.Path += "." + at.Option
	return at
}

// optionOf returns the option of an account's key.
func (c *Conversion) optionOf(key string) string {
	for _, k := range c.schema.Account {
		if k.Name == key {
			return k.Option
		}
	}
	return shownName(key)
}

// reword rewrites the TOML in a message as UCI: key = "value" becomes option key
// 'value', and a list becomes one list statement for each item.
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

// cutTOML cuts a TOML value off the start of s: a string, a list of strings, or a
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

// spellItems writes a value of TOML as values of UCI; each but the first has option
// before it.
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
