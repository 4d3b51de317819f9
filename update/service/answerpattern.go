package service

import (
	"errors"
	"fmt"
	"strings"
)

// answerPattern matches the line of an answer that means success: one of its
// texts has to match.
type answerPattern []answerText

// answerText is one text of a pattern: parts in order, with anything between
// them.
type answerText struct {
	parts      []string // a dot matches any byte
	start, end bool     // the first part must begin the line, the last one end it
}

// patternMost bounds the length of a pattern.
const patternMost = 1000

// parsePattern parses texts joined by |. Each may begin with ^ and end with $;
// .* matches anything and . one byte. The service files of ddns-scripts use no
// more of regular expressions, and this much means the same everywhere.
func parsePattern(expr string) (answerPattern, error) {
	if len(expr) > patternMost {
		return nil, fmt.Errorf("longer than %d characters", patternMost)
	}
	var p answerPattern
	for text := range strings.SplitSeq(expr, "|") {
		var t answerText
		text, t.start = strings.CutPrefix(text, "^")
		text, t.end = strings.CutSuffix(text, "$")
		if text == "" && !(t.start && t.end) {
			return nil, errors.New("an empty text beside a |: every answer would mean success")
		}
		t.parts = strings.Split(text, ".*")
		if i := strings.IndexAny(strings.Join(t.parts, ""), `*+?()[]\^$`); i >= 0 {
			return nil, fmt.Errorf("%q is not understood: write texts joined by |, as good|nochg; each may begin with ^ and end with $, and .* stands for anything", strings.Join(t.parts, "")[i])
		}
		p = append(p, t)
	}
	return p, nil
}

// match reports whether a line holds one of the texts. It ignores the case of
// ASCII letters.
func (p answerPattern) match(line string) bool {
	for _, t := range p {
		if t.match(line) {
			return true
		}
	}
	return false
}

func (t answerText) match(line string) bool {
	last := len(t.parts) - 1
	for i, part := range t.parts {
		switch {
		case i == last && t.end && (i > 0 || !t.start): // the other parts took the earliest place, which leaves the most room
			at := len(line) - len(part)
			return at >= 0 && samePart(part, line[at:])
		case i == 0 && t.start:
			if len(line) < len(part) || !samePart(part, line[:len(part)]) {
				return false
			}
			line = line[len(part):]
			if i == last && t.end {
				return line == ""
			}
		default:
			at := indexPart(line, part)
			if at < 0 {
				return false
			}
			line = line[at+len(part):]
		}
	}
	return true
}

// indexPart returns the first index of part in line, or -1.
func indexPart(line, part string) int {
	for i := 0; i+len(part) <= len(line); i++ {
		if samePart(part, line[i:i+len(part)]) {
			return i
		}
	}
	return -1
}

// samePart compares len(part) bytes and ignores the case of ASCII letters.
func samePart(part, line string) bool {
	for i := range len(part) {
		if part[i] != '.' && lower(part[i]) != lower(line[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
