package cli

import (
	"strings"
	"unicode/utf8"
)

// Columns sets rows below each other. The last cell of a row takes what it
// needs, and another one that is longer than widest pushes the rest on.
type Columns struct{ rows [][]string }

const widest = 40

// Add adds a row; one without a cell is an empty line.
func (t *Columns) Add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *Columns) String() string {
	var width []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			if i == len(row)-1 {
				break
			}
			width[i] = max(width[i], min(widest, utf8.RuneCountInString(cell)))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", max(0, width[i]-utf8.RuneCountInString(cell))) + "  "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
