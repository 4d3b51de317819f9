package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rows returns the first two columns of a Markdown table's rows.
func rows(table string) (list []string) {
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		cells := strings.Split(line, "|")
		if i > 1 && len(cells) > 3 {
			list = append(list, strings.TrimSpace(cells[1])+": "+strings.TrimSpace(cells[2]))
		}
	}
	return list
}

func TestReadmeHasTheTableOfTheCode(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), tableBegin)
	inside, _, end := strings.Cut(rest, tableEnd)
	if !ok || !end {
		t.Fatal("the README lacks the marks of the table")
	}
	var want []string
	for _, a := range archs() {
		want = append(want, a.name+": "+strings.Join(a.env, " "))
	}
	same(t, "table", rows(inside), want)
}

func TestTableIsWrittenIntoTheReadme(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("# Title\n\n"+tableBegin+"| old |\n"+tableEnd+"\nThe end.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "homeward")
	if err := os.WriteFile(program, make([]byte, 3*1024+1), 0o600); err != nil {
		t.Fatal(err)
	}
	out := built(t, nil, "-root", tree(t), "-dist", t.TempDir(), "-all", "-program", program, "-readme", file)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Title\n\n" + tableBegin + out + tableEnd + "\nThe end.\n"; string(got) != want {
		t.Errorf("README:\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(out, "| mips_24kc | GOARCH=mips GOMIPS=softfloat | 4 | 2 | 3 | 4 |\n") {
		t.Errorf("table:\n%s", out)
	}
	if _, err := withTable([]byte("no marks"), ""); err == nil {
		t.Error("a README without marks was taken")
	}
}
