package toml

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// plain turns the library's values into ours.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[k] = plain(v[k])
		}
		return out
	case []map[string]any:
		out := make([]map[string]any, len(v))
		for i := range v {
			out[i] = plain(v[i]).(map[string]any)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case float64:
		return Fraction{}
	case time.Time:
		return Date{}
	}
	return v
}

// compare reads a text with both and reports what differs. A table that stands
// there twice is an error more often than the library has it.
func compare(t *testing.T, src string) {
	t.Helper()
	var library map[string]any
	_, libraryErr := toml.Decode(src, &library)
	got, err := Decode(src)
	twice, _ := err.(*Error)
	switch {
	case libraryErr == nil && twice != nil && twice.Twice:
	case (err == nil) != (libraryErr == nil):
		t.Errorf("%q: error %v, the library's %v", src, err, libraryErr)
	case err == nil && !reflect.DeepEqual(any(got), plain(library)):
		t.Errorf("%q = %#v, the library has %#v", src, got, plain(library))
	}
	if e, ok := err.(*Error); err != nil && (!ok || e.At < 0 || e.At > len(src)) {
		t.Errorf("%q: the error is %#v", src, err)
	}
}

func samples() []string {
	return strings.Split(`a = 1 # one
§a.b.c = "x"
a.b.d = 'y'
[t]
a.b = 1
§[a]
b = 1
[a.c]
[a]
§[a.b]
[a]
x = 1
§[a]
b = 1
[a.b]
§a = {b.c = 1, b.d = 2}
§a = {b = 1,
  c = [1, 2, ], # x
}
§a = [1, "x", [true, false], {b = 1}]
§[[a]]
x = 1
[[a]]
x = 2
[a.b]
y = 3
[[a.c]]
§[[a]]
[a]
§[a]
[[a]]
§a = 1
a = 2
§a = [1,, 2]
§a = """
x\
   y "" z"""""
§a = '''
x'' '''
§a = "\t\"\\\u00e9\U0001F600\x41\e"
§a = "\uD800"
§a = "\q"
§a = "x
§a = 0x1F
b = 0o17
c = 0b11
d = -1_000
e = +0
f = 01
§a = 1__0
§a = 1.5
b = -1e10
c = 6.02e+23
d = inf
e = -nan
§a = 1.
§a = .5
§a = 2026-11-30
b = 2026-11-30T08:15:00Z
c = 2026-11-30 08:15:00.5
d = 08:15:00
e = 2026-11-30T08:15:00+01:00
§a = 2026-02-30
§a = 2026-11-30T8:15:00Z
§a = 2026-11-30 8:15
§a = 8:15:00
§"" = 1
'a b'.c = 2
§a
§= 1
§[a
§[]
§a = 99999999999999999999
§a = true1
§a = 1e999
§[a]
b.c = 1
[a.b.d]
§[[a.b]]
[a]
x = 1
§a = 1 b = 2
§a = """x""""""
§a . b = 1
§3.14 = "pi"
§`, "§")
}

func TestDecodeIsTheLibrarys(t *testing.T) {
	for _, src := range samples() {
		compare(t, src)
		compare(t, strings.ReplaceAll(src, "\n", "\r\n"))
	}
}

// What no table may be added to, or opened again.
func TestTwice(t *testing.T) {
	for src, want := range map[string]Error{
		"a = 1\na = 2\n":          {9, true},
		"a = {b = 1}\na.c = 2\n":  {17, true},
		"[a]\nb.c = 1\n[a.b]\n":   {16, true},
		"[a.b.c]\n[a]\nb.d = 1\n": {17, true},
		"[a]\n[b]\n[a]\n":         {10, true},
		"[a]\n[[a]]\n":            {7, true},
		"a = {b = 1, b = 2}\n":    {15, true},
		"a = \"x\n":               {6, false},
		"[a\n":                    {2, false},
	} {
		_, err := Decode(src)
		if got, ok := err.(*Error); !ok || got.Twice != want.Twice || got.At != want.At {
			t.Errorf("%q: %#v, want %#v", src, err, want)
		}
	}
}

// Lists within lists end before the stack does.
func TestDepthIsBounded(t *testing.T) {
	if _, err := Decode("a = " + strings.Repeat("[", 100_000)); err == nil {
		t.Error("100 000 open lists are no error")
	}
	if _, err := Decode("a = " + strings.Repeat("[", deepest) + strings.Repeat("]", deepest)); err != nil {
		t.Errorf("%d lists within each other: %v", deepest, err)
	}
}

// The library differs here, and TOML does not have it.
func TestSixQuotesEndNoText(t *testing.T) {
	for quotes, valid := range map[int]bool{3: true, 5: true, 6: false} {
		if _, err := Decode(`a = """\\` + strings.Repeat(`"`, quotes)); (err == nil) != valid {
			t.Errorf("%d quotes: %v", quotes, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, src := range samples() {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if !utf8.ValidString(src) || strings.ContainsFunc(src, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) ||
			strings.Contains(src, `\\""""""`) || // the library takes six quotes behind an escape for the end, TOML has five at most
			strings.HasPrefix(src, "\ufeff") || strings.Count(src, "[")+strings.Count(src, "{") > deepest {
			return // refused before Decode sees it, or deeper than it reads
		}
		compare(t, src)
	})
}
