package daemon

import "testing"

func TestTextMapping(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homeward\n":       true,
		"006eb000-00990000 r--p 002eb000 fe:00 9978039                            /usr/bin/my homeward\n":    true,
		"00990000-009bd000 rw-p 00590000 fe:00 9978039                            /usr/bin/homeward\n":       false,
		"009bd000-029ff000 rw-p 00000000 00:00 0 \n":                                                         false,
		"7f830cb3f000-7f830cb41000 r-xp 00000000 00:00 0                          [vdso]\n":                  false,
		"00400000-006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homew":            false,
		"00400000+006eb000 r-xp 00000000 fe:00 9978039                            /usr/bin/homeward\n":       false,
		"00400000-006eb000 r--s 00000000 fe:00 9978039                            /usr/lib/locale/archive\n": false,
		"\n": false,
	} {
		if _, _, ok := textMapping([]byte(line)); ok != want {
			t.Errorf("%q: %v, want %v", line, ok, want)
		}
	}
}
