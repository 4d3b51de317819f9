package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// uciToTOML turns `uci export homeward` into the TOML configuration. devices
// gives the device of each logical interface that has one; a name that is not
// in it stays as it is. Each device is also told in a comment, `# device
// wan=pppoe-wan`, where the init script finds it while the interface is down.
// The same sections give the same bytes, in whatever order they stand. The
// faults are all there are, in the order of their lines; with one there is no
// TOML.
func uciToTOML(src []byte, devices map[string]string) ([]byte, []uciFault) {
	sections, fault := parseUCI(src, "homeward")
	if fault != nil {
		return nil, []uciFault{*fault}
	}
	c := uciConverter{devices: devices, tables: map[string]string{}}
	if len(strings.TrimSpace(string(src))) == 0 {
		c.fault(1, "homeward", "nothing to read: is there an /etc/config/homeward?")
	}
	for i := range sections {
		c.section(&sections[i])
	}
	if len(c.faults) > 0 {
		slices.SortStableFunc(c.faults, func(a, b uciFault) int { return a.Line - b.Line })
		return nil, c.faults
	}
	return []byte(c.text()), nil
}

type uciConverter struct {
	devices map[string]string
	main    string            // what `config homeward 'main'` became
	hasMain bool              // there was one
	tables  map[string]string // of each account, by its name
	faults  []uciFault
}

func (c *uciConverter) fault(line int, path, what string) {
	c.faults = append(c.faults, uciFault{line, path, what})
}

func (c *uciConverter) section(s *uciSection) {
	switch s.Type {
	case "homeward":
		if s.Name != "main" || c.hasMain {
			c.fault(s.Line, s.Path, "there is one such section; write: config homeward 'main'")
		}
		c.hasMain = true
		values := c.values(s, slices.Concat(uciTopKeys, uciLineKeys))
		c.main = tomlTable("", uciTopKeys, values)
		if line := tomlTable("", uciLineKeys, values); line != "" {
			c.main += "\n[line]\n" + line
		}
	case "account":
		c.account(s)
	default:
		c.fault(s.Line, s.Path, "no such section; write: config homeward 'main', or config account 'NAME'")
	}
}

// account converts one account. One without a name has that of its first domain.
func (c *uciConverter) account(s *uciSection) {
	name := s.Name
	for i := len(s.Options) - 1; s.Name == "" && i >= 0; i-- {
		if words := strings.Fields(s.Options[i].Value); s.Options[i].Name == "domain" && len(words) > 0 {
			name = words[0]
		}
	}
	_, twice := c.tables[name]
	switch {
	case name == "":
		c.fault(s.Line, s.Path, "it has neither a name nor a domain; write: config account 'NAME'")
	case !utf8.ValidString(name):
		c.fault(s.Line, s.Path, "its name is no UTF-8; write: config account 'NAME'")
	case twice:
		c.fault(s.Line, s.Path, "another account has this name (one without has that of its first domain); write: config account 'NAME'")
	}
	c.tables[name] = tomlTable("\n[account."+tomlKey(name)+"]\n", uciAccountKeys, c.values(s, uciAccountKeys))
}

// values reads the options of a section: option to TOML value. What is empty
// is not set.
func (c *uciConverter) values(s *uciSection, keys []uciKey) map[string]string {
	values := map[string]string{}
	lists := map[string][]string{}
	for _, o := range s.Options {
		path := s.Path + "." + uciName(o.Name)
		i := slices.IndexFunc(keys, func(k uciKey) bool { return k.option == o.Name })
		if i < 0 {
			c.fault(o.Line, path, noSuchOption(o.Name, keys))
			continue
		}
		_, twice := values[o.Name]
		if fault := misplaced(keys[i], o, twice); fault != "" {
			c.fault(o.Line, path, fault)
			continue
		}
		for _, item := range items(keys[i], o) {
			value, fault := c.value(keys[i], item)
			if fault != "" {
				c.fault(o.Line, path, fault)
			}
			values[o.Name] = value
			lists[o.Name] = append(lists[o.Name], value)
		}
	}
	for _, k := range keys {
		if k.kind == uciList && lists[k.option] != nil {
			values[k.option] = "[" + strings.Join(lists[k.option], ", ") + "]"
		}
	}
	return values
}

// misplaced tells what is wrong with an option before its value is looked at.
func misplaced(k uciKey, o uciOption, twice bool) (fault string) {
	switch {
	case k.kind == uciList:
		return ""
	case o.List:
		return "this is no list; write: option " + o.Name + " 'VALUE'"
	case twice:
		return "it is there twice"
	}
	return ""
}

// items are the values of an option: a list may stand as one option, with
// blanks between its items, as uci's own shell functions read it.
func items(k uciKey, o uciOption) []string {
	switch {
	case o.Value == "":
		return nil
	case k.kind == uciList && !o.List:
		return strings.Fields(o.Value)
	}
	return []string{o.Value}
}

// value spells one value in TOML, or tells what to write instead.
func (c *uciConverter) value(k uciKey, v string) (toml, fault string) {
	switch k.kind {
	case uciBool:
		switch {
		case uciTrue(v):
			return "true", ""
		case slices.Contains([]string{"0", "off", "false", "no", "disabled"}, v):
			return "false", ""
		}
		return "", "it is a switch; write 1 or 0"
	case uciInt:
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return "", "it is a number; write one of digits alone, or 0 for none"
		}
		return strconv.FormatUint(n, 10), ""
	case uciDevice:
		if dev, ok := c.devices[v]; ok {
			v = dev
		}
	}
	if !utf8.ValidString(v) {
		return "", "a byte in it is no UTF-8; write it anew"
	}
	if k.oneOf != "" && !slices.Contains(strings.Fields(k.oneOf), v) {
		return "", "it is not one of " + strings.ReplaceAll(k.oneOf, " ", ", ")
	}
	return tomlString(v), ""
}

// uciTrue tells whether a switch is on, as uci's own functions read it.
func uciTrue(v string) bool {
	return slices.Contains([]string{"1", "on", "true", "yes", "enabled"}, v)
}

// noSuchOption tells which options there are.
func noSuchOption(name string, keys []uciKey) string {
	var all []string
	for _, k := range keys {
		if k.kind == uciList && k.key == name {
			return "no such option; write: list " + k.option + " 'VALUE'"
		}
		all = append(all, k.option)
	}
	return "no such option; there are: " + strings.Join(all, ", ")
}

// text puts the file together.
func (c *uciConverter) text() string {
	var b strings.Builder
	b.WriteString("# Made from /etc/config/homeward: write there, what is written here is lost.\n")
	for _, iface := range slices.Sorted(maps.Keys(c.devices)) {
		fmt.Fprintf(&b, "# device %s=%s\n", iface, c.devices[iface])
	}
	b.WriteString(c.main)
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		b.WriteString(c.tables[name])
	}
	return b.String()
}

// tomlTable writes the keys that have a value, in their order, below head.
func tomlTable(head string, keys []uciKey, values map[string]string) string {
	for _, k := range keys {
		if v, ok := values[k.option]; ok && k.key != "" {
			head += k.key + " = " + v + "\n"
		}
	}
	return head
}

// tomlKey spells a key: bare where TOML allows it.
func tomlKey(s string) string {
	bare := func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !bare(r) }) < 0 {
		return s
	}
	return tomlString(s)
}

// tomlString spells a basic string: one line, whatever is in it. s is UTF-8.
func tomlString(s string) string {
	b := []byte{'"'}
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = fmt.Appendf(b, `\u%04X`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
