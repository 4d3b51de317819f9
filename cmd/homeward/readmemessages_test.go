package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// gap stands in a text of the sources for what is put in when it is said.
const gap = "\x00"

// sourceTexts returns each text of the shipped sources as it is said, with a
// gap for what is not fixed.
func sourceTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	script, err := os.ReadFile("../../init.d/homeward")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(script)) {
		texts = append(texts, strings.TrimSpace(line))
	}
	for _, dir := range []string{".", "*", "../../update", "../../update/*", "../../netwatch", "../../openwrt/*"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if ok {
					if text := textOf(e); strings.Trim(text, gap) != "" {
						texts = append(texts, text)
					}
				}
				return true
			})
		}
	}
	if len(texts) < 1000 {
		t.Fatalf("%d texts are found in the sources", len(texts))
	}
	return texts
}

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)

// textOf returns what an expression of literals and other things says.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, _ := strconv.Unquote(e.Value)
			return verb.ReplaceAllString(s, gap)
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return textOf(e.X) + textOf(e.Y)
		}
	}
	return gap
}

// The messages that the pages list are those of the program: the fixed words
// of each are in one text of its sources, in their order.
func TestPagesMessagesAreTheProgramsOwn(t *testing.T) {
	texts := sourceTexts(t)
	messages := 0
	inTable := false
	for line := range strings.Lines(page(t, trouble) + page(t, "ipv64cli/README.md")) {
		switch {
		case strings.HasPrefix(line, "| message |"):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "|---"):
			cell, _, _ := strings.Cut(line[1:], " | ")
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
				messages++
				if !saidIn(texts, m[1]) {
					t.Errorf("the program never says: %s", m[1])
				}
			}
		}
	}
	if messages < 30 {
		t.Errorf("%d messages are listed", messages)
	}
}

// saidIn tells whether a text can be said as the message, in which … and N stand
// for anything, and one word of each part may be put in. Of a service's own words
// the program knows a part.
func saidIn(texts []string, message string) bool {
	parts := regexp.MustCompile(`…|\bN\b`).Split(message, -1)
	for _, text := range texts {
		if !strings.Contains(text, gap) && strings.Contains(text, " ") && len(text) > 12 && strings.Contains(message, text) {
			return true
		}
		found := true
		for _, part := range parts {
			if text, found = cutPart(text, strings.TrimSpace(part)); !found {
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

// cutPart returns what follows part in a text that may have a gap for one word.
func cutPart(text, part string) (rest string, ok bool) {
	if _, rest, ok = strings.Cut(text, part); ok {
		return rest, true
	}
	words := strings.Split(part, " ")
	for i, w := range words {
		if len(words) < 3 {
			break
		}
		words[i] = gap + w[len(strings.TrimRight(w, ":,;.")):]
		if _, rest, ok = strings.Cut(text, strings.Join(words, " ")); ok {
			return rest, true
		}
		words[i] = w
	}
	return "", false
}
