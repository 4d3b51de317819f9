package inadyn

import (
	"strconv"
	"strings"
)

// A token is a word, or one of the characters = { } ( ) and comma; += is '+'.
type token struct {
	kind byte // 'w' for a word, 0 at the end
	text string
	line int
	env  bool // ${…} stands in it, which inadyn replaces
}

// A lexer cuts a file into tokens as libConfuse does, which reads it for inadyn.
type lexer struct {
	src   string
	pos   int
	line  int
	fault *Fault // the first; the file ends there
}

const marks = "={}(),"

// fail ends the file with a fault, unless it has one.
func (l *lexer) fail(line int, what string) {
	if l.fault == nil {
		l.fault = &Fault{line, what}
	}
	l.pos = len(l.src)
}

// next returns the next token.
func (l *lexer) next() token {
	l.skip()
	t := token{line: l.line}
	if l.pos == len(l.src) {
		return t
	}
	switch c := l.src[l.pos]; {
	case strings.IndexByte(marks, c) >= 0:
		t.kind = c
		l.pos++
	case strings.HasPrefix(l.src[l.pos:], "+="):
		t.kind = '+'
		l.pos += 2
	case c == '+' || c == '*':
		l.fail(l.line, "a "+string(c)+" outside quotes: put the value into quotes")
	case c == '"' || c == '\'':
		l.quoted(&t, c)
	default:
		t.kind = 'w'
		start := l.pos
		for l.pos < len(l.src) && strings.IndexByte(" #\"'\t\n\r+*"+marks, l.src[l.pos]) < 0 {
			l.pos++
		}
		t.text = l.src[start:l.pos]
		t.env = strings.HasSuffix(t.text, "$") && strings.HasPrefix(l.src[l.pos:], "{")
	}
	return t
}

// skip goes to the next token, over blanks and comments.
func (l *lexer) skip() {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		end := 1
		switch {
		case strings.HasPrefix(rest, "#"), strings.HasPrefix(rest, "//"):
			end = strings.IndexByte(rest, '\n')
		case strings.HasPrefix(rest, "/*"):
			if end = strings.Index(rest[2:], "*/"); end >= 0 {
				end += 4
			}
		case strings.IndexByte(" \t\r\n", rest[0]) < 0:
			return
		}
		if end < 0 {
			end = len(rest)
		}
		l.line += strings.Count(rest[:end], "\n")
		l.pos += end
	}
}

// quoted reads a string in quotes of either kind.
func (l *lexer) quoted(t *token, quote byte) {
	var b []byte
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; {
		case c == quote:
			l.pos++
			t.kind, t.text = 'w', string(b)
			return
		case c == '\\' && l.pos+1 < len(l.src):
			b = l.escape(b, quote)
		default:
			if c == '\n' {
				l.line++
			}
			t.env = t.env || quote == '"' && strings.HasPrefix(l.src[l.pos:], "${")
			b = append(b, c)
		}
	}
	l.fail(t.line, "the quote opened here is never closed")
}

// escape appends what a backslash and the characters behind it stand for, and
// leaves the position at the last of them.
func (l *lexer) escape(b []byte, quote byte) []byte {
	l.pos++
	c := l.src[l.pos]
	if c == '\n' { // the string goes on in the next line
		l.line++
		return b
	}
	if quote == '\'' {
		if c != '\'' && c != '\\' {
			b = append(b, '\\')
		}
		return append(b, c)
	}
	if i := strings.IndexByte("nrbfaetv", c); i >= 0 {
		return append(b, "\n\r\b\f\a\x1b\t\v"[i])
	}
	base, from := 8, l.pos
	if c == 'x' {
		base, from = 16, l.pos+1
	}
	for end := min(l.pos+3, len(l.src)); end > from; end-- {
		if n, err := strconv.ParseUint(l.src[from:end], base, 8); err == nil {
			l.pos = end - 1
			return append(b, byte(n))
		}
	}
	return append(b, c)
}
