package uci

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"homeward/update/secret"
	"homeward/update/spelling"
)

// Convert turns src, the output of `uci export homeward`, into the TOML
// configuration that s describes. Faults name the lines of file.Raw if that is
// known, else those of src. devices has the device of each logical interface that
// has one; a name that is not in it stays as it is.
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

// sortByLine sorts faults by line.
func sortByLine(faults []Fault) {
	sort.SliceStable(faults, func(i, j int) bool { return faults[i].Line < faults[j].Line })
}

// Defaults are used if the section main does not name another value; each may be "".
type Defaults struct {
	LAN      string // an interface, used if it has a device
	OnChange string // a program
}

// Conversion is the result of Convert: the TOML or the faults.
type Conversion struct {
	schema   Schema
	file     File
	devices  map[string]string
	lan      string            // the LAN's device if none is named; "": none
	onChange string            // the program on_change if none is named; "": none
	main     string            // what `config homeward 'main'` became
	hasMain  bool              // there was such a section
	tables   map[string]string // of each account, by name
	origins  map[string]Fault  // the place of each key and table of the TOML, by its joined path; What is empty
	items    map[string]int    // the line of each item of a list, by the joined path of key and item
	faults   []Fault
}

// fault reports what is wrong with a section, or with an option of it.
func (c *Conversion) fault(s *Section, o *Option, what string) {
	f := s.place(o)
	f.What = what
	c.faults = append(c.faults, f)
}

// place returns the line and path of a section, or of an option of it.
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

// account converts one account. One without a name is named after its first domain.
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

// values reads the options of the section whose table is at path. It returns the
// TOML of each option that is not empty.
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

// origin records where a key of the TOML comes from; a list comes from its first
// item. It returns the key's path, joined.
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

// misplaced says what is wrong with an option whatever its value is, "" if nothing.
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

// items returns the values of an option: a list may be one option with blanks
// between the items, as uci's shell functions read it.
func items(k Key, o Option) []string {
	switch {
	case o.Value == "":
		return nil
	case k.Kind == List && !o.List:
		return strings.Fields(o.Value)
	}
	return []string{o.Value}
}

// value writes one value as TOML, or says what to write instead.
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

// noSuchOption says which option was meant, or which there are.
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

// Faults returns all faults, in the order of their lines. If there are any, the TOML
// is not usable.
func (c *Conversion) Faults() []Fault { return c.faults }

// TOML returns the configuration. Each device also stands in a comment, `# device
// wan=pppoe-wan`, where the init script finds it while the interface is down. Equal
// sections give equal bytes, in any order.
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
