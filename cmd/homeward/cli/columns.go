package cli

import (
	"strings"
	"unicode/utf8"
)

// Columns aligns rows of cells. A cell longer than widest pushes the rest of its row
// to the right; the last cell of a row sets no width. The zero Columns is empty.
type Columns struct{ rows [][]string }

const widest = 40

// Add adds a row. One without cells is an empty line.
func (t *Columns) Add(cells ...string) { t.rows = append(t.rows, cells) }

// String returns the rows, one a line, without blanks at their ends.
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
