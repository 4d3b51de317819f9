// Package keylines finds the lines of the keys of a TOML text, which may be broken
// and end anywhere.
package keylines

import (
	"strings"

	"homeward/cmd/homeward/settings/toml"
)

// Keys is what a scan has seen of the keys of a TOML text.
type Keys struct {
	Lines    map[string]int // the line of each key and table, by Join
	Table    []string       // the table that is open at the end of the text
	Open     []string       // the key whose line the end of the text cuts off; nil if none
	OpenLine int            // the line of Open
}

type scanner struct {
	Keys
	src    string
	pos    int
	line   int
	nested int // depth of lists: tables in them have no keys of their own
}

// Scan finds the line of each key and table of a TOML text, which may be broken and
// end anywhere.
func Scan(src string) Keys {
	s := scanner{Keys: Keys{Lines: map[string]int{}}, src: src, line: 1}
	for s.pos < len(s.src) {
		s.blank()
		s.Open = nil
		if s.at("[") {
			s.header()
		} else {
			s.entry(s.Table)
		}
		s.restOfLine()
	}
	return s.Keys
}

// Join joins the path of a key to the key of a map. It is unique: a TOML file
// with a zero byte is refused.
func Join(path []string) string { return strings.Join(path, "\x00") }

func (s *scanner) at(prefix string) bool { return strings.HasPrefix(s.src[s.pos:], prefix) }

// skip advances n bytes, or to the end.
func (s *scanner) skip(n int) {
	n = min(n, len(s.src)-s.pos)
	s.line += strings.Count(s.src[s.pos:s.pos+n], "\n")
	s.pos += n
}

// until advances to the first of chars, or to the end.
func (s *scanner) until(chars string) {
	n := strings.IndexAny(s.src[s.pos:], chars)
	if n < 0 {
		n = len(s.src)
	}
	s.skip(n)
}

// spaces skips blanks within a line.
func (s *scanner) spaces() {
	rest := s.src[s.pos:]
	s.skip(len(rest) - len(strings.TrimLeft(rest, " \t\r")))
}

// blank skips blanks, line ends and comments.
func (s *scanner) blank() {
	for {
		rest := s.src[s.pos:]
		s.skip(len(rest) - len(strings.TrimLeft(rest, " \t\r\n")))
		if !s.at("#") {
			return
		}
		s.until("\n")
	}
}

// restOfLine skips what stands behind a value. Only a line end closes the value.
func (s *scanner) restOfLine() {
	s.until("\n")
	if s.pos < len(s.src) {
		s.skip(1)
		s.Open = nil
	}
}

func (s *scanner) header() {
	many := s.at("[[")
	s.skip(1)
	if many {
		s.skip(1)
	}
	path := s.key()
	if len(path) == 0 || !s.at("]") {
		return
	}
	s.record(path)
	if !many {
		s.Lines[Join(path)] = s.line // the header, not a table below it that came first
	}
	s.Table = path
}

// entry reads key = value below the path.
func (s *scanner) entry(below []string) {
	key := s.key()
	if len(key) == 0 || !s.at("=") {
		return
	}
	path := append(append([]string{}, below...), key...)
	if s.nested == 0 {
		s.record(path)
		s.Open, s.OpenLine = path, s.line
	}
	s.skip(1)
	s.value(path)
}

func (s *scanner) record(path []string) {
	for i := range path {
		k := Join(path[:i+1])
		if s.Lines[k] == 0 {
			s.Lines[k] = s.line
		}
	}
}

func (s *scanner) value(path []string) {
	s.spaces()
	switch {
	case s.at(`"`), s.at("'"):
		s.text()
	case s.at("["):
		s.nested++
		s.list("]", func() { s.value(path) })
		s.nested--
	case s.at("{"):
		s.list("}", func() { s.entry(path) })
	default:
		s.until(",]}#\n")
	}
}

// list reads elements up to end. Where an element reads nothing it skips one byte,
// so that the scan always ends.
func (s *scanner) list(end string, element func()) {
	s.skip(1)
	open, line := s.Open, s.OpenLine
	for s.blank(); s.pos < len(s.src) && !s.at(end); s.blank() {
		before := s.pos
		if !s.at(",") {
			element()
		}
		if s.pos == before {
			s.skip(1)
		}
	}
	if s.pos < len(s.src) {
		s.Open, s.OpenLine = open, line
	}
	s.skip(1)
}

// text skips a string of any of the four kinds.
func (s *scanner) text() {
	quote := s.src[s.pos : s.pos+1]
	if long := strings.Repeat(quote, 3); s.at(long) {
		s.skip(3)
		s.textEnd(long, quote == `"`)
		for s.at(quote) { // up to two quotes more belong to the text
			s.skip(1)
		}
		return
	}
	s.skip(1)
	s.textEnd(quote, quote == `"`)
}

func (s *scanner) textEnd(end string, escapes bool) {
	for s.pos < len(s.src) && !s.at(end) {
		if len(end) == 1 && s.at("\n") {
			return // broken: such a text has no line end
		}
		if escapes && s.at(`\`) {
			s.skip(1)
		}
		s.skip(1)
	}
	s.skip(len(end))
}

// key reads a dotted key; nil if there is none.
func (s *scanner) key() []string {
	var path []string
	for {
		s.spaces()
		start := s.pos
		if s.at(`"`) || s.at("'") {
			s.text()
			path = append(path, unquoteKey(s.src[start:s.pos]))
		} else {
			for s.pos < len(s.src) && toml.Bare(s.src[s.pos]) {
				s.pos++
			}
			if s.pos == start {
				return nil
			}
			path = append(path, s.src[start:s.pos])
		}
		s.spaces()
		if !s.at(".") {
			return path
		}
		s.skip(1)
	}
}

// unquoteKey returns a key without its quotes, or as it is if it is broken.
func unquoteKey(quoted string) string {
	if key, ok := toml.Unquote(quoted); ok {
		return key
	}
	return quoted
}

// Bare reports whether a key may stand without quotes.
func Bare(key string) bool {
	for i := range len(key) {
		if !toml.Bare(key[i]) {
			return false
		}
	}
	return key != ""
}
