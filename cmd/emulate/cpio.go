package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// writeCPIO writes the tree below dir, and a console, as the kernel's initramfs
// wants it: cpio's format newc (Documentation/driver-api/early-userspace).
func writeCPIO(w io.Writer, dir string) error {
	c := &cpioWriter{w: w}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			c.entry(name, syscall.S_IFDIR|0o755, [2]int{}, nil)
			return nil
		}
		text, err := os.ReadFile(path)
		c.entry(name, syscall.S_IFREG|0o755, [2]int{}, text)
		return err
	})
	// What init reads and writes before it has mounted anything.
	c.entry("dev/console", syscall.S_IFCHR|0o600, [2]int{5, 1}, nil)
	c.entry("TRAILER!!!", 0, [2]int{}, nil)
	if err == nil {
		err = c.err
	}
	return err
}

// cpioWriter counts inodes, and keeps the first error.
type cpioWriter struct {
	w   io.Writer
	ino int
	err error
}

func (c *cpioWriter) entry(name string, mode int, device [2]int, text []byte) {
	c.ino++
	fields := []int{c.ino, mode, 0, 0, 1, 0, len(text), 0, 0, device[0], device[1], len(name) + 1, 0}
	header := "070701"
	for _, f := range fields {
		header += fmt.Sprintf("%08x", f)
	}
	c.write(padded(header + name + "\x00"))
	c.write(padded(string(text)))
}

// padded fills up to a multiple of four bytes.
func padded(s string) string { return s + "\x00\x00\x00"[:(4-len(s)%4)%4] }

func (c *cpioWriter) write(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}
