package toml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// text reads a text on one line, between quotes of one kind.
func (p *parser) text(quote string) string {
	p.pos++
	var b strings.Builder
	for p.err == nil && !p.at(quote) {
		switch {
		case p.pos >= len(p.src), p.at("\n"), p.at("\r"):
			p.fail(false)
		case quote == `"` && p.at(`\`):
			p.escape(&b)
		default:
			b.WriteByte(p.src[p.pos])
			p.pos++
		}
	}
	p.take(quote)
	return b.String()
}

// longText reads a text between three quotes. A line end right behind the first
// ones is not part of it; one or two quotes before the last ones are.
func (p *parser) longText(quotes string) string {
	p.pos += len(quotes)
	if p.at("\r\n") {
		p.pos++
	}
	if p.at("\n") {
		p.pos++
	}
	var b strings.Builder
	for p.err == nil && (!p.at(quotes) || p.at(quotes+quotes[:1])) {
		switch {
		case p.pos >= len(p.src):
			p.fail(false)
		case p.at(quotes + quotes):
			b.WriteString(quotes[:2]) // and so five in all: the text ends
			p.pos += 2
			p.take(quotes)
			return b.String()
		case quotes[0] == '"' && p.at(`\`):
			if !p.joinLines() {
				p.escape(&b)
			}
		default:
			b.WriteByte(p.src[p.pos])
			p.pos++
		}
	}
	p.take(quotes)
	return b.String()
}

// joinLines skips a backslash at the end of a line, and the white space up to the
// next character.
func (p *parser) joinLines() bool {
	rest := strings.TrimLeft(p.src[p.pos+1:], " \t")
	if !strings.HasPrefix(rest, "\n") && !strings.HasPrefix(rest, "\r\n") {
		return false
	}
	p.pos++
	p.skip(" \t\r\n")
	return true
}

// escape reads a backslash and what it escapes.
func (p *parser) escape(b *strings.Builder) {
	const plain, means = `btnfre"\`, "\b\t\n\f\r\x1b\"\\"
	if p.pos+1 >= len(p.src) {
		p.fail(false)
		return
	}
	c := p.src[p.pos+1]
	if i := strings.IndexByte(plain, c); i >= 0 {
		b.WriteByte(means[i])
		p.pos += 2
		return
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	end := p.pos + 2 + digits
	if digits == 0 || end > len(p.src) {
		p.fail(false)
		return
	}
	n, err := strconv.ParseUint(p.src[p.pos+2:end], 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		p.fail(false)
		return
	}
	b.WriteRune(rune(n))
	p.pos = end
}

// Unquote returns the text of a key in quotes, and whether it is one.
func Unquote(quoted string) (string, bool) {
	p := parser{src: quoted}
	s := ""
	if p.at(`"`) || p.at("'") {
		s = p.text(quoted[:1])
	} else {
		p.fail(false)
	}
	return s, p.err == nil && p.pos == len(quoted)
}
