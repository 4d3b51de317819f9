package keylines

import (
	"maps"
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestScan(t *testing.T) {
	src := `# [no.table]
a = 1 # b = 2
'quoted key' = "x = 1" # "
"e\u00e9" . sub = 'it is'

l = [ # a comment with ]
  "one]", 'two', """th
ree]""",
  {in = "list"},
]
after = '''
fake = 1
[fake]
'''
inline = { x = 1, "y z" = [1, {q = 2}], deep = {
  er = "}" } }
esc = "\"\nno = 1"
lit = {p = 'a\', q = 1}
tail = """two quotes before the end"""""
	[ t . "u.v" ]
k = 2020-11-21 20:00:00
[[many]]
one = 1
[[many]]
two = 2
[t]
last = true`
	want := map[string]int{
		"a": 2, "quoted key": 3, "eé": 4, "eé\x00sub": 4, "l": 6, "after": 11,
		"inline": 15, "inline\x00x": 15, "inline\x00y z": 15, "inline\x00deep": 15, "inline\x00deep\x00er": 16,
		"esc": 17, "lit": 18, "lit\x00p": 18, "lit\x00q": 18, "tail": 19, "t": 26, "t\x00u.v": 20, "t\x00u.v\x00k": 21,
		"many": 22, "many\x00one": 23, "many\x00two": 25, "t\x00last": 27,
	}
	if _, err := toml.Decode(src, &map[string]any{}); err != nil {
		t.Fatal(err) // the text is to be about real TOML
	}
	if got := Scan(src).Lines; !maps.Equal(got, want) {
		for k, n := range got {
			if want[k] != n {
				t.Errorf("%q: line %d, want %d", k, n, want[k])
			}
		}
		for k, n := range want {
			if got[k] == 0 {
				t.Errorf("%q: no line, want %d", k, n)
			}
		}
	}
}

func TestScanTellsWhichKeyIsOpen(t *testing.T) {
	for _, tt := range []struct {
		src   string
		open  []string
		table []string
		line  int
	}{
		{"[t]\na = ", []string{"t", "a"}, []string{"t"}, 2},
		{"[t]\na = 1\n", nil, []string{"t"}, 0},
		{"[t]\na = 1", []string{"t", "a"}, []string{"t"}, 2},
		{"a = [1,\n2,\n", []string{"a"}, nil, 1},
		{"a = \"\"\"\nb = 1\n", []string{"a"}, nil, 1},
		{"a = \"x\nb = 1\n", nil, nil, 0},
		{"a = {b = {c = 1", []string{"a", "b", "c"}, nil, 1},
		{"a = {b = 1} x", []string{"a"}, nil, 1},
		{"a = [{b = 1}] x", []string{"a"}, nil, 1},
		{"a", nil, nil, 0},
		{"a b", nil, nil, 0},
		{"[t", nil, nil, 0},
	} {
		got := Scan(tt.src)
		if !slices.Equal(got.Open, tt.open) || !slices.Equal(got.Table, tt.table) || tt.open != nil && got.OpenLine != tt.line {
			t.Errorf("%q: open %q on line %d of table %q, want %q on %d of %q", tt.src, got.Open, got.OpenLine, got.Table, tt.open, tt.line, tt.table)
		}
	}
}
