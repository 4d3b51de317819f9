package settings

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeward/cmd/homeward/settings/keylines"
	"homeward/cmd/homeward/settings/toml"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/spelling"
)

// reader collects the faults while a configuration is read.
type reader struct {
	file     string
	lines    map[string]int
	faults   Faults
	warnings Faults
	read     FileReader
	inline   bool // the file itself holds a secret
}

// table is one table of the file, with the values of known keys and right types.
type table struct {
	r    *reader
	path []string
	keys []Key
	vals map[string]any
	bad  map[string]bool // reported already: not missing, too
}

// table checks the names and types of a table's keys and leaves wrong ones out.
func (r *reader) table(path []string, vals map[string]any, keys []Key) table {
	t := table{r, path, keys, map[string]any{}, map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(vals)) {
		k, ok := findKey(keys, name)
		if !ok {
			t.unknown(name)
			continue
		}
		if is := kindOf(vals[name]); !k.takes(vals[name]) {
			t.fault(name, k.mustBe(is))
			continue
		}
		if vals[name] != "" { // as in UCI, an empty text is no value
			t.vals[name] = vals[name]
		}
	}
	return t
}

func (t table) unknown(name string) {
	near := spelling.Nearest(name, keyNames(t.keys))
	t.bad[near] = true // the key that was meant is not missing, too
	label := name
	if !shownUnknown(name, near) {
		label = "…"
	}
	path := append(slices.Clone(t.path), label)
	t.r.faults = append(t.r.faults, Fault{t.r.file, t.line(name), ShownPath(path), sayUnknown(near), t.pathKey(name)})
}

// fault reports what is wrong with a key, and what to write. If the key is not
// there, it names the line of the table.
func (t table) fault(name, text string) {
	t.bad[name] = true
	t.r.faults = append(t.r.faults, Fault{t.r.file, t.line(name), t.keyPath(name), text, t.pathKey(name)})
}

func (t table) warn(name, text string) {
	t.r.warnings = append(t.r.warnings, Fault{t.r.file, t.line(name), t.keyPath(name), text, t.pathKey(name)})
}

// keyPath writes the path of a key for people; "" is the table.
func (t table) keyPath(name string) string {
	if name == "" {
		return ShownPath(t.path)
	}
	return ShownPath(append(slices.Clone(t.path), name))
}

// pathKey returns the path of a key, joined by keylines.Join; "" is the table.
func (t table) pathKey(name string) string {
	if name == "" {
		return keylines.Join(t.path)
	}
	return keylines.Join(append(slices.Clone(t.path), name))
}

// line returns the line of a key, or of its table if the key is not there.
func (t table) line(name string) int {
	path := append(slices.Clone(t.path), name)
	for len(path) > 0 {
		if n := t.r.lines[keylines.Join(path)]; n > 0 {
			return n
		}
		path = path[:len(path)-1]
	}
	return 1
}

func (t table) has(name string) bool { return t.vals[name] != nil }

// missing reports whether a key is neither there nor reported.
func (t table) missing(name string) bool { return t.vals[name] == nil && !t.bad[name] }

func (t table) text(name string) string {
	s, _ := t.vals[name].(string)
	return s
}

func (t table) textOr(name, otherwise string) string {
	if s := t.text(name); s != "" {
		return s
	}
	return otherwise
}

func (t table) boolean(name string, otherwise bool) bool {
	if b, ok := t.vals[name].(bool); ok {
		return b
	}
	return otherwise
}

func (t table) texts(name string) []string {
	elements, _ := t.vals[name].([]any)
	s := make([]string, 0, len(elements))
	for _, e := range elements {
		s = append(s, e.(string)) // types were checked before
	}
	return s
}

// choice reads one of the key's choices.
func (t table) choice(name, otherwise string) string {
	v := t.textOr(name, otherwise)
	if wrong := t.noChoice(name, v); wrong != "" {
		t.fault(name, wrong)
		return otherwise
	}
	return v
}

// noChoice says what the choices of a key are if v is none of them, else "".
func (t table) noChoice(name, v string) (wrong string) {
	k, _ := findKey(t.keys, name)
	if words := strings.Fields(k.Choices); !slices.Contains(words, v) {
		return secret.Shown(v) + " is not one of " + strings.Join(words, ", ")
	}
	return ""
}

// count reads a number of requests from 0 to service.LimitMost.
func (t table) count(name string, otherwise int) int {
	n, ok := t.vals[name].(int64)
	switch {
	case !ok:
		return otherwise
	case n < 0:
		t.fault(name, "is below 0: write the number of requests, or 0 for no limit")
		return otherwise
	case n > service.LimitMost:
		t.fault(name, "is above "+strconv.Itoa(service.LimitMost)+", the most that is counted: write a lower number, or 0 for no limit")
		return otherwise
	}
	return int(n)
}

// duration reads a duration that is not negative.
func (t table) duration(name string, otherwise time.Duration) time.Duration {
	if !t.has(name) {
		return otherwise
	}
	k, _ := findKey(t.keys, name)
	d, err := time.ParseDuration(t.text(name))
	if err != nil {
		t.fault(name, secret.Shown(t.text(name))+" is no duration: write hours (h), minutes (m) or seconds (s), as in "+name+" = "+k.Example)
		return otherwise
	}
	if d < 0 {
		t.fault(name, "is negative: write "+name+" = "+k.Example)
		return otherwise
	}
	return d
}

// takes reports whether a value has the key's type.
func (k Key) takes(v any) bool {
	if k.Kind != List {
		return kindOf(v) == [...]string{"text", "a list", "a number", "true or false", "text", "a table"}[k.Kind]
	}
	elements, ok := v.([]any)
	return ok && !slices.ContainsFunc(elements, func(e any) bool { return kindOf(e) != "text" })
}

// mustBe says what to write in place of a value of another type. It does not repeat
// the value.
func (k Key) mustBe(is string) string {
	switch k.Kind {
	case Text, Device:
		return "is " + is + ", not text: write it in double quotes, " + k.Name + " = " + k.Example
	case List:
		if is == "a list" {
			is = "a list of other things"
		}
		return "is " + is + ", not a list of texts: write " + k.Name + " = " + k.Example
	case Number:
		return "is " + is + ", not a whole number: write " + k.Name + " = " + k.Example + ", without quotes"
	case Boolean:
		return "is " + is + ", not true or false: write " + k.Name + " = " + k.Example + ", without quotes"
	}
	return "is " + is + ", not a table: write " + k.Example + " on a line of its own, and its keys below"
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64:
		return "a number"
	case toml.Fraction:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}
