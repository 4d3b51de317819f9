package main

import (
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// dump writes what an archive says, each field and block, in the form of
// `apk adbdump`. Signatures are checked with key, which may be nil.
func dump(w io.Writer, a *archive, key *ecdsa.PublicKey) error {
	y := newYAML(w)
	d := &decoder{adb: a.adb}
	root, err := d.root()
	if err != nil {
		return err
	}
	top := packageSchema()
	if a.schema == schemaIndex {
		top = indexSchema()
	}
	y.openObject()
	y.started = false
	fmt.Fprintf(y.w, "#%%SCHEMA: %08X\n", a.schema)
	y.comment(fmt.Sprintf("ADB block, size: %d, compat: %d, ver: %d", len(a.adb), a.adb[0], a.adb[1]))
	if err := dumpObject(y, d, top, root); err != nil {
		return err
	}
	y.close()
	for _, sig := range a.sigs {
		y.comment(dumpSignature(a, sig, key))
	}
	for _, b := range a.data {
		y.comment(fmt.Sprintf("data block, size: %d", dataHeader+len(b.body)))
	}
	return y.flush()
}

func dumpSignature(a *archive, sig []byte, key *ecdsa.PublicKey) string {
	shown := hex.EncodeToString(sig[2:min(len(sig), 56)])
	if len(sig) > 56 {
		shown += ".."
	}
	verdict := "OK"
	if err := verify(a, sig, key); err != nil {
		verdict = err.Error()
	}
	return fmt.Sprintf("sig v%02x h%02x %s: %s", sig[0], sig[1], shown, verdict)
}

func dumpObject(y *yaml, d *decoder, s schema, v value) error {
	words, err := d.slots(v)
	if err != nil {
		return err
	}
	for i, f := range s {
		w := slot(words, i+1)
		if w == 0 {
			continue
		}
		y.key(f.name)
		if err := dumpValue(y, d, f, w); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func dumpValue(y *yaml, d *decoder, f field, v value) error {
	switch f.kind {
	case asObject:
		y.openObject()
		if err := dumpObject(y, d, f.of, v); err != nil {
			return err
		}
		y.close()
		return nil
	case asList:
		return dumpList(y, d, f.of[0], v)
	}
	s, err := d.show(f.kind, v)
	if err == nil {
		y.text(s, f.kind == asScript)
	}
	return err
}

func dumpList(y *yaml, d *decoder, item field, v value) error {
	words, err := d.slots(v)
	if err != nil {
		return err
	}
	y.openList(max(len(words)-1, 0))
	for i := 1; i < len(words); i++ {
		if words[i] == 0 {
			continue
		}
		if err := dumpValue(y, d, item, words[i]); err != nil {
			return err
		}
	}
	y.close()
	return nil
}

// show returns a value without parts as one string.
func (d *decoder) show(k kind, v value) (string, error) {
	if k == asNumber || k == asOctal {
		n, err := d.number(v)
		if k == asOctal {
			return fmt.Sprintf("%#o", n), err
		}
		return fmt.Sprint(n), err
	}
	if k == asDependency {
		return d.dependency(v)
	}
	b, err := d.blob(v)
	switch k {
	case asHex:
		return hex.EncodeToString(b), err
	case asXattr:
		name, data, _ := strings.Cut(string(b), "\x00")
		return name + "=" + hex.EncodeToString([]byte(data)), err
	}
	return string(b), err
}

// dependency spells name, comparison and version in one word.
func (d *decoder) dependency(v value) (string, error) {
	words, err := d.slots(v)
	if err != nil {
		return "", err
	}
	name, err := d.blob(slot(words, 1))
	if err != nil {
		return "", err
	}
	version, err := d.blob(slot(words, 2))
	if err != nil {
		return "", err
	}
	match, err := d.number(slot(words, 3))
	return spell(string(name), string(version), match), err
}

// spell puts a dependency together; the bits of match are apk's: 1 equal,
// 2 less, 4 greater, 8 fuzzy, 16 none of these may be installed.
func spell(name, version string, match uint64) string {
	not := ""
	if match&16 != 0 {
		not = "!"
	}
	if version == "" {
		return not + name
	}
	op, ok := map[uint64]string{
		0: "=", 1: "=", 2: "<", 3: "<=", 4: ">", 5: ">=", 6: "><", 8: "~", 9: "~", 11: "<~", 13: ">~",
	}[match&^16]
	if !ok {
		op = "?"
	}
	return not + name + op + version
}
