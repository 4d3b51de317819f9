package uci

import (
	"fmt"
	"io"
	"strconv"
)

// File is the file that an export was made from.
type File struct {
	Name string
	Raw  []byte // its content; nil: unknown
}

// Print writes each fault on a line, as FILE:LINE: path: what, after the text
// before.
func (f File) Print(w io.Writer, before string, faults []Fault) {
	for _, fault := range faults {
		at, path := f.Name, fault.Path
		switch {
		case fault.Line > 0:
			at += ":" + strconv.Itoa(fault.Line)
		case f.Raw != nil && fault.Section != "":
			fault.What += " (a change that is not in the file yet: uci changes homeward)"
		}
		if path != "" {
			path += ": "
		}
		fmt.Fprintf(w, "%s%s: %s%s\n", before, at, path, fault.What)
	}
}
