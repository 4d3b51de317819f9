package main

import (
	"bytes"
	"fmt"
	"strings"
)

// The table in the README stands between these two lines.
const (
	tableBegin = "<!-- sizes: written by make package-table -->\n"
	tableEnd   = "<!-- end of sizes -->\n"
)

// table returns the architectures in Markdown, with what they weigh in KiB
// where list says it.
func table(list []sizes) string {
	var b strings.Builder
	b.WriteString("| OpenWrt architecture | Go | binary | ipk | apk | installed |\n|---|---|--:|--:|--:|--:|\n")
	for _, s := range list {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", s.arch.name, strings.Join(s.arch.env, " "),
			kib(s.program), kib(s.ipk), kib(s.apk), kib(s.installed))
	}
	return b.String()
}

func kib(n int) string { return fmt.Sprint((n + 1023) / 1024) }

// bareTable is the table without sizes.
func bareTable() string {
	var b strings.Builder
	b.WriteString("| OpenWrt architecture | Go |\n|---|---|\n")
	for _, a := range archs() {
		fmt.Fprintf(&b, "| %s | %s |\n", a.name, strings.Join(a.env, " "))
	}
	return b.String()
}

// withTable returns the README with another table between its marks.
func withTable(readme []byte, table string) ([]byte, error) {
	begin := bytes.Index(readme, []byte(tableBegin))
	end := bytes.Index(readme, []byte(tableEnd))
	if begin < 0 || end < begin {
		return nil, fmt.Errorf("no line %q with a line %q behind it", tableBegin, tableEnd)
	}
	out := append(bytes.Clone(readme[:begin]), tableBegin+table...)
	return append(out, readme[end:]...), nil
}
