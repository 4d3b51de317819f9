package service

import (
	"errors"
	"fmt"
	"strings"
)

// answerPattern tells which line of an answer means success: any of its texts.
type answerPattern []answerText

// answerText is one text of a pattern: its parts in their order, anything
// between them.
type answerText struct {
	parts      []string // a dot stands for one byte
	start, end bool     // the first part begins the line, the last one ends it
}

// patternMost bounds the length of a pattern.
const patternMost = 1000

// parsePattern reads texts joined by |. Each may begin with ^ and end with $,
// .* stands for anything and . for one character: so much of a regular
// expression is what the service files of ddns-scripts use, and what is the
// same to any program that reads one.
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

// match tells whether a line holds one of the texts, whatever the case of its
// letters.
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
		case i == last && t.end && (i > 0 || !t.start): // the earliest place of the others leaves it the most room
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

// indexPart returns where a part stands first, -1 where it does not.
func indexPart(line, part string) int {
	for i := 0; i+len(part) <= len(line); i++ {
		if samePart(part, line[i:i+len(part)]) {
			return i
		}
	}
	return -1
}

// samePart compares as many bytes; letters of ASCII in either case are the same.
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
