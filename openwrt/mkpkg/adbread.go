package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxWork bounds the bytes one walk over an ADB may look at. Values are shared,
// so a small file can describe a tree of any size.
const maxWork = 16 << 20

// decoder reads the values of one ADB. The bytes may be anybody's: an offset
// that leads outside, a value of the wrong type and a walk without end are
// errors.
type decoder struct {
	adb  []byte
	work int
}

// root checks the header and returns the root object's word.
func (d *decoder) root() (value, error) {
	if len(d.adb) < adbHeader {
		return 0, fmt.Errorf("adb block: %d bytes, its header has %d", len(d.adb), adbHeader)
	}
	if d.adb[0] != 0 {
		return 0, fmt.Errorf("adb block: format version %d is not known, 0 is", d.adb[0])
	}
	return value(binary.LittleEndian.Uint32(d.adb[4:])), nil
}

// at returns the n bytes that v points to, skip bytes further on.
func (d *decoder) at(v value, skip, n uint64) ([]byte, error) {
	if d.work += int(min(n, maxWork)); d.work > maxWork {
		return nil, errors.New("adb block: its values describe too much")
	}
	off := uint64(v&^typeMask) + skip
	if off+n > uint64(len(d.adb)) {
		return nil, fmt.Errorf("adb block: a value of %d bytes at %#x reaches beyond its end", n, off)
	}
	return d.adb[off : off+n], nil
}

// number returns an integer, 0 for null.
func (d *decoder) number(v value) (uint64, error) {
	switch v & typeMask {
	case typeInt:
		return uint64(v &^ typeMask), nil
	case typeInt32:
		b, err := d.at(v, 0, 4)
		if err != nil {
			return 0, err
		}
		return uint64(binary.LittleEndian.Uint32(b)), nil
	case typeInt64:
		b, err := d.at(v, 0, 8)
		if err != nil {
			return 0, err
		}
		return binary.LittleEndian.Uint64(b), nil
	}
	if v == 0 {
		return 0, nil
	}
	return 0, fmt.Errorf("adb block: %#x is no number", uint32(v))
}

// blob returns bytes, which alias the ADB; nil for null.
func (d *decoder) blob(v value) ([]byte, error) {
	var head uint64
	switch v & typeMask {
	case typeBlob8:
		head = 1
	case typeBlob16:
		head = 2
	case typeBlob32:
		head = 4
	default:
		if v == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("adb block: %#x is no text", uint32(v))
	}
	b, err := d.at(v, 0, head)
	if err != nil {
		return nil, err
	}
	var n uint64
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return d.at(v, head, n)
}

// slots returns the words of an object or a list, the count in slot 0; nil for
// null.
func (d *decoder) slots(v value) ([]value, error) {
	if t := v & typeMask; t != typeObject && t != typeArray {
		if v == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("adb block: %#x is no object", uint32(v))
	}
	b, err := d.at(v, 0, 4)
	if err != nil {
		return nil, err
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n == 0 {
		return nil, fmt.Errorf("adb block: the object at %#x has no count", uint32(v&^typeMask))
	}
	if b, err = d.at(v, 0, 4*n); err != nil {
		return nil, err
	}
	words := make([]value, n)
	for i := range words {
		words[i] = value(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return words, nil
}

// slot returns word i, null where the object is shorter.
func slot(words []value, i int) value {
	if i < len(words) {
		return words[i]
	}
	return 0
}
