package daemon

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// text is the mappings of the program's code and constants.
type text [][2]uintptr

// ownText returns those of the running program.
func ownText() (t text) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil
	}
	defer f.Close()
	var head [512]byte // the program's own mappings are the first: code, constants, variables
	n, _ := f.Read(head[:])
	for line := range bytes.Lines(head[:n]) {
		if start, end, ok := textMapping(line); ok {
			t = append(t, [2]uintptr{start, end})
		}
	}
	return t
}

// release drops the pages from memory. They are never written: the kernel reads
// them again from the page cache or the flash.
func (t text) release() {
	for _, m := range t {
		unix.Syscall(unix.SYS_MADVISE, m[0], m[1]-m[0], unix.MADV_DONTNEED)
	}
}

// textMapping parses a line of /proc/self/maps. ok reports whether it is a read-only
// mapping of a file.
func textMapping(line []byte) (start, end uintptr, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 6 || line[len(line)-1] != '\n' || fields[5][0] != '/' ||
		string(fields[1]) != "r-xp" && string(fields[1]) != "r--p" {
		return 0, 0, false
	}
	from, to, _ := bytes.Cut(fields[0], []byte("-"))
	a, err := strconv.ParseUint(string(from), 16, 64)
	b, err2 := strconv.ParseUint(string(to), 16, 64)
	return uintptr(a), uintptr(b), err == nil && err2 == nil && a < b
}
