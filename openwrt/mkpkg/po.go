package main

import (
	"fmt"
	"strings"
)

// message is one entry of a .po file; the header is the one whose ID is "".
type message struct {
	context, id, plural string
	text                []string // one, or one for each plural form
	fuzzy               bool
	line                int // of its msgid
}

// readPO reads a .po file. An error begins with the line that it is about.
func readPO(src string) ([]message, error) {
	var r poReader
	for i, line := range strings.Split(src, "\n") {
		if err := r.read(strings.TrimSpace(line), i+1); err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
	}
	r.complete()
	return r.list, nil
}

// poReader reads a file line by line.
type poReader struct {
	list []message
	m    message
	open bool    // m has its msgid
	last *string // where a string that stands alone belongs
}

// complete ends the entry that is being read.
func (r *poReader) complete() {
	if r.open {
		r.list = append(r.list, r.m)
	}
	r.m, r.open, r.last = message{}, false, nil
}

func (r *poReader) read(line string, number int) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "":
		r.complete()
		return nil
	case strings.HasPrefix(line, "#~"):
		return fmt.Errorf("an entry that is no longer used: take it out")
	case strings.HasPrefix(line, "#"):
		if len(r.m.text) > 0 {
			r.complete()
		}
		r.m.fuzzy = r.m.fuzzy || strings.HasPrefix(line, "#,") && strings.Contains(line, "fuzzy")
		return nil
	case strings.HasPrefix(line, `"`):
		word, rest = "", line
	case word == "msgctxt", word == "msgid":
		if len(r.m.text) > 0 {
			r.complete()
		}
	}
	text, err := unquotedPO(strings.TrimSpace(rest))
	if err != nil {
		return err
	}
	switch word {
	case "":
		if r.last == nil {
			return fmt.Errorf("a string that belongs to nothing")
		}
		*r.last += text
	case "msgctxt":
		r.m.context, r.last = text, &r.m.context
	case "msgid":
		r.m.id, r.last, r.open, r.m.line = text, &r.m.id, true, number
	case "msgid_plural":
		r.m.plural, r.last = text, &r.m.plural
	case "msgstr", fmt.Sprintf("msgstr[%d]", len(r.m.text)):
		r.m.text = append(r.m.text, text)
		r.last = &r.m.text[len(r.m.text)-1]
	default:
		return fmt.Errorf("%s: not known here", word)
	}
	return nil
}

// unquotedPO undoes the quotes and escapes of one string.
func unquotedPO(s string) (string, error) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", fmt.Errorf("a string in double quotes is missing")
	}
	var b strings.Builder
	for s = s[1 : len(s)-1]; s != ""; s = s[1:] {
		if s[0] == '"' {
			return "", fmt.Errorf(`a quote within a string: write \"`)
		}
		if s[0] != '\\' {
			b.WriteByte(s[0])
			continue
		}
		if len(s) < 2 || !strings.ContainsRune(`"\n`, rune(s[1])) {
			return "", fmt.Errorf(`an escape other than \" \\ \n`)
		}
		s = s[1:]
		b.WriteString(map[byte]string{'"': `"`, '\\': `\`, 'n': "\n"}[s[0]])
	}
	return b.String(), nil
}
