package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// The sample was made by LuCI's po2lmo.
func TestRealLMOIsReproducedByteForByte(t *testing.T) {
	src, err := os.ReadFile("testdata/lmo/sample.po")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/lmo/sample.lmo")
	if err != nil {
		t.Fatal(err)
	}
	list, err := readPO(string(src))
	if err != nil {
		t.Fatal(err)
	}
	got, err := makeLMO(list)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("makeLMO differs from po2lmo's file at byte %d of %d: %v", firstDifference(got, want), len(want), err)
	}
}

// translations reads an .lmo as LuCI does, by hash.
func translations(t *testing.T, lmo []byte) map[uint32]string {
	t.Helper()
	list := map[uint32]string{}
	for at := binary.BigEndian.Uint32(lmo[len(lmo)-4:]); int(at) < len(lmo)-4; at += 16 {
		word := func(i uint32) uint32 { return binary.BigEndian.Uint32(lmo[at+4*i:]) }
		list[word(0)] = string(lmo[word(2) : word(2)+word(3)])
	}
	return list
}

func TestTranslationsAreFoundByTheirHash(t *testing.T) {
	lmo, err := makeLMO([]message{
		{text: []string{"Language: de\nPlural-Forms: nplurals=2; plural=n != 1;\n"}},
		{id: "Send now", text: []string{"Jetzt senden"}}, {id: "same", text: []string{"same"}},
		{id: "%d host", plural: "%d hosts", context: "left", text: []string{"noch %d Host", "noch %d Hosts"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := translations(t, lmo)
	for key, want := range map[string]string{"Send now": "Jetzt senden", "left\x01%d host\x020": "noch %d Host", "left\x01%d host\x021": "noch %d Hosts", "same": ""} {
		if got[sfh(key)] != want {
			t.Errorf("%q is %q, want %q", key, got[sfh(key)], want)
		}
	}
	if got[0] != "nplurals=2; plural=n != 1;" || len(got) != 4 {
		t.Errorf("the header is %q, of %d entries", got[0], len(got))
	}
}

func TestBadTranslationsAreNamed(t *testing.T) {
	for src, want := range map[string]string{
		"":                              "no translation",
		"msgid \"a\"\nmsgstr \"\"\n":    `line 1: "a" has no translation`,
		"msgid \"a\"\nmsgstr \"a\"\n":   "no translation",
		"msgid a\n":                     "1: a string in double quotes is missing",
		"msgid \"a\n":                   "1: a string in double quotes is missing",
		"msgid \"a\"b\"\n":              "1: a quote within a string",
		"msgid \"a\\t\"\n":              "1: an escape other than",
		"msgid \"a\\\"\n":               "1: an escape other than",
		"\"a\"\n":                       "1: a string that belongs to nothing",
		"\nmsgstring \"a\"\n":           "2: msgstring: not known here",
		"msgid \"a\"\nmsgstr[1] \"b\"":  "2: msgstr[1]: not known here",
		"#~ msgid \"a\"\n":              "1: an entry that is no longer used",
		"msgid \"a\\nb\"\nmsgstr \"c\"": "a line break",
		"msgid \"a\"\nmsgstr \"b\"\n\nmsgid \"a\"\nmsgstr \"c\"": "two messages have the hash",
	} {
		list, err := readPO(src)
		if err == nil {
			_, err = makeLMO(list)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", src, err, want)
		}
	}
}
