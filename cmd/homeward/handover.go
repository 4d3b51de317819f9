package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// restEnv names, to the next image, the file descriptor of its handover.
const restEnv = "HOMEWARD_RESTS"

// handover is the file, in memory and of no folder, in which one image leaves
// the next what is known: a line for one that rests, and then what it needs to
// work. It holds secrets, and nobody can open it who could not trace the
// process (memfd_create(2)).
type handover struct{ *os.File }

// left is what a daemon needs that begins to work.
type left struct {
	Sources sources
	State   []byte // state.json
	Status  []byte // status.json
}

// errName is that of a handover that would not tell a name as it is.
var errName = errors.New("a path or a device has a name that is not UTF-8")

func newHandover(r rested, l left) (handover, error) {
	var text bytes.Buffer
	w := json.NewEncoder(&text) // writes lines
	w.Encode(r)                 // plain data
	w.Encode(l)
	if bytes.Contains(text.Bytes(), []byte(`\ufffd`)) { // written in place of what is no text
		return handover{}, errName
	}
	fd, err := unix.MemfdCreate("homeward", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3; later ones complain of its absence in their log
		fd, err = unix.MemfdCreate("homeward", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return handover{}, os.NewSyscallError("memfd_create", err)
	}
	h := handover{os.NewFile(uintptr(fd), "handover")}
	if _, err = h.Write(text.Bytes()); err != nil {
		h.Close()
	}
	return h, err
}

// inherit returns what the image before has left, nil if there was none.
func inherit() *rested {
	fd, err := strconv.Atoi(os.Getenv(restEnv))
	os.Unsetenv(restEnv)
	if err != nil {
		return nil
	}
	unix.CloseOnExec(fd)
	r, err := handover{os.NewFile(uintptr(fd), "handover")}.rested()
	if err != nil || r.PID != os.Getpid() {
		return nil
	}
	os.WriteFile("/proc/self/comm", []byte("homeward"), 0) // it is exe by now, and killall looks for the name
	return r
}

func (h handover) all() io.Reader { return io.NewSectionReader(h, 0, 1<<40) }

// rested returns what is left to rest with.
func (h handover) rested() (*rested, error) {
	line, err := bufio.NewReader(h.all()).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	r := &rested{file: h}
	return r, json.Unmarshal(line, r)
}

// read returns what is left to work with.
func (h handover) read() (l left, err error) {
	text, err := io.ReadAll(h.all())
	if err != nil {
		return l, err
	}
	_, text, _ = bytes.Cut(text, []byte("\n"))
	return l, json.Unmarshal(text, &l)
}

// keepLock returns the lock of the image before; nil: it is lost. Linux before
// 5.11 drops it when a program with threads is replaced.
func (r *rested) keepLock() *os.File {
	unix.CloseOnExec(r.Lock)
	f := os.NewFile(uintptr(r.Lock), lockFile)
	if unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}) != nil {
		f.Close()
		return nil
	}
	return f
}
