// Package toml reads TOML 1.1 (https://toml.io/en/v1.1.0) into plain values, in a
// third of the size of a library that also fills structs. The tests compare it
// with such a library.
package toml

import (
	"maps"
	"strings"
)

// An Error is the first thing in a text that is not TOML. It repeats none of it.
type Error struct {
	At    int  // the byte in the text, its length if the end is missing
	Twice bool // a key or table was there before
}

func (e *Error) Error() string {
	if e.Twice {
		return "a key or table stands here for the second time"
	}
	return "not valid TOML"
}

// Fraction and Date are values that nothing here has a use for: a number with a
// fraction, and a date or time.
type (
	Fraction struct{}
	Date     struct{}
)

// Decode returns the values of a text, which is UTF-8: string, int64, bool,
// Fraction, Date, []any for a list, map[string]any for a table, and
// []map[string]any for a list of tables. The error is an *Error.
func Decode(src string) (map[string]any, error) {
	p := parser{src: src}
	root := newTable(byHeader)
	open := root
	for p.blank(); p.pos < len(p.src) && p.err == nil; p.blank() {
		if p.at("[") {
			open = p.header(root)
		} else {
			p.entry(open)
		}
		p.endOfLine()
	}
	if p.err != nil {
		return nil, p.err
	}
	return root.vals, nil
}

// deepest bounds lists and tables within each other, and so the stack.
const deepest = 64

// origin tells what made a table, and so what may add to it.
type origin int

const (
	byHeader origin = iota // [table]
	byParent               // [table.below], before [table] itself
	byDots                 // table.key = value
	byBraces               // table = {…}: complete
	byMany                 // [[table]]
)

// table is a table while it is read.
type table struct {
	vals   map[string]any
	tables map[string]*table // of vals; of [[table]] the last one
	origin origin
}

func newTable(o origin) *table {
	return &table{map[string]any{}, map[string]*table{}, o}
}

// add makes a table below t.
func (t *table) add(name string, o origin) *table {
	sub := newTable(o)
	t.tables[name], t.vals[name] = sub, sub.vals
	return sub
}

type parser struct {
	src   string
	pos   int
	depth int
	err   error
}

// fail notes the first error, at pos. Nothing is read behind it.
func (p *parser) fail(twice bool) {
	if p.err == nil {
		p.err = &Error{p.pos, twice}
	}
}

func (p *parser) at(prefix string) bool {
	return p.err == nil && strings.HasPrefix(p.src[p.pos:], prefix)
}

// take skips a text, which has to stand here.
func (p *parser) take(text string) {
	if !p.at(text) {
		p.fail(false)
		return
	}
	p.pos += len(text)
}

func (p *parser) skip(chars string) {
	rest := p.src[p.pos:]
	p.pos += len(rest) - len(strings.TrimLeft(rest, chars))
}

// comment skips a comment up to the end of its line.
func (p *parser) comment() {
	if p.at("#") {
		end := strings.IndexByte(p.src[p.pos:], '\n')
		if end < 0 {
			end = len(p.src) - p.pos
		}
		p.pos += end
	}
}

// blank skips white space, line ends and comments.
func (p *parser) blank() {
	for p.skip(" \t\r\n"); p.at("#"); p.skip(" \t\r\n") {
		p.comment()
	}
}

// endOfLine skips what may stand behind an entry.
func (p *parser) endOfLine() {
	p.skip(" \t")
	p.comment()
	if p.pos < len(p.src) && !p.at("\n") {
		p.take("\r\n")
	}
}

// header reads [table] or [[table]] and returns the table that it opens.
func (p *parser) header(root *table) *table {
	open, end := byHeader, "]"
	p.pos++
	if p.at("[") {
		open, end = byMany, "]]"
		p.pos++
	}
	path := p.key()
	if p.err != nil {
		return root
	}
	t := p.descend(root, path[:len(path)-1], byParent)
	if p.err == nil {
		t = p.open(t, path[len(path)-1], open)
	}
	p.take(end)
	return t
}

