package service

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ereRepeated is the most a repetition can ask for: POSIX's RE_DUP_MAX.
const ereRepeated = 255

// ereNode is a parsed expression: one of its fields is set, none of the empty one.
type ereNode struct {
	set      *byteSet
	look     byte
	or       *[2]ereNode
	and      []ereNode
	repeat   *ereNode
	min, max int // max < 0: any number
}

// ereParser reads an expression from left to right.
type ereParser struct{ rest string }

// next takes one byte; take does if it is c.
func (p *ereParser) next() byte {
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *ereParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *ereParser) alternatives() (ereNode, error) {
	var left ereNode
	for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
		n, err := p.repeated()
		if err != nil {
			return left, err
		}
		left.and = append(left.and, n)
	}
	if !p.take('|') {
		return left, nil
	}
	right, err := p.alternatives()
	return ereNode{or: &[2]ereNode{left, right}}, err
}

// repeated reads an atom with what repeats it.
func (p *ereParser) repeated() (ereNode, error) {
	n, err := p.atom()
	for err == nil {
		inner := n
		n = ereNode{repeat: &inner}
		switch {
		case p.take('*'):
			n.max = -1
		case p.take('+'):
			n.min, n.max = 1, -1
		case p.take('?'):
			n.max = 1
		case p.interval(&n):
			if n.min > ereRepeated || n.max > ereRepeated || n.max >= 0 && n.min > n.max {
				err = errors.New("a repetition {n,m} out of order, or of more than 255")
			}
		default:
			return inner, nil
		}
	}
	return n, err
}

// interval reads {n}, {n,}, {,m} or {n,m}; any other { stands for itself.
func (p *ereParser) interval(n *ereNode) bool {
	body, rest, ok := strings.Cut(p.rest, "}")
	if !ok || !strings.HasPrefix(body, "{") {
		return false
	}
	low, high, ranged := strings.Cut(body[1:], ",")
	if !ranged {
		high = low
	}
	if n.min, ok = count(low, 0, ranged); ok {
		n.max, ok = count(high, -1, ranged)
	}
	if ok {
		p.rest = rest
	}
	return ok
}

func count(s string, missing int, optional bool) (int, bool) {
	if s == "" {
		return missing, optional
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

func (p *ereParser) atom() (ereNode, error) {
	switch c := p.next(); c {
	case '(':
		n, err := p.alternatives()
		if err == nil && !p.take(')') {
			err = errors.New("a ( without its )")
		}
		return n, err
	case '[':
		return p.bracket()
	case '.':
		return ereNode{set: anyByte()}, nil
	case '^', '$':
		return ereNode{look: c}, nil
	case '*', '+', '?':
		return ereNode{}, fmt.Errorf("a %c with nothing before it to repeat", c)
	case '\\':
		return p.escape()
	default:
		return ereNode{set: oneByte(c)}, nil
	}
}

func (p *ereParser) escape() (ereNode, error) {
	if p.rest == "" {
		return ereNode{}, errors.New(`a \ at the end`)
	}
	switch c := p.next(); {
	case strings.IndexByte("bB<>", c) >= 0:
		return ereNode{look: c}, nil
	case strings.IndexByte("wWsS", c) >= 0:
		set := classBytes("space")
		if c|' ' == 'w' {
			set = classBytes("alnum")
			set.add('_', '_')
		}
		if c < 'a' {
			set.invert()
		}
		return ereNode{set: set}, nil
	case wordByte(c):
		return ereNode{}, fmt.Errorf(`\%c, which grep -E does not know or cannot be had here`, c)
	default:
		return ereNode{set: oneByte(c)}, nil
	}
}

// bracket reads a bracket expression, behind its [.
func (p *ereParser) bracket() (ereNode, error) {
	set := new(byteSet)
	inverted := p.take('^')
	for first := true; ; first = false {
		if p.rest == "" {
			return ereNode{}, errors.New("a [ without its ]")
		}
		c := p.next()
		if c == ']' && !first {
			break
		}
		if err := p.member(set, c); err != nil {
			return ereNode{}, err
		}
	}
	set.fold()
	if inverted {
		set.invert()
	}
	return ereNode{set: set}, nil
}

// member adds what begins with c: a class, a range or c alone.
func (p *ereParser) member(set *byteSet, c byte) error {
	if c == '[' && p.rest != "" && strings.IndexByte(":.=", p.rest[0]) >= 0 {
		name, rest, ok := strings.Cut(p.rest[1:], p.rest[:1]+"]")
		class := classBytes(name)
		if !ok || p.rest[0] != ':' || class == nil {
			return errors.New("a [: :] that names no class of POSIX, or a [. .] or [= =]")
		}
		p.rest = rest
		for i := range class {
			set[i] |= class[i]
		}
		return nil
	}
	hi := c
	if len(p.rest) > 1 && p.rest[0] == '-' && p.rest[1] != ']' {
		p.next()
		hi = p.next()
	}
	if hi < c {
		return fmt.Errorf("a range %c-%c that runs backwards", c, hi)
	}
	set.add(c, hi)
	return nil
}

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

// add adds the bytes from lo to hi.
func (s *byteSet) add(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s[c>>6] |= 1 << (c & 63)
	}
}

// fold adds the other case of each letter.
func (s *byteSet) fold() {
	for c := byte('a'); c <= 'z'; c++ {
		if up := c - 'a' + 'A'; s.has(c) || s.has(up) {
			s.add(c, c)
			s.add(up, up)
		}
	}
}

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

func oneByte(c byte) *byteSet {
	s := new(byteSet)
	s.add(c, c)
	s.fold()
	return s
}

func anyByte() *byteSet { return &byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// classBytes returns the bytes of a POSIX character class, nil if there is no
// such class.
func classBytes(name string) *byteSet {
	ranges, ok := map[string]string{
		"alpha": "azAZ", "digit": "09", "alnum": "azAZ09", "upper": "AZ", "lower": "az",
		"space": "\t\r  ", "blank": "\t\t  ", "punct": "!/:@[`{~", "print": " ~", "graph": "!~",
		"xdigit": "09afAF", "cntrl": "\x00\x1f\x7f\x7f",
	}[name]
	if !ok {
		return nil
	}
	s := new(byteSet)
	for ; ranges != ""; ranges = ranges[2:] {
		s.add(ranges[0], ranges[1])
	}
	return s
}
