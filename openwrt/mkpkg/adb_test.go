package main

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// Texts and numbers of every width come back, and what is the same is stored
// once.
func TestValuesComeBack(t *testing.T) {
	e := newEncoder()
	var blobs [][]byte
	var items []value
	for _, n := range []int{0, 1, 255, 256, 65535, 65536} {
		b := bytes.Repeat([]byte{'x'}, n)
		blobs = append(blobs, b)
		items = append(items, e.text("pad"[:n%3+1]), e.blob(b))
	}
	numbers := []uint64{0, 1, 1<<28 - 1, 1 << 28, 1<<32 - 1, 1 << 32, 1<<64 - 1}
	for _, n := range numbers {
		items = append(items, e.number(n))
	}
	d := &decoder{adb: e.finish(e.list(items))}
	size := len(d.adb)
	words, err := d.slots(value(binary.LittleEndian.Uint32(d.adb[4:])))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range blobs {
		if got, err := d.blob(words[2+2*i]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("a text of %d bytes comes back with %d, %v", len(want), len(got), err)
		}
	}
	for i, want := range numbers {
		if got, err := d.number(words[1+2*len(blobs)+i]); err != nil || got != want {
			t.Errorf("number %d comes back as %d, %v", want, got, err)
		}
	}
	for i, b := range blobs {
		if v := e.blob(b); v != items[1+2*i] {
			t.Errorf("a text of %d bytes again: %#x, want %#x", len(b), v, items[1+2*i])
		}
	}
	if len(e.buf) != size {
		t.Errorf("%d bytes were stored twice", len(e.buf)-size)
	}
}

// apk reads words only where they are aligned.
func TestValuesAreAligned(t *testing.T) {
	e := newEncoder()
	e.text("a")
	for name, v := range map[string]value{
		"int32":  e.number(1 << 30),
		"blob16": e.text(strings.Repeat("x", 300)),
		"blob32": e.text(strings.Repeat("x", 70001)),
		"object": e.object([]value{0, 1}),
	} {
		align := map[string]value{"int32": 4, "blob16": 2, "blob32": 4, "object": 4}[name]
		if off := v &^ typeMask; off%align != 0 {
			t.Errorf("%s at %#x, want a multiple of %d", name, off, align)
		}
	}
}

func TestDependenciesAreSpelled(t *testing.T) {
	for want, c := range map[string]struct {
		version string
		match   uint64
	}{
		"x": {"", 0}, "!x": {"", 16}, "x=1": {"1", 0}, "x<1": {"1", 2}, "x<=1": {"1", 3}, "x>1": {"1", 4},
		"x>=1": {"1", 5}, "x><1": {"1", 6}, "x~1": {"1", 9}, "!x<1": {"1", 18}, "x?1": {"1", 64},
	} {
		if got := spell("x", c.version, c.match); got != want {
			t.Errorf("spell(%q, %d) = %q, want %q", c.version, c.match, got, want)
		}
	}
}

// The same bytes at an odd place are no use where a word is read.
func TestWhatIsStoredAgainStaysAligned(t *testing.T) {
	e := newEncoder()
	e.store([]byte{7}, 1)
	odd := e.store([]byte("word"), 1)
	even := e.store([]byte("word"), 4)
	if odd%4 == 0 || even%4 != 0 {
		t.Errorf("stored at %d and %d, want the second aligned", odd, even)
	}
	if again := e.store([]byte("word"), 1); again != even {
		t.Errorf("the third time at %d, want %d, as apk does", again, even)
	}
}

func TestObjectInItselfIsNotCopiedForEver(t *testing.T) {
	loop := uint32(typeObject | 8)
	adb := []byte{0, 0, 0, 0, byte(loop), 0, 0, byte(loop >> 24), 2, 0, 0, 0, byte(loop), 0, 0, byte(loop >> 24)}
	a := archive{schema: schemaPackage, adb: adb}
	if _, err := makeIndex(a.bytes()); err == nil || !strings.Contains(err.Error(), "nested too deep") {
		t.Errorf("makeIndex = %v, want an error: nested too deep", err)
	}
}
