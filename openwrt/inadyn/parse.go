package inadyn

import "strings"

// A section is a provider{} or custom{} block, or the settings outside of any.
type section struct {
	kind     string // "provider", "custom", "" for the settings outside
	title    string // what stands behind the kind
	line     int
	settings []setting // each name once
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

// is reports whether a switch is "on", or "off".
func is(value, state string) bool {
	var words string
	switch state {
	case "on":
		words = " true on yes "
	case "off":
		words = " false off no "
	}
	return strings.Contains(words, " "+strings.ToLower(value)+" ")
}

type parser struct {
	lexer
	tok token
}

const (
	noSetting = "this is no setting: write NAME = VALUE"
	noEquals  = "no = behind a name: write NAME = VALUE, a value with blanks, # or + in quotes (a file of inadyn 1.x is not understood)"
)

// parse reads a file. The first of the sections returned are the settings
// outside of any. Only the first fault is told, without what stands there: that
// may be a secret.
func parse(src string) ([]*section, *Fault) {
	p := &parser{lexer: lexer{src: src, line: 1}}
	all := []*section{{line: 1}}
	p.tok = p.next()
	for p.tok.kind != 0 {
		name := p.expect('w', noSetting)
		if name.text != "provider" && name.text != "custom" {
			p.setting(all[0], name)
			continue
		}
		s := &section{kind: name.text, line: name.line}
		p.block(s)
		all = append(all, s)
	}
	return all, p.fault
}

// expect goes past a token of the kind, or says what is wrong without one.
func (p *parser) expect(kind byte, wrong string) token {
	t := p.tok
	if t.kind != kind {
		p.fail(t.line, wrong)
	}
	p.tok = p.next()
	return t
}

// upTo goes past the next token of the kind.
func (p *parser) upTo(kind byte, line int, wrong string) {
	for p.tok.kind != kind {
		if p.tok.kind == 0 {
			p.fail(line, wrong)
			return
		}
		p.tok = p.next()
	}
	p.tok = p.next()
}

// block reads a section from its title on.
func (p *parser) block(s *section) {
	s.title = p.expect('w', "the name of the service is missing: write "+s.kind+" NAME {").text
	p.expect('{', "a { is missing: write "+s.kind+" NAME {")
	for p.tok.kind != '}' {
		if p.tok.kind == 0 {
			p.fail(s.line, "the { opened here is never closed")
			return
		}
		p.setting(s, p.expect('w', noSetting))
	}
	p.tok = p.next()
}

// setting reads what follows a setting's name. The last of a name counts.
func (p *parser) setting(s *section, name token) {
	set := setting{name: name.text, line: name.line}
	kind := p.tok.kind
	if kind == '+' {
		if old := s.find(set.name); old != nil {
			set.values, set.env = old.values, old.env
		}
		kind = '='
	}
	switch kind {
	case '(':
		p.upTo(')', name.line, "the ( opened here is never closed")
	case '=':
		p.tok = p.next()
		p.values(&set)
	default:
		p.fail(name.line, noEquals)
		p.tok = p.next()
	}
	if old := s.find(set.name); old != nil {
		*old = set
	} else {
		s.settings = append(s.settings, set)
	}
}

// values reads the values of a setting: one, or a list in braces.
func (p *parser) values(set *setting) {
	if p.tok.kind != '{' {
		p.oneValue(set)
		if set.env && p.tok.kind == '{' { // the rest of ${…} outside quotes
			p.upTo('}', p.tok.line, "the ${ opened here is never closed")
		}
		return
	}
	p.tok = p.next()
	for p.tok.kind != '}' && p.fault == nil {
		p.oneValue(set)
		if p.tok.kind == ',' {
			p.tok = p.next()
		} else if p.tok.kind != '}' {
			p.fail(p.tok.line, "a , or } is missing: write NAME = { VALUE, VALUE }")
		}
	}
	p.tok = p.next()
}

func (p *parser) oneValue(set *setting) {
	t := p.expect('w', "a value is missing: write NAME = VALUE, or NAME = { VALUE, VALUE }")
	set.values = append(set.values, t.text)
	set.env = set.env || t.env
}
