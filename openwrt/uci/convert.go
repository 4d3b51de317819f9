package uci

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"homeward/update/secret"
	"homeward/update/spelling"
)

// Convert turns src, the output of `uci export homeward`, into the TOML
// configuration that s describes. Faults name the lines of file.Raw where that is known, else
// those of src. devices gives the device of each logical interface that has one;
// a name that is not in it stays as it is.
func (s Schema) Convert(src []byte, file File, devices map[string]string, otherwise Defaults) *Conversion {
	c := &Conversion{schema: s, devices: devices, lan: devices[otherwise.LAN], onChange: otherwise.OnChange, file: file,
		tables: map[string]string{}, origins: map[string]Fault{}, items: map[string]int{}}
	sections, fault := Parse(src, "homeward")
	if fault != nil {
		c.faults = []Fault{*fault}
		return c
	}
	if file.Raw != nil {
		relocate(sections, file.Raw)
	}
	if len(strings.TrimSpace(string(src))) == 0 {
		c.faults = []Fault{{Line: 1, Path: "homeward", What: "nothing to read: is there an /etc/config/homeward?"}}
	}
	for i := range sections {
		c.section(&sections[i])
	}
	sortByLine(c.faults)
	return c
}

// sortByLine puts faults in the order of their lines.
func sortByLine(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.Line - b.Line })
}

// Defaults hold where main names nothing; each may be "".
type Defaults struct {
	LAN      string // an interface, used if it has a device
	OnChange string // a program
}

// A Conversion is a UCI configuration on its way to TOML.
type Conversion struct {
	schema   Schema
	file     File
	devices  map[string]string
	lan      string            // the LAN's device where none is named; "" is none
	onChange string            // the program on_change where none is named; "" is none
	main     string            // what `config homeward 'main'` became
	hasMain  bool              // there was one
	tables   map[string]string // of each account, by its name
	origins  map[string]Fault  // where each key and table of the TOML comes from, by PathKey; without What
	items    map[string]int    // the line of each item of a list, the last of equal ones, by the key's PathKey and the item
	faults   []Fault
}

// fault notes what is wrong with a section, or with an option of it.
func (c *Conversion) fault(s *Section, o *Option, what string) {
	f := s.place(o)
	f.What = what
	c.faults = append(c.faults, f)
}

// place tells where a section is, or an option of it.
func (s *Section) place(o *Option) Fault {
	_, name, _ := strings.Cut(s.Path, ".")
	f := Fault{Line: s.Line, Path: s.Path, Section: name}
	if o != nil {
		f.Line, f.Option = o.Line, shownName(o.Name)
		f.Path += "." + f.Option
	}
	return f
}

func (c *Conversion) section(s *Section) {
	switch s.Type {
	case "homeward":
		if s.Name != "main" || c.hasMain {
			c.fault(s, nil, "there is one such section; write: config homeward 'main'")
		}
		c.hasMain = true
		values := c.values(s, nil, slices.Concat(c.schema.Top, c.schema.Line))
		if values["lan"] == "" && c.lan != "" {
			values["lan"] = tomlString(c.lan)
		}
		if values["on_change"] == "" && c.onChange != "" {
			values["on_change"] = tomlString(c.onChange)
		}
		c.main = tomlTable("", c.schema.Top, values)
		if line := tomlTable("", c.schema.Line, values); line != "" {
			c.main += "\n[line]\n" + line
		}
	case "account":
		c.account(s)
	default:
		c.fault(s, nil, "no such section; write: config homeward 'main', or config account 'NAME'")
	}
}

// account converts one account. One without a name has that of its first domain.
func (c *Conversion) account(s *Section) {
	name := s.Name
	for i := len(s.Options) - 1; s.Name == "" && i >= 0; i-- {
		if words := strings.Fields(s.Options[i].Value); s.Options[i].Name == "domain" && len(words) > 0 {
			name = words[0]
		}
	}
	_, twice := c.tables[name]
	switch {
	case name == "":
		c.fault(s, nil, "it has neither a name nor a domain; write: config account 'NAME'")
	case !utf8.ValidString(name):
		c.fault(s, nil, "its name is no UTF-8; write: config account 'NAME'")
	case twice:
		c.fault(s, nil, "another account has this name (one without has that of its first domain); write: config account 'NAME'")
	}
	path := []string{"account", name}
	c.origins[joinPath(path)] = s.place(nil)
	c.tables[name] = tomlTable("\n[account."+tomlKey(name)+"]\n", c.schema.Account, c.values(s, path, c.schema.Account))
}

