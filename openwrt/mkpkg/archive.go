package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Schemas, as they stand in the header.
const (
	schemaPackage uint32 = 0x676b6370 // "pckg"
	schemaIndex   uint32 = 0x78646e69 // "indx"
)

const (
	// maxArchive bounds what is read and what it may inflate to: several times
	// the largest homeward, and far from what hurts a builder.
	maxArchive = 64 << 20
	blockAlign = 8
	dataHeader = 8 // path and file index
)

// Types of blocks: the ADB, signatures of it, the bytes of a file.
const (
	blockADB, blockSig, blockData = 0, 1, 2
	blockTypes                    = 2 // bits for the type, above the size
)

// archive is an apk package or index, taken apart but not yet believed.
type archive struct {
	schema uint32
	adb    []byte
	sigs   [][]byte // at least 18 bytes each
	data   []dataBlock
}

// dataBlock is one file's content, and which it is: indices from 1.
type dataBlock struct {
	path, file uint32
	body       []byte
}

// readArchive reads an archive, compressed or not, to the end of r. Whatever
// comes, it takes a bounded amount of memory and returns or says what is wrong.
func readArchive(r io.Reader) (*archive, error) {
	raw, err := readCapped(r)
	if err != nil {
		return nil, err
	}
	if raw, err = inflate(raw); err != nil {
		return nil, err
	}
	if len(raw) < 8 || string(raw[:4]) != "ADB." {
		return nil, errors.New("no apk v3 archive: it does not begin with ADB")
	}
	a := &archive{schema: binary.LittleEndian.Uint32(raw[4:])}
	if a.schema != schemaPackage && a.schema != schemaIndex {
		return nil, fmt.Errorf("schema %q is not known: pckg and indx are", raw[4:8])
	}
	for rest := raw[8:]; len(rest) > 0; {
		if rest, err = a.block(rest); err != nil {
			return nil, err
		}
	}
	if a.adb == nil {
		return nil, errors.New("the archive ends before its adb block")
	}
	return a, nil
}

func readCapped(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxArchive {
		return nil, fmt.Errorf("more than %d MiB: too large for an archive", maxArchive>>20)
	}
	return b, nil
}

// inflate undoes the compression that the first four bytes name.
func inflate(raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("ADBd")):
		raw = raw[4:]
	case bytes.HasPrefix(raw, []byte("ADBc")) && len(raw) >= 6 && raw[4] == 1:
		raw = raw[6:]
	case bytes.HasPrefix(raw, []byte("ADBc")):
		return nil, errors.New("compressed, but not by deflate: not supported")
	default:
		return raw, nil
	}
	src := bytes.NewReader(raw)
	out, err := readCapped(flate.NewReader(src))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if src.Len() > 0 {
		return nil, fmt.Errorf("%d bytes follow the end of the archive", src.Len())
	}
	return out, nil
}

// block takes one block off the front of b.
func (a *archive) block(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errors.New("the archive ends within a block's header")
	}
	word := binary.LittleEndian.Uint32(b)
	kind, size := word>>(32-blockTypes), int(word&(1<<(32-blockTypes)-1))
	if kind > blockData {
		return nil, fmt.Errorf("a block of type %d is not supported", kind)
	}
	padded := (size + blockAlign - 1) / blockAlign * blockAlign
	if size < 4 || padded > len(b) {
		return nil, fmt.Errorf("a block of %d bytes does not fit into the %d that are left", size, len(b))
	}
	if len(bytes.Trim(b[size:padded], "\x00")) > 0 {
		return nil, errors.New("the padding behind a block is not zero")
	}
	return b[padded:], a.add(kind, b[4:size])
}

// add keeps the payload of a block where blocks of its type may stand.
func (a *archive) add(kind uint32, payload []byte) error {
	if (kind == blockADB) != (a.adb == nil) {
		return fmt.Errorf("a block of type %d in the wrong place: one adb block comes first", kind)
	}
	switch kind {
	case blockADB:
		if len(payload) < adbHeader {
			return fmt.Errorf("adb block: %d bytes, its header has %d", len(payload), adbHeader)
		}
		a.adb = payload
	case blockSig:
		if len(payload) < sigHeader || len(a.data) > 0 {
			return errors.New("a signature that is too short, or behind the files")
		}
		a.sigs = append(a.sigs, payload)
	case blockData:
		if len(payload) < dataHeader {
			return errors.New("a data block without its header")
		}
		a.data = append(a.data, dataBlock{
			binary.LittleEndian.Uint32(payload), binary.LittleEndian.Uint32(payload[4:]), payload[dataHeader:],
		})
	}
	return nil
}

// bytes puts the archive together again, uncompressed.
func (a *archive) bytes() []byte {
	out := binary.LittleEndian.AppendUint32([]byte("ADB."), a.schema)
	out = appendBlock(out, blockADB, a.adb)
	for _, s := range a.sigs {
		out = appendBlock(out, blockSig, s)
	}
	for _, d := range a.data {
		head := binary.LittleEndian.AppendUint32(nil, d.path)
		head = binary.LittleEndian.AppendUint32(head, d.file)
		out = appendBlock(out, blockData, head, d.body)
	}
	return out
}

func appendBlock(out []byte, kind uint32, parts ...[]byte) []byte {
	size := 4
	for _, p := range parts {
		size += len(p)
	}
	out = binary.LittleEndian.AppendUint32(out, kind<<(32-blockTypes)|uint32(size))
	for _, p := range parts {
		out = append(out, p...)
	}
	for len(out)%blockAlign != 0 {
		out = append(out, 0)
	}
	return out
}

// deflate compresses an archive the way apk does by default.
func deflate(raw []byte) []byte {
	out := bytes.NewBufferString("ADBd")
	w, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		panic("mkpkg: flate: " + err.Error()) // the level is a constant
	}
	w.Write(raw) // to memory: cannot fail
	w.Close()
	return out.Bytes()
}
