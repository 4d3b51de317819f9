package uci

// escaped reads a backslash outside of quotes and what it escapes: at the end of a
// line it continues the line.
func (p *parser) escaped(b []byte) []byte {
	p.pos++
	if p.pos == len(p.src) {
		return b
	}
	c := p.src[p.pos]
	p.pos++
	if c == '\n' {
		p.line++
		return b
	}
	return append(b, c)
}

// doubleQuoted reads text in double quotes, where a backslash escapes. The closing
// quote may be missing.
func (p *parser) doubleQuoted(b []byte) []byte {
	for p.pos++; p.pos < len(p.src) && p.src[p.pos] != '"'; {
		if p.src[p.pos] == '\\' {
			b = p.escaped(b)
			continue
		}
		if p.src[p.pos] == '\n' {
			p.line++
		}
		b = append(b, p.src[p.pos])
		p.pos++
	}
	p.pos = min(p.pos+1, len(p.src))
	return b
}

// scan reads a file as a person has written it, with all that uci allows. It skips
// what it does not understand.
func scan(raw []byte) []Section {
	p := parser{src: raw, line: 1, seen: map[string]int{}, loose: true}
	for p.skipToWord() {
		line := p.line
		words, fault := p.statement()
		if fault != "" {
			return p.sections // a quote that is never closed
		}
		if len(words) == 0 {
			continue
		}
		for _, long := range []string{"config", "option", "list"} {
			if words[0] == long[:1] {
				words[0] = long
			}
		}
		if words[0] != "package" {
			p.take(words, line)
		}
	}
	return p.sections
}

// relocate replaces the lines of an export by those of the file that it was made
// from. A line is 0 if the file does not have it: a change that is not committed.
func relocate(sections []Section, raw []byte) {
	written := scan(raw)
	nameless := map[string]int{}
	for i := range sections {
		s := &sections[i]
		var at []*Section // a section with a name may have several parts
		n := 0
		for j := range written {
			w := &written[j]
			switch {
			case w.Type != s.Type || w.Name != s.Name:
			case s.Name != "" || n == nameless[s.Type]:
				at = append(at, w)
				n++
			default:
				n++
			}
		}
		if s.Name == "" {
			nameless[s.Type]++
		}
		s.relocate(at)
	}
}

// relocate finds each option in the parts of its section: the last one with its
// value, which is the one that counts, or each item of a list.
func (s *Section) relocate(at []*Section) {
	s.Line = 0
	if len(at) > 0 {
		s.Line = at[0].Line
	}
	taken := map[*Option]bool{}
	for i := range s.Options {
		o := &s.Options[i]
		var found *Option
		for _, w := range at {
			for j := range w.Options {
				c := &w.Options[j]
				switch {
				case c.Name != o.Name, taken[c], found != nil && o.List:
				case c.Value == o.Value, found == nil && !o.List:
					found = c
				}
			}
		}
		if o.Line = 0; found != nil {
			o.Line, taken[found] = found.Line, o.List
		}
	}
}
