// Package uci reads and writes UCI, the format of OpenWrt's configuration files. It
// converts homeward's to TOML, and names faults by option and line.
package uci

import (
	"bytes"
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
	Path    string // of the section or option; "": the line is neither
	What    string
	Section string // its name, or @TYPE[N]; "": about no section
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

// Parse reads the output of `uci export PKG`: config TYPE 'NAME', option KEY 'VALUE'
// and list KEY 'VALUE', with values byte for byte. It allows comments, as in the
// output of `homeward import`, but none of the other spellings that uci reads. It
// returns the first fault, and then no sections.
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
	loose    bool // read all that uci reads, and skip what it does not
	sections []Section
	seen     map[string]int // the number of sections of each type
}

// skipToWord skips blanks, empty lines and comments, and reports whether a statement
// follows.
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

// skipComment stops before the line's end.
func (p *parser) skipComment() {
	for p.pos+1 < len(p.src) && p.src[p.pos+1] != '\n' {
		p.pos++
	}
}

// statement reads the words of one statement, up to the end of its line, or says
// what is wrong.
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
			text, closed := p.quoted()
			if !closed {
				return "", "the quote opened here is never closed"
			}
			b = append(b, text...)
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

// quoted reads text in single quotes, in which nothing is escaped.
func (p *parser) quoted() (text []byte, closed bool) {
	rest := p.src[p.pos+1:]
	end := bytes.IndexByte(rest, '\'')
	if end < 0 {
		return nil, false
	}
	p.line += bytes.Count(rest[:end], []byte("\n"))
	p.pos += end + 2
	return rest[:end], true
}

// take adds one statement to the sections, or says what is wrong with it.
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

// shownName returns a type or name for a message, or … if it could be a secret.
func shownName(s string) string {
	if strings.ContainsAny(s, "=@?") || slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(".:/ ", r) }), secret.LooksLikeToken) {
		return "…"
	}
	return Printable(s)
}
