package settings

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"homeward/cmd/homeward/settings/keylines"
	"homeward/cmd/homeward/settings/toml"
)

// decode reads TOML. The fault is the first one, and repeats nothing of the text,
// which may be a secret.
func decode(file string, src []byte) (map[string]any, *Fault) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if at := oddByte(src); at >= 0 {
		return nil, oddFault(file, src, at)
	}
	vals, err := toml.Decode(string(src))
	if err == nil {
		return vals, nil
	}
	at, twice := len(src), false
	var wrong *toml.Error
	if errors.As(err, &wrong) {
		at, twice = wrong.At, wrong.Twice
	}
	f := syntaxFault(file, string(src), at, twice)
	return nil, &f
}

// syntaxFault describes a syntax error at a byte of the text, with nothing but its
// line and the names of known keys.
func syntaxFault(file, src string, at int, twice bool) Fault {
	if at >= len(src)-1 && src[at:] != "\n" {
		at = len(src) // the end is missing
	}
	seen := keylines.Scan(src[:at])
	path, line := seen.Open, seen.OpenLine
	if path == nil {
		line = 1 + strings.Count(src[:at], "\n")
		rest := strings.TrimLeft(src[strings.LastIndexByte(src[:at], '\n')+1:], " \t")
		if strings.HasPrefix(rest, "[") {
			return Fault{File: file, Line: line, Text: headerAdvice(twice)}
		}
		word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return r < 0x80 && toml.Bare(byte(r)) }))]
		path = append(slices.Clone(seen.Table), word)
	}
	f := Fault{File: file, Line: line}
	path, k, known := knownPath(path)
	if known {
		f.Key = ShownPath(path)
	}
	f.Text = syntaxAdvice(k, known, twice)
	return f
}

func headerAdvice(twice bool) string {
	if twice {
		return "this table stands here for the second time: put its keys into one, or give it another name"
	}
	return "this table's name is not valid TOML: write [account.home], the whole of it on a line of its own"
}

func syntaxAdvice(k Key, known, twice bool) string {
	switch {
	case twice:
		return "this key stands here for the second time: take one of the two out"
	case !known:
		return `not valid TOML: write key = "text", with double quotes around the text, or [account.home] for a table`
	case k.Kind == Text, k.Kind == Device:
		return "not valid TOML: write " + k.Name + " = " + k.Example +
			`, the text on one line between two double quotes, a backslash in it as \\ and a double quote as \"`
	case k.Kind == List:
		return "not valid TOML: write " + k.Name + " = " + k.Example + ", each in double quotes, with commas between"
	case k.Kind == Tables:
		return "not valid TOML: write " + k.Example + " on a line of its own, and its keys below"
	}
	return "not valid TOML: write " + k.Name + " = " + k.Example + ", without quotes"
}

// knownPath returns the key that a path leads to or through. An account's name is
// returned only if it is a plain word.
func knownPath(path []string) ([]string, Key, bool) {
	keys, depth := TopKeys(), 1
	switch {
	case len(path) > 1 && path[0] == "line":
		keys, depth = LineKeys(), 2
	case len(path) > 2 && path[0] == "account":
		keys, depth = AccountKeys(), 3
		if !keylines.Bare(path[1]) || len(path[1]) > 32 {
			path = append([]string{"account", "…"}, path[2:]...)
		}
	}
	k, ok := findKey(keys, path[depth-1])
	return path[:depth], k, ok
}

// oddByte returns the position of the first byte that no TOML text holds, -1 if
// there is none.
func oddByte(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		bad := r == utf8.RuneError && n == 1 || r == 0x7f || r < ' ' && r != '\t' && r != '\n' && r != '\r'
		if r == '\r' && !bytes.HasPrefix(src[i:], []byte("\r\n")) {
			bad = true
		}
		if bad {
			return i
		}
		i += n
	}
	return -1
}

func oddFault(file string, src []byte, at int) *Fault {
	f := syntaxFault(file, string(src), at, false)
	f.Line = 1 + bytes.Count(src[:at], []byte("\n"))
	f.Text = "a control character stands in this line, and cannot be seen: write the line anew"
	if src[at] >= utf8.RuneSelf {
		f.Text = "a byte here is not UTF-8: save the file as UTF-8"
	}
	if bytes.IndexByte(src, 0) >= 0 {
		f.Line, f.Key, f.Text = 1, "", "this is no text (UTF-16, or a binary file): save it as UTF-8"
	}
	return &f
}
