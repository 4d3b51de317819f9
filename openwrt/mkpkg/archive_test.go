package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

// opened reads, checks and dumps what may be anything.
func opened(file []byte) error {
	a, err := readArchive(bytes.NewReader(file))
	if err != nil {
		return err
	}
	if err := check(a); err != nil {
		return err
	}
	return dump(io.Discard, a, nil)
}

// raw is an uncompressed archive of one adb block.
func raw(schema uint32, adb ...byte) []byte {
	a := archive{schema: schema, adb: adb}
	return a.bytes()
}

func TestBadArchivesAreNamed(t *testing.T) {
	good := sample(t, "homeward-1.2.3-r1.none.apk")
	small := sample(t, "homeward-1.2.3-r1.deflate.apk")
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "no apk v3 archive"},
		"an ipk":             {[]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "no apk v3 archive"},
		"apk v2":             {[]byte("\x1f\x8b\x08\x00.SIGN.RSA"), "no apk v3 archive"},
		"zstd":               {[]byte("ADBc\x02\x00\x28\xb5\x2f\xfd"), "not by deflate"},
		"magic alone":        {[]byte("ADB."), "no apk v3 archive"},
		"installed database": {[]byte("ADB.idb\x00\x00\x00\x00\x00"), `schema "idb\x00" is not known`},
		"no block":           {good[:8], "ends before its adb block"},
		"half a header":      {good[:10], "within a block's header"},
		"half an adb block":  {good[:500], "does not fit"},
		"half a file":        {good[:len(good)-8], "does not fit"},
		"without last file":  {good[:len(good)-48], `"usr/sbin/homeward": its 31 bytes are not where they belong`},
		"trailing bytes":     {append(bytes.Clone(good), 1, 2, 3), "within a block's header"},
		"two adb blocks":     {append(bytes.Clone(good), good[8:8+1248]...), "in the wrong place"},
		"half a stream":      {small[:len(small)/2], "inflate: unexpected EOF"},
		"stream and more":    {append(bytes.Clone(small), 0), "1 bytes follow"},
		"garbled stream":     {append(bytes.Clone(small[:4]), 0xff, 0xff), "inflate: flate: corrupt"},
		"short adb":          {raw(schemaPackage, 0, 0, 0), "its header has 8"},
		"later format":       {raw(schemaIndex, 1, 0, 0, 0, 0, 0, 0, 0xe0), "format version 1"},
		"outside":            {raw(schemaIndex, 0, 0, 0, 0, 0xff, 0, 0, 0xe0), "reaches beyond its end"},
		"no count":           {raw(schemaIndex, 0, 0, 0, 0, 0, 0, 0, 0xe0), "has no count"},
		"root is a number":   {raw(schemaIndex, 0, 0, 0, 0, 7, 0, 0, 0x10), "is no object"},
		"endless blocks":     {endless(), "too large"},
	} {
		if err := opened(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

// endless is 64 KiB that inflate to more than is taken.
func endless() []byte { return deflate(make([]byte, maxArchive+1)) }

func TestTooLargeFileIsNotRead(t *testing.T) {
	r := &counter{}
	if _, err := readArchive(r); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("readArchive of an endless stream = %v, want too large", err)
	}
	if r.n > maxArchive+1 {
		t.Errorf("%d bytes were read, %d are the most", r.n, maxArchive+1)
	}
}

type counter struct{ n int }

func (c *counter) Read(b []byte) (int, error) { c.n += len(b); return len(b), nil }

func TestEveryFlippedByteIsNoticed(t *testing.T) {
	good := sample(t, "homeward-1.2.3-r1.none.apk")
	if err := opened(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if opened(bad) == nil {
			t.Errorf("byte %d was flipped, and nobody noticed", i)
		}
	}
}

// A list of 4000 times the same list of 4000 times the same package.
func TestTreeOfSharedValuesIsNotWalkedForEver(t *testing.T) {
	const n = 4000
	words := func(w ...uint32) (b []byte) {
		for _, x := range w {
			b = binary.LittleEndian.AppendUint32(b, x)
		}
		return b
	}
	repeated := func(v value) (b []byte) {
		b = words(n)
		for range n - 1 {
			b = append(b, words(uint32(v))...)
		}
		return b
	}
	adb := words(0, 8|uint32(typeObject))
	adb = append(adb, words(3, 0, 20|uint32(typeObject))...)
	adb = append(adb, repeated(value(20+4*n)|typeObject)...)
	adb = append(adb, words(17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, uint32(20+4*n+4*17)|uint32(typeObject), 0)...)
	adb = append(adb, repeated(value(20+4*n+4*17+4*n)|typeObject)...)
	adb = append(adb, words(2, uint32(20+8*n+4*17+8)|uint32(typeBlob8))...)
	adb = append(adb, "\x03abc"...)
	a := archive{schema: schemaIndex, adb: adb}
	if err := opened(a.bytes()); err == nil || !strings.Contains(err.Error(), "describe too much") {
		t.Errorf("opened = %v, want an error: too much", err)
	}
}

func TestDumpWritesNoEscapes(t *testing.T) {
	in := sampleInput(t)
	in.Description = "\x1b[2Jred\u009b31m\x7f\ttab"
	a, err := makeAPK(in)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := dump(&out, a, nil); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(out.String(), control) || !strings.Contains(out.String(), "description: '?[2Jred?31m??tab'\n") {
		t.Errorf("dump:\n%q", out.String())
	}
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"homeward-1.2.3-r1.none.apk", "homeward-1.2.3-r1.deflate.apk", "packages.adb"} {
		f.Add(sample(f, name))
	}
	index, err := inflate(sample(f, "packages.adb"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(index)
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := readArchive(bytes.NewReader(file))
		if err != nil {
			return
		}
		again, err := readArchive(bytes.NewReader(a.bytes()))
		if err != nil || !bytes.Equal(again.bytes(), a.bytes()) {
			t.Errorf("what was read is written as something else: %v", err)
		}
		checked := check(a)
		var out strings.Builder
		if err := dump(&out, a, nil); err == nil && strings.ContainsFunc(out.String(), control) {
			t.Errorf("a control byte in the dump: %q", out.String())
		}
		if _, err := makeIndex(a.bytes()); err == nil && checked == nil && a.schema != schemaPackage {
			t.Error("the index of an index")
		}
	})
}

func control(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 }
