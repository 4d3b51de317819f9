// Package uci reads UCI, the form of OpenWrt's configuration files, writes its
// values, and turns homeward's into the TOML configuration. It says what is wrong
// in UCI's words and lines.
package uci

import (
	"fmt"
	"slices"
	"strings"

	"homeward/update/secret"
)

// A Section is one section of a UCI package. Its texts come from the file: they may
// hold secrets and any byte.
type Section struct {
	Type    string
	Name    string // "" if it has none
	Line    int    // of `config`, from 1
	Path    string // as `uci set` names it: homeward.home or homeward.@account[0]
	Options []Option
}

// An Option is one `option`, or one item of a `list`.
type Option struct {
	Name  string
	Value string // byte for byte
	List  bool
	Line  int
}

// A Fault is one fault of a package, in UCI's words. It holds no secret.
type Fault struct {
	Line    int    // 0: not known
	Path    string // of the section or option, "" for a line that is none
	What    string
	Section string // its name, or @TYPE[N]; "" if it is about none
	Option  string // likewise
}

// Value returns the value of the last option of that name, "" if there is none; of
// a list, its last item.
func (s *Section) Value(name string) string {
	for i := len(s.Options) - 1; i >= 0; i-- {
		if s.Options[i].Name == name {
			return s.Options[i].Value
		}
	}
	return ""
}

// Parse reads what `uci export PKG` writes: config TYPE 'NAME', option KEY
// 'VALUE' and list KEY 'VALUE', values byte for byte, line breaks included.
// Comments are allowed, so that it reads what `homeward import` writes. Other
// spellings of hand-written files are uci's business: they are faults here.
// Only the first fault of the syntax is reported, and the sections are nil then.
func Parse(src []byte, pkg string) ([]Section, *Fault) {
	p := parser{src: src, line: 1, pkg: pkg, seen: map[string]int{}}
	for p.skipToWord() {
		line := p.line
		words, fault := p.statement()
		if fault == "" {
			fault = p.take(words, line)
		}
		if fault != "" {
			return nil, &Fault{Line: line, What: fault}
		}
	}
	return p.sections, nil
}

type parser struct {
	src      []byte
	pos      int
	line     int
	pkg      string
	loose    bool // read all that uci reads, and pass over what it does not
	sections []Section
	seen     map[string]int // sections of each type
}

// skipToWord goes to the next statement, over blanks, empty lines and
// comments, and tells whether there is one.
func (p *parser) skipToWord() bool {
	for ; p.pos < len(p.src); p.pos++ {
		switch p.src[p.pos] {
		case '\n':
			p.line++
		case ' ', '\t', '\r':
		case '#':
			p.skipComment()
		case ';':
			if !p.loose {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// skipComment leaves the position before the line's end.
func (p *parser) skipComment() {
	for p.pos+1 < len(p.src) && p.src[p.pos+1] != '\n' {
		p.pos++
	}
}

// statement reads the words of one statement, up to its line's end, or tells
// what is wrong with it.
func (p *parser) statement() (words []string, fault string) {
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '\n', c == ';' && p.loose:
			return words, ""
		case c == ' ', c == '\t', c == '\r':
			p.pos++
		case c == '#':
			p.skipComment()
			p.pos++
		default:
			word, fault := p.word()
			if fault != "" {
				return nil, fault
			}
			words = append(words, word)
		}
	}
	return words, ""
}

// word reads one word: bare characters, 'quoted text' and \c in any order.
func (p *parser) word() (word, fault string) {
	var b []byte
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; c {
		case ' ', '\t', '\r', '\n':
			return string(b), ""
		case ';':
			if p.loose {
				return string(b), ""
			}
			b = append(b, c)
			p.pos++
		case '\'':
			rest := string(p.src[p.pos+1:])
			end := strings.IndexByte(rest, '\'')
			if end < 0 {
				return "", "the quote opened here is never closed"
			}
			b = append(b, rest[:end]...)
			p.line += strings.Count(rest[:end], "\n")
			p.pos += end + 2
		case '\\':
			if p.loose {
				b = p.escaped(b)
				continue
			}
			if p.pos+1 == len(p.src) || p.src[p.pos+1] == '\n' {
				return "", "a line is continued here, which `uci export` never does"
			}
			b = append(b, p.src[p.pos+1])
			p.pos += 2
		case '"':
			if p.loose {
				b = p.doubleQuoted(b)
				continue
			}
			return "", "double quotes, which `uci export` never writes"
		default:
			b = append(b, c)
			p.pos++
		}
	}
	return string(b), ""
}

// take adds one statement to the sections, or tells what is wrong with it.
func (p *parser) take(words []string, line int) (fault string) {
	switch word := words[0]; {
	case word == "package" && len(words) == 2:
		if words[1] != p.pkg {
			return fmt.Sprintf("this is package %s; write: uci export %s", shownName(words[1]), p.pkg)
		}
	case word == "config" && (len(words) == 2 || len(words) == 3):
		s := Section{Type: words[1], Line: line}
		s.Path = fmt.Sprintf("%s.@%s[%d]", p.pkg, shownName(s.Type), p.seen[s.Type])
		if len(words) == 3 && words[2] != "" {
			s.Name = words[2]
			s.Path = p.pkg + "." + shownName(s.Name)
		}
		p.seen[s.Type]++
		p.sections = append(p.sections, s)
	case (word == "option" || word == "list") && len(words) == 3:
		if len(p.sections) == 0 {
			return "an option before the first `config`"
		}
		s := &p.sections[len(p.sections)-1]
		s.Options = append(s.Options, Option{words[1], words[2], word == "list", line})
	default:
		return "neither `config TYPE 'NAME'` nor `option KEY 'VALUE'` nor `list KEY 'VALUE'`"
	}
	return ""
}

// shownName returns a type or name for a message, … where it could be a secret
// that slipped there.
func shownName(s string) string {
	if strings.ContainsAny(s, "=@?") || slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(".:/ ", r) }), secret.LooksLikeToken) {
		return "…"
	}
	return Printable(s)
}
