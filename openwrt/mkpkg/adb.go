package main

import (
	"encoding/binary"
	"math"
)

// value is one tagged word of an ADB: four bits of type, and the value itself
// or its offset in the block (apk-v3(5)). The zero value is null.
type value uint32

const (
	typeInt    value = 0x1 << 28
	typeInt32  value = 0x2 << 28
	typeInt64  value = 0x3 << 28
	typeBlob8  value = 0x8 << 28
	typeBlob16 value = 0x9 << 28
	typeBlob32 value = 0xa << 28
	typeArray  value = 0xd << 28
	typeObject value = 0xe << 28
	typeMask   value = 0xf << 28

	maxDirect = 1<<28 - 1 // the largest value or offset a word holds
	adbHeader = 8         // compat, version, two reserved bytes, the root
)

// encoder lays out the values of one ADB. What is written twice is stored
// once, as apk does it: a reader of the same input finds the same bytes.
type encoder struct {
	buf  []byte
	seen map[string]uint32
}

func newEncoder() *encoder {
	return &encoder{buf: make([]byte, adbHeader), seen: map[string]uint32{}}
}

// append stores b at the next multiple of align, whether it is there or not.
func (e *encoder) append(b []byte, align int) uint32 {
	for len(e.buf)%align != 0 {
		e.buf = append(e.buf, 0)
	}
	off := uint32(len(e.buf))
	e.buf = append(e.buf, b...)
	return off
}

// store is append, except for what stands at a usable offset already.
func (e *encoder) store(b []byte, align int) uint32 {
	if off, ok := e.seen[string(b)]; ok && off%uint32(align) == 0 {
		return off
	}
	off := e.append(b, align)
	e.seen[string(b)] = off
	return off
}

// blob stores bytes behind their length; no bytes are null.
func (e *encoder) blob(b []byte) value {
	switch n := len(b); {
	case n == 0:
		return 0
	case n <= math.MaxUint8:
		return typeBlob8 | value(e.store(append([]byte{byte(n)}, b...), 1))
	case n <= math.MaxUint16:
		return typeBlob16 | value(e.store(append(binary.LittleEndian.AppendUint16(nil, uint16(n)), b...), 2))
	default:
		return typeBlob32 | value(e.store(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), b...), 4))
	}
}

func (e *encoder) text(s string) value { return e.blob([]byte(s)) }

// hole stores n zero bytes, n below 256, that the caller fills in later: they
// are nobody else's.
func (e *encoder) hole(n int) value {
	return typeBlob8 | value(e.append(append([]byte{byte(n)}, make([]byte, n)...), 1))
}

func (e *encoder) number(n uint64) value {
	switch {
	case n <= maxDirect:
		return typeInt | value(n)
	case n <= math.MaxUint32:
		return typeInt32 | value(e.store(binary.LittleEndian.AppendUint32(nil, uint32(n)), 4))
	default:
		return typeInt64 | value(e.store(binary.LittleEndian.AppendUint64(nil, n), 4))
	}
}

// object stores slots, of which the first is the count's and left to object.
// Nulls at the end are not stored; nothing but nulls is null. Lists are
// objects, too: apk mkpkg never uses the type array for them.
func (e *encoder) object(slots []value) value {
	n := len(slots)
	for n > 1 && slots[n-1] == 0 {
		n--
	}
	if n <= 1 {
		return 0
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(n))
	for _, v := range slots[1:n] {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return typeObject | value(e.store(b, 4))
}

func (e *encoder) list(items []value) value {
	return e.object(append([]value{0}, items...))
}

// finish returns the ADB with its root set.
func (e *encoder) finish(root value) []byte {
	binary.LittleEndian.PutUint32(e.buf[4:], uint32(root))
	return e.buf
}
