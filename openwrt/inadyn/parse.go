package inadyn

import (
	"slices"
	"strings"
)

// A section is a provider{} or custom{} block, or the settings outside of any.
type section struct {
	kind     string // "provider", "custom", "" for the settings outside
	title    string // what stands behind the kind
	line     int
	settings []setting
}

// A setting is one `name = value`, or one include("file") with no value.
type setting struct {
	name   string
	values []string
	line   int
	env    bool // a value has ${…} in it
}

// find returns the setting of a name, nil if there is none.
func (s *section) find(name string) *setting {
	for i := range s.settings {
		if s.settings[i].name == name {
			return &s.settings[i]
		}
	}
	return nil
}

// value returns the value of a setting, "" if there is none.
func (s *section) value(name string) string {
	if found := s.find(name); found != nil && len(found.values) > 0 {
		return found.values[len(found.values)-1]
	}
	return ""
}

// isOff tells whether a switch that is on by default is off.
func isOff(value string) bool {
	return slices.Contains([]string{"false", "off", "no"}, strings.ToLower(value))
}

type parser struct {
	lexer
	tok token
}

// parse reads a file. The first of the sections returned are the settings
// outside of any. Only the first fault is told, without what stands there: that
// may be a secret.
func parse(src string) ([]*section, *Fault) {
	p := &parser{lexer: lexer{src: src, line: 1}}
	all := []*section{{line: 1}}
	if fault := p.advance(); fault != nil {
		return nil, fault
	}
	for p.tok.kind != 0 {
		name := p.tok
		if fault := p.expect('w', "this is no setting: write NAME = VALUE"); fault != nil {
			return nil, fault
		}
		if name.text != "provider" && name.text != "custom" {
			if fault := p.setting(all[0], name); fault != nil {
				return nil, fault
			}
			continue
		}
		s := &section{kind: name.text, title: p.tok.text, line: name.line}
		if fault := p.block(s); fault != nil {
			return nil, fault
		}
		all = append(all, s)
	}
	return all, nil
}

func (p *parser) advance() (fault *Fault) {
	p.tok, fault = p.next()
	return fault
}

// expect goes past a token of the kind, or says what is wrong without one.
func (p *parser) expect(kind byte, wrong string) *Fault {
	if p.tok.kind != kind {
		return &Fault{p.tok.line, wrong}
	}
	return p.advance()
}

// block reads a section from its title on.
func (p *parser) block(s *section) *Fault {
	if fault := p.expect('w', "the name of the service is missing: write "+s.kind+" NAME {"); fault != nil {
		return fault
	}
	if fault := p.expect('{', "a { is missing: write "+s.kind+" NAME {"); fault != nil {
		return fault
	}
	for p.tok.kind != '}' {
		name := p.tok
		if name.kind == 0 {
			return &Fault{s.line, "the { opened here is never closed"}
		}
		if fault := p.expect('w', "this is no setting: write NAME = VALUE"); fault != nil {
			return fault
		}
		if fault := p.setting(s, name); fault != nil {
			return fault
		}
	}
	return p.advance()
}

// setting reads what follows a setting's name. The last of a name counts.
func (p *parser) setting(s *section, name token) *Fault {
	set := setting{name: name.text, line: name.line}
	kind := p.tok.kind
	switch kind {
	case '(':
		return p.call(s, set)
	case '+', '=':
	default:
		return &Fault{name.line, "no = behind a name: write NAME = VALUE, a value with blanks, # or + in quotes (a file of inadyn 1.x is not understood)"}
	}
	if i := slices.IndexFunc(s.settings, func(old setting) bool { return old.name == set.name }); i >= 0 {
		if kind == '+' {
			set.values, set.env = s.settings[i].values, s.settings[i].env
		}
		s.settings = slices.Delete(s.settings, i, i+1)
	}
	if fault := p.advance(); fault != nil {
		return fault
	}
	fault := p.values(&set)
	s.settings = append(s.settings, set)
	return fault
}

// values reads the values of a setting: one, or a list in braces.
func (p *parser) values(set *setting) *Fault {
	if p.tok.kind != '{' {
		if fault := p.oneValue(set); fault != nil {
			return fault
		}
		if set.env && p.tok.kind == '{' { // the rest of ${…} outside quotes
			return p.variable()
		}
		return nil
	}
	if fault := p.advance(); fault != nil {
		return fault
	}
	for p.tok.kind != '}' {
		if fault := p.oneValue(set); fault != nil {
			return fault
		}
		switch p.tok.kind {
		case ',':
			if fault := p.advance(); fault != nil {
				return fault
			}
		case '}':
		default:
			return &Fault{p.tok.line, "a , or } is missing: write NAME = { VALUE, VALUE }"}
		}
	}
	return p.advance()
}

func (p *parser) oneValue(set *setting) *Fault {
	set.values = append(set.values, p.tok.text)
	set.env = set.env || p.tok.env
	return p.expect('w', "a value is missing: write NAME = VALUE, or NAME = { VALUE, VALUE }")
}

// variable goes past {NAME} of a ${NAME} outside quotes.
func (p *parser) variable() *Fault {
	for p.tok.kind != '}' {
		if p.tok.kind == 0 {
			return &Fault{p.tok.line, "the ${ opened here is never closed"}
		}
		if fault := p.advance(); fault != nil {
			return fault
		}
	}
	return p.advance()
}

// call reads the ("file") of an include.
func (p *parser) call(s *section, set setting) *Fault {
	for p.tok.kind != ')' {
		if p.tok.kind == 0 {
			return &Fault{set.line, "the ( opened here is never closed"}
		}
		if fault := p.advance(); fault != nil {
			return fault
		}
	}
	s.settings = append(s.settings, set)
	return p.advance()
}
