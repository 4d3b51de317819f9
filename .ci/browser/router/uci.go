package router

import (
	"fmt"
	"slices"
	"strings"
)

// Section is one section of a UCI configuration. An option's value is a string,
// or a []string for a list.
type Section struct {
	Type, Name string
	Anonymous  bool
	Options    []Option
}

// Option is an option or a list of a section.
type Option struct {
	Name  string
	Value any
}

// Config is a UCI configuration: /etc/config/NAME.
type Config struct {
	Name     string
	Sections []*Section
	serial   int // of the names of anonymous sections
}

// ParseConfig reads what `uci export` writes, and what Export does.
func ParseConfig(name, src string) (*Config, error) {
	c := &Config{Name: name}
	words, err := uciWords(src)
	if err != nil {
		return nil, err
	}
	var s *Section
	for _, w := range words {
		switch {
		case len(w) == 2 && w[0] == "package":
		case w[0] == "config" && (len(w) == 2 || len(w) == 3):
			s = &Section{Type: w[1], Anonymous: len(w) == 2}
			if s.Anonymous {
				s.Name = c.nextName()
			} else {
				s.Name = w[2]
			}
			c.Sections = append(c.Sections, s)
		case w[0] == "option" && len(w) == 3 && s != nil:
			s.Set(w[1], w[2])
		case w[0] == "list" && len(w) == 3 && s != nil:
			old, _ := s.Get(w[1]).([]string)
			s.Set(w[1], append(slices.Clone(old), w[2]))
		default:
			return nil, fmt.Errorf("%s: %q", name, w)
		}
	}
	return c, nil
}

// uciWords splits a configuration into lines of words, as the shell would:
// single quotes hold anything, line breaks, too.
func uciWords(src string) (lines [][]string, err error) {
	var line []string
	var word strings.Builder
	inWord, quoted, comment := false, false, false
	end := func() {
		if inWord {
			line = append(line, word.String())
		}
		word.Reset()
		inWord = false
	}
	for i := 0; i < len(src); i++ {
		switch b := src[i]; {
		case quoted && b == '\'':
			quoted = false
		case quoted:
			word.WriteByte(b)
		case b == '\n':
			end()
			if comment = false; len(line) > 0 {
				lines, line = append(lines, line), nil
			}
		case comment || b == '#' && !inWord:
			comment = true
		case b == '\'':
			quoted, inWord = true, true
		case b == ' ' || b == '\t':
			end()
		case b == '\\' && i+1 < len(src):
			i++
			word.WriteByte(src[i])
			inWord = true
		default:
			word.WriteByte(b)
			inWord = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("an open quote")
	}
	if end(); len(line) > 0 {
		lines = append(lines, line)
	}
	return lines, nil
}

// Export writes the configuration as `uci export` does.
func (c *Config) Export() string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", c.Name)
	for _, s := range c.Sections {
		fmt.Fprintf(&b, "\nconfig %s", s.Type)
		if !s.Anonymous {
			b.WriteString(" " + quote(s.Name))
		}
		b.WriteString("\n")
		for _, o := range s.Options {
			switch v := o.Value.(type) {
			case string:
				fmt.Fprintf(&b, "\toption %s %s\n", o.Name, quote(v))
			case []string:
				for _, item := range v {
					fmt.Fprintf(&b, "\tlist %s %s\n", o.Name, quote(item))
				}
			}
		}
	}
	return b.String()
}

func (c *Config) nextName() string {
	c.serial++
	return fmt.Sprintf("cfg%02x%04x", c.serial, 0x4a00+c.serial)
}

// Find returns a section by its name, nil if there is none.
func (c *Config) Find(name string) *Section {
	for _, s := range c.Sections {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Get returns an option's value, nil if there is none.
func (s *Section) Get(name string) any {
	for _, o := range s.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return nil
}

// Set gives an option a value; "" and an empty list take it away.
func (s *Section) Set(name string, value any) {
	list, isList := value.([]string)
	i := slices.IndexFunc(s.Options, func(o Option) bool { return o.Name == name })
	switch {
	case value == "" || isList && len(list) == 0:
		s.Options = slices.DeleteFunc(s.Options, func(o Option) bool { return o.Name == name })
	case i >= 0:
		s.Options[i].Value = value
	default:
		s.Options = append(s.Options, Option{name, value})
	}
}