// open returns the table that a header opens below t.
func (p *parser) open(t *table, name string, o origin) *table {
	sub, isTable := t.tables[name], t.tables[name] != nil
	switch {
	case t.vals[name] == nil && o == byHeader:
		return t.add(name, o)
	case t.vals[name] == nil || isTable && o == byMany && sub.origin == byMany:
		many, _ := t.vals[name].([]map[string]any)
		sub = t.add(name, byMany)
		t.vals[name] = append(many, sub.vals)
		return sub
	case isTable && o == byHeader && sub.origin == byParent:
		sub.origin = byHeader
		return sub
	}
	p.fail(true)
	return t
}

// descend returns the table that a path leads to, and makes those on the way.
func (p *parser) descend(t *table, path []string, o origin) *table {
	for _, name := range path {
		sub := t.tables[name]
		switch {
		case sub == nil && t.vals[name] == nil:
			sub = t.add(name, o)
		case sub == nil || sub.origin == byBraces || o == byDots && sub.origin != byDots:
			p.fail(true)
			return t
		}
		t = sub
	}
	return t
}

// entry reads key = value into a table.
func (p *parser) entry(t *table) {
	path := p.key()
	p.take("=")
	start := p.pos
	v := p.value()
	if p.err != nil {
		return
	}
	last := path[len(path)-1]
	end := p.pos
	p.pos = start // an error is about this key
	t = p.descend(t, path[:len(path)-1], byDots)
	if t.vals[last] != nil {
		p.fail(true)
	}
	if p.err != nil {
		return
	}
	p.pos = end
	if sub, ok := v.(*table); ok {
		t.tables[last], t.vals[last] = sub, sub.vals
		return
	}
	t.vals[last] = v
}

// key reads a dotted key, with the white space around it.
func (p *parser) key() (path []string) {
	for {
		p.skip(" \t")
		path = append(path, p.name())
		p.skip(" \t")
		if !p.at(".") {
			return path
		}
		p.pos++
	}
}

func (p *parser) name() string {
	switch {
	case p.at(`"`) && !p.at(`"""`), p.at(`""`) && !p.at(`"""`):
		return p.text(`"`)
	case p.at("'") && !p.at("'''"):
		return p.text("'")
	}
	start := p.pos
	for p.pos < len(p.src) && Bare(p.src[p.pos]) {
		p.pos++
	}
	if p.pos == start {
		p.fail(false)
	}
	return p.src[start:p.pos]
}

// Bare reports whether a key without quotes may hold the byte.
func Bare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// value reads a value, a table as *table.
func (p *parser) value() any {
	p.skip(" \t")
	switch {
	case p.at(`"""`), p.at("'''"):
		return p.longText(p.src[p.pos : p.pos+3])
	case p.at(`"`), p.at("'"):
		return p.text(p.src[p.pos : p.pos+1])
	case p.at("["):
		all := []any{}
		p.list("]", func() {
			v := p.value()
			if t, ok := v.(*table); ok {
				v = t.vals
			}
			all = append(all, v)
		})
		return all
	case p.at("{"):
		t := newTable(byBraces)
		p.list("}", func() { p.entry(t) })
		return closed(t)
	}
	return p.word()
}

// closed returns a table to which no dotted key may add any more.
func closed(t *table) *table {
	for sub := range maps.Values(t.tables) {
		sub.origin = byBraces
		closed(sub)
	}
	return t
}

// list reads elements with commas between, and perhaps one behind the last.
func (p *parser) list(end string, element func()) {
	if p.depth++; p.depth > deepest {
		p.fail(false)
	}
	p.pos++
	for p.blank(); p.err == nil && !p.at(end); p.blank() {
		element()
		if p.blank(); p.at(end) {
			break
		}
		p.take(",")
	}
	p.take(end)
	p.depth--
}
