package main

import (
	"maps"
	"testing"
)

func TestScanKeys(t *testing.T) {
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
		"esc": 17, "tail": 18, "t": 25, "t\x00u.v": 19, "t\x00u.v\x00k": 20,
		"many": 21, "many\x00one": 22, "many\x00two": 24, "t\x00last": 26,
	}
	if _, fault := decode("x", []byte(src)); fault != nil {
		t.Fatal(fault) // the text is to be about real TOML
	}
	if got := scanKeys(src).lines; !maps.Equal(got, want) {
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
