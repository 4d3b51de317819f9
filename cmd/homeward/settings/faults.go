package settings

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"homeward/cmd/homeward/settings/keylines"
	"homeward/update/secret"
)

// Fault is one thing wrong in a configuration. It holds no secret.
type Fault struct {
	File string
	Line int    // 0: about the whole file
	Key  string // its path for people; "": about no key
	Text string // what is wrong, and what to write

	Path string // the key's path as in the file, joined by keylines.Join
}

func (f Fault) String() string {
	s := f.File + ": "
	if f.Line > 0 {
		s = f.File + ":" + strconv.Itoa(f.Line) + ": "
	}
	if f.Key != "" {
		s += f.Key + ": "
	}
	return s + f.Text
}

// In reports whether the fault is about a table of the top, or something in it.
func (f Fault) In(table string) bool {
	first, _, _ := strings.Cut(f.Path, "\x00")
	return first == table
}

// Keys returns the path of the key, nil where the fault is about none.
func (f Fault) Keys() []string {
	if f.Path == "" {
		return nil
	}
	return strings.Split(f.Path, "\x00")
}

// Faults are the faults of a configuration, in the order of their lines. The error
// has one line for each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// sorted sorts faults by line and drops repeated ones.
func sorted(f Faults) Faults {
	sort.SliceStable(f, func(i, j int) bool { return f[i].Line < f[j].Line })
	return slices.Compact(f)
}

// ShownPath writes the path of a key as TOML does, with … for each part that may be
// a secret.
func ShownPath(path []string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		switch {
		case p == "…", keylines.Bare(p) && !secret.LooksLikeToken(p):
			parts[i] = p
		case secret.Shown(p) == "this":
			parts[i] = "…"
		default:
			parts[i] = secret.Shown(p)
		}
	}
	return strings.Join(parts, ".")
}

// shownUnknown reports whether an unknown key may be named: it could be a secret
// that was written before the equals sign.
func shownUnknown(key string, near string) bool {
	word := func(r rune) bool { return r >= 'a' && r <= 'z' || r == '_' }
	return near != "" || len(key) <= 16 && !secret.LooksLike(key) && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_0123456789") == "" &&
		strings.ContainsFunc(key, word)
}

func sayUnknown(near string) string {
	if near != "" {
		return "unknown key: did you mean " + near + "?"
	}
	return "unknown key: take it out; homeward help config shows every key"
}
