package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
)

// check reports whether an archive is whole: a package's id fits its
// description, and every file it names is there, in order, with the size and
// SHA-256 it is said to have. An index has no hash of itself: only its
// signature speaks for it.
func check(a *archive) error {
	if a.schema != schemaPackage {
		if len(a.data) > 0 {
			return errors.New("an index with files in it")
		}
		return nil
	}
	d := &decoder{adb: a.adb}
	root, err := d.root()
	if err != nil {
		return err
	}
	top, err := d.slots(root)
	if err != nil {
		return err
	}
	if err := checkID(a.adb, d, slot(top, pkgInfo)); err != nil {
		return err
	}
	paths, err := d.slots(slot(top, pkgPaths))
	if err != nil {
		return err
	}
	rest := a.data
	for i := 1; i < len(paths); i++ {
		if rest, err = checkDir(d, i, paths[i], rest); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d files that the package does not name", len(rest))
	}
	return nil
}

// checkID takes the SHA-256 of the ADB with its id zeroed.
func checkID(adb []byte, d *decoder, info value) error {
	words, err := d.slots(info)
	if err != nil {
		return err
	}
	v := slot(words, infoHashes)
	id, err := d.blob(v)
	if err != nil {
		return err
	}
	if len(id) != idSize || v&typeMask != typeBlob8 {
		return fmt.Errorf("the package's id has %d bytes, %d are right", len(id), idSize)
	}
	off := int(v&^typeMask) + 1
	zeroed := bytes.Clone(adb)
	clear(zeroed[off : off+idSize])
	if sum := sha256.Sum256(zeroed); !bytes.Equal(sum[:idSize], id) {
		return errors.New("the package's description does not fit its id: corrupted")
	}
	return nil
}

// checkDir checks the files of directory i and returns the data behind them.
func checkDir(d *decoder, i int, v value, rest []dataBlock) ([]dataBlock, error) {
	dir, err := d.slots(v)
	if err != nil {
		return nil, err
	}
	name, err := d.blob(slot(dir, dirName))
	if err != nil {
		return nil, err
	}
	files, err := d.slots(slot(dir, dirFiles))
	if err != nil {
		return nil, err
	}
	for j := 1; j < len(files); j++ {
		if rest, err = checkFile(d, string(name), i, j, files[j], rest); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// checkFile checks file j of directory i against the first block of rest; an
// empty one, or one that is no plain file, has none.
func checkFile(d *decoder, dir string, i, j int, v value, rest []dataBlock) ([]dataBlock, error) {
	words, err := d.slots(v)
	if err != nil {
		return nil, err
	}
	name, err := d.blob(slot(words, fileName))
	if err != nil {
		return nil, err
	}
	size, err := d.number(slot(words, fileSize))
	if err != nil {
		return nil, err
	}
	hash, err := d.blob(slot(words, fileHash))
	if err != nil || size == 0 || slot(words, fileTarget) != 0 {
		return rest, err
	}
	full := path.Join(dir, string(name))
	if len(rest) == 0 || rest[0].path != uint32(i) || rest[0].file != uint32(j) || uint64(len(rest[0].body)) != size {
		return nil, fmt.Errorf("%q: its %d bytes are not where they belong", full, size)
	}
	if sum := sha256.Sum256(rest[0].body); !bytes.Equal(sum[:], hash) {
		return nil, fmt.Errorf("%q: its content does not fit its checksum: corrupted", full)
	}
	return rest[1:], nil
}