// values reads the options of a section, whose table is at a path: option to
// TOML value. What is empty is not set.
func (c *Conversion) values(s *Section, path []string, keys []Key) map[string]string {
	values := map[string]string{}
	lists := map[string][]string{}
	given := map[string]bool{}
	for j := range s.Options {
		o := &s.Options[j]
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Option == o.Name })
		if i < 0 {
			c.fault(s, o, noSuchOption(o.Name, keys))
			continue
		}
		if fault := misplaced(keys[i], *o, given[o.Name]); fault != "" {
			c.fault(s, o, fault)
			continue
		}
		given[o.Name] = o.Value != ""
		key := c.origin(path, keys[i], s.place(o))
		for _, item := range items(keys[i], *o) {
			value, fault := c.value(keys[i], item)
			if fault != "" {
				c.fault(s, o, fault)
				continue
			}
			c.items[joinPath([]string{key, item})] = o.Line
			values[o.Name] = value
			lists[o.Name] = append(lists[o.Name], value)
		}
	}
	for _, k := range keys {
		if k.Kind == List && lists[k.Option] != nil {
			values[k.Option] = "[" + strings.Join(lists[k.Option], ", ") + "]"
		}
	}
	return values
}

// origin notes where a key of the TOML comes from: of a list, its first item. It
// returns the key's path, by PathKey.
func (c *Conversion) origin(path []string, k Key, at Fault) string {
	if path == nil && slices.Contains(c.schema.Line, k) {
		path = []string{"line"}
	}
	key := joinPath(append(slices.Clone(path), k.Name))
	if _, ok := c.origins[key]; !ok && k.Name != "" {
		c.origins[key] = at
	}
	return key
}

// misplaced tells what is wrong with an option before its value is looked at.
func misplaced(k Key, o Option, twice bool) (fault string) {
	switch {
	case k.Kind == List:
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
func items(k Key, o Option) []string {
	switch {
	case o.Value == "":
		return nil
	case k.Kind == List && !o.List:
		return strings.Fields(o.Value)
	}
	return []string{o.Value}
}

// value spells one value in TOML, or tells what to write instead.
func (c *Conversion) value(k Key, v string) (toml, fault string) {
	switch k.Kind {
	case Boolean:
		switch {
		case On(v):
			return "true", ""
		case slices.Contains([]string{"0", "off", "false", "no", "disabled"}, v):
			return "false", ""
		}
		return "", secret.Shown(v) + " is no switch; write 1 or 0"
	case Number:
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return "", secret.Shown(v) + " is no number; write one of digits alone, or 0 for none"
		}
		return strconv.FormatUint(n, 10), ""
	case Interface:
		if dev, ok := c.devices[v]; ok {
			v = dev
		}
	}
	if !utf8.ValidString(v) {
		return "", "a byte in it is no UTF-8; write it anew"
	}
	if k.Choices != "" && !slices.Contains(strings.Fields(k.Choices), v) {
		return "", secret.Shown(v) + " is not one of " + strings.ReplaceAll(k.Choices, " ", ", ")
	}
	return tomlString(v), ""
}

// On reports whether a switch with the value v is on, as uci's own functions read
// it.
func On(v string) bool {
	return slices.Contains([]string{"1", "on", "true", "yes", "enabled"}, v)
}

// noSuchOption tells which options there are.
func noSuchOption(name string, keys []Key) string {
	var all []string
	for _, k := range keys {
		if k.Kind == List && k.Name == name {
			return "no such option; write: list " + k.Option + " 'VALUE'"
		}
		all = append(all, k.Option)
	}
	if near := spelling.Nearest(name, all); near != "" {
		return "no such option; did you mean " + near + "?"
	}
	return "no such option; there are: " + strings.Join(all, ", ")
}

// Faults returns all faults, in the order of their lines. With one there is no
// TOML to use.
func (c *Conversion) Faults() []Fault { return c.faults }

// TOML returns the configuration. Each device stands in a comment, too, as `#
// device wan=pppoe-wan`, where the init script finds it while the interface is
// down. The same sections give the same bytes, in whatever order they stand.
func (c *Conversion) TOML() string {
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
func tomlTable(head string, keys []Key, values map[string]string) string {
	for _, k := range keys {
		if v, ok := values[k.Option]; ok && k.Name != "" {
			head += k.Name + " = " + v + "\n"
		}
	}
	return head
}

// tomlKey spells a key: bare where TOML allows it.
func tomlKey(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !bareRune(r) }) < 0 {
		return s
	}
	return tomlString(s)
}

// bareRune tells whether a key of TOML may hold r without quotes.
func bareRune(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// joinPath joins the path of a key to the key of a map. A zero byte in a name can
// mislead about a line at most.
func joinPath(path []string) string { return strings.Join(path, "\x00") }

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
