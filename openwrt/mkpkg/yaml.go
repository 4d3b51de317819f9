package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// yaml writes a tree the way `apk adbdump` does, so that the two can be
// compared. Errors of the writer come out of flush.
type yaml struct {
	w       *bufio.Writer
	indent  int
	nest    []bool // of each open level: is it a list
	started bool   // something stands on this line
	keyed   bool   // a key stands on it, and no value yet
}

func newYAML(w io.Writer) *yaml { return &yaml{w: bufio.NewWriter(w)} }

func (y *yaml) flush() error { return y.w.Flush() }

// lead brings the line to where the next word goes.
func (y *yaml) lead(item, sameLine bool) {
	switch {
	case !y.started:
		y.w.WriteString(strings.Repeat("  ", y.indent))
		if item && len(y.nest) > 0 && y.nest[len(y.nest)-1] {
			y.w.WriteString("- ")
		}
	case y.keyed && sameLine:
		y.w.WriteByte(' ')
	}
	y.started = true
}

func (y *yaml) newline() {
	y.w.WriteByte('\n')
	y.started, y.keyed = false, false
}

func (y *yaml) open(list bool) {
	if len(y.nest) > 0 {
		y.indent++
	}
	y.nest = append(y.nest, list)
}

func (y *yaml) openObject() {
	y.lead(true, false)
	y.open(false)
}

func (y *yaml) openList(n int) {
	y.lead(true, true)
	fmt.Fprintf(y.w, "# %d items", n)
	y.newline()
	y.open(true)
}

func (y *yaml) close() {
	if y.started {
		y.comment("empty object")
	}
	y.nest = y.nest[:len(y.nest)-1]
	if len(y.nest) > 0 {
		y.indent--
	}
}

func (y *yaml) comment(s string) {
	y.lead(false, true)
	y.w.WriteString("# " + s)
	y.newline()
}

func (y *yaml) key(name string) {
	if y.keyed {
		y.newline()
	}
	y.lead(true, true)
	y.w.WriteString(name + ":")
	y.keyed = true
}

// text writes a string, as a block of lines where it is long, of several lines
// or block is set.
func (y *yaml) text(s string, block bool) {
	y.lead(true, true)
	s = strings.Map(printable, s)
	switch style(s, block) {
	case "":
		y.w.WriteString(s)
		y.newline()
	case "'":
		y.w.WriteString("'" + s + "'")
		y.newline()
	default:
		y.w.WriteByte('|')
		y.newline()
		y.indent++
		for line := range strings.SplitSeq(s, "\n") {
			if line != "" {
				y.lead(false, true)
				y.w.WriteString(line)
				y.newline()
			}
		}
		y.indent--
	}
}

// printable keeps a foreign package from writing escapes to the terminal.
func printable(r rune) rune {
	if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
		return '?'
	}
	return r
}

// style returns how apk quotes s: not, in single quotes, or as a block.
func style(s string, block bool) string {
	switch {
	case s == "":
		return ""
	case block || len(s) >= 80 || strings.ContainsAny(s, "\n'") || strings.Contains(s, " #"):
		return "|"
	case strings.ContainsRune("-?:,[]{}#&*!|>\"%@`", rune(s[0])), strings.Contains(s, ": "), strings.Contains(s, "#"):
		return "'"
	}
	return ""
}
