package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
)

// maxDepth is deeper than anything in a package's info.
const maxDepth = 8

// makeIndex lays out the index of packages as `apk mkndx` does, so that their
// folder is a feed. The files are the packages as they are published, in the
// order of their names.
func makeIndex(files ...[]byte) (*archive, error) {
	e := newEncoder()
	var list []value
	for _, file := range files {
		info, err := indexed(e, file)
		if err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	index := make([]value, indexSlots)
	index[indexPackages] = e.list(list)
	return &archive{schema: schemaIndex, adb: e.finish(e.object(index))}, nil
}

// indexed stores what the index has of a package: its info, its size, and the
// checksum of its description.
func indexed(e *encoder, file []byte) (value, error) {
	a, err := readArchive(bytes.NewReader(file))
	if err != nil {
		return 0, err
	}
	if a.schema != schemaPackage {
		return 0, errors.New("an index, where a package is wanted")
	}
	d := &decoder{adb: a.adb}
	root, err := d.root()
	if err != nil {
		return 0, err
	}
	top, err := d.slots(root)
	if err != nil {
		return 0, err
	}
	words, err := d.slots(slot(top, pkgInfo))
	if err != nil {
		return 0, err
	}
	info := make([]value, max(len(words), infoSlots))
	for i := 1; i < len(words); i++ {
		if info[i], err = e.copy(d, words[i], maxDepth); err != nil {
			return 0, err
		}
	}
	sum := sha256.Sum256(a.adb)
	info[infoFileSize] = e.number(uint64(len(file)))
	info[infoHashes] = e.blob(sum[:])
	return e.object(info), nil
}

// copy stores a value of another ADB with all that hangs on it.
func (e *encoder) copy(d *decoder, v value, depth int) (value, error) {
	switch v & typeMask {
	case 0, typeInt:
		return v, nil
	case typeInt32, typeInt64:
		n, err := d.number(v)
		return e.number(n), err
	case typeBlob8, typeBlob16, typeBlob32:
		b, err := d.blob(v)
		return e.blob(b), err
	}
	words, err := d.slots(v)
	if err == nil && depth == 0 {
		err = errors.New("adb block: nested too deep")
	}
	for i := 1; i < len(words) && err == nil; i++ {
		words[i], err = e.copy(d, words[i], depth-1)
	}
	return e.object(words), err
}
