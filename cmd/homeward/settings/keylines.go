package settings

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// keyScan is what was seen of a TOML text's keys.
type keyScan struct {
	lines    map[string]int // the line of each key and table, by PathKey
	table    []string       // the table that the end of the text belongs to
	open     []string       // the key whose value, or rest of its line, the end cut off; nil if none
	openLine int

	src    string
	pos    int
	line   int
	nested int // within so many lists, whose tables have no keys of their own
}

// scanKeys tells the line on which each key and table of a TOML text stands:
// the library knows it only for what it refuses. The text may be broken or end
// anywhere.
func scanKeys(src string) keyScan {
	s := keyScan{src: src, line: 1, lines: map[string]int{}}
	for s.pos < len(s.src) {
		s.blank()
		s.open = nil
		if s.at("[") {
			s.header()
		} else {
			s.entry(s.table)
		}
		s.restOfLine()
	}
	return s
}

// PathKey joins a path to the key of a map. No TOML file that is read holds a
// zero byte.
func PathKey(path []string) string { return strings.Join(path, "\x00") }

func (s *keyScan) at(prefix string) bool { return strings.HasPrefix(s.src[s.pos:], prefix) }

// skip steps over n bytes, or to the end.
func (s *keyScan) skip(n int) {
	n = min(n, len(s.src)-s.pos)
	s.line += strings.Count(s.src[s.pos:s.pos+n], "\n")
	s.pos += n
}

// until steps to the first of the bytes named, or to the end.
func (s *keyScan) until(chars string) {
	n := strings.IndexAny(s.src[s.pos:], chars)
	if n < 0 {
		n = len(s.src)
	}
	s.skip(n)
}

// spaces steps over spaces within a line.
func (s *keyScan) spaces() {
	rest := s.src[s.pos:]
	s.skip(len(rest) - len(strings.TrimLeft(rest, " \t\r")))
}

// blank steps over spaces, line ends and comments.
func (s *keyScan) blank() {
	for {
		rest := s.src[s.pos:]
		s.skip(len(rest) - len(strings.TrimLeft(rest, " \t\r\n")))
		if !s.at("#") {
			return
		}
		s.until("\n")
	}
}

// restOfLine steps over what stands behind a value. Only a line end closes it.
func (s *keyScan) restOfLine() {
	s.until("\n")
	if s.pos < len(s.src) {
		s.skip(1)
		s.open = nil
	}
}

func (s *keyScan) header() {
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
		s.lines[PathKey(path)] = s.line // the header, not a table below it that came first
	}
	s.table = path
}

// entry reads key = value below the path.
func (s *keyScan) entry(below []string) {
	key := s.key()
	if len(key) == 0 || !s.at("=") {
		return
	}
	path := append(append([]string{}, below...), key...)
	if s.nested == 0 {
		s.record(path)
		s.open, s.openLine = path, s.line
	}
	s.skip(1)
	s.value(path)
}

func (s *keyScan) record(path []string) {
	for i := range path {
		k := PathKey(path[:i+1])
		if s.lines[k] == 0 {
			s.lines[k] = s.line
		}
	}
}

func (s *keyScan) value(path []string) {
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

// list reads elements up to end. An element that reads nothing gives way to
// one byte, so that no text holds it up.
func (s *keyScan) list(end string, element func()) {
	s.skip(1)
	open, line := s.open, s.openLine
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
		s.open, s.openLine = open, line
	}
	s.skip(1)
}

// text steps over a string of any of the four kinds.
func (s *keyScan) text() {
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

func (s *keyScan) textEnd(end string, escapes bool) {
	for s.pos < len(s.src) && !s.at(end) {
		if len(end) == 1 && s.at("\n") {
			return // broken: a line end does not stand in such a text
		}
		if escapes && s.at(`\`) {
			s.skip(1)
		}
		s.skip(1)
	}
	s.skip(len(end))
}

// key reads a dotted key; nil if there is none.
func (s *keyScan) key() []string {
	var path []string
	for {
		s.spaces()
		start := s.pos
		if s.at(`"`) || s.at("'") {
			s.text()
			path = append(path, unquoteKey(s.src[start:s.pos]))
		} else {
			for s.pos < len(s.src) && BareByte(s.src[s.pos]) {
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

// unquoteKey lets the library read the quotes: its escapes are not Go's.
func unquoteKey(quoted string) string {
	var v struct{ K string }
	if _, err := toml.Decode("K = "+quoted, &v); err != nil {
		return quoted
	}
	return v.K
}

// BareByte tells whether a key without quotes may hold the byte.
func BareByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
