package cli

import (
	"strings"
	"testing"
)

func TestColumnsLineUp(t *testing.T) {
	var c Columns
	c.Add("a headline that takes what it needs")
	c.Add("ä", "b", "c")
	c.Add("long", "", strings.Repeat("x", 50), "d")
	c.Add("a", "bb", "y", "d")
	want := "a headline that takes what it needs\nä     b   c\nlong      " + strings.Repeat("x", 50) + "  d\na     bb  y" + strings.Repeat(" ", 39) + "  d\n"
	if got := c.String(); got != want {
		t.Errorf("columns\n%s\nwant\n%s", got, want)
	}
}
