package daemon

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch"
	"homeward/update/state"
)

// slots are two files in memory (memfd_create(2)) in which a worker passes data to
// the next one. It writes the one that is not current, and the watcher then makes
// it current: the current one is complete, whenever a worker is killed. They hold
// secrets; opening them takes permission to trace the process.
type slots [2]*os.File

func newSlots() (s slots, err error) {
	for i := range s {
		if s[i], err = memFile("slot"); err != nil {
			return s, err
		}
	}
	return s, nil
}

// memFile returns an empty file in memory.
func memFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate("homeward", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3; later ones complain of its absence in their log
		fd, err = unix.MemfdCreate("homeward", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// write replaces the content of a slot: a head for the watcher, and the rest for
// the next worker.
func (s slots) write(slot int8, h head, rest []byte) error {
	text := h.encode()
	text = append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), append(text, rest...)...)
	f := s[slot]
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(text, 0)
	return err
}

// rest returns a slot's data for the next worker.
func (s slots) rest(slot int8) ([]byte, error) {
	text, err := io.ReadAll(io.NewSectionReader(s[slot], 0, 1<<40))
	if err != nil || len(text) < 4 {
		return nil, errors.Join(err, errHead)
	}
	n := binary.LittleEndian.Uint32(text)
	if uint64(n)+4 > uint64(len(text)) {
		return nil, errHead
	}
	return text[4+n:], nil
}

// headMost is far above any head: 1000 accounts need a quarter of a megabyte.
const headMost = 8 << 20

// head reads a slot's head into h. It allocates nothing if h had the same length
// and the same names before.
func (s slots) head(slot int8, h *head) error {
	h.grow(4)
	if _, err := s[slot].ReadAt(h.buf, 0); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(h.buf)
	if n > headMost {
		return errHead
	}
	h.grow(int(n))
	if _, err := s[slot].ReadAt(h.buf, 4); err != nil {
		return err
	}
	return h.decode()
}

// grow makes buf n bytes long.
func (h *head) grow(n int) {
	if cap(h.buf) < n {
		h.buf = make([]byte, n)
	}
	h.buf = h.buf[:n]
}

// head is what the watcher needs: the daemon's folders, and when and on which
// changes to start a worker.
type head struct {
	stateDir, runDir string
	logLevel         string
	until            time.Duration  // since boot
	onEvent          bool           // start a worker at any message of the kernel: a retry waits
	stamps           [2]state.Stamp // of the state in both folders
	watched          []watched      // start a worker where these differ

	buf []byte // what it was read from
}

// watched is what some devices showed last.
type watched struct {
	devices netwatch.Devices
	last    netwatch.State // the published values, for View
	shown   []byte         // State.Append; nil: nothing yet
}

var errHead = errors.New("not a worker's head")

func (h head) encode() []byte {
	b := appendText(nil, h.stateDir)
	b = appendText(b, h.runDir)
	b = appendText(b, h.logLevel)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.until))
	b = append(b, boolByte(h.onEvent))
	for _, s := range h.stamps {
		b = binary.LittleEndian.AppendUint64(b, s.Inode)
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Modified))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Size))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(h.watched)))
	for _, w := range h.watched {
		b = appendText(b, w.devices.WAN)
		b = appendText(b, w.devices.WAN6)
		b = appendText(b, w.devices.LAN)
		b = appendAddr(b, w.last.IPv4)
		b = appendAddr(b, w.last.IPv6)
		b = appendAddr(b, w.last.Prefix.Addr())
		b = append(b, byte(w.last.Prefix.Bits()))
		b = appendText(b, string(w.shown))
	}
	return b
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	var raw [17]byte // what kind of address, and 16 bytes
	if a.IsValid() {
		raw[0] = 6
		if a.Is4() {
			raw[0] = 4
		}
		full := a.As16()
		copy(raw[1:], full[:])
	}
	return append(b, raw[:]...)
}

func (h *head) decode() error {
	d := decoder{b: h.buf}
	d.text(&h.stateDir)
	d.text(&h.runDir)
	d.text(&h.logLevel)
	h.until = time.Duration(d.number())
	h.onEvent = d.byte() == 1
	for i := range h.stamps {
		h.stamps[i] = state.Stamp{Inode: d.number(), Modified: int64(d.number()), Size: int64(d.number())}
	}
	n := int(d.length())
	for i := range n {
		if d.bad {
			break
		}
		if i == len(h.watched) {
			h.watched = append(h.watched, watched{})
		}
		w := &h.watched[i]
		d.text(&w.devices.WAN)
		d.text(&w.devices.WAN6)
		d.text(&w.devices.LAN)
		w.last.IPv4, w.last.IPv6 = d.addr(), d.addr()
		prefix := d.addr()
		w.last.Prefix = netip.PrefixFrom(prefix, int(int8(d.byte())))
		w.shown = d.bytes()
	}
	if d.bad || len(d.b) > 0 {
		h.watched = h.watched[:0]
		return errHead
	}
	h.watched = h.watched[:n]
	return nil
}

// decoder parses what encode has written.
type decoder struct {
	b   []byte
	bad bool // b was too short
}

func (d *decoder) take(n uint32) []byte {
	if uint64(n) > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) length() uint32 {
	if v := d.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (d *decoder) number() uint64 {
	if v := d.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

// bytes returns a part of b, not a copy.
func (d *decoder) bytes() []byte { return d.take(d.length()) }

// text sets s; an equal s keeps its memory.
func (d *decoder) text(s *string) {
	if v := d.bytes(); string(v) != *s {
		*s = string(v)
	}
}

func (d *decoder) addr() netip.Addr {
	v := d.take(17)
	if v == nil || v[0] == 0 {
		return netip.Addr{}
	}
	a := netip.AddrFrom16([16]byte(v[1:]))
	if v[0] == 4 {
		return a.Unmap()
	}
	return a
}
