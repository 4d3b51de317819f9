package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// lmoEntry is a row of the index of an .lmo file.
type lmoEntry struct {
	hash, plurals, offset, length uint32
}

// makeLMO writes translations as LuCI reads them, the same bytes as its po2lmo:
// the texts, each padded to four bytes, an index sorted by the hash of what
// they translate, and where the index begins. A message that is translated by
// itself is left out; one without a translation is an error.
func makeLMO(list []message) ([]byte, error) {
	var out []byte
	var index []lmoEntry
	for _, m := range list {
		texts, plurals := m.text, uint32(len(m.text))
		if m.id == "" {
			texts, plurals = []string{pluralForms(m)}, 0
		}
		for i, text := range texts {
			hash, err := lmoHash(m, i, text)
			if err != nil {
				return nil, err
			}
			if m.id != "" && hash == sfh(text) {
				continue
			}
			index = append(index, lmoEntry{hash, plurals, uint32(len(out)), uint32(len(text))})
			out = append(out, text...)
			out = append(out, make([]byte, -len(text)&3)...)
		}
	}
	if len(index) == 0 {
		return nil, errors.New("no translation")
	}
	slices.SortFunc(index, func(a, b lmoEntry) int { return int(int64(a.hash) - int64(b.hash)) })
	start := uint32(len(out))
	for i, e := range index {
		if i > 0 && e.hash == index[i-1].hash {
			return nil, fmt.Errorf("two messages have the hash %08x: say one of them in other words", e.hash)
		}
		for _, n := range []uint32{e.hash, e.plurals, e.offset, e.length} {
			out = binary.BigEndian.AppendUint32(out, n)
		}
	}
	return binary.BigEndian.AppendUint32(out, start), nil
}

// lmoHash returns the key of a message's i'th form: 0 for the header's.
func lmoHash(m message, i int, text string) (uint32, error) {
	switch {
	case text == "":
		return 0, fmt.Errorf("line %d: %q has no translation", m.line, m.id)
	case strings.Contains(m.id+text, "\n"):
		if m.id != "" {
			return 0, fmt.Errorf("line %d: %q: LuCI finds no message with a line break in it", m.line, m.id)
		}
	case m.id == "":
		return 0, nil
	}
	key := m.id
	if m.context != "" {
		key = m.context + "\x01" + key
	}
	if m.plural != "" {
		key += fmt.Sprintf("\x02%d", i)
	}
	return sfh(key), nil
}

// pluralForms returns how the header says that the language counts.
func pluralForms(m message) string {
	for line := range strings.Lines(strings.Join(m.text, "")) {
		if forms, ok := strings.CutPrefix(line, "Plural-Forms: "); ok {
			return strings.TrimSuffix(forms, "\n")
		}
	}
	return ""
}

// sfh is Paul Hsieh's SuperFastHash, seeded with the length, as LuCI computes it: the
// bytes at the end count as signed ones.
func sfh(s string) uint32 {
	h := uint32(len(s))
	if h == 0 {
		return 0
	}
	pair := func(i int) uint32 { return uint32(s[i]) | uint32(s[i+1])<<8 }
	signed := func(i int) uint32 { return uint32(int32(int8(s[i]))) }
	for ; len(s) >= 4; s = s[4:] {
		h += pair(0)
		h = h<<16 ^ (pair(2)<<11 ^ h)
		h += h >> 11
	}
	switch len(s) {
	case 3:
		h += pair(0)
		h ^= h << 16
		h ^= signed(2) << 18
		h += h >> 11
	case 2:
		h += pair(0)
		h ^= h << 11
		h += h >> 17
	case 1:
		h += signed(0)
		h ^= h << 10
		h += h >> 1
	}
	h ^= h << 3
	h += h >> 5
	h ^= h << 4
	h += h >> 17
	h ^= h << 25
	return h + h>>6
}
